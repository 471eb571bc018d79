"""The figures of an earlier period that stand beside a report's own: its unit's, or where that wasn't there yet, its predecessors'
restated for it (semantics §7, §8)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reports.domain.aggregation import figures
from reports.domain.comparing import Change, redefined
from reports.domain.own_values import OwnValues
from reports.domain.restating import with_formulas
from reports.models import Cycle, Report
from reports.queries.as_declared import shown_in
from reports.queries.past import Past
from reports.queries.predecessors import FromPredecessors


def _nothing(code: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Beside:
    """The figures of an earlier period by code; `period` is empty where there are none.

    `is_restated`: they are the predecessors', `estimated` those of them with a share other than 1. `redefined` says what of an
    indicator's definition was another one then.
    """

    period: str = ""
    value: Callable[[str], Any] = _nothing
    redefined: Mapping[str, Sequence[Change]] = field(default_factory=dict)
    is_restated: bool = False
    estimated: Collection[str] = frozenset()


NOTHING = Beside()


def previous(report: Report, past: Past) -> Beside:
    """Those of the period before. One query for a unit that has none, and two more where it was made of others: `Past` keeps
    what it found. Six more for totals of theirs.
    """
    own = past.previous_reports.get(report.unit_id)
    return _own(report, own) if own else _inherited(report, past, past.inherited_previous)


def year_ago(report: Report, past: Past) -> Beside:
    """Those of the same period a year earlier. Queries as above."""
    own = past.reports_year_ago.get(report.unit_id)
    return _own(report, own) if own else _inherited(report, past, past.inherited_year_ago)


def _own(report: Report, then: Report) -> Beside:
    template = report.cycle.version.compiled()
    return Beside(then.cycle.period, shown_in(then, template), redefined(then.cycle.version.compiled(), template))


def _inherited(report: Report, past: Past, inherited: Callable[[int], FromPredecessors | None]) -> Beside:
    if report.unit.valid_from is None:  # a successor has a first day
        return NOTHING
    part = inherited(report.unit_id)
    if part is None:
        return NOTHING
    has_totals = report.has_reports_below or any(each.has_reports_below for each in part.reports)
    return _totals(report, past, part.cycle) if has_totals else _alone(report, part)


def _alone(report: Report, part: FromPredecessors) -> Beside:
    now = report.cycle.version.compiled()
    own = OwnValues(now, part.own.get, report.level.code, now.formulas)
    estimated = with_formulas(now, part.estimated)
    return Beside(part.cycle.period, own.value, redefined(part.cycle.version.compiled(), now), is_restated=True, estimated=estimated)


def _totals(report: Report, past: Past, cycle: Cycle) -> Beside:
    """Totals of the unit and of all below it, as their predecessors reported."""
    then, now = cycle.version.compiled(), report.cycle.version.compiled()
    found = past.inherited_total(report.unit, cycle)
    totals = figures(then, found.cells)
    readable = {code for code, each in now.by_code.items() if each.continues(then.by_code.get(code))}
    return Beside(
        cycle.period,
        lambda code: totals.get(code) if code in readable else None,
        redefined(then, now),
        is_restated=True,
        estimated=with_formulas(then, found.estimated),
    )
