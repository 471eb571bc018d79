"""Cycles as administrators set them up: planned with what they would come to, opened, changed while they may be, closed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Annotated, Any, NamedTuple

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Schema
from pydantic import Field, StrictBool, StrictInt

from accounts.models import Scope
from reports.api.cycles import OfficialDue
from reports.api.door import Resource
from reports.api.paging import Page, Pages, page_of
from reports.api.problems import not_found, refused_as, untimely
from reports.api.steps import Reason, Remark
from reports.api.versions import say_version, seen_version, state_of
from reports.api.words import Code, Day, DryRun, Given, Word, one_of
from reports.domain.periods import parse_period
from reports.models import Cycle, Selection, TemplateVersion
from reports.models.cycle import DEFAULT_CORRECTION_DAYS, DEFAULT_REMINDERS, DEFAULT_REVIEW_DAYS
from reports.policies import configurer, cycles_to_configure, reports_in_reach, selections_to_configure
from reports.queries.calendar import DaysOff
from reports.services import closing, opening, planning, reviewing, scheduling
from reports.services.asking_official import ask_for_official
from reports.services.opening import Forecast, Plan, WhyNot
from units.models import Level, Unit
from units.problems import Problem, Problems, gettext_noop
from units.reach import User, units_in_reach
from units.tables.laying import as_yes

cycle_plans = Resource("Configuration: cycles")

WorkingDays = Annotated[StrictInt, Field(ge=0, le=999)]
Reminders = Annotated[list[Annotated[StrictInt, Field(ge=-366, le=366)]], Field(max_length=50)]
#: a code that an address can name
_CODE = r"^(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*)?$"
Uids = Annotated[list[Word], Field(max_length=10_000)]
_ADD, _VIEW, _CHANGE, _DELETE = (f"reports.{verb}_cycle" for verb in ("add", "view", "change", "delete"))


class LevelDue(Schema):
    """`official_due_on`: of the official figures, where the cycle asks for them and their day is known."""

    level: str
    due_on: date
    needs_approval: bool
    official_due_on: date | None


class CycleConfigured(Schema):
    code: str
    template: str
    version: int
    period: str
    first_day: date
    cut_off: date
    reference_day: date
    time_zone: str
    state: Annotated[Cycle.State, one_of(Cycle.State)]
    opens_on: date | None
    opened_at: datetime | None
    closed_at: datetime | None
    asks_official: bool
    official_opened_at: datetime | None
    selection: str | None
    units: list[str] = Field(description="The uids of the units at the top")
    left_out: list[str]
    levels: list[LevelDue]
    review_days: int
    correction_days: int
    reminders: list[int]


class CyclesSought(Schema):
    """What narrows the cycles; what is left out doesn't."""

    state: Annotated[Cycle.State | None, one_of(Cycle.State)] = None
    template: Word | None = None
    period: Word | None = None


@cycle_plans.get("/configuration/cycles", Page[CycleConfigured], Scope.CONFIGURE, permits=[_VIEW])
def listed(request: HttpRequest, sought: Annotated[CyclesSought, Query()], paging: Pages) -> dict[str, Any]:
    """The cycles, those that are planned among them."""
    narrowed = {"state": sought.state, "version__template__code": sought.template, "period": sought.period}
    return page_of(_cycles(request).filter(**{name: value for name, value in narrowed.items() if value is not None}), paging, _shown)


@cycle_plans.get("/configuration/cycles/{code}", CycleConfigured, Scope.CONFIGURE, permits=[_VIEW])
def one(request: HttpRequest, response: HttpResponse, code: Code) -> dict[str, Any]:
    """A cycle as it is set up."""
    return _said(response, _one(request, code))


# --- Planning ---------------------------------------------------------------------------------------


class LevelPlanned(Given):
    """A level that reports; without a due day the usual one. `agency` stands for agencies, which have no level."""

    level: Word
    due_on: Day | None = None
    needs_approval: StrictBool = False


