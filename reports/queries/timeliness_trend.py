"""On time over the cycles of one template: which units improve, and which slide (semantics §4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from reports.domain.rates import Rates
from reports.models import Cycle, Report, ReportQuerySet
from reports.queries.counting import rates_in, total
from reports.queries.predecessors import predecessors_of
from reports.queries.stretches import Stretch
from units.bulk import Among

#: so many cycles are looked at, this one included
CYCLES = 6


@dataclass(frozen=True, slots=True)
class TimelyPoint:
    """A unit in one cycle: how its own report stands, and the rates of those below it (where none is below, of its own).

    `is_restated`: the unit was not there yet; `own` is empty, and the rates are those of its predecessors (semantics §8).
    """

    own: str
    rates: Rates
    is_restated: bool = False

    @property
    def judged(self) -> int:
        """Reports of which it is known whether they were on time: the denominator of `rate`."""
        return self.rates.on_time + self.rates.late + self.rates.missing

    @property
    def rate(self) -> Fraction | None:
        """The share on time among the judged; None while none is."""
        return Fraction(self.rates.on_time, self.judged) if self.judged else None


@dataclass(frozen=True, slots=True)
class TimelyRow:
    """A unit over the cycles, the earliest first; None where it had no report, or none in the reader's reach."""

    report: Report
    points: list[TimelyPoint | None]

    @property
    def difference(self) -> Fraction | None:
        """In percentage points: the newest cycle with a rate against the one with a rate before it."""
        rates = [point.rate for point in self.points if point is not None and point.rate is not None]
        return (rates[-1] - rates[-2]) * 100 if len(rates) > 1 else None


@dataclass(frozen=True, slots=True)
class TimelinessTrend:
    cycles: list[Cycle]
    whole: TimelyRow
    rows: list[TimelyRow]


def cycles_of_template(cycle: Cycle, most: int = CYCLES) -> list[Cycle]:
    """The newest cycles of the same template up to this one, the earliest first. One query."""
    cycles = Cycle.objects.filter(version__template_id=cycle.version.template_id, cut_off__lte=cycle.cut_off)
    earlier = cycles.exclude(state=Cycle.State.PLANNED).exclude(pk=cycle.pk).select_related("version")
    return [*reversed(earlier.order_by("-cut_off", "-opened_at")[: most - 1]), cycle]


def timeliness_trend(report: Report, reach: ReportQuerySet, at: datetime) -> TimelinessTrend:
    """`report` and those directly below it, in this cycle and the ones before, as far as `reach` goes.

    Five queries; for units that were not there in one of them a few more. Of these the rates are those of their predecessors.
    """
    cycles = cycles_of_template(report.cycle)
    children = list(Report.objects.filter(superior=report).select_related("unit", "level").defer("own").order_by("position"))
    units = [report.unit_id, *(child.unit_id for child in children)]
    found = reach.filter(cycle__in=cycles, unit_id__in=units).with_timeliness(at).defer("own")
    by_place = {(each.cycle_id, each.unit_id): each for each in found}
    inherited = _of_predecessors(cycles, {unit_id for unit_id in units for cycle in cycles if (cycle.pk, unit_id) not in by_place})
    stretches = [*map(_judged_for, by_place.values()), *(each for olds in inherited.values() for each in olds)]
    rates = rates_in(stretches, at)

    def point(cycle: Cycle, unit_id: int) -> TimelyPoint | None:
        if one := by_place.get((cycle.pk, unit_id)):
            return TimelyPoint(one.timeliness, total(rates[_judged_for(one)].values()))
        if olds := inherited.get((cycle.pk, unit_id)):
            return TimelyPoint("", total([each for old in olds for each in rates[old].values()]), is_restated=True)
        return None

    def row(each: Report) -> TimelyRow:
        return TimelyRow(each, [point(cycle, each.unit_id) for cycle in cycles])

    return TimelinessTrend(cycles, row(report), [row(child) for child in children])


def falling_first(rows: Sequence[TimelyRow]) -> list[TimelyRow]:
    """Those who slide most at the top; without a difference at the end, in the order of the tree."""
    return sorted(rows, key=lambda row: (row.difference is None, row.difference or 0))


def _of_predecessors(cycles: Sequence[Cycle], unit_ids: Collection[int]) -> dict[tuple[int, int], list[Stretch]]:
    """By cycle and unit: the stretches of its predecessors, none of which lies in another."""
    olds = predecessors_of(unit_ids) if unit_ids else {}
    old_ids = {old for shares in olds.values() for old in shares}
    reports = Report.objects.filter(Among("unit_id", old_ids), cycle__in=cycles).defer("own") if old_ids else []
    by_unit: dict[int, list[Report]] = defaultdict(list)
    for each in reports:
        by_unit[each.unit_id].append(each)
    found: dict[tuple[int, int], list[Stretch]] = defaultdict(list)
    for unit_id, shares in olds.items():
        for each in sorted((one for old in shares for one in by_unit[old]), key=lambda one: one.position):
            taken = found[each.cycle_id, unit_id]
            if not taken or each.position > taken[-1].last:
                taken.append(_judged_for(each))
    return found


def _judged_for(report: Report) -> Stretch:
    return Stretch.below(report) if report.has_reports_below else Stretch.from_top(report)
