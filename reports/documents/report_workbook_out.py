"""One report as a workbook to fill in: figures with checks and live formulas, narratives and tables on sheets of their own.

The workbook says whose it is and from which version of the report it was made; reading it back trusts that for nothing but
telling what changed since.
"""

from __future__ import annotations

from io import BytesIO

from django.utils.translation import gettext as _
from xlsxwriter.worksheet import Worksheet

from reports.documents.entry_cells import EntryBook, entry_book
from reports.domain.indicators import ValueType
from reports.domain.numbers import MAX_ROWS
from reports.domain.sheet_formulas import TooLong, spreadsheet_formula
from reports.domain.tasks import RESULT, Result
from reports.models import Report
from reports.queries.form_sheet import Row, Sheet
from reports.wording import name_of, period_name, shown_own

#: where things stand: columns of the sheet of figures, and of the narratives
NUMBER, NAME, UNIT, FIGURE, YEAR_AGO, CODE = range(6)
TEXT_NAME, TEXT, TEXT_CODE = range(3)
HEAD_ROW, IDENTITY_ROW = 4, 2
TABLE_CODE_ROW, TABLE_HEAD_ROW = 1, 2
MARK = "danvan-report-1"


def identity_of(report: Report) -> str:
    """Whose workbook it is, in one cell: unit, cycle, template, its version, the version of the report."""
    version = report.cycle.version
    return "|".join([MARK, report.unit.uid, report.cycle.code, version.template.code, str(version.number), str(report.version)])


def report_workbook(report: Report, sheet: Sheet) -> bytes:
    """The workbook of a report, loaded for display, with the rows of its form."""
    stream = BytesIO()
    with entry_book(stream) as book:
        _Writer(book, report, sheet).write()
    return stream.getvalue()


class _Writer:
    def __init__(self, book: EntryBook, report: Report, sheet: Sheet) -> None:
        self.book, self.report, self.formats = book, report, book.formats
        self.template = report.cycle.version.compiled()
        self.year_ago, self.is_restated = sheet.year_ago_period, sheet.year_ago_is_restated
        self.figures = [row for row in sheet.rows if not row.is_words]
        self.narratives = [row for row in sheet.rows if row.indicator.value_type is ValueType.TEXT and row.may_be_entered]
        self.tables = [row for row in sheet.rows if row.indicator.value_type is ValueType.TABLE and row.may_be_entered]

    def write(self) -> None:
        self.cells = {row.code: f"$D${place + 1}" for place, row, _section in self._places() if row is not None}
        self._write_figures()
        if self.narratives:
            self._write_narratives()
        for number, row in enumerate(self.tables, 1):
            self._write_table(_("Table %(number)d") % {"number": number}, row)
        self.book.write_hidden(identity_of(self.report))

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

    def _write_figures(self) -> None:
        formats, report = self.formats, self.report
        sheet = self.book.sheet(_("Figures"), frozen=HEAD_ROW + 1, repeated=HEAD_ROW)
        sheet.write_string(0, 0, str(report.unit), formats["title"])
        sheet.write_string(1, 0, f"{report.cycle.version.template}, {period_name(report.cycle.period)}", formats["plain"])
        sheet.write_string(IDENTITY_ROW, 0, identity_of(report), formats["small"])
        hint = _("Fill in the yellow cells alone: 1.234,5; leave blank what has no figure yet; 0 means that nothing happened.")
        sheet.write_string(3, 0, f"{hint} {_('No classified content.')}", formats["plain"])
        for column, width in {NUMBER: 6, NAME: 60, UNIT: 14, FIGURE: 20, YEAR_AGO: 18, CODE: 18}.items():
            sheet.set_column(column, column, width)
        ago = period_name(self.year_ago) if self.year_ago else _("A year ago")
        ago += f" ({_('from its predecessors')})" if self.is_restated else ""
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
        self.book.write_value(sheet, place, FIGURE, indicator, self.report.own.get(row.code), locked=not row.may_be_entered)
        if row.may_be_entered:
            sheet.data_validation(place, FIGURE, place, FIGURE, self.book.check(indicator))

    def _write_formula(self, sheet: Worksheet, place: int, row: Row) -> None:
        indicator = row.indicator
        known, style = self.book.computed(indicator, row.own)
        try:
            if indicator.evaluated_in_unit and self.report.level.code not in indicator.levels:
                raise TooLong
            formula = spreadsheet_formula(
                indicator, self.template.formulas[row.code], self.cells.get, self.template.by_code.__getitem__, self.book.words
            )
        except TooLong:
            sheet.write(place, FIGURE, known, style)
        else:
            sheet.write_formula(place, FIGURE, formula, style, known)

    def _write_narratives(self) -> None:
        sheet = self.book.sheet(_("Narratives"), frozen=1, repeated=0)
        for column, (head, width) in enumerate([(_("Indicator"), 30), (_("Narrative"), 90), (_("Code"), 18)]):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, head, self.formats["head"])
        for place, row in enumerate(self.narratives, 1):
            sheet.set_row(place, 120)
            sheet.write_string(place, TEXT_NAME, name_of(row.indicator), self.formats["locked"])
            self.book.write_value(sheet, place, TEXT, row.indicator, self.report.own.get(row.code), locked=False)
            sheet.write_string(place, TEXT_CODE, row.code, self.formats["code"])

    def _write_table(self, name: str, row: Row) -> None:
        sheet = self.book.sheet(name, frozen=TABLE_HEAD_ROW + 1, repeated=TABLE_HEAD_ROW)
        columns = row.indicator.columns
        sheet.set_column(0, len(columns) - 1, 30)
        sheet.write_string(0, 0, name_of(row.indicator), self.formats["title"])
        sheet.write_string(TABLE_CODE_ROW, 0, row.code, self.formats["small"])
        for column, head in enumerate(columns):
            sheet.write_string(TABLE_HEAD_ROW, column, head, self.formats["head"])
        if row.is_answers:
            last = TABLE_HEAD_ROW + MAX_ROWS
            sheet.data_validation(TABLE_HEAD_ROW + 1, RESULT, last, RESULT, self.book.listed([result.value for result in Result]))
        known = row.in_entry or []
        for number in range(MAX_ROWS):
            cells = known[number] if number < len(known) else [""] * len(columns)
            for column, text in enumerate(cells):
                sheet.write_string(TABLE_HEAD_ROW + 1 + number, column, text, self.formats["words"])
