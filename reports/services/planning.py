"""A cycle before it is set up: which kinds of units report, the usual due days, and what they become. Nothing is written (semantics §1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from reports.domain.deadlines import add_working_days
from reports.queries.calendar import DaysOff, next_working_day, why_off
from reports.services.opening import Forecast, Plan
from units.levels import AGENCIES
from units.models import Level, Unit

#: working days from the cut-off to the usual due day of the lowest level that reports, of the next one above it, and so on
USUAL_DUE = (1, 3, 5, 7)


@dataclass(frozen=True, slots=True)
class DueRow:
    """A reporting level before the cycle opens: how many reports, the due day asked for and the one it becomes, and why."""

    level: Level
    reports: int
    wanted: date
    due: date
    moved_because: str
    reminders: list[date]


def kinds_of(levels: Iterable[str]) -> list[str]:
    """The kinds of units that report where these levels do."""
    agencies = [code == AGENCIES for code in levels]
    return [*([] if all(agencies) else [Unit.Kind.TERRITORY]), *([Unit.Kind.AGENCY] if any(agencies) else [])]


def due_days(
    levels: Sequence[Level], wanted: Mapping[str, date | None], cut_off: date, found: Forecast, days_off: DaysOff
) -> dict[str, date]:
    """The due day of each reporting level (the highest first) as it is wanted, or else the usual one; a level without reports takes
    up no step.
    """
    days: dict[str, date] = {}
    step = 0
    for level in reversed(levels):
        usual = add_working_days(cut_off, USUAL_DUE[min(step, len(USUAL_DUE) - 1)], days_off)
        days[level.code] = wanted.get(level.code) or usual
        step += level.code in found.by_level
    return days


def due_rows(plan: Plan, levels: Iterable[Level], found: Forecast, days_off: DaysOff) -> list[DueRow]:
    """What becomes of the plan's due days and reminders, by level."""
    return [_due_row(level, found.by_level.get(level.code, 0), plan, days_off) for level in levels]


def _due_row(level: Level, reports: int, plan: Plan, days_off: DaysOff) -> DueRow:
    wanted = plan.due[level.code]
    due = next_working_day(wanted, days_off)
    reminders = [due + timedelta(days=step) for step in sorted(plan.reminders)]
    return DueRow(level, reports, wanted, due, why_off(wanted, days_off) if due != wanted else "", reminders)
