"""`domain.rates` as one aggregate in the database: reports are not loaded to be counted (semantics §4)."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from django.db.models import Case, Count, F, Func, IntegerField, Q, When
from django.utils.translation import get_language

from reports.domain.deadlines import Timeliness
from reports.domain.rates import Rates
from reports.domain.workflow import State
from reports.models import Report, ReportQuerySet

_EXEMPT = Q(state=State.EXEMPT.value)
#: in the order of the fields of `Rates`
_RATES = {
    "expected": ~_EXEMPT,
    "received": ~_EXEMPT & Q(first_submitted_at__isnull=False),
    "accepted": Q(state=State.ACCEPTED.value),
    "on_time": Q(timeliness=Timeliness.ON_TIME.value),
    "late": Q(timeliness=Timeliness.LATE.value),
    "missing": Q(timeliness=Timeliness.MISSING.value),
}


class CountedLevel(NamedTuple):
    """A level as counts name it; the highest sorts first."""

    rank: int
    code: str
    name: str
    name_en: str

    @property
    def label(self) -> str:
        return self.name_en if get_language() == "en" and self.name_en else self.name


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


def counted(reports: ReportQuerySet, at: datetime, *groups: str) -> Iterator[tuple[Mapping[str, Any], CountedLevel, Rates]]:
    """The reports' rates at moment `at` by these fields and by level, the highest first. A row has `exempt` too. One query."""
    rows = (
        reports.with_timeliness(at)
        .order_by()
        .values(*groups, "level__rank", "level__code", "level__name", "level__name_en")
        .annotate(**{name: Count("pk", filter=which) for name, which in _RATES.items()}, exempt=Count("pk", filter=_EXEMPT))
        .order_by("level__rank")
    )
    for row in rows:
        level = CountedLevel(row["level__rank"], row["level__code"], row["level__name"], row["level__name_en"])
        yield row, level, Rates(**{name: row[name] for name in _RATES})


def rates_in(stretches: Iterable[Stretch], at: datetime) -> dict[Stretch, dict[CountedLevel, Rates]]:
    """The rates of each stretch by level, the highest first. Stretches may lie in each other and in several cycles. One query.

    The ends of the stretches cut each cycle's tree into segments. The database counts once by segment, and a stretch is the
    sum of its segments: to join stretches to reports by position is what either database plans badly.
    """
    wanted = list(stretches)
    if not wanted:
        return {}
    ends: dict[int, set[int]] = defaultdict(set)
    for cycle_id, after, last in wanted:
        ends[cycle_id] |= {after, last}
    cuts = {cycle_id: sorted(positions) for cycle_id, positions in ends.items()}
    around = [Q(cycle_id=cycle_id, position__gt=cut[0], position__lte=cut[-1]) for cycle_id, cut in cuts.items()]
    segment = Case(*(When(cycle_id=cycle_id, then=_Segment(F("position"), tuple(cut))) for cycle_id, cut in cuts.items()))
    by_segment: dict[tuple[int, int], list[tuple[CountedLevel, Rates]]] = defaultdict(list)
    for row, level, rates in counted(Report.objects.filter(reduce(or_, around)).annotate(segment=segment), at, "cycle_id", "segment"):
        by_segment[row["cycle_id"], row["segment"]].append((level, rates))
    return {stretch: added(_parts(stretch, cuts[stretch.cycle_id], by_segment)) for stretch in wanted}


def added(parts: Iterable[tuple[CountedLevel, Rates]]) -> dict[CountedLevel, Rates]:
    """The sum by level, the highest first."""
    by_level: dict[CountedLevel, list[Rates]] = {}
    for level, rates in parts:
        by_level.setdefault(level, []).append(rates)
    return {level: total(by_level[level]) for level in sorted(by_level)}


def total(parts: Iterable[Rates]) -> Rates:
    together = list(parts)
    return Rates(**{name: sum(getattr(rates, name) for rates in together) for name in _RATES})


def _parts(
    stretch: Stretch, cut: Sequence[int], by_segment: Mapping[tuple[int, int], list[tuple[CountedLevel, Rates]]]
) -> Iterator[tuple[CountedLevel, Rates]]:
    for number in range(bisect_left(cut, stretch.after) + 1, bisect_left(cut, stretch.last) + 1):
        yield from by_segment.get((stretch.cycle_id, number), ())


class _Segment(Func):
    """The number of the segment that a position lies in: segment n is (cuts[n - 1], cuts[n]]. Found by halves."""

    output_field = IntegerField()

    def __init__(self, position: F, cuts: tuple[int, ...]) -> None:
        super().__init__(position)
        self.cuts = cuts

    def as_sql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, Any]:
        position, params = compiler.compile(self.source_expressions[0])

        def among(first: int, last: int) -> str:
            if first == last:
                return f"{first:d}"
            middle = (first + last) // 2
            return f"CASE WHEN {position} <= {self.cuts[middle]:d} THEN {among(first, middle)} ELSE {among(middle + 1, last)} END"

        return among(1, len(self.cuts) - 1), params
