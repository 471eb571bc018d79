"""A figure over the cycles: the same indicator of the same units in the periods before (semantics §7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from reports.domain.aggregation import Figure, answered, figure_of, figures
from reports.domain.indicators import AggregateUp, Indicator, Template
from reports.domain.periods import parse_period
from reports.models import Cycle, Report, ReportQuerySet
from reports.queries.bridge import Bridge, bridge_of
from reports.queries.consolidated import Total, total_of

#: so many cycles are looked at, this one included
CYCLES = 6


@dataclass(frozen=True, slots=True)
class Standing:
    """A unit's total of one indicator in one cycle, with the reports that it counts out of those expected.

    `is_restated`: the unit was not there yet, and this is what its predecessors reported (semantics §8).
    """

    value: Fraction | None
    answered: int | None
    total: Total
    is_restated: bool = False


def cycles_alike(cycle: Cycle, most: int = CYCLES) -> list[Cycle]:
    """The newest cycles of the same template and kind of period up to this one, the earliest first. One query."""
    kind = parse_period(cycle.period).kind
    opened = Cycle.objects.exclude(state=Cycle.State.PLANNED).exclude(pk=cycle.pk)
    earlier = opened.filter(version__template_id=cycle.version.template_id, cut_off__lt=cycle.cut_off).select_related("version")
    alike = [each for each in earlier.order_by("-cut_off", "-opened_at") if parse_period(each.period).kind is kind]
    return [*reversed(alike[: most - 1]), cycle]


def reports_in(reach: ReportQuerySet, cycles: Iterable[Cycle], unit_ids: Iterable[int]) -> dict[tuple[int, int], Report]:
    """By cycle and unit: the reports in reach, ready for their totals. One query."""
    found = reach.filter(cycle__in=list(cycles), unit_id__in=list(unit_ids)).select_related("rollup", "level")
    return {(report.cycle_id, report.unit_id): report for report in found}


def standing(now: Template, then: Template, code: str, report: Report | None) -> Standing | None:
    """The total of `code` in a report of version `then`; None where it can't be read as one of version `now`."""
    indicator = then.by_code.get(code)
    if report is None or indicator is None or not now.by_code[code].continues(indicator):
        return None
    total = total_of(then, report)
    return Standing(number(figures(then, total.cells).get(code)), answered(indicator, total.cells), total)


def number(figure: Figure) -> Fraction | None:
    return figure if isinstance(figure, Fraction) else None


def is_comparable(indicator: Indicator) -> bool:
    """Whether its totals are numbers, which can be ranked and drawn."""
    return indicator.aggregate_up not in (AggregateUp.NONE, AggregateUp.DISTRIBUTION)


def trend(report: Report, code: str, cycles: Sequence[Cycle], found: Mapping[tuple[int, int], Report]) -> list[Standing | None]:
    """The unit's total of `code` in each of the cycles, from what `reports_in` found: no query.

    Where the unit has no report of a cycle, one more; and where it has predecessors, theirs are restated: two a cycle, and a few for all.
    """
    now = report.cycle.version.compiled()
    there = [found.get((cycle.pk, report.unit_id)) for cycle in cycles]
    bridge = bridge_of([report.unit]) if any(each is None for each in there) else None
    return [
        standing(now, cycle.version.compiled(), code, each) if each or bridge is None else _bridged(report, cycle, code, bridge)
        for cycle, each in zip(cycles, there, strict=True)
    ]


def _bridged(report: Report, cycle: Cycle, code: str, bridge: Bridge) -> Standing | None:
    now, then = report.cycle.version.compiled(), cycle.version.compiled()
    indicator = then.by_code.get(code)
    if indicator is None or not now.by_code[code].continues(indicator):
        return None
    total = bridge.total(report.unit, cycle, code)
    if total is None:
        return None
    return Standing(number(figure_of(then, total.cells, code)), answered(indicator, total.cells), total, is_restated=True)


def unlike(template: Template, now: Report, then: Report) -> set[str]:
    """The codes whose totals in two reports of a unit can't be held against each other: they add up other levels.

    Households are counted at the lowest level that reports (leaf_sum), whichever that is: they stay alike.
    """
    differing = {now.level.code, *now.levels_below} ^ {then.level.code, *then.levels_below}
    codes = {
        each.code
        for each in template.aggregated
        if not each.is_formula and each.aggregate_up != AggregateUp.LEAF_SUM and not differing.isdisjoint(each.levels)
    }
    for code, formula in template.formulas.items():
        if not codes.isdisjoint(formula.codes):
            codes.add(code)
    return codes
