"""A report as its form shows it: by section, each figure beside what is below, the period before and a year ago."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from reports.domain import tasks
from reports.domain.aggregation import Cells, Figure, answered, figures
from reports.domain.comparing import Change
from reports.domain.indicators import AggregateUp, EnteredBy, Indicator, Template, ValueType
from reports.domain.numbers import exact
from reports.domain.own_values import OwnValues
from reports.domain.workflow import WITH_SUPERIOR, State
from reports.models import Adjustment, Report, ReviewNote
from reports.queries import beside
from reports.queries.as_declared import shown_in
from reports.queries.past import Past
from reports.queries.timeline import newest_notes

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Halves:
    """The unit's own figures of a year's halves; the second follows from the year, and None is not known."""

    first: Any
    second: Fraction | None


@dataclass(frozen=True, slots=True)
class Row:
    """One indicator of a report. `own` is the unit's value, computed ones too; `below` and `both` are totals (semantics §5).

    `sourced` is what its source says; it is filled in as the report is begun. In a year, `six_months` is the figure of the first
    half, estimated where predecessors left a share of theirs; what adds up over time has `halves` where the unit enters it.
    `…_redefined` says what of its definition was another one in that period, `is_…_estimated` that predecessors left a share alone.
    """

    indicator: Indicator
    own: Any
    below: Figure
    both: Figure
    answered: int | None
    declared: Figure
    previous: Any
    year_ago: Any
    change: Fraction | None
    may_be_entered: bool
    submitted_before: Any
    is_changed: bool
    note: ReviewNote | None
    adjustments: list[Adjustment] = field(default_factory=list)
    sourced: Any = None
    is_begun: bool = True
    six_months: Any = None
    is_estimated: bool = False
    previous_redefined: Sequence[Change] = ()
    year_ago_redefined: Sequence[Change] = ()
    is_previous_estimated: bool = False
    is_year_ago_estimated: bool = False
    halves: Halves | None = None

    @property
    def code(self) -> str:
        return self.indicator.code

    @property
    def is_words(self) -> bool:
        """A text or a table: it is not added up, and has nothing to stand beside."""
        return self.indicator.value_type in (ValueType.TEXT, ValueType.TABLE)

    @property
    def is_required(self) -> bool:
        return self.indicator.required and self.may_be_entered

    @property
    def in_entry(self) -> Any:
        """What stands in its cell of the form, to be saved with it: of answers, every task that is asked for."""
        if self.is_answers:
            return tasks.answered(self.sourced or [], self.own or []) or None
        return self.own if self.own is not None or self.is_begun else self.sourced

    @property
    def is_tasks(self) -> bool:
        return self.indicator.source == "tasks"

    @property
    def is_answers(self) -> bool:
        return self.indicator.source.startswith("answers:")

    @property
    def differs_from_source(self) -> bool:
        return self.sourced is not None and bool(self.in_entry != self.sourced)

    @property
    def is_answered(self) -> bool:
        return self.may_be_entered and self.own is not None


@dataclass(frozen=True, slots=True)
class Section:
    number: int
    title: str
    rows: list[Row]

    @property
    def entered(self) -> int:
        return sum(row.may_be_entered for row in self.rows)

    @property
    def answered(self) -> int:
        return sum(row.is_answered for row in self.rows)

    @property
    def has_numbers(self) -> bool:
        """Is a number entered here? Of several, those still blank may be declared zero at once."""
        return any(row.may_be_entered and row.indicator.is_number for row in self.rows)

    @property
    def is_full(self) -> bool:
        return self.answered == self.entered

    @property
    def required_blank(self) -> int:
        return sum(row.is_required and not row.is_answered for row in self.rows)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A report by section. `…_period` are the codes of the periods that figures are compared with, empty for none.

    `…_is_restated`: the unit was not there yet, and these are its predecessors' figures, restated for it (semantics §8).
    """

    sections: list[Section]
    compares_totals: bool
    previous_period: str
    year_ago_period: str
    six_months_period: str = ""
    previous_is_restated: bool = False
    year_ago_is_restated: bool = False

    @property
    def shows_previous(self) -> bool:
        """Has the previous period a column of its own? Of a year it is mostly the year ago."""
        return bool(self.previous_period) and self.previous_period != self.year_ago_period

    @property
    def columns(self) -> int:
        """How many columns stand beside the names of indicators."""
        return 1 + 2 * self.compares_totals + bool(self.six_months_period) + self.shows_previous + 2 * bool(self.year_ago_period)

    @property
    def has_halves(self) -> bool:
        return any(row.halves for row in self.rows)

    @property
    def rows(self) -> list[Row]:
        return [row for section in self.sections for row in section.rows]

    @property
    def may_be_adjusted(self) -> list[Row]:
        return [row for row in self.rows if self.compares_totals and row.indicator.may_be_adjusted]

    @property
    def adjustments(self) -> list[Adjustment]:
        return [adjustment for row in self.rows for adjustment in row.adjustments]