class CyclePlan(Given):
    """What a cycle is to be. Left out: the template's newest version in use, the usual days of the period, the cut-off as reference day.

    `units` are the uids at the top: these and all below them report, without those in `left_out`; of a frozen `selection`'s level only
    the units chosen there. `opens`: at once; it is the cycle managers' to open.
    """

    template: Word
    version: Annotated[StrictInt, Field(ge=1, le=2**31 - 1)] | None = None
    period: Annotated[str, Field(max_length=12, pattern=r"^[^\x00]*$")]
    code: Annotated[str, Field(max_length=100, pattern=_CODE)] = ""
    first_day: Day | None = None
    cut_off: Day | None = None
    reference_day: Day | None = None
    units: Annotated[Uids, Field(min_length=1)]
    left_out: Uids = []
    selection: Word | None = None
    levels: Annotated[list[LevelPlanned], Field(min_length=1, max_length=50)]
    review_days: WorkingDays = DEFAULT_REVIEW_DAYS
    correction_days: WorkingDays = DEFAULT_CORRECTION_DAYS
    reminders: Reminders = list(DEFAULT_REMINDERS)
    asks_official: StrictBool = False
    opens_on: Day | None = None
    opens: StrictBool = False


class LevelForecast(Schema):
    """A level before the cycle opens: the due day that was wanted, the working day that it becomes, and why it moved."""

    level: str
    reports: int
    wanted: date
    due_on: date
    moved_because: str
    reminders: list[date]


class WithoutReport(Schema):
    """Units at or below the top that have no report, and a few of their names."""

    reason: WhyNot
    units: int
    examples: list[str]


class CyclePlanned(Schema):
    """What the plan comes to. `cycle` is null where it was only tried (`dry_run`)."""

    reports: int
    levels: list[LevelForecast]
    without_report: list[WithoutReport]
    cycle: CycleConfigured | None


@cycle_plans.post("/configuration/cycles", CyclePlanned, Scope.CONFIGURE, permits=[_ADD])
def plan(request: HttpRequest, sent: CyclePlan, dry_run: DryRun = False) -> dict[str, Any]:
    """Plan a cycle, or open it at once; with how many reports that makes, and for whom it makes none."""
    draft = _drafted(request, sent)
    with transaction.atomic():
        cycle = opening.set_up(draft.plan)
        if sent.opens:
            _refuse_others(request, cycle)
            opening.open_cycle(cycle, timezone.now())
        shown = _shown(cycle)
        transaction.set_rollback(dry_run)
    return _forecast(draft) | {"cycle": None if dry_run else shown}


class _Draft(NamedTuple):
    plan: Plan
    levels: Sequence[Level]
    found: Forecast
    days_off: DaysOff


def _drafted(request: HttpRequest, sent: CyclePlan) -> _Draft:
    """The plan, with the usual days in place of those left out. Raises Refused with all that names nothing."""
    problems = Problems()
    period = parse_period(sent.period)
    version = _version(sent, problems)
    units, left_out = (_units(request, getattr(sent, name), name, problems) for name in ("units", "left_out"))
    levels = _levels(sent, problems)
    selection = _selection(request, sent.selection, problems)
    problems.refuse_if_any()
    cut_off = sent.cut_off or period.last_day
    on, codes = sent.reference_day or cut_off, [level.code for level in levels]
    found, days_off = opening.forecast(units, on, codes, selection, left_out), DaysOff()
    due = {each.level: each.due_on for each in sent.levels}
    made = Plan(
        version=version,
        period=period.code,
        first_day=sent.first_day or period.first_day,
        cut_off=cut_off,
        reference_day=on,
        under=[unit.uid for unit in units],
        due=planning.due_days(levels, due, cut_off, found, days_off),
        levels=codes,
        kinds=planning.kinds_of(codes),
        approval=[each.level for each in sent.levels if each.needs_approval],
        review_days=sent.review_days,
        correction_days=sent.correction_days,
        reminders=sent.reminders,
        code=sent.code,
        selection=selection,
        without=[unit.uid for unit in left_out],
        opens_on=sent.opens_on,
        official_due={} if sent.asks_official else None,
    )
    return _Draft(made, levels, found, days_off)


