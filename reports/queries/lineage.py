"""Where a total comes from (semantics §5): the children that make it up, down to the single entered cell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reports.domain.aggregation import Figure, UnreadableFigure, contribution, figure_of
from reports.domain.indicators import Indicator, Template
from reports.domain.own_values import OwnValues
from reports.domain.workflow import State
from reports.models import Adjustment, JournalEntry, Report, RollupMark
from reports.queries.consolidated import Total, shown_total
from reports.queries.timeline import name_of
from units.models import Unit


@dataclass(frozen=True, slots=True)
class Entered:
    """An own value with who wrote it last, and when; `by` is empty for the system.

    `is_readable` says whether it is a value that its indicator may have: somebody may have written past the services.
    """

    value: Any
    by: str = ""
    at: datetime | None = None
    is_readable: bool = True


@dataclass(frozen=True, slots=True)
class Part:
    """A child's share in its superior's total. `value` is what it gives; `entered` its own cell, counted or not."""

    report: Report
    value: Figure
    total: Total
    entered: Entered

    @property
    def is_readable(self) -> bool:
        return self.total.is_readable and self.entered.is_readable

    @property
    def is_counted(self) -> bool:
        return self.report.state == State.ACCEPTED


@dataclass(frozen=True, slots=True)
class Lineage:
    indicator: Indicator
    value: Figure
    total: Total
    own: Entered
    adjustments: list[Adjustment]
    parts: list[Part]

    def unreadable(self, report: Report) -> list[Unit]:
        """The units, of `report` itself or directly below it, whose figures can't be read and are left out."""
        own = [report.unit] if not (self.total.is_readable and self.own.is_readable) else []
        return own + [part.report.unit for part in self.parts if not part.is_readable]


def lineage(report: Report, indicator: Indicator) -> Lineage:
    """What makes up the total of `indicator` at `report`. Three queries, whatever the size; totals as they are stored."""
    template = report.cycle.version.compiled()
    children = children_of(report)
    writers = _writers([report, *children], indicator.code)
    adjustments = Adjustment.objects.filter(report=report, indicator=indicator.code).select_related("by")
    total = shown_total(template, report)
    return Lineage(
        indicator,
        figure_of(template, total.cells, indicator.code),
        total,
        _entered(template, report, indicator, writers),
        list(adjustments),
        [_part(template, child, indicator, writers) for child in children],
    )


def children_of(report: Report) -> list[Report]:
    """The reports directly below, with their totals, in the order of the tree."""
    below = Report.objects.filter(superior=report).select_related("unit", "level", "rollup")
    return list(below.order_by("position"))


def is_pending(report: Report) -> bool:
    """Is a total of this report's tree waiting to be recomputed?"""
    return RollupMark.objects.filter(cycle_id=report.cycle_id, root_position=report.root_position).exists()


def _part(template: Template, child: Report, indicator: Indicator, writers: dict[int, JournalEntry]) -> Part:
    total = shown_total(template, child)
    return Part(child, figure_of(template, total.cells, indicator.code), total, _entered(template, child, indicator, writers))


def _entered(template: Template, report: Report, indicator: Indicator, writers: dict[int, JournalEntry]) -> Entered:
    if not _is_readable(template, report, indicator):
        return Entered(None, is_readable=False)
    if indicator.is_formula:
        return Entered(OwnValues(template, report.own.get, report.level.code, template.formulas).value(indicator.code))
    entry = writers.get(report.pk)
    value = report.own.get(indicator.code)
    return Entered(value, name_of(entry.by), entry.at) if entry else Entered(value)


def _is_readable(template: Template, report: Report, indicator: Indicator) -> bool:
    """Can the cell be read, and for a formula all of the report's cells?"""
    entered = report.own if indicator.is_formula else {indicator.code: report.own.get(indicator.code)}
    try:
        contribution(template, entered, report.level.code)
    except UnreadableFigure:
        return False
    return True


def _writers(reports: Iterable[Report], code: str) -> dict[int, JournalEntry]:
    """The journal entry that wrote the cell last, by report."""
    entries = JournalEntry.objects.filter(report__in=list(reports), changes__has_key=code)
    return {entry.report_id: entry for entry in entries.select_related("by").defer("changes").order_by("pk")}