def form_sheet(
    report: Report,
    below: Cells,
    both: Cells,
    sourced: Mapping[str, Any] = _NOTHING,
    *,
    past: Past | None = None,
    notes: Iterable[ReviewNote] | None = None,
    as_typed: bool = False,
    opening: bool = False,
) -> Sheet:
    """The report's rows by section. `below`, `both` and `sourced` as `services.submitting.readiness` gives them. At most seven queries,
    and some more for a unit that was made of others.

    `as_typed` leaves out what doesn't change as somebody types: the period before, what was submitted, notes and adjustments. `past` is
    that of the report's unit, where it is known already; so are its newest `notes`. As typed there are no queries but the past's.

    Where nothing reports below, figures are compared with the unit's own of earlier periods; else with what it declared.
    `opening`: its values are those that it opens with (`so_far.opens_with`), and nobody has said them yet.
    """
    template = report.cycle.version.compiled()
    rows = _Rows(report, template, below, both, sourced, past or Past.of(report), opening=opening)
    if not as_typed:
        rows.look_back(newest_notes(report) if notes is None else notes)
    sections: dict[str, list[Row]] = {}
    for indicator in template.indicators:
        if is_shown(indicator, report):
            sections.setdefault(indicator.section, []).append(rows.row(indicator))
    return Sheet(
        [Section(number, title, rows) for number, (title, rows) in enumerate(sections.items(), 1)],
        report.has_reports_below,
        rows.previous.period,
        rows.year_ago.period,
        rows.six_months_period,
        rows.previous.is_restated,
        rows.year_ago.is_restated,
    )


def enterable(report: Report) -> list[Indicator]:
    """The indicators that the report's unit enters itself (semantics §5)."""
    return _entered_by(EnteredBy.UNIT, report)


def appraisable(report: Report) -> list[Indicator]:
    """The indicators that the superior's reviewer enters on the report of a unit below (semantics §5)."""
    return _entered_by(EnteredBy.SUPERIOR, report)


def _entered_by(who: EnteredBy, report: Report) -> list[Indicator]:
    template = report.cycle.version.compiled()
    return [each for each in template.indicators if each.entered_by is who and each.may_be_entered(report.level.code, report.levels_below)]


def is_shown(indicator: Indicator, report: Report) -> bool:
    return report.level.code in indicator.levels or (report.has_reports_below and indicator.aggregate_up != AggregateUp.NONE)


