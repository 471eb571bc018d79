"""Cycles as administrators set them up: planned, opened, changed while they may be, closed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Annotated, Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Schema
from pydantic import Field, StrictBool

from accounts.models import Scope
from reports.api.cycle_plans import CyclePlan, LevelForecast, Reminders, Uids, WithoutReport, WorkingDays, drafted, forecast_told
from reports.api.cycles import CycleTold, OfficialAsked, OfficialDue, cycle_told
from reports.api.door import Resource
from reports.api.paging import Page, Pages, page_of
from reports.api.problems import not_found, refused_as, untimely
from reports.api.steps import Reason, Remark
from reports.api.versions import say_version, seen_version, state_of
from reports.api.words import Code, Day, DryRun, Given, Word, one_of
from reports.models import Cycle
from reports.policies import configurer, cycles_to_configure, reports_in_reach
from reports.services import closing, opening, reviewing, scheduling
from reports.services.asking_official import ask_for_official
from units.problems import Problem, Problems, gettext_noop
from units.reach import User
from units.tables.laying import as_yes

configured_cycles = Resource("Configuration: cycles")

_ADD, _VIEW, _CHANGE, _DELETE = (f"reports.{verb}_cycle" for verb in ("add", "view", "change", "delete"))


class LevelDue(Schema):
    """`official_due_on`: of the official figures, where the cycle asks for them and their day is known."""

    level: str
    due_on: date
    needs_approval: bool
    official_due_on: date | None


class CycleConfigured(CycleTold):
    reference_day: date
    opens_on: date | None
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


@configured_cycles.get("/configuration/cycles", Page[CycleConfigured], Scope.CONFIGURE, permits=[_VIEW])
def listed(request: HttpRequest, sought: Annotated[CyclesSought, Query()], paging: Pages) -> dict[str, Any]:
    """The cycles, those that are planned among them."""
    narrowed = {"state": sought.state, "version__template__code": sought.template, "period": sought.period}
    return page_of(_cycles(request).filter(**{name: value for name, value in narrowed.items() if value is not None}), paging, _configured)


@configured_cycles.get("/configuration/cycles/{code}", CycleConfigured, Scope.CONFIGURE, permits=[_VIEW])
def one(request: HttpRequest, response: HttpResponse, code: Code) -> dict[str, Any]:
    """A cycle as it is set up."""
    return _said(response, _one(request, code))


class CyclePlanned(Schema):
    """What the plan comes to. `cycle` is null where it was only tried (`dry_run`)."""

    reports: int
    levels: list[LevelForecast]
    without_report: list[WithoutReport]
    cycle: CycleConfigured | None


@configured_cycles.post("/configuration/cycles", CyclePlanned, Scope.CONFIGURE, permits=[_ADD])
def plan(request: HttpRequest, sent: CyclePlan, dry_run: DryRun = False) -> dict[str, Any]:
    """Plan a cycle, or open it at once; with how many reports that makes, and for whom it makes none."""
    draft = drafted(request, sent)
    with transaction.atomic():
        cycle = opening.set_up(draft.plan)
        if sent.opens:
            _refuse_others(request, cycle)
            opening.open_cycle(cycle, timezone.now())
        shown = _configured(cycle)
        transaction.set_rollback(dry_run)
    return forecast_told(draft) | {"cycle": None if dry_run else shown}


# --- The course of a cycle --------------------------------------------------------------------------


class Course(Given):
    """What of a cycle is changed; what is left out stays. Once it is open, the day on which it opens isn't changed any more."""

    review_days: WorkingDays | None = None
    correction_days: WorkingDays | None = None
    reminders: Reminders | None = None
    opens_on: Day | None = None


@configured_cycles.patch("/configuration/cycles/{code}", CycleConfigured, Scope.CONFIGURE, versioned=True, permits=[_CHANGE])
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


@configured_cycles.patch("/configuration/cycles/{code}/levels", CycleConfigured, Scope.CONFIGURE, versioned=True, permits=_DUE)
def due(request: HttpRequest, response: HttpResponse, code: Code, sent: LevelsDue) -> dict[str, Any]:
    """Give levels of a planned cycle other due days; those that are no working days move to the next one."""
    rows = [
        (line, {"cycle": code, "level": each.level, "due_on": each.due_on.isoformat(), "needs_approval": as_yes(each.needs_approval)})
        for line, each in enumerate(sent.levels, 1)
    ]

    def lay(cycle: Cycle, by: User) -> None:
        scheduling.lay_due_days(rows, Problems(), Cycle.objects.filter(pk=cycle.pk), by=by)

    return _said(response, _changed(request, code, lay))


