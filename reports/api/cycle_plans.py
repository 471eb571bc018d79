"""Cycles before they are: what a plan comes to, level by level, and who would have no report."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, NamedTuple

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field, StrictBool, StrictInt

from reports.api.words import Day, Given, Word
from reports.domain.periods import parse_period
from reports.models import Selection, TemplateVersion
from reports.models.cycle import DEFAULT_CORRECTION_DAYS, DEFAULT_REMINDERS, DEFAULT_REVIEW_DAYS
from reports.policies import configurer, selections_to_configure
from reports.queries.calendar import DaysOff
from reports.services import opening, planning
from reports.services.opening import Forecast, Plan, WhyNot
from units.models import Level, Unit
from units.problems import Problem, Problems, gettext_noop
from units.reach import units_in_reach

WorkingDays = Annotated[StrictInt, Field(ge=0, le=999)]
Reminders = Annotated[list[Annotated[StrictInt, Field(ge=-366, le=366)]], Field(max_length=50)]
Uids = Annotated[list[Word], Field(max_length=10_000)]
#: a code that an address can name
_CODE = r"^(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*)?$"


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


class Draft(NamedTuple):
    plan: Plan
    levels: Sequence[Level]
    found: Forecast
    days_off: DaysOff


def drafted(request: HttpRequest, sent: CyclePlan) -> Draft:
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
    return Draft(made, levels, found, days_off)


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


def forecast_told(draft: Draft) -> dict[str, Any]:
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