class _Rows:
    """What the rows of one report need, asked for once."""

    def __init__(
        self, report: Report, template: Template, below: Cells, both: Cells, sourced: Mapping[str, Any], past: Past, *, opening: bool
    ) -> None:
        self.report = report
        self.sourced = sourced
        self.opening = opening
        self.both_cells = both
        self.below = figures(template, below)
        self.both = figures(template, both)
        self.own = OwnValues(template, report.own.get, report.level.code, template.formulas).value
        self.may_be_entered = {indicator.code for indicator in enterable(report)}
        self.past = past
        self.previous, self.year_ago = beside.NOTHING, beside.year_ago(report, past)
        self.so_far = past.six_months.get(report.unit_id)
        self.first_half = self._first_half(template)
        self.six_months_period = self.so_far.first_half if self.so_far else ""
        self.declared: Mapping[str, Figure] = {}
        self.submitted: Mapping[str, Any] | None = None
        self.notes: dict[str, ReviewNote] = {}
        self.adjustments: dict[str, list[Adjustment]] = {}

    def look_back(self, notes: Iterable[ReviewNote]) -> None:
        """Add the period before, what was submitted, the reviewer's notes, and adjustments."""
        report = self.report
        self.previous = beside.previous(report, self.past)
        submissions = list(report.submissions.order_by("-number").only("own", "declared")[:2]) if report.last_submission_id else []
        with_superior = report.state in WITH_SUPERIOR
        if submissions and with_superior:
            self.declared = figures(report.cycle.version.compiled(), submissions[0].declared)
        compared = submissions[1:] if with_superior else submissions
        self.submitted = compared[0].own if compared else None
        self.notes = {note.indicator: note for note in notes}
        for adjustment in report.adjustments.select_related("by") if report.has_reports_below else ():
            self.adjustments.setdefault(adjustment.indicator, []).append(adjustment)

    def row(self, indicator: Indicator) -> Row:
        code = indicator.code
        totals = self.report.has_reports_below
        own = None if totals and indicator.evaluated_on_totals else self._own(indicator)
        now, then = (self.both.get(code) if totals else own), self.year_ago.value(code)
        before = self.submitted.get(code) if self.submitted is not None else None
        return Row(
            indicator,
            own,
            self.below.get(code),
            self.both.get(code),
            answered(indicator, self.both_cells),
            self.declared.get(code),
            self.previous.value(code),
            then,
            change_since(indicator, now, then),
            code in self.may_be_entered,
            before,
            self._is_changed(indicator, before),
            self.notes.get(code),
            self.adjustments.get(code, []),
            self.sourced.get(code),
            self.report.state != State.NOT_STARTED,
            self.first_half(code),
            self.so_far is not None and code in self.so_far.estimated,
            self.previous.redefined.get(code, ()),
            self.year_ago.redefined.get(code, ()),
            code in self.previous.estimated,
            code in self.year_ago.estimated,
            self._halves(indicator),
        )

    def _is_changed(self, indicator: Indicator, before: Any) -> bool:
        """Did the unit change it since it last submitted? What the superior enters beside it is no change."""
        entered = not indicator.is_formula and indicator.entered_by is EnteredBy.UNIT
        return self.submitted is not None and entered and self.report.own.get(indicator.code) != before

    def _first_half(self, template: Template) -> Callable[[str], Any]:
        """The figures of a year's first half: as they were declared, or the unit's own where its predecessors left them."""
        if self.so_far is None or self.so_far.six_months_report is not None or self.report.has_reports_below:
            return shown_in(self.so_far.six_months_report if self.so_far else None, template)
        return OwnValues(template, self.so_far.six_months.get, self.report.level.code, template.formulas).value

    def _halves(self, indicator: Indicator) -> Halves | None:
        if self.so_far is None or not indicator.splits_in_halves or indicator.code not in self.may_be_entered:
            return None
        first, year = self.so_far.six_months.get(indicator.code), self.report.own.get(indicator.code)
        if first is None:
            return None
        is_said = not self.opening or indicator.code in self.so_far.since
        return Halves(first, exact(year) - exact(first) if year is not None and is_said else None)

    def _own(self, indicator: Indicator) -> Any:
        return self.own(indicator.code) if indicator.is_formula else self.report.own.get(indicator.code)


def change_since(indicator: Indicator, now: Any, then: Any) -> Fraction | None:
    """How much more a number is now; None where there is nothing to compare."""
    if not indicator.is_number or now is None or then is None or isinstance(then, dict):
        return None
    return _number(now) - _number(then)


def _number(value: Any) -> Fraction:
    return value if isinstance(value, Fraction) else exact(value)
