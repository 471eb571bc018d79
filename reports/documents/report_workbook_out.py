"""One report as a workbook to fill in: figures with checks and live formulas, narratives and tables on sheets of their own.

What isn't to be entered is locked, without a password: it keeps from slips, and not from anybody. The workbook says whose it
is and from which version of the report it was made; reading it back trusts that for nothing but telling what changed since.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

import xlsxwriter
from django.utils.translation import gettext as _
from xlsxwriter.worksheet import Worksheet

from reports.domain.indicators import Indicator, ValueType
from reports.domain.numbers import MAX_ROWS, MAX_WHOLE_DIGITS
from reports.domain.sheet_formulas import TooLong, Words, spreadsheet_formula
from reports.models import Report
from reports.queries.form_sheet import Row, Sheet
from reports.wording import choice_label, entry_text, name_of, period_name, shown_own

#: where things stand: columns of the sheet of figures, and of the narratives
NUMBER, NAME, UNIT, FIGURE, YEAR_AGO, CODE = range(6)
TEXT_NAME, TEXT, TEXT_CODE = range(3)
HEAD_ROW, IDENTITY_ROW = 4, 2
TABLE_CODE_ROW, TABLE_HEAD_ROW = 1, 2
MARK = "danvan-report-1"
#: digits that a spreadsheet keeps of a number; a longer one is written as text, and read exactly
_SURE_DIGITS = 15
_WORDS_LISTED = 250


def identity_of(report: Report) -> str:
    """Whose workbook it is, in one cell: unit, cycle, template, its version, the version of the report."""
    version = report.cycle.version
    return "|".join([MARK, report.unit.uid, report.cycle.code, version.template.code, str(version.number), str(report.version)])


def report_workbook(report: Report, sheet: Sheet) -> bytes:
    """The workbook of a report, loaded for display, with the rows of its form."""
    stream = BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        _Writer(book, report, sheet).write()
    return stream.getvalue()


class _Writer:
    def __init__(self, book: xlsxwriter.Workbook, report: Report, sheet: Sheet) -> None:
        self.book, self.report = book, report
        self.template = report.cycle.version.compiled()
        self.year_ago = sheet.year_ago_period
        self.figures = [row for row in sheet.rows if not row.is_words]
        self.narratives = [row for row in sheet.rows if row.indicator.value_type is ValueType.TEXT and row.may_be_entered]
        self.tables = [row for row in sheet.rows if row.indicator.value_type is ValueType.TABLE and row.may_be_entered]
        self.words = Words(_("yes").capitalize(), _("no").capitalize(), choice_label)
        self.lists: list[list[str]] = []
        base: dict[str, Any] = {"font_name": "Times New Roman", "font_size": 12, "valign": "top", "text_wrap": True}
        grid: dict[str, Any] = {**base, "border": 1}
        looks: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
            "title": (base, {"bold": True, "font_size": 14, "text_wrap": False}),
            "plain": (base, {"text_wrap": False}),
            "small": (base, {"font_size": 8, "font_color": "#777777", "text_wrap": False}),
            "head": (grid, {"bold": True, "align": "center", "bg_color": "#E7EDF3"}),
            "section": (grid, {"bold": True, "text_wrap": False, "bg_color": "#F5F5F5"}),
            "locked": (grid, {"bg_color": "#F5F5F5"}),
            "code": (grid, {"font_size": 8, "font_color": "#777777"}),
            "entry": (grid, {"locked": False, "bg_color": "#FFFDE7"}),
            "long": (grid, {"locked": False, "bg_color": "#FFFDE7", "num_format": "@", "align": "right"}),
            "words": (grid, {"locked": False, "bg_color": "#FFFDE7", "num_format": "@"}),
        }
        self.formats = {name: book.add_format({**basis, **more}) for name, (basis, more) in looks.items()}
        self.number_formats: dict[tuple[int, bool], Any] = {}

    def write(self) -> None:
        self.cells = {row.code: f"$D${place + 1}" for place, row, _section in self._places() if row is not None}
        first = self.book.add_worksheet(_("Figures"))
        self._write_figures(first)
        if self.narratives:
            self._write_narratives(self.book.add_worksheet(_("Narratives")))
        for number, row in enumerate(self.tables, 1):
            self._write_table(self.book.add_worksheet(_("Table %(number)d") % {"number": number}), row)
        hidden = self.book.add_worksheet("danvan")
        hidden.write_string(0, 0, identity_of(self.report))
        for column, words in enumerate(self.lists, 1):
            hidden.write_column(0, column, words)
        hidden.hide()
        first.activate()

    def _places(self) -> list[tuple[int, Row | None, str]]:
        """The rows of the sheet of figures: where each stands, its indicator, or the section that begins."""
        places: list[tuple[int, Row | None, str]] = []
        section = ""
        for row in self.figures:
            if row.indicator.section != section:
                section = row.indicator.section
                places.append((HEAD_ROW + 1 + len(places), None, section))
            places.append((HEAD_ROW + 1 + len(places), row, ""))
        return places

    def _head(self, sheet: Worksheet, frozen: int, repeated: int) -> None:
        sheet.protect("", {"format_cells": True, "format_columns": True, "format_rows": True})
        sheet.freeze_panes(frozen, 0)
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(repeated)
        sheet.set_footer("&C&P/&N")
        sheet.set_margins(left=0.8, right=0.6, top=0.8, bottom=0.8)

    def _write_figures(self, sheet: Worksheet) -> None:
        formats, report = self.formats, self.report
        self._head(sheet, HEAD_ROW + 1, HEAD_ROW)
        sheet.write_string(0, 0, str(report.unit), formats["title"])
        sheet.write_string(1, 0, f"{report.cycle.version.template}, {period_name(report.cycle.period)}", formats["plain"])
        sheet.write_string(IDENTITY_ROW, 0, identity_of(report), formats["small"])
        hint = _("Fill in the yellow cells alone: 1.234,5; leave blank what has no figure yet; 0 means that nothing happened.")
        sheet.write_string(3, 0, f"{hint} {_('No classified content.')}", formats["plain"])
        for column, width in {NUMBER: 6, NAME: 60, UNIT: 14, FIGURE: 20, YEAR_AGO: 18, CODE: 18}.items():
            sheet.set_column(column, column, width)
        ago = period_name(self.year_ago) if self.year_ago else _("A year ago")
        for column, head in enumerate([_("No."), _("Indicator"), _("Unit of measure"), _("Figure"), ago, _("Code")]):
            sheet.write_string(HEAD_ROW, column, head, formats["head"])
        number = 0
        for place, row, section in self._places():
            if row is None:
                for column in range(CODE + 1):
                    sheet.write_string(place, column, section if column == NUMBER else "", formats["section"])
                continue
            number += 1
            sheet.write_number(place, NUMBER, number, formats["locked"])
            sheet.write_string(place, NAME, name_of(row.indicator) + (" *" if row.is_required else ""), formats["locked"])
            sheet.write_string(place, UNIT, row.indicator.unit, formats["locked"])
            ago_text = "" if isinstance(row.year_ago, dict) else shown_own(row.indicator, row.year_ago)
            sheet.write_string(place, YEAR_AGO, ago_text, formats["locked"])
            sheet.write_string(place, CODE, row.code, formats["code"])
            self._write_figure(sheet, place, row)

    def _write_figure(self, sheet: Worksheet, place: int, row: Row) -> None:
        indicator = row.indicator
        if indicator.is_formula:
            self._write_formula(sheet, place, row)
            return
        self._write_value(sheet, place, FIGURE, row)
        if row.may_be_entered:
            sheet.data_validation(place, FIGURE, place, FIGURE, self._check(indicator))

    def _write_formula(self, sheet: Worksheet, place: int, row: Row) -> None:
        indicator, value = row.indicator, row.own
        is_seen = self.report.level.code in indicator.levels
        known: Any = "" if value is None else float(value) if indicator.is_number else self._word(indicator, value)
        style = self._number_format(indicator.decimals, locked=True) if indicator.is_number else self.formats["locked"]
        try:
            if indicator.evaluated_in_unit and not is_seen:
                raise TooLong
            formula = spreadsheet_formula(
                indicator, self.template.formulas[row.code], self.cells.get, self.template.by_code.__getitem__, self.words
            )
        except TooLong:
            sheet.write(place, FIGURE, known, style)
        else:
            sheet.write_formula(place, FIGURE, formula, style, known)

    def _write_value(self, sheet: Worksheet, place: int, column: int, row: Row) -> None:
        indicator, value = row.indicator, self.report.own.get(row.code)
        locked = not row.may_be_entered
        if indicator.is_number:
            style = self._number_format(indicator.decimals, locked=locked)
            if value is None:
                sheet.write_blank(place, column, None, style)
            elif len(str(value).replace(".", "").lstrip("-0")) <= _SURE_DIGITS:
                sheet.write_number(place, column, float(value), style)
            else:
                sheet.write_string(place, column, entry_text(indicator, value), self.formats["locked" if locked else "long"])
        else:
            text = "" if value is None else self._word(indicator, value)
            sheet.write_string(place, column, text, self.formats["locked" if locked else "entry"])

    def _word(self, indicator: Indicator, value: Any) -> str:
        if isinstance(value, bool):
            return self.words.yes if value else self.words.no
        return choice_label(value) if indicator.value_type is ValueType.CHOICE else str(value)

    def _number_format(self, decimals: int, *, locked: bool) -> Any:
        key = (decimals, locked)
        if key not in self.number_formats:
            colour = "#F5F5F5" if locked else "#FFFDE7"
            pattern = "#,##0" + ("." + "#" * decimals if decimals else "")
            more = {"border": 1, "valign": "top", "font_name": "Times New Roman", "font_size": 12, "num_format": pattern}
            self.number_formats[key] = self.book.add_format({**more, "locked": locked, "bg_color": colour})
        return self.number_formats[key]

    def _check(self, indicator: Indicator) -> dict[str, Any]:
        if indicator.value_type is ValueType.BOOLEAN:
            return self._listed([self.words.yes, self.words.no])
        if indicator.value_type is ValueType.CHOICE:
            return self._listed([choice_label(choice) for choice in indicator.choices])
        most = 10**MAX_WHOLE_DIGITS - 1
        message = _("A whole number is needed here.") if indicator.value_type is ValueType.INTEGER else _("A number is needed here.")
        not_below_zero = _("It is not below zero.")
        return {
            "validate": "integer" if indicator.value_type is ValueType.INTEGER else "decimal",
            "criteria": "between",
            "minimum": -most if indicator.negative else 0,
            "maximum": most,
            "error_title": _("Figure"),
            "error_message": message if indicator.negative else f"{message} {not_below_zero}",
        }

    def _listed(self, words: list[str]) -> dict[str, Any]:
        """A drop-down of words that stand in a column of the hidden sheet."""
        if words not in self.lists:
            self.lists.append(words)
        column = xlsxwriter.utility.xl_col_to_name(self.lists.index(words) + 1)
        message = _("Choose one of the list: %(words)s") % {"words": ", ".join(words)}
        return {
            "validate": "list",
            "source": f"=danvan!${column}$1:${column}${len(words)}",
            "error_title": _("Choice"),
            "error_message": message[:_WORDS_LISTED],
        }

    def _write_narratives(self, sheet: Worksheet) -> None:
        self._head(sheet, 1, 0)
        for column, (head, width) in enumerate([(_("Indicator"), 30), (_("Narrative"), 90), (_("Code"), 18)]):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, head, self.formats["head"])
        for place, row in enumerate(self.narratives, 1):
            sheet.set_row(place, 120)
            sheet.write_string(place, TEXT_NAME, name_of(row.indicator), self.formats["locked"])
            sheet.write_string(place, TEXT, self.report.own.get(row.code) or "", self.formats["words"])
            sheet.write_string(place, TEXT_CODE, row.code, self.formats["code"])

    def _write_table(self, sheet: Worksheet, row: Row) -> None:
        self._head(sheet, TABLE_HEAD_ROW + 1, TABLE_HEAD_ROW)
        columns = row.indicator.columns
        sheet.set_column(0, len(columns) - 1, 30)
        sheet.write_string(0, 0, name_of(row.indicator), self.formats["title"])
        sheet.write_string(TABLE_CODE_ROW, 0, row.code, self.formats["small"])
        for column, head in enumerate(columns):
            sheet.write_string(TABLE_HEAD_ROW, column, head, self.formats["head"])
        known = self.report.own.get(row.code) or []
        for number in range(MAX_ROWS):
            cells = known[number] if number < len(known) else [""] * len(columns)
            for column, text in enumerate(cells):
                sheet.write_string(TABLE_HEAD_ROW + 1 + number, column, text, self.formats["words"])
