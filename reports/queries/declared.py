"""A report's figures for paper: what was declared, or, of a draft, what stands (semantics §6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from reports.domain.aggregation import Cells, Figure, answered, figures
from reports.domain.indicators import AggregateUp, Indicator, Template
from reports.domain.own_values import OwnValues
from reports.domain.workflow import WITH_SUPERIOR, State
from reports.models import Report
from reports.queries.as_declared import declared_own, shown_in
from reports.queries.form_sheet import change_since
from reports.queries.past import Past
from reports.queries.summing import both_of


@dataclass(frozen=True, slots=True)
class Figures:
    """What a report says. `is_draft`: nothing of it is with the superior; `is_estimated`: official figures follow (semantics §2).

    `value` and `year_ago` give None where blank.
    """

    report: Report
    template: Template
    is_draft: bool
    is_estimated: bool
    own: dict[str, Any]
    _own_values: OwnValues
    _totals: dict[str, Figure]
    _cells: Cells
    year_ago: Callable[[str], Any]
    year_ago_period: str

    def value(self, code: str) -> Any:
        """A total where reports are below (`answered` says of how many), else the unit's own figure, computed ones too."""
        if code in self._totals:
            return self._totals[code]
        return self._own_values.value(code) if self.template.by_code[code].is_formula else self.own.get(code)

    def answered(self, indicator: Indicator) -> int | None:
        return answered(indicator, self._cells) if self.is_total(indicator) else None

    def is_total(self, indicator: Indicator) -> bool:
        return indicator.code in self._totals

    def change(self, indicator: Indicator) -> Fraction | None:
        return change_since(indicator, self.value(indicator.code), self.year_ago(indicator.code))

    @property
    def indicators(self) -> list[Indicator]:
        """Those that concern the unit, in the template's order."""
        level, below = self.report.level.code, self.report.has_reports_below
        return [each for each in self.template.indicators if level in each.levels or (below and each.aggregate_up != AggregateUp.NONE)]


def declared_figures(report: Report) -> Figures:
    """The report's figures: of its last submission while that is with the superior, else as they stand. At most five queries."""
    template = report.cycle.version.compiled()
    submission = report.last_submission if State(report.state) in WITH_SUPERIOR else None
    own = declared_own(report, submission) if submission else report.own
    cells: Cells = {}
    if report.has_reports_below:
        cells = submission.declared if submission else both_of(template, [report])[report.pk]
    year_ago = Past.of(report).reports_year_ago.get(report.unit_id)
    return Figures(
        report=report,
        template=template,
        is_draft=submission is None,
        is_estimated=submission.is_estimate_in(report.cycle) if submission else report.cycle.is_estimated,
        own=own,
        _own_values=OwnValues(template, own.get, report.level.code, template.formulas),
        _totals=figures(template, cells) if report.has_reports_below else {},
        _cells=cells,
        year_ago=shown_in(year_ago, template),
        year_ago_period=year_ago.cycle.period if year_ago else "",
    )