def _version(sent: CyclePlan, problems: Problems) -> Any:
    found = TemplateVersion.objects.in_use().filter(template__code=sent.template).select_related("template").order_by("-number")
    version = found.filter(**({} if sent.version is None else {"number": sent.version})).first()
    if version is None:
        problems.add(
            Problem(gettext_noop("No version of a template “%(template)s” is in use."), {"template": sent.template}, column="template")
        )
    return version


def _units(request: HttpRequest, uids: Sequence[str], field: str, problems: Problems) -> list[Unit]:
    found = {unit.uid: unit for unit in units_in_reach(configurer(request.user)).filter(uid__in=uids)}
    for uid in uids:
        if uid not in found:
            problems.add(Problem(gettext_noop("There is no unit “%(uid)s” within your reach."), {"uid": uid}, column=field))
    return list(found.values())


def _levels(sent: CyclePlan, problems: Problems) -> list[Level]:
    """The levels that report, the highest first."""
    wanted = {each.level for each in sent.levels}
    found = list(Level.objects.filter(code__in=wanted).order_by("rank"))
    for code in sorted(wanted - {level.code for level in found}):
        problems.add(Problem(gettext_noop("There is no “%(code)s” here."), {"code": code}, column="levels"))
    return found


def _selection(request: HttpRequest, code: str | None, problems: Problems) -> Selection | None:
    if code is None:
        return None
    found = selections_to_configure(configurer(request.user)).filter(code=code).select_related("level").first()
    if found is None:
        problems.add(Problem(gettext_noop("There is no “%(code)s” here."), {"code": code}, column="selection"))
    return found


def _forecast(draft: _Draft) -> dict[str, Any]:
    found = draft.found
    return {
        "reports": found.reports,
        "levels": [
            {"level": row.level.code, "reports": row.reports, "wanted": row.wanted, "due_on": row.due}
            | {"moved_because": row.moved_because, "reminders": row.reminders}
            for row in planning.due_rows(draft.plan, draft.levels, found, draft.days_off)
        ],
        "without_report": [
            {"reason": reason, "units": count, "examples": found.examples[reason]} for reason, count in found.left_out.items()
        ],
    }


# --- The course of a cycle --------------------------------------------------------------------------


class Course(Given):
    """What of a cycle is changed; what is left out stays. Once it is open, the day on which it opens isn't changed any more."""

    review_days: WorkingDays | None = None
    correction_days: WorkingDays | None = None
    reminders: Reminders | None = None
    opens_on: Day | None = None


@cycle_plans.patch("/configuration/cycles/{code}", CycleConfigured, Scope.CONFIGURE, versioned=True, permits=[_CHANGE])
def change(request: HttpRequest, response: HttpResponse, code: Code, sent: Course) -> dict[str, Any]:
    """Change the course of a cycle that is not closed. Another template, other units or days: delete the plan, and plan anew."""
    changes = {name: value for name, value in sent.dict(exclude_unset=True).items() if value is not None or name == "opens_on"}
    return _said(response, _changed(request, code, lambda cycle, by: scheduling.change_course(cycle, changes, by=by)))


class LevelDueSent(Given):
    level: Word
    due_on: Day
    needs_approval: StrictBool = False


class LevelsDue(Given):
    levels: Annotated[list[LevelDueSent], Field(min_length=1, max_length=50)]


_DUE = ["reports.add_cyclelevel", "reports.change_cyclelevel"]