@configured_cycles.delete("/configuration/cycles/{code}", Scope.CONFIGURE, versioned=True, permits=[_DELETE])
def delete(request: HttpRequest, response: HttpResponse, code: Code) -> None:
    """Delete a cycle that is only planned."""
    with _seen(request, code) as cycle:
        scheduling.give_up(cycle, by=configurer(request.user))


@configured_cycles.post("/configuration/cycles/{code}/open", CycleConfigured, Scope.CONFIGURE, permits=[_CHANGE])
def open_(request: HttpRequest, response: HttpResponse, code: Code) -> dict[str, Any]:
    """Open a planned cycle: its tree is frozen, and every unit has its report."""
    return _said(response, _moved(request, code, lambda cycle, _by: opening.open_cycle(cycle, timezone.now())))


@configured_cycles.post("/configuration/cycles/{code}/close", CycleConfigured, Scope.CONFIGURE, permits=[_CHANGE])
def close(request: HttpRequest, response: HttpResponse, code: Code) -> dict[str, Any]:
    """Close a cycle for entry. Missing stays missing."""
    return _said(response, _moved(request, code, lambda cycle, by: closing.close_cycle(cycle, by=by, at=timezone.now())))


@configured_cycles.post("/configuration/cycles/{code}/reopen", CycleConfigured, Scope.CONFIGURE, permits=[_CHANGE])
def reopen(request: HttpRequest, response: HttpResponse, code: Code) -> dict[str, Any]:
    """Open a closed cycle again."""
    return _said(response, _moved(request, code, lambda cycle, by: closing.reopen_cycle(cycle, by=by)))


@configured_cycles.post("/configuration/cycles/{code}/official", OfficialAsked, Scope.CONFIGURE, permits=[_CHANGE])
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


@configured_cycles.post("/configuration/cycles/{code}/extend", ReportsTaken, Scope.CONFIGURE, permits=_REPORTS)
def extend(request: HttpRequest, code: Code, sent: UnitsExtended) -> dict[str, int]:
    """Give these units of the cycle more time, wherever they stand in its tree: all or none."""
    return _take(request, code, sent, reviewing.extend)


@configured_cycles.post("/configuration/cycles/{code}/exempt", ReportsTaken, Scope.CONFIGURE, permits=_REPORTS)
def exempt(request: HttpRequest, code: Code, sent: UnitsExempted) -> dict[str, int]:
    """Excuse these units from the cycle: all or none."""
    return _take(request, code, sent, reviewing.exempt)


@configured_cycles.post("/configuration/cycles/{code}/unexempt", ReportsTaken, Scope.CONFIGURE, permits=_REPORTS)
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
        seen_version(request, state_of(_configured(cycle)))
        with untimely():
            yield cycle


def _moved(request: HttpRequest, code: str, move: Callable[[Cycle, User], Any]) -> Cycle:
    """The cycle, once a manager of it has opened or closed it."""
    cycle = _one(request, code)
    _refuse_others(request, cycle)
    with untimely():
        move(cycle, configurer(request.user))
    return _one(request, code)


def _refuse_others(request: HttpRequest, cycle: Cycle) -> None:
    with refused_as(403, "forbidden"):
        closing.refuse_other_than_manager(cycle, configurer(request.user))


def _said(response: HttpResponse, cycle: Cycle) -> dict[str, Any]:
    shown = _configured(cycle)
    say_version(response, state_of(shown))
    return shown


def _configured(cycle: Cycle) -> dict[str, Any]:
    fields = ("reference_day", "opens_on", "asks_official", "official_opened_at", "review_days", "correction_days", "reminders")
    return (
        cycle_told(cycle)
        | {name: getattr(cycle, name) for name in fields}
        | {
            "selection": cycle.selection.code if cycle.selection else None,
            "units": sorted(unit.uid for unit in cycle.units.all()),
            "left_out": sorted(unit.uid for unit in cycle.left_out.all()),
            "levels": [
                {
                    "level": row.level.code,
                    "due_on": row.due_on,
                    "needs_approval": row.needs_approval,
                    "official_due_on": row.official_due_on,
                }
                for row in cycle.levels.all()
            ],
        }
    )
