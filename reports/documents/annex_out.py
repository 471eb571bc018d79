"""The annexes of figures of a report as workbooks (domain.md §5)."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from reports.documents.workbooks import Book, Cell, Column, Sheet, Shown
from reports.domain.aggregation import answered
from reports.domain.indicators import AggregateUp, Indicator, ValueType
from reports.domain.numbers import exact
from reports.models import Report
from reports.queries.annex import Annex, AnnexRow, ConsolidatedAnnex, Part
from reports.wording import choice_label, name_of, period_name, shown_own

#: columns of children on a page; more go on to the next
_CHILDREN_A_PAGE = 10


def annex_book(report: Report, annex: Annex) -> bytes:
    """What the report declared, beside a year ago."""
    book = Book(_("Annex of figures"))
    declared = _("Figures as submitted on %(day)s") % {
        "day": date_format(localtime(annex.declared_at, report.cycle.zone), "DATETIME_FORMAT")
    }
    columns = [
        Column(_("No."), 6),
        Column(_("Indicator"), 60),
        Column(_("Unit of measure"), 14),
        Column(_("This period"), 18),
        Column(_("The same period last year"), 18),
        Column(pgettext("of a figure", "Change"), 16),
    ]
    titles = [*_titles(report, _("Annex of figures"), is_estimated=annex.is_estimated), declared]
    sheet = book.sheet(_("Annex of figures"), titles, columns)
    number = 0
    for title, rows in annex.sections.items():
        sheet.section(title)
        for row in rows:
            number += 1
            _annex_rows(sheet, number, row)
    _legend(sheet)
    return book.content()


def _annex_rows(sheet: Sheet, number: int, row: AnnexRow) -> None:
    """One row; for choices that were counted, one more for each choice."""
    name, unit = name_of(row.indicator), row.indicator.unit
    if isinstance(row.value, dict) or isinstance(row.year_ago, dict):
        sheet.row([number, name, unit, None, None, None])
        for choice in row.indicator.choices:
            now, then = _of_choice(row.value, choice), _of_choice(row.year_ago, choice)
            change = None if now is None or then is None else Shown(now - then, signed=True)
            sheet.row([None, f"– {choice_label(choice)}", None, now, then, change])
        return
    change = None if row.change is None else Shown(row.change, _decimals(row.indicator), signed=True)
    sheet.row([number, name, unit, _cell(row.indicator, row.value, row.answered), _cell(row.indicator, row.year_ago), change])


def consolidated_book(report: Report, annex: ConsolidatedAnnex) -> bytes:
    """The total of a unit with a column for what it gave itself and one for each unit directly below."""
    title = _("Consolidated annex")
    book = Book(title)
    columns = [Column(_("No."), 6), Column(_("Indicator"), 48), Column(_("Unit of measure"), 12), Column(_("Total"), 16)]
    columns += [Column(_("The unit itself"), 14), *(Column(part.report.unit.name, 14) for part in annex.children if part.report)]
    pages = -(-len(annex.children) // _CHILDREN_A_PAGE) or 1
    titles = _titles(report, title, is_estimated=report.cycle.is_estimated)
    sheet = book.sheet(title, titles, columns, frozen=3, pages_wide=pages)
    sheet.second_head(["", _("Accepted reports"), "", *(_how_complete(part) for part in annex.parts())])
    number = 0
    for section, indicators in annex.sections.items():
        sheet.section(section)
        for indicator in indicators:
            number += 1
            for cells in _consolidated_rows(number, indicator, annex):
                sheet.row(cells)
    _legend(sheet)
    return book.content()


def _consolidated_rows(number: int, indicator: Indicator, annex: ConsolidatedAnnex) -> Iterator[list[Cell]]:
    figures = [part.figures[indicator.code] for part in annex.parts()]
    if indicator.aggregate_up != AggregateUp.DISTRIBUTION:
        parts = zip(annex.parts(), figures, strict=True)
        shown = [_cell(indicator, figure, answered(indicator, part.total.cells)) for part, figure in parts]
        yield [number, name_of(indicator), indicator.unit, *shown]
        return
    yield [number, name_of(indicator), indicator.unit, *(None for _each in figures)]
    for choice in indicator.choices:
        yield [None, f"– {choice_label(choice)}", None, *(_of_choice(figure, choice) for figure in figures)]


def _how_complete(part: Part) -> str:
    """28/30 units where it isn't all."""
    counts = {"counted": part.total.counted, "expected": part.total.expected}
    return _("all %(expected)d") % counts if part.total.is_complete else _("%(counted)d/%(expected)d units") % counts


def _titles(report: Report, title: str, *, is_estimated: bool) -> list[str]:
    shown = f"{title} ({_('Estimated figures')})" if is_estimated else title
    return [shown, str(report.unit.name), f"{report.cycle.version.template}, {period_name(report.cycle.period)}"]


def _legend(sheet: Sheet) -> None:
    sheet.remark(_("0: nothing happened. An empty cell: no figure was given."))


def _of_choice(figure: Any, choice: str) -> int | None:
    return figure.get(choice, 0) if isinstance(figure, dict) else None


def _decimals(indicator: Indicator) -> int:
    return max(indicator.decimals, 2) if indicator.aggregate_up == AggregateUp.MEAN else indicator.decimals


def _cell(indicator: Indicator, value: Any, answers: int | None = None) -> Cell:
    """A figure as a number, yes/no and choices in words; a count of yes says out of how many answers."""
    if value is None or isinstance(value, (bool, dict)) or (isinstance(value, str) and indicator.value_type == ValueType.CHOICE):
        return shown_own(indicator, value) if value is not None and not isinstance(value, dict) else None
    figure = value if isinstance(value, Fraction) else exact(value)
    if indicator.aggregate_up == AggregateUp.COUNT_YES and answers is not None:
        return Shown(figure, 0, after=f" / {answers}")
    return Shown(figure, _decimals(indicator))
