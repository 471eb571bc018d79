"""How far a cycle is: states, timeliness and rates over parts of its tree (semantics §4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from reports.domain.rates import Rates
from reports.models import Cycle, Report, ReportQuerySet
from reports.queries.counting import CountedLevel, added, counted, rates_in, total
from reports.queries.stretches import Stretch, joined


def rates_below(reports: Sequence[Report], at: datetime) -> dict[int, dict[str, Rates]]:
    """Rates over what is strictly below each of these reports, in total ("") and by level, the highest first. Two queries."""
    below = {report.pk: Stretch.below(report) for report in reports if report.has_reports_below}
    found = rates_in(below.values(), at)
    return {report.pk: _in_total_and_by_level(found[below[report.pk]]) if report.pk in below else {"": Rates()} for report in reports}


def _in_total_and_by_level(levels: Mapping[CountedLevel, Rates]) -> dict[str, Rates]:
    return {"": total(levels.values())} | {level.code: rates for level, rates in levels.items()}


@dataclass(frozen=True, slots=True)
class CycleProgress:
    """A cycle as far as a reader reaches: the topmost reports, and rates by level, the highest first."""

    cycle: Cycle
    tops: list[Report]
    levels: list[tuple[str, Rates]]


def progress_of_cycles(heads: ReportQuerySet, at: datetime) -> list[CycleProgress]:
    """Every cycle of these reports, the newest first, with rates over them and all that is below them. Three queries."""
    found: dict[int, CycleProgress] = {}
    tops = heads.select_related("cycle__version__template", "unit", "level").defer("own")
    for head in tops.order_by("-cycle__cut_off", "cycle__code", "position"):
        progress = found.setdefault(head.cycle_id, CycleProgress(head.cycle, [], []))
        if not progress.tops or head.position > progress.tops[-1].end:
            progress.tops.append(head)
    covered = {cycle_id: joined(Stretch.from_top(top) for top in progress.tops) for cycle_id, progress in found.items()}
    rates = rates_in(chain.from_iterable(covered.values()), at)
    for cycle_id, progress in found.items():
        levels = added(chain.from_iterable(rates[stretch].items() for stretch in covered[cycle_id]))
        progress.levels.extend((level.label, counts) for level, counts in levels.items() if counts.expected)
    return list(found.values())


@dataclass(frozen=True, slots=True)
class LevelProgress:
    """The reports of one level of a cycle, exempt ones apart."""

    level: str
    rates: Rates
    exempt: int


def by_level(cycle: Cycle, at: datetime) -> list[LevelProgress]:
    """The cycle's rates at moment `at` for each of its levels, the highest first. Two queries, whatever the size."""
    return [LevelProgress(level.label, rates, row["exempt"]) for row, level, rates in counted(Report.objects.filter(cycle=cycle), at)]
