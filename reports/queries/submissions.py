"""What a report declared in two of its submissions, cell by cell (semantics §2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

from reports.domain.aggregation import Figure, figures
from reports.domain.indicators import Indicator, ValueType
from reports.domain.own_values import OwnValues
from reports.models import Report, Submission
from reports.queries.form_sheet import change_since, is_shown


class Pair(NamedTuple):
    """A figure as it was first and as it is then."""

    before: Any
    after: Any

    @property
    def differs(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class ComparedCell:
    """One indicator in two submissions: the unit's own value, and the total of all below it (None where nothing reports below)."""

    indicator: Indicator
    own: Pair
    total: Pair | None

    @property
    def is_words(self) -> bool:
        return self.indicator.value_type in (ValueType.TEXT, ValueType.TABLE)

    @property
    def differs(self) -> bool:
        return self.own.differs or (self.total is not None and self.total.differs)

    @property
    def change(self) -> Fraction | None:
        compared = self.own if self.total is None else self.total
        return change_since(self.indicator, compared.after, compared.before)


def compared(report: Report, before: Submission, after: Submission) -> list[ComparedCell]:
    """Every cell that the report shows, in template order. No query."""
    own = [_own_values(report, each) for each in (before, after)]
    totals = [_totals(report, each) for each in (before, after)]

    def cell(indicator: Indicator) -> ComparedCell:
        code = indicator.code
        total = Pair(*(each.get(code) for each in totals)) if report.has_reports_below and code in totals[0] else None
        is_total_only = report.has_reports_below and indicator.evaluated_on_totals
        return ComparedCell(indicator, Pair(None, None) if is_total_only else Pair(*(each(code) for each in own)), total)

    return [cell(each) for each in report.cycle.version.compiled().indicators if is_shown(each, report)]


def _own_values(report: Report, submission: Submission) -> Callable[[str], Any]:
    template = report.cycle.version.compiled()
    computed = OwnValues(template, submission.own.get, report.level.code, template.formulas).value
    return lambda code: computed(code) if template.by_code[code].is_formula else submission.own.get(code)


def _totals(report: Report, submission: Submission) -> dict[str, Figure]:
    return figures(report.cycle.version.compiled(), submission.declared) if report.has_reports_below else {}


def two_of(submissions: list[Submission], numbers: tuple[str, str]) -> tuple[Submission, Submission] | None:
    """The two with these numbers; else the last estimated and the last official one, or the last two. None where there is one alone."""
    if len(submissions) < 2:
        return None
    by_number = {str(each.number): each for each in submissions}
    if numbers[0] in by_number and numbers[1] in by_number:
        return by_number[numbers[0]], by_number[numbers[1]]
    last = submissions[-1]
    unlike = [each for each in submissions if each.is_official != last.is_official]
    return (unlike or submissions[:-1])[-1], last