@cycle_plans.patch("/configuration/cycles/{code}/levels", CycleConfigured, Scope.CONFIGURE, versioned=True, permits=_DUE)
def due(request: HttpRequest, response: HttpResponse, code: Code, sent: LevelsDue) -> dict[str, Any]:
    """Give levels of a planned cycle other due days; those that are no working days move to the next one."""
    rows = [
        (line, {"cycle": code, "level": each.level, "due_on": each.due_on.isoformat(), "needs_approval": as_yes(each.needs_approval)})
        for line, each in enumerate(sent.levels, 1)
    ]

    def lay(cycle: Cycle, by: User) -> None:
        scheduling.lay_due_days(rows, Problems(), Cycle.objects.filter(pk=cycle.pk), by=by)

    return _said(response, _changed(request, code, lay))


@cycle_plans.delete("/configuration/cycles/{code}", Scope.CONFIGURE, versioned=True, permits=[_DELETE])
def delete(request: HttpRequest, response: HttpResponse, code: Code) -> None:
    """Delete a cycle that is only planned."""
    with _seen(request, code) as cycle:
        scheduling.give_up(cycle, by=configurer(request.user))


@cycle_plans.post("/configuration/cycles/{code}/open", CycleConfigured, Scope.CONFIGURE, permits=[_CHANGE])
def open_(request: HttpRequest, response: HttpResponse, code: Code) -> dict[str, Any]:
    """Open a planned cycle: its tree is frozen, and every unit has its report."""
    cycle = _one(request, code)
    _refuse_others(request, cycle)
    with untimely():
        opening.open_cycle(cycle, timezone.now())
    return _said(response, _one(request, code))


@cycle_plans.post("/configuration/cycles/{code}/close", CycleConfigured, Scope.CONFIGURE, permits=[_CHANGE])
def close(request: HttpRequest, response: HttpResponse, code: Code) -> dict[str, Any]:
    """Close a cycle for entry. Missing stays missing."""
    cycle = _one(request, code)
    _refuse_others(request, cycle)
    with untimely():
        closing.close_cycle(cycle, by=configurer(request.user), at=timezone.now())
    return _said(response, _one(request, code))


@cycle_plans.post("/configuration/cycles/{code}/reopen", CycleConfigured, Scope.CONFIGURE, permits=[_CHANGE])
def reopen(request: HttpRequest, response: HttpResponse, code: Code) -> dict[str, Any]:
    """Open a closed cycle again."""
    cycle = _one(request, code)
    _refuse_others(request, cycle)
    with untimely():
        closing.reopen_cycle(cycle, by=configurer(request.user))
    return _said(response, _one(request, code))


class OfficialAskedFor(Schema):
    """How many reports are asked for official figures."""

    reports: int


@cycle_plans.post("/configuration/cycles/{code}/official", OfficialAskedFor, Scope.CONFIGURE, permits=[_CHANGE])
def official(request: HttpRequest, code: Code, sent: OfficialDue) -> dict[str, int]:
    """Ask for the official figures of a cycle whose figures are estimated, of all its units at once."""
    cycle, by = _one(request, code), configurer(request.user)
    _refuse_others(request, cycle)
    return {"reports": ask_for_official(cycle, sent.due, by=by, at=timezone.now())}


# --- Many reports of a cycle ------------------------------------------------------------------------


class UnitsExtended(Reason):
    units: Annotated[Uids, Field(min_length=1)]
    until: Day


class UnitsExempted(Reason):
    units: Annotated[Uids, Field(min_length=1)]


class UnitsExpected(Remark):
    units: Annotated[Uids, Field(min_length=1)]


class ReportsTaken(Schema):
    reports: int


_REPORTS = ["reports.change_report"]


@cycle_plans.post("/configuration/cycles/{code}/extend", ReportsTaken, Scope.CONFIGURE, permits=_REPORTS)
def extend(request: HttpRequest, code: Code, sent: UnitsExtended) -> dict[str, int]:
    """Give these units of the cycle more time, wherever they stand in its tree: all or none."""
    return _take(request, code, sent, reviewing.extend)


