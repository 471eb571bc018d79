"""A unit's totals for a reader: by section beside what it declared, or a section with the units below as rows."""

from __future__ import annotations

from dataclasses import dataclass

from reports.domain.aggregation import Cells, Figure, answered, figure_of, figures
from reports.domain.indicators import Indicator, Template
from reports.domain.workflow import WITH_SUPERIOR
from reports.models import Report
from reports.queries.consolidated import Total, shown_total
from reports.queries.lineage import children_of


@dataclass(frozen=True, slots=True)
class TotalRow:
    indicator: Indicator
    value: Figure
    answered: int | None
    declared: Figure
    declared_answered: int | None


@dataclass(frozen=True, slots=True)
class TotalSection:
    number: int
    title: str
    rows: list[TotalRow]


@dataclass(frozen=True, slots=True)
class TotalsSheet:
    """`shows_declared`: what the unit declared differs from the live figures, so both are shown (semantics §6)."""

    total: Total
    sections: list[TotalSection]
    shows_declared: bool


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A child with its figures in the order of a section's indicators, each with how many answered."""

    report: Report
    total: Total
    values: list[tuple[Indicator, Figure, int | None]]


def totals_sheet(report: Report) -> TotalsSheet:
    """The report's total by section, as it is stored. No query where `rollup` and `last_submission` are loaded."""
    template = report.cycle.version.compiled()
    total = shown_total(template, report)
    declared: Cells = {}
    shows_declared = report.has_reports_below and report.rollup.differs_from_declared and report.state in WITH_SUPERIOR
    if shows_declared and report.last_submission is not None:
        declared = report.last_submission.declared
    live, before = figures(template, total.cells), figures(template, declared)
    sections: dict[str, list[TotalRow]] = {}
    for each in template.aggregated:
        row = TotalRow(each, live[each.code], answered(each, total.cells), before[each.code], answered(each, declared))
        sections.setdefault(each.section, []).append(row)
    return TotalsSheet(
        total, [TotalSection(number, title, rows) for number, (title, rows) in enumerate(sections.items(), 1)], shows_declared
    )


def section_by_unit(report: Report, section: TotalSection) -> list[UnitRow]:
    """A section's figures of every direct child. One query."""
    template = report.cycle.version.compiled()
    indicators = [row.indicator for row in section.rows]
    return [_unit_row(template, child, indicators) for child in children_of(report)]


def _unit_row(template: Template, child: Report, indicators: list[Indicator]) -> UnitRow:
    total = shown_total(template, child)
    values = [(each, figure_of(template, total.cells, each.code), answered(each, total.cells)) for each in indicators]
    return UnitRow(child, total, values)
