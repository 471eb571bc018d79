"""What units reported before, asked for once by all that look at it (semantics §7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from reports.domain.periods import PeriodKind, parse_period
from reports.models import Cycle, Report
from reports.queries import history
from reports.queries.history import Figures
from reports.queries.so_far import SoFar, so_far
from units.bulk import Among
from units.models import Succession


class Past:
    """The past of some units, as reports of one cycle are held against it. Each part is looked up when it is first asked for."""

    def __init__(self, cycle: Cycle, unit_ids: Sequence[int]) -> None:
        self.cycle = cycle
        self.unit_ids = unit_ids

    @classmethod
    def of(cls, report: Report) -> Past:
        return cls(report.cycle, [report.unit_id])

    @cached_property
    def previous_reports(self) -> Mapping[int, Report]:
        """By unit: the report of the period before."""
        return history.previous_reports(self.cycle, self.unit_ids)

    @cached_property
    def reports_year_ago(self) -> Mapping[int, Report]:
        """By unit: the report of the same period a year earlier."""
        return history.reports_year_ago(self.cycle, self.unit_ids)

    def has_predecessors(self, unit_id: int) -> bool:
        """Whether the unit was made of others. One query for all of them."""
        return unit_id in self._made_of_others

    @cached_property
    def _made_of_others(self) -> set[int]:
        return set(Succession.objects.filter(Among("successor_id", self.unit_ids)).order_by().values_list("successor_id", flat=True))

    @cached_property
    def so_far(self) -> Mapping[int, SoFar]:
        """By unit: what the parts of the cycle's period hold."""
        return so_far(self.cycle, self.unit_ids)

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
