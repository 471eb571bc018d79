"""The units directly below one, ranked by an indicator's totals, or by their ratio to another's (semantics §5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from reports.domain.aggregation import Cells, Figure, answered, figures
from reports.domain.indicators import AggregateTime, Indicator, Template
from reports.models import Cycle, Report, ReportQuerySet
from reports.queries.bridge import bridge_of
from reports.queries.consolidated import Total, total_of
from reports.queries.lineage import children_of
from reports.queries.trends import Standing, cycles_alike, is_comparable, number, reports_in, trend, unlike

#: a ratio is told for so many of its denominator
PER = 100
_STOCKS = (AggregateTime.STOCK_LAST, AggregateTime.STOCK_FIRST, AggregateTime.LAST)


@dataclass(frozen=True, slots=True)
class Measure:
    """What is ranked: the totals of an indicator, or where `per` is given, the ratio of its totals to those of `per`."""

    indicator: Indicator
    per: Indicator | None = None

    def value(self, totals: dict[str, Figure]) -> Fraction | None:
        value = number(totals.get(self.indicator.code))
        if self.per is None or value is None:
            return value
        base = number(totals.get(self.per.code))
        return value * PER / base if base else None

    def parts(self, template: Template) -> list[Indicator]:
        """The indicators whose totals the value is made of: a formula's inputs, or numerator and denominator."""
        if self.per is not None:
            return [self.indicator, self.per]
        formula = template.formulas.get(self.indicator.code)
        return [each for each in template.indicators if formula and each.code in formula.codes]


@dataclass(frozen=True, slots=True)
class Ranked:
    """A unit at its place; equal figures share one, a blank has none. `parts` are the totals that the value is made of.

    `is_restated`: it was not there in the period before, and `before` is what its predecessors reported (semantics §8).
    """

    place: int | None
    report: Report
    value: Fraction | None
    answered: int | None
    total: Total
    parts: list[tuple[Indicator, Figure]]
    before: Fraction | None
    is_restated: bool = False

    @property
    def change(self) -> Fraction | None:
        return None if self.value is None or self.before is None else self.value - self.before


@dataclass(frozen=True, slots=True)
class Ranking:
    """`trend` is the superior's own total over `cycles`, the earliest first."""

    measure: Measure
    parts: list[Indicator]
    rows: list[Ranked]
    cycles: list[Cycle]
    trend: list[Standing | None]

    @property
    def values(self) -> list[Fraction]:
        return [row.value for row in self.rows if row.value is not None]


def measures_of(template: Template) -> list[Indicator]:
    """What units can be ranked by."""
    return [each for each in template.aggregated if is_comparable(each)]


def denominators_of(template: Template) -> list[Indicator]:
    """What a figure can be held against: what there is at a time, such as households, added up."""
    return [each for each in template.aggregated if each.may_be_adjusted and each.aggregate_time in _STOCKS]


def measure_named(template: Template, code: str, per: str) -> Measure | None:
    """The measure of these codes: without one the first of the template, without `per` no ratio. None where there is none such."""
    indicator = next((each for each in measures_of(template) if code in ("", each.code)), None)
    base = next((each for each in denominators_of(template) if each.code == per), None)
    return None if indicator is None or (per and base is None) else Measure(indicator, base)


def ranking(report: Report, measure: Measure, reach: ReportQuerySet, *, lowest_first: bool = False) -> Ranking:
    """The units below by the measure, blanks last, with the period before, and the trend of `report`.

    Three queries, one more where a unit wasn't there then, and a few where some of these were made of others.
    """
    template = report.cycle.version.compiled()
    children = children_of(report)
    cycles = cycles_alike(report.cycle)
    past = cycles[-2:-1]
    found = reports_in(reach, cycles, [report.unit_id, *(child.unit_id for child in children)] if past else [report.unit_id])
    before = {child.pk: _before(measure, child, past[0], found.get((past[0].pk, child.unit_id))) for child in children if past}
    restated = _restated(measure, template, past[0], [each for each in children if (past[0].pk, each.unit_id) not in found]) if past else {}
    parts = measure.parts(template)
    unranked = [_unranked(measure, template, parts, child, before.get(child.pk), restated.get(child.pk)) for child in children]
    return Ranking(
        measure, parts, placed(unranked, lowest_first=lowest_first), cycles, trend(report, measure.indicator.code, cycles, found)
    )


def placed(rows: Sequence[Ranked], *, lowest_first: bool = False) -> list[Ranked]:
    """The rows in their order with their places: 1, 2, 2, 4."""
    with_value = sorted((row for row in rows if row.value is not None), key=lambda row: row.value or 0, reverse=not lowest_first)
    places: dict[Fraction | None, int] = {}
    for number_, row in enumerate(with_value, 1):
        places.setdefault(row.value, number_)
    ordered = [*with_value, *(row for row in rows if row.value is None)]
    return [replace(row, place=places.get(row.value)) for row in ordered]


def _unranked(
    measure: Measure, template: Template, parts: list[Indicator], child: Report, before: Fraction | None, restated: Fraction | None
) -> Ranked:
    total = total_of(template, child)
    totals = _figures(template, total.cells, [measure.indicator, *parts])
    told = [(each, totals.get(each.code)) for each in parts]
    value, count = measure.value(totals), answered(measure.indicator, total.cells)
    return Ranked(None, child, value, count, total, told, before if restated is None else restated, restated is not None)


def _restated(measure: Measure, now: Template, cycle: Cycle, children: Sequence[Report]) -> dict[int, Fraction]:
    """By report: the measure over what the predecessors of these units reported then, where it is made in the same way."""
    then = cycle.version.compiled()
    wanted = [each.code for each in (measure.indicator, measure.per) if each is not None]
    if not children or not all(now.by_code[code].continues(then.by_code.get(code)) for code in wanted):
        return {}
    bridge = bridge_of(child.unit for child in children)
    sums = bridge.sums(cycle, wanted) if bridge else {}
    told = measure.parts(then) or [measure.indicator]
    values = {child.pk: measure.value(_figures(then, sums[child.unit_id].cells, told)) for child in children if child.unit_id in sums}
    return {pk: value for pk, value in values.items() if value is not None}


def _before(measure: Measure, child: Report, cycle: Cycle, report: Report | None) -> Fraction | None:
    """The measure in the report of the period before, where both are made in the same way."""
    if report is None:
        return None
    then = cycle.version.compiled()
    codes = {each.code for each in (measure.indicator, measure.per) if each is not None}
    if not codes.isdisjoint(unlike(then, child, report)):
        return None
    alike = all(each.continues(then.by_code.get(each.code)) for each in (measure.indicator, measure.per) if each is not None)
    return measure.value(_figures(then, total_of(then, report).cells, measure.parts(then) or [measure.indicator])) if alike else None


def _figures(template: Template, cells: Cells, wanted: Sequence[Indicator]) -> dict[str, Figure]:
    """The figures of these indicators alone; those of a whole template cost ten times as much."""
    codes = template.with_inputs(each.code for each in wanted)
    return figures(template, {code: cell for code, cell in cells.items() if code in codes})
