"""Parts of the cycles' trees, as stretches of positions: what lies in them is found without a join."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from django.db.models import F, Func, IntegerField, Q
from django.db.models.functions import Mod
from django.db.models.lookups import Exact

from reports.models import Report, ReportQuerySet

Cuts = tuple[int, ...]


class Stretch(NamedTuple):
    """The reports of a cycle's tree at the positions (after, last]."""

    cycle_id: int
    after: int
    last: int

    @classmethod
    def below(cls, report: Report) -> Stretch:
        return cls(report.cycle_id, report.position, report.end)

    @classmethod
    def from_top(cls, report: Report) -> Stretch:
        return cls(report.cycle_id, report.position - 1, report.end)


def reports_under(heads: ReportQuerySet) -> ReportQuerySet:
    """These reports and all that is below them: heads may lie below each other, in several cycles. The heads are asked for now."""
    stretches: list[Stretch] = []
    for cycle_id, position, end in heads.order_by("cycle_id", "position").values_list("cycle_id", "position", "end"):
        if not stretches or (cycle_id, position) > (stretches[-1].cycle_id, stretches[-1].last):
            stretches.append(Stretch(cycle_id, position - 1, end))
    if not stretches:
        return Report.objects.none()
    return Report.objects.filter(reduce(or_, (_within(cycle_id, cuts) for cycle_id, cuts in cuts_of(joined(stretches)).items())))


def _within(cycle_id: int, cuts: Cuts) -> Q:
    """In stretches of one cycle that don't touch: every other segment, beginning with the first."""
    between = around({cycle_id: cuts})
    return between if len(cuts) == 2 else between & Q(Exact(Mod(Segment(F("position"), cuts), 2), 1))


def joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    """As few stretches as hold the same reports: those given don't overlap, and come cycle by cycle in the order of the tree."""
    found: list[Stretch] = []
    for stretch in stretches:
        if found and found[-1][::2] == stretch[:2]:
            found[-1] = found[-1]._replace(last=stretch.last)
        else:
            found.append(stretch)
    return found


def cuts_of(stretches: Iterable[Stretch]) -> dict[int, Cuts]:
    """The ends of the stretches by cycle, in order."""
    ends: dict[int, set[int]] = defaultdict(set)
    for cycle_id, after, last in stretches:
        ends[cycle_id] |= {after, last}
    return {cycle_id: tuple(sorted(positions)) for cycle_id, positions in ends.items()}


def around(cuts: Mapping[int, Cuts]) -> Q:
    """What lies between the first and the last cut of each cycle."""
    return reduce(or_, (Q(cycle_id=cycle_id, position__gt=cut[0], position__lte=cut[-1]) for cycle_id, cut in cuts.items()))


class Segment(Func):
    """The number of the segment that a position lies in: segment n is (cuts[n - 1], cuts[n]]. Found by halves."""

    output_field = IntegerField()

    def __init__(self, position: F, cuts: Cuts) -> None:
        super().__init__(position)
        self.cuts = cuts

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:  # type: ignore[override]
        position, params = compiler.compile(self.source_expressions[0])

        def among(first: int, last: int) -> str:
            if first == last:
                return f"{first:d}"
            middle = (first + last) // 2
            return f"CASE WHEN {position} <= {self.cuts[middle]:d} THEN {among(first, middle)} ELSE {among(middle + 1, last)} END"

        return among(1, len(self.cuts) - 1), params
