"""How far a cycle is: states, timeliness and rates over parts of its tree (semantics §4)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from reports.domain.rates import Rates, rates
from reports.domain.workflow import State
from reports.models import Report


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


def board(report: Report, at: datetime) -> list[BoardRow]:
    """The reports directly below `report`, in the order of the tree. Three queries, whatever the size."""
    children = list(Report.objects.filter(superior=report).with_timeliness(at).with_open_flags().for_display().order_by("position"))
    below = rates_below(children, at)
    return [BoardRow(child, below[child.pk], [flag.kind for flag in child.open_flags]) for child in children]