@cycle_plans.post("/configuration/cycles/{code}/exempt", ReportsTaken, Scope.CONFIGURE, permits=_REPORTS)
def exempt(request: HttpRequest, code: Code, sent: UnitsExempted) -> dict[str, int]:
    """Excuse these units from the cycle: all or none."""
    return _take(request, code, sent, reviewing.exempt)


@cycle_plans.post("/configuration/cycles/{code}/unexempt", ReportsTaken, Scope.CONFIGURE, permits=_REPORTS)
def unexempt(request: HttpRequest, code: Code, sent: UnitsExpected) -> dict[str, int]:
    """End the exemption of these units: all or none."""
    return _take(request, code, sent, reviewing.unexempt)


def _take(request: HttpRequest, code: str, sent: Any, service: Callable[..., None]) -> dict[str, int]:
    cycle, by = _one(request, code), configurer(request.user)
    reports = reports_in_reach(by).filter(cycle=cycle, unit__uid__in=sent.units)
    known = set(reports.values_list("unit__uid", flat=True))
    problems = Problems()
    for uid in sorted(set(sent.units) - known):
        problems.add(Problem(gettext_noop("“%(uid)s” has no report in this cycle."), {"uid": uid}, column="units"))
    problems.refuse_if_any()
    service(reports, by=by, at=timezone.now(), **sent.dict(exclude={"units"}))
    return {"reports": len(known)}


# --- Together ---------------------------------------------------------------------------------------


def _cycles(request: HttpRequest) -> Any:
    cycles = cycles_to_configure(configurer(request.user)).select_related("version__template", "selection")
    return cycles.prefetch_related("units", "left_out", "levels__level")


def _one(request: HttpRequest, code: str) -> Cycle:
    found: Cycle | None = _cycles(request).filter(code=code).first()
    if found is None:
        raise not_found()
    return found


def _changed(request: HttpRequest, code: str, write: Callable[[Cycle, User], Any]) -> Cycle:
    """The cycle, once it was written."""
    with transaction.atomic():
        with _seen(request, code) as cycle:
            write(cycle, configurer(request.user))
        return _one(request, code)


@contextmanager
def _seen(request: HttpRequest, code: str) -> Iterator[Cycle]:
    """The cycle in the state that the sender saw, held so that it stays until what is done here is committed."""
    with transaction.atomic():
        Cycle.objects.select_for_update().filter(pk=_one(request, code).pk).first()
        cycle = _one(request, code)
        with refused_as(403, "forbidden"):
            scheduling.refuse_others(cycle, configurer(request.user))
        seen_version(request, state_of(_shown(cycle)))
        with untimely():
            yield cycle


def _refuse_others(request: HttpRequest, cycle: Cycle) -> None:
    with refused_as(403, "forbidden"):
        closing.refuse_other_than_manager(cycle, configurer(request.user))


def _said(response: HttpResponse, cycle: Cycle) -> dict[str, Any]:
    shown = _shown(cycle)
    say_version(response, state_of(shown))
    return shown


def _shown(cycle: Cycle) -> dict[str, Any]:
    fields = ("code", "period", "first_day", "cut_off", "reference_day", "time_zone", "state", "opens_on", "opened_at", "closed_at")
    course = ("asks_official", "official_opened_at", "review_days", "correction_days", "reminders")
    return {name: getattr(cycle, name) for name in (*fields, *course)} | {
        "template": cycle.version.template.code,
        "version": cycle.version.number,
        "selection": cycle.selection.code if cycle.selection else None,
        "units": sorted(unit.uid for unit in cycle.units.all()),
        "left_out": sorted(unit.uid for unit in cycle.left_out.all()),
        "levels": [
            {"level": row.level.code, "due_on": row.due_on, "needs_approval": row.needs_approval, "official_due_on": row.official_due_on}
            for row in cycle.levels.all()
        ],
    }
