"""`domain.rates` as one aggregate in the database: reports are not loaded to be counted (semantics §4)."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Case, Count, F, Q, When
from django.utils.translation import get_language

from reports.domain.deadlines import Timeliness
from reports.domain.rates import Rates
from reports.domain.workflow import State
from reports.models import Report, ReportQuerySet
from reports.queries.stretches import Segment, Stretch, around, cuts_of
from units.models import Level

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


def counted(reports: ReportQuerySet, at: datetime, *groups: str) -> Iterator[tuple[Mapping[str, Any], CountedLevel, Rates]]:
    """The reports' rates at moment `at` by these fields and by level, the highest first. A row has `exempt` too. Two queries.

    Levels are told apart by their ids: to group by their names, PostgreSQL sorts every report by them.
    """
    rows = reports.with_timeliness(at).order_by().values(*groups, "level_id")
    counts = list(rows.annotate(**{name: Count("pk", filter=which) for name, which in _RATES.items()}, exempt=Count("pk", filter=_EXEMPT)))
    levels = {pk: CountedLevel(*fields) for pk, *fields in Level.objects.values_list("pk", *CountedLevel._fields)}
    for row in sorted(counts, key=lambda row: levels[row["level_id"]]):
        yield row, levels[row["level_id"]], Rates(**{name: row[name] for name in _RATES})


def rates_in(stretches: Iterable[Stretch], at: datetime) -> dict[Stretch, dict[CountedLevel, Rates]]:
    """The rates of each stretch by level, the highest first. Stretches may lie in each other and in several cycles. Two queries.

    The ends of the stretches cut each cycle's tree into segments. The database counts once by segment, and a stretch is the
    sum of its segments: to join stretches to reports by position is what either database plans badly.
    """
    wanted = list(stretches)
    if not wanted:
        return {}
    cuts = cuts_of(wanted)
    segment = Case(*(When(cycle_id=cycle_id, then=Segment(F("position"), cut)) for cycle_id, cut in cuts.items()))
    reports = Report.objects.filter(around(cuts)).annotate(segment=segment)
    by_segment: dict[tuple[int, int], list[tuple[CountedLevel, Rates]]] = defaultdict(list)
    for row, level, rates in counted(reports, at, "cycle_id", "segment"):
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
