"""What units reported before, asked for once by all that look at it (semantics §7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from django.db.models import Q, QuerySet

from reports.domain.periods import PeriodKind, parse_period, parts_within
from reports.domain.restating import Sum
from reports.models import Cycle, Report
from reports.queries import history
from reports.queries.bridge import Bridge
from reports.queries.history import Figures
from reports.queries.predecessors import FromPredecessors, from_predecessors, predecessors_of
from reports.queries.so_far import SoFar, so_far
from units.models import Unit


class Past:
    """The past of some units, as reports of one cycle are held against it. Each part is looked up when it is first asked for."""

    def __init__(self, cycle: Cycle, unit_ids: Sequence[int]) -> None:
        self.cycle = cycle
        self.unit_ids = unit_ids
        self._bridges: dict[int, Bridge] = {}

    @classmethod
    def of(cls, report: Report) -> Past:
        return cls(report.cycle, [report.unit_id])

    @cached_property
    def previous_reports(self) -> Mapping[int, Report]:
        """By unit: the accepted report of the same template whose period ends the day before this one begins, with its last submission."""
        found = [each for each in self._accepted(self._ends_before) if self._is_before(each.cycle)]
        distance = history.distance(self.cycle)
        return {report.unit_id: report for report in sorted(found, key=lambda each: distance(each.cycle), reverse=True)}

    @cached_property
    def reports_year_ago(self) -> Mapping[int, Report]:
        """By unit: the accepted report of the same kind of period a year earlier, of two the one opened last, with its last submission."""
        period = history.year_ago(self.cycle)
        return {each.unit_id: each for each in self._accepted(Q(cycle__period=period)) if each.cycle.period == period}

    @cached_property
    def so_far(self) -> Mapping[int, SoFar]:
        """By unit: what the parts of the cycle's period hold."""
        within = parts_within(self.cycle.period)
        return so_far(self.cycle, self._accepted(Q(cycle__period__in=within)), self._inherited) if within else {}

    @property
    def six_months(self) -> Mapping[int, SoFar]:
        """The same where the cycle is a year's, whose first half stands beside it."""
        return self.so_far if parse_period(self.cycle.period).kind is PeriodKind.YEAR else {}

    @property
    def previous(self) -> dict[int, Figures]:
        """By unit: what `prev(code)` reads."""
        return {unit_id: history.declared(report, self.cycle) for unit_id, report in self.previous_reports.items()}

    @property
    def year_ago(self) -> dict[int, Figures]:
        """By unit: what `year_ago(code)` reads."""
        return {unit_id: history.declared(report, self.cycle) for unit_id, report in self.reports_year_ago.items()}

    # --- Of predecessors -------------------------------------------------------------------------------

    def inherited_previous(self, unit_id: int) -> FromPredecessors | None:
        """What the unit's predecessors reported in the period before."""
        distance = history.distance(self.cycle)
        parts = [each for each in self._inherited.get(unit_id, ()) if self._is_before(each.cycle)]
        return min(parts, key=lambda each: distance(each.cycle), default=None)

    def inherited_year_ago(self, unit_id: int) -> FromPredecessors | None:
        """What they reported in the same kind of period a year earlier, of two cycles in the one opened last."""
        period = history.year_ago(self.cycle)
        return next((each for each in reversed(self._inherited.get(unit_id, ())) if each.cycle.period == period), None)

    def inherited_total(self, unit: Unit, cycle: Cycle) -> Sum:
        """What they, and those of all below the unit, reported in that cycle."""
        if unit.pk not in self._bridges:
            self._bridges[unit.pk] = Bridge([unit])
        return self._bridges[unit.pk].sums(cycle)[unit.pk]

    @cached_property
    def _inherited(self) -> Mapping[int, Sequence[FromPredecessors]]:
        """By unit, those that were made of others: what these reported in all periods that are looked at. Two queries, or one."""
        return from_predecessors(self.cycle, predecessors_of(self.unit_ids), self._all)

    # ---------------------------------------------------------------------------------------------------

    def _accepted(self, which: Q) -> Sequence[Report]:
        """The units' accepted reports of these cycles, and perhaps others, in the order in which these were opened.

        One unit's are asked for all at once: each query takes longer than what it finds. Of many units no more is loaded than is
        looked at.
        """
        return self._whole if len(self.unit_ids) == 1 else list(self._query(which))

    @cached_property
    def _whole(self) -> Sequence[Report]:
        return list(self._query(self._all))

    def _query(self, which: Q) -> QuerySet[Report]:
        return history.accepted(self.cycle, self.unit_ids).filter(which).order_by("cycle__opened_at")

    @property
    def _all(self) -> Q:
        periods = [history.year_ago(self.cycle), *parts_within(self.cycle.period)]
        return self._ends_before | Q(cycle__period__in=periods)

    @property
    def _ends_before(self) -> Q:
        return Q(cycle__cut_off=history.day_before(self.cycle))

    def _is_before(self, other: Cycle) -> bool:
        return other.cut_off == history.day_before(self.cycle)
