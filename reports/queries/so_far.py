"""What the parts of a year hold of a unit so far: what its report of the year opens with, and is held against (semantics §7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

from reports.domain.indicators import Indicator, Template
from reports.domain.numbers import display, parse_entry, parse_plain
from reports.domain.over_time import Part, own_over_time
from reports.domain.periods import overlap, parts_within
from reports.domain.workflow import State
from reports.models import Cycle, Report
from reports.queries.predecessors import FromPredecessors
from units.models import Unit
from units.problems import Refused


class _Found(NamedTuple):
    """One part of a unit: its own report, or what its predecessors reported."""

    cycle: Cycle
    part: Part
    report: Report | None
    inherited: FromPredecessors | None


@dataclass(frozen=True, slots=True)
class SoFar:
    """A unit's own values over its counted parts, over those of a year's first half, and over what came after it.

    All as they may be entered: what doesn't fit its indicator is left out, a mean and a share are rounded to its decimals.
    `periods` are those of the parts, in the order of time. `six_months_report` is the unit's own of the first half, if there is
    one; `estimated` are the codes of which predecessors left a share alone.
    """

    periods: Sequence[str]
    own: Mapping[str, Any]
    six_months: Mapping[str, Any]
    since: Mapping[str, Any]
    first_half: str
    six_months_report: Report | None
    predecessors: Sequence[Unit]
    estimated: frozenset[str]


def so_far(cycle: Cycle, accepted: Iterable[Report], inherited: Mapping[int, Sequence[FromPredecessors]]) -> dict[int, SoFar]:
    """By unit, those that have one of these accepted reports of a part of the cycle's period, or whose predecessors have. No query.

    The reports come in the order in which their cycles were opened, and so do each unit's inherited parts of one period. Of
    parts that overlap the longest is taken; of one period the unit's own report before its predecessors', and of two cycles
    that opened last.
    """
    within = parts_within(cycle.period)
    parts = [each for each in _parts(cycle, accepted, inherited) if each[1].cycle.period in within]
    found: dict[int, list[_Found]] = {}
    for unit_id, each in sorted(parts, key=lambda part: within.index(part[1].cycle.period)):
        taken = found.setdefault(unit_id, [])
        if not any(overlap(each.cycle.period, other.cycle.period) for other in taken):
            taken.append(each)
    return {unit_id: _so_far(cycle, taken) for unit_id, taken in found.items()}


def _parts(cycle: Cycle, accepted: Iterable[Report], inherited: Mapping[int, Sequence[FromPredecessors]]) -> Iterator[tuple[int, _Found]]:
    """Those that go first come first."""
    for report in reversed(list(accepted)):
        part = Part(report.cycle.version.compiled(), report.level.code, report.own)
        yield report.unit_id, _Found(report.cycle, part, report, None)
    now = cycle.version.compiled()
    for unit_id, parts in inherited.items():
        for each in reversed(parts):
            yield unit_id, _Found(each.cycle, Part(now, "", each.own), None, each)


def _so_far(cycle: Cycle, parts: Iterable[_Found]) -> SoFar:
    template = cycle.version.compiled()
    in_time = sorted(parts, key=lambda each: each.cycle.cut_off)
    first_half, *_ = parts_within(cycle.period)
    early = [each for each in in_time if each.cycle.period in (first_half, *parts_within(first_half))]
    whole = next((each for each in early if each.cycle.period == first_half), None)
    inherited = [each.inherited for each in in_time if each.inherited]
    return SoFar(
        [each.cycle.period for each in in_time],
        _own_over(in_time, template),
        _own_over(early, template),
        _own_over(in_time[len(early) :], template),
        first_half if whole else "",
        whole.report if whole else None,
        list({report.unit_id: report.unit for each in inherited for report in each.reports}.values()),
        frozenset().union(*(each.estimated for each in inherited)),
    )


def _own_over(found: Sequence[_Found], template: Template) -> dict[str, Any]:
    values = own_over_time(template, [each.part for each in found])
    entered = {code: _as_entered(template.by_code[code], value) for code, value in values.items()}
    return {code: value for code, value in entered.items() if value is not None}


def _as_entered(indicator: Indicator, value: Any) -> Any:
    if not indicator.is_number:
        return value
    try:
        if isinstance(value, Fraction):
            return parse_entry(display(value, indicator.decimals, "vi"), indicator)
        return parse_plain(str(value), indicator)
    except Refused:
        return None


@dataclass(frozen=True, slots=True)
class Opening:
    """What a report opens with that nobody has touched: values, and the periods and predecessors that they come from."""

    values: Mapping[str, Any]
    periods: Sequence[str]
    predecessors: Sequence[Unit]


def may_open_with(report: Report) -> bool:
    """Nobody has said anything in the report yet."""
    return report.state == State.NOT_STARTED and not report.own


def opening_of(report: Report, entered: Iterable[Indicator], found: SoFar | None, sourced: Mapping[str, Any]) -> Opening | None:
    """What the report opens with of these indicators, but for what a source of their own knows; None for nothing.

    `found` as `so_far` gives it for the report's unit, `sourced` as `queries.sourced` for the report.
    """
    if not may_open_with(report) or found is None:
        return None
    values = {each.code: found.own[each.code] for each in entered if each.code in found.own and each.code not in sourced}
    return Opening(values, found.periods, found.predecessors) if values else None
