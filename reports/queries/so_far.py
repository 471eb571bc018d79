"""What the parts of a year hold of a unit so far: what its report of the year opens with, and is held against (semantics §7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from reports.domain.indicators import Indicator, Template
from reports.domain.numbers import display, parse_entry, parse_plain
from reports.domain.over_time import Part, own_over_time
from reports.domain.periods import PeriodKind, overlap, parse_period, parts_within
from reports.domain.workflow import State
from reports.models import Cycle, Report
from reports.queries import history
from units.problems import Refused


@dataclass(frozen=True, slots=True)
class SoFar:
    """A unit's own values over its counted parts, over those of a year's first half, and over what came after it.

    `reports` are the parts, in the order of time; `six_months_report` is the report of the first half, None where the first
    half is known by its quarters or months alone, or not at all.
    """

    reports: Sequence[Report]
    own: Mapping[str, Any]
    six_months: Mapping[str, Any]
    since: Mapping[str, Any]
    six_months_report: Report | None

    @property
    def first_half(self) -> str:
        """The period of the first half, where its report is known."""
        return self.six_months_report.cycle.period if self.six_months_report else ""

    @property
    def periods(self) -> list[str]:
        return [report.cycle.period for report in self.reports]


def so_far(cycle: Cycle, unit_ids: Iterable[int]) -> dict[int, SoFar]:
    """By unit, those that have an accepted report of a part of the cycle's period. One query; none where a period has no parts.

    Of parts that overlap the longest is taken, and of two cycles of one period that opened last.
    """
    within = parts_within(cycle.period)
    if not within:
        return {}
    found: dict[int, list[Report]] = {}
    accepted = history.accepted(cycle, unit_ids).filter(cycle__period__in=within)
    for report in sorted(accepted.order_by("-cycle__opened_at"), key=lambda report: within.index(report.cycle.period)):
        taken = found.setdefault(report.unit_id, [])
        if not any(overlap(report.cycle.period, other.cycle.period) for other in taken):
            taken.append(report)
    template = cycle.version.compiled()
    return {unit_id: _so_far(cycle, template, reports) for unit_id, reports in found.items()}


def _so_far(cycle: Cycle, template: Template, reports: Sequence[Report]) -> SoFar:
    in_time = sorted(reports, key=lambda report: report.cycle.cut_off)
    first_half, *_ = parts_within(cycle.period)
    early = [each for each in in_time if each.cycle.period in (first_half, *parts_within(first_half))]
    return SoFar(
        in_time,
        _own_over(in_time, template),
        _own_over(early, template),
        _own_over(in_time[len(early) :], template),
        next((each for each in early if each.cycle.period == first_half), None),
    )


def _own_over(reports: Sequence[Report], template: Template) -> dict[str, Any]:
    return own_over_time(template, [Part(report.cycle.version.compiled(), report.level.code, report.own) for report in reports])


def six_months(cycle: Cycle, unit_ids: Iterable[int]) -> dict[int, SoFar]:
    """The same where the cycle is a year's; else none, and no query."""
    return so_far(cycle, unit_ids) if parse_period(cycle.period).kind is PeriodKind.YEAR else {}


def opens_with(report: Report, entered: Iterable[Indicator]) -> tuple[dict[str, Any], list[str]]:
    """What a report that nobody has touched opens with of these indicators, and the periods that this comes from.

    What doesn't fit the indicator any more is left out, and so is what has a source of its own (`queries.sourced`); a mean is
    rounded to the decimals that an entry may have.
    """
    if report.state != State.NOT_STARTED or report.own:
        return {}, []
    found = so_far(report.cycle, [report.unit_id]).get(report.unit_id)
    if found is None:
        return {}, []
    values = {each.code: _as_entered(each, found.own.get(each.code)) for each in entered if not each.source}
    return {code: value for code, value in values.items() if value is not None}, found.periods


def _as_entered(indicator: Indicator, value: Any) -> Any:
    if value is None or not indicator.is_number:
        return value
    try:
        if isinstance(value, Fraction):
            return parse_entry(display(value, indicator.decimals, "vi"), indicator)
        return parse_plain(str(value), indicator)
    except Refused:
        return None
