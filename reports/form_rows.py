"""A report's rows as its form shows them: every text made once, where a tag for each figure took most of the page's time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from types import MappingProxyType
from typing import Any, NamedTuple

from django.utils.translation import gettext, pgettext

from reports.domain.comparing import Change
from reports.domain.indicators import EnteredBy, ValueType
from reports.domain.validation import Finding
from reports.queries.form_sheet import Row, Section, Sheet
from reports.wording import entry_text, name_of, period_name, say, shown_change, shown_own, shown_total, source_name
from units.problems import Problem

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Column:
    """A column of figures beside the entries. `label` names it on a telephone; `period` stands under its `head`, empty for none.

    `place` with a code is the id of a cell that the form's script writes into.
    """

    head: str
    text: Callable[[Row], str]
    period: str = ""
    css: str = "num"
    place: str = ""
    remark: Callable[[Row], str] | None = None
    changes: Callable[[Row], Sequence[Change]] | None = None

    @property
    def label(self) -> str:
        return self.period or self.head


class Cell(NamedTuple):
    """A figure in such a column; `changes` say what of its definition was another one then."""

    label: str
    css: str
    place: str
    text: str
    remark: str
    changes: Sequence[Change]


@dataclass(frozen=True, slots=True)
class FormRow:
    """A row as it is shown. `stored` stands in its entry, or what was `typed` and couldn't be read; None for nothing.

    `is_entered`: the reader fills it in. `says` are what is wrong and what is unusual, each with its severity.
    """

    row: Row
    code: str
    name: str
    css: str
    is_entered: bool
    before: Sequence[Cell]
    after: Sequence[Cell]
    own: str
    stored: str
    typed: str | None
    says: Sequence[tuple[str, str]]
    source: str
    said: str

    @property
    def is_number(self) -> bool:
        return self.row.indicator.is_number

    @property
    def is_one_field(self) -> bool:
        """Whether its name is the label of its entry; several fields have labels of their own."""
        return self.is_entered and self.row.indicator.value_type not in (ValueType.BOOLEAN, ValueType.TABLE)

    @property
    def unit(self) -> str:
        return "" if self.row.indicator.value_type == ValueType.BOOLEAN else self.row.indicator.unit

    @property
    def is_of_superior(self) -> bool:
        return self.row.indicator.entered_by is EnteredBy.SUPERIOR

    @property
    def is_remarked(self) -> bool:
        """Whether something stands under the entry: what its source says, what stood there before."""
        return bool(self.source) or self.row.is_changed or (self.row.is_words and self.row.previous is not None)

    @property
    def value(self) -> str:
        return self.stored if self.typed is None else self.typed

    @property
    def taken(self) -> str:
        """What its source says, as an entry; empty where that stands there already."""
        row = self.row
        return entry_text(row.indicator, row.sourced) if row.may_be_entered and row.differs_from_source else ""


@dataclass(frozen=True, slots=True)
class FormSection:
    section: Section
    rows: Sequence[FormRow]


@dataclass(frozen=True, slots=True)
class FormTable:
    """A sheet as its form shows it: columns before and after the entries, and sections."""

    entry_head: str
    before: Sequence[Column]
    after: Sequence[Column]
    sections: Sequence[FormSection]

    @property
    def width(self) -> int:
        """How many columns stand beside the names of indicators."""
        return len(self.before) + 1 + len(self.after)


def form_table(
    sheet: Sheet,
    period: str,
    *,
    editing: bool,
    appraised: Collection[str] = frozenset(),
    findings: Mapping[str, Iterable[Finding]] = _NOTHING,
    problems: Mapping[str, Iterable[Problem]] = _NOTHING,
    typed: Mapping[str, str] = _NOTHING,
) -> FormTable:
    """The sheet of a report of this period, for the language of now.

    `editing`: the reader fills in what the unit enters, or else `appraised`, what its superior does. `problems` and `typed` are
    what was sent and couldn't be read, and why.
    """
    before, after = _columns(sheet)

    def shown(row: Row) -> FormRow:
        indicator, code = row.indicator, row.code
        is_numbers = not row.is_words
        sourced = is_numbers and row.sourced is not None
        return FormRow(
            row,
            code,
            name_of(indicator),
            " ".join(filter(None, [f"type-{indicator.value_type}", "changed" if row.is_changed else "", "noted" if row.note else ""])),
            code in appraised or (editing and row.may_be_entered),
            [_cell(column, row) for column in before] if is_numbers else (),
            [_cell(column, row) for column in after] if is_numbers else (),
            shown_own(indicator, row.own),
            entry_text(indicator, row.in_entry),
            typed.get(code),
            list(
                chain(
                    (("error", say(problem)) for problem in problems.get(code, ())),
                    ((finding.severity, say(finding.problem)) for finding in findings.get(code, ())),
                )
            ),
            source_name(indicator, period) if sourced else "",
            shown_own(indicator, row.sourced) if sourced else "",
        )

    sections = [FormSection(section, [shown(row) for row in section.rows]) for section in sheet.sections]
    return FormTable(gettext("Own") if sheet.compares_totals else gettext("This period"), before, after, sections)


def _columns(sheet: Sheet) -> tuple[list[Column], list[Column]]:
    """Those before the entries, and those after them."""
    earlier: Callable[..., str] = shown_total if sheet.compares_totals else shown_own
    estimated = gettext("estimated")
    before, after = [], []
    if sheet.compares_totals:
        before.append(Column(gettext("Below"), lambda row: shown_total(row.indicator, row.below)))
        both = Column(
            gettext("Below and own"),
            lambda row: shown_total(row.indicator, row.both, row.answered),
            css="num strong",
            place="both",
        )
        after.append(both)
    if sheet.six_months_period:
        six_months = Column(
            gettext("Six months"),
            lambda row: earlier(row.indicator, row.six_months),
            period_name(sheet.six_months_period),
            remark=lambda row: estimated if row.is_estimated else "",
        )
        after.append(six_months)
    if sheet.shows_previous:
        previous = Column(
            gettext("Previous period"),
            lambda row: earlier(row.indicator, row.previous),
            _period(sheet.previous_period, sheet.previous_is_restated),
            remark=lambda row: estimated if row.is_previous_estimated else "",
            changes=lambda row: row.previous_redefined,
        )
        after.append(previous)
    if sheet.year_ago_period:
        year_ago = Column(
            gettext("A year ago"),
            lambda row: earlier(row.indicator, row.year_ago),
            _period(sheet.year_ago_period, sheet.year_ago_is_restated),
            remark=lambda row: estimated if row.is_year_ago_estimated else "",
            changes=lambda row: row.year_ago_redefined,
        )
        change = Column(
            pgettext("of a figure", "Change"), lambda row: shown_change(row.indicator, row.change), css="num change", place="change"
        )
        after += [year_ago, change]
    return before, after


def _period(code: str, is_restated: bool) -> str:
    return f"{period_name(code)} ({gettext('from its predecessors')})" if is_restated else period_name(code)


def _cell(column: Column, row: Row) -> Cell:
    return Cell(
        column.label,
        column.css,
        column.place,
        column.text(row),
        column.remark(row) if column.remark else "",
        column.changes(row) if column.changes else (),
    )
