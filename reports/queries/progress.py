"""How far a cycle is: states, timeliness and rates over parts of its tree (semantics §4)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q
from django.utils.translation import get_language

from reports.domain.deadlines import Timeliness
from reports.domain.rates import Rates, rates
from reports.domain.workflow import State
from reports.models import Cycle, Report, ReportQuerySet
from units.names import fold


def rates_below(reports: Sequence[Report], at: datetime) -> dict[int, dict[str, Rates]]:
    """Rates over what is strictly below each of these reports of one cycle, in total ("") and by level. One query."""
    inner = [report for report in reports if report.has_reports_below]
    if not inner:
        return {report.pk: rates((), at) for report in reports}
    facts = list(
        Report.objects.filter(
            cycle_id=inner[0].cycle_id,
            position__gt=min(report.position for report in inner),
            position__lte=max(report.end for report in inner),
        )
        .order_by("position")
        .values_list("position", "level__code", "state", "first_submitted_at", "due_at")
    )
    positions = [fact[0] for fact in facts]
    return {
        report.pk: rates(
            (
                (level, State(state), first, due)
                for _, level, state, first, due in facts[bisect_right(positions, report.position) : bisect_left(positions, report.end + 1)]
            ),
            at,
        )
        for report in reports
    }


@dataclass(frozen=True, slots=True)
class BoardRow:
    """A direct child on its superior's board, with the rates of what is below the child."""

    report: Report
    rates: dict[str, Rates]
    flags: list[str]


@dataclass(frozen=True, slots=True)
class Sought:
    """Which children a reader wants to see on the board; what is empty doesn't narrow."""

    text: str = ""
    state: str = ""
    timeliness: str = ""

    def admits(self, report: Report) -> bool:
        return (
            fold(self.text) in report.unit.search_text and self.state in ("", report.state) and self.timeliness in ("", report.timeliness)
        )


def board(report: Report, at: datetime) -> list[BoardRow]:
    """The reports directly below `report`, in the order of the tree. Three queries, whatever the size."""
    children = list(Report.objects.filter(superior=report).with_timeliness(at).with_open_flags().for_display().order_by("position"))
    below = rates_below(children, at)
    return [BoardRow(child, below[child.pk], [flag.kind for flag in child.open_flags]) for child in children]


@dataclass(frozen=True, slots=True)
class CycleProgress:
    """A cycle as far as a reader reaches: the topmost reports, and rates by level, the highest first."""

    cycle: Cycle
    tops: list[Report]
    levels: list[tuple[str, Rates]]


def progress_of_cycles(reach: ReportQuerySet, at: datetime) -> list[CycleProgress]:
    """Every cycle with reports in `reach`, the newest first, with rates over all of these reports. Three queries."""
    cycles = {cycle.pk: CycleProgress(cycle, [], []) for cycle in _cycles(reach)}
    inside = reach.filter(pk=OuterRef("superior_id"))
    for top in reach.filter(~Exists(inside)).select_related("unit", "level").defer("own").order_by("position"):
        cycles[top.cycle_id].tops.append(top)
    for row in _counted(reach, at):
        found = _level_progress(row)
        if found.rates.expected:
            cycles[row["cycle_id"]].levels.append((found.level, found.rates))
    return list(cycles.values())


def _cycles(reach: ReportQuerySet) -> list[Cycle]:
    with_reports = Cycle.objects.filter(pk__in=reach.order_by().values("cycle_id"))
    return list(with_reports.select_related("version__template").order_by("-cut_off", "code"))


@dataclass(frozen=True, slots=True)
class LevelProgress:
    """The reports of one level of a cycle, exempt ones apart."""

    level: str
    rates: Rates
    exempt: int


def by_level(cycle: Cycle, at: datetime) -> list[LevelProgress]:
    """The cycle's rates at moment `at` for each of its levels, the highest first. One query, whatever the size."""
    return [_level_progress(row) for row in _counted(Report.objects.filter(cycle=cycle), at)]


def _level_progress(row: Mapping[str, Any]) -> LevelProgress:
    label = row["level__name_en"] if get_language() == "en" and row["level__name_en"] else row["level__name"]
    return LevelProgress(label, Rates(**{name: row[name] for name in _RATES}), row["exempt"])


_EXEMPT = Q(state=State.EXEMPT.value)
_RATES = {
    "expected": ~_EXEMPT,
    "received": ~_EXEMPT & Q(first_submitted_at__isnull=False),
    "accepted": Q(state=State.ACCEPTED.value),
    "on_time": Q(timeliness=Timeliness.ON_TIME.value),
    "late": Q(timeliness=Timeliness.LATE.value),
    "missing": Q(timeliness=Timeliness.MISSING.value),
}


def _counted(reports: ReportQuerySet, at: datetime) -> Iterable[Mapping[str, Any]]:
    """`domain.rates` as one aggregate in the database: a country's reports are not loaded to be counted."""
    return (
        reports.with_timeliness(at)
        .order_by()
        .values("cycle_id", "level__rank", "level__name", "level__name_en")
        .annotate(**{name: Count("pk", filter=which) for name, which in _RATES.items()}, exempt=Count("pk", filter=_EXEMPT))
        .order_by("cycle_id", "level__rank")
    )
