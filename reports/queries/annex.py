"""The annexes of figures of a report (domain.md §5): what the unit declared beside a year ago, and the units below side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from reports.domain.aggregation import Cells, Figure, answered, contribution, figures
from reports.domain.indicators import Indicator, ValueType
from reports.domain.workflow import State
from reports.models import Report
from reports.queries.as_declared import shown_in
from reports.queries.consolidated import Total, total_of
from reports.queries.form_sheet import change_since, is_shown
from reports.queries.lineage import children_of
from reports.queries.past import Past


@dataclass(frozen=True, slots=True)
class AnnexRow:
    """`value` and `year_ago` are figures where reports are below, else the unit's own; `answered` counts who gave one."""

    indicator: Indicator
    value: Any
    answered: int | None
    year_ago: Any
    change: Fraction | None


@dataclass(frozen=True, slots=True)
class Annex:
    """`declared_at` is the moment of the submission that the figures are from; `is_estimated`: official ones follow it."""

    declared_at: datetime
    is_estimated: bool
    sections: dict[str, list[AnnexRow]]


def annex(report: Report) -> Annex | None:
    """What the report declared with its last submission (semantics §6), by section; None where nothing was submitted yet.

    At most three queries for a report loaded with its last submission.
    """
    submission = report.last_submission
    if submission is None:
        return None
    template = report.cycle.version.compiled()
    now = shown_in(report, template)
    before = Past.of(report).reports_year_ago.get(report.unit_id)
    then = shown_in(before, template)
    sections: dict[str, list[AnnexRow]] = {}
    for each in template.indicators:
        if each.value_type in (ValueType.TEXT, ValueType.TABLE) or not is_shown(each, report):
            continue
        value, year_ago = now(each.code), then(each.code)
        count = answered(each, submission.declared) if report.has_reports_below else None
        row = AnnexRow(each, value, count, year_ago, change_since(each, value, year_ago))
        sections.setdefault(each.section, []).append(row)
    return Annex(submission.at, submission.is_estimate_in(report.cycle), sections)


@dataclass(frozen=True, slots=True)
class Part:
    """A column of a consolidated annex: a child, or the unit itself with its adjustments (`report` is None)."""

    report: Report | None
    total: Total
    figures: dict[str, Figure]


@dataclass(frozen=True, slots=True)
class ConsolidatedAnnex:
    """The live total of a unit (semantics §5), what it gave itself, and the total of each child."""

    whole: Part
    own: Part
    children: list[Part]
    sections: dict[str, list[Indicator]]

    def parts(self) -> Iterator[Part]:
        yield from (self.whole, self.own, *self.children)


def consolidated_annex(report: Report) -> ConsolidatedAnnex:
    """Two queries, whatever the size, for a report loaded with its total; totals as they are stored."""
    template = report.cycle.version.compiled()
    sections: dict[str, list[Indicator]] = {}
    for each in template.aggregated:
        sections.setdefault(each.section, []).append(each)

    def part(child: Report | None, total: Total) -> Part:
        return Part(child, total, figures(template, total.cells))

    return ConsolidatedAnnex(
        part(report, total_of(template, report)),
        part(None, _own(report, report.adjustments.values_list("indicator", "amount"))),
        [part(child, total_of(template, child)) for child in children_of(report)],
        sections,
    )


def _own(report: Report, adjustments: Iterable[tuple[str, str]]) -> Total:
    """What the report's own values and adjustments give to its total: nothing until it is accepted."""
    if report.state != State.ACCEPTED:
        return Total({}, 0, int(report.state != State.EXEMPT))
    template = report.cycle.version.compiled()
    cells: Cells = contribution(template, report.own, report.level.code, adjustments)
    return Total(cells, 1, 1)
