"""A cycle's progress as a map: a row for each unit directly below, in it a cell for each of theirs (semantics §4)."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from reports.domain.rates import Rates
from reports.models import Report, ReportQuerySet
from reports.queries.counting import rates_in, total
from reports.queries.stretches import Stretch


class Cell(NamedTuple):
    """One report on the map."""

    report_id: int
    name: str
    state: str
    timeliness: str
    has_reports_below: bool


@dataclass(frozen=True, slots=True)
class HeatRow:
    """A unit directly below, the rates of everything below it, and the cells of those directly below it."""

    unit: Cell
    uid: str
    rates: Rates
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Heat:
    """`levels` counts everything below the unit by level, the highest first."""

    levels: list[tuple[str, Rates]]
    rows: list[HeatRow]

    @property
    def is_flat(self) -> bool:
        """Nothing reports below the rows: they are the map themselves."""
        return not any(row.cells for row in self.rows)

    @property
    def cells(self) -> list[Cell]:
        """What the map is made of."""
        return [row.unit for row in self.rows] if self.is_flat else [cell for row in self.rows for cell in row.cells]

    def count(self, field: str) -> dict[str, int]:
        """How many cells there are of each state, or of each timeliness."""
        return Counter(getattr(cell, field) for cell in self.cells)


_COLUMNS = ("pk", "unit__name", "state", "timeliness", "position", "end")


def heat(report: Report, at: datetime) -> Heat:
    """The map of everything below `report` at moment `at`. Four queries, whatever the size."""
    children = list(_in_order(Report.objects.filter(superior=report), at).values_list(*_COLUMNS, "unit__uid"))
    cells: dict[int, list[Cell]] = defaultdict(list)
    below = _in_order(Report.objects.filter(superior__superior=report), at)
    for superior_id, *columns in below.values_list("superior_id", *_COLUMNS):
        cells[superior_id].append(_cell(*columns))
    whole = Stretch.below(report)
    stretches = {pk: Stretch(report.cycle_id, position, end) for pk, _, _, _, position, end, _ in children if end > position}
    rates = rates_in([*stretches.values(), whole], at) if children else {whole: {}}
    return Heat(
        [(level.label, counts) for level, counts in rates[whole].items()],
        [
            HeatRow(_cell(*row[:-1]), row[-1], total(rates[stretches[row[0]]].values()) if row[0] in stretches else Rates(), cells[row[0]])
            for row in children
        ],
    )


def _in_order(reports: ReportQuerySet, at: datetime) -> ReportQuerySet:
    return reports.with_timeliness(at).order_by("position")


def _cell(pk: int, name: str, state: str, timeliness: str, position: int, end: int) -> Cell:
    return Cell(pk, name, state, timeliness, end > position)
