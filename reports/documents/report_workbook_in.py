"""One report's workbook, filled in and sent back: which cells it has, where, and what they say.

Cells are found by the codes beside them, wherever rows and columns went. A wrong file is refused whole; a wrong cell is told
with its address, and the others are read.
"""

from __future__ import annotations

import csv
import io
import json
import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, BinaryIO

from django.utils.translation import gettext, override
from python_calamine import CalamineError, CalamineWorkbook

from reports.documents.figures_in import digits_of
from reports.documents.report_workbook_out import MARK, TABLE_CODE_ROW, TABLE_HEAD_ROW
from reports.domain.indicators import Indicator, ValueType
from reports.domain.numbers import parse_entry, parse_plain
from reports.models import Report
from reports.queries.form_sheet import enterable
from reports.wording import choice_label
from units.file_kinds import WIDE, Kind
from units.hostile_files import Checked, check_table_file, letters
from units.problems import Problem, Refused, gettext_noop

#: rows at the top in which a file may say whose it is, and have its head
_TOP = 30
Grid = list[list[Any]]


@dataclass(frozen=True, slots=True)
class ReadCell:
    """A cell of the file: where it stands, and its value in stored form; or why it has none."""

    code: str
    address: str
    value: Any = None
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class ReadWorkbook:
    """What a workbook says. `seen` is the version of the report that it was made from."""

    seen: int
    cells: list[ReadCell] = field(default_factory=list)


def read_report_workbook(source: BinaryIO, report: Report) -> ReadWorkbook:
    """The cells of a workbook of this report. Raises Refused where the file is hostile, unreadable, or another report's."""
    checked = check_table_file(source)
    sheets = list(_sheets(source, checked))
    read = ReadWorkbook(_check_identity(sheets, report))
    indicators = {indicator.code: indicator for indicator in enterable(report)}
    found: set[str] = set()
    for number, (name, grid) in enumerate(sheets):
        sheet = _SheetCells(name, grid, checked, is_first=number == 0)
        for cell in sheet.read(indicators):
            twice = ReadCell(cell.code, cell.address, problems=(Problem(gettext_noop("This figure is there twice.")),))
            read.cells.append(twice if cell.code in found else cell)
            found.add(cell.code)
    return read


def _check_identity(sheets: Sequence[tuple[str, Grid]], report: Report) -> int:
    """The version of the report that the file was made from. Raises Refused where it isn't this report's file."""
    for _name, grid in sheets:
        for row in grid[:_TOP]:
            for cell in row:
                if isinstance(cell, str) and cell.startswith(f"{MARK}|"):
                    return _seen(cell.strip().split("|"), report)
    raise _wrong_file(gettext_noop("The file does not say which report it is of. Download this report's workbook, and fill that in."))


def _seen(said: list[str], report: Report) -> int:
    if len(said) != 6 or not (said[4].isdecimal() and said[5].isdecimal() and len(said[5]) < 10):
        raise _wrong_file(gettext_noop("The file does not say which report it is of. Download this report's workbook, and fill that in."))
    _mark, unit, cycle, template, number, seen = said
    version = report.cycle.version
    if unit != report.unit.uid:
        raise _wrong_file(
            gettext_noop("The file is of another unit (%(found)s); this report is of %(unit)s."), found=unit, unit=report.unit.uid
        )
    if cycle != report.cycle.code:
        raise _wrong_file(
            gettext_noop("The file is of another cycle (%(found)s); this one is %(cycle)s."), found=cycle, cycle=report.cycle.code
        )
    if (template, int(number)) != (version.template.code, version.number):
        raise _wrong_file(gettext_noop("The file was made from another version of the template. Download the workbook again."))
    if int(seen) > report.version:
        raise _wrong_file(gettext_noop("The file is made from a newer state of the report than there is. Download the workbook again."))
    return int(seen)


def _wrong_file(message: str, **params: Any) -> Refused:
    return Refused(Problem(message, params))


# --- Grids ------------------------------------------------------------------------------------------


def _sheets(source: BinaryIO, checked: Checked) -> Iterator[tuple[str, Grid]]:
    if checked.kind is Kind.TEXT:
        yield "", _rows_of_text(source.read())
        return
    if checked.kind is Kind.XLS:
        raise _wrong_file(gettext_noop("The workbook is of the old form .xls: save it as an Excel workbook (.xlsx), and send that."))
    try:
        book = CalamineWorkbook.from_filelike(source)
        for name in book.sheet_names:
            yield name, book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    except CalamineError as error:
        message = gettext_noop("This is no workbook that can be read (%(reason)s). Save it as .xlsx.")
        raise _wrong_file(message, reason=str(error)) from error


def _rows_of_text(content: bytes) -> Grid:
    """A sheet saved as text: UTF-8, UTF-16 or Windows-1258, with commas, semicolons or tabs between."""
    text = _decoded(content)
    head = text[:20_000]
    separator = max(",;\t", key=head.count)
    try:
        return [list(row) for row in csv.reader(io.StringIO(text), delimiter=separator)]
    except csv.Error as error:
        raise _wrong_file(gettext_noop("The row is no CSV (%(reason)s); check its quotation marks."), reason=str(error)) from error


def _decoded(content: bytes) -> str:
    for encoding in ("utf-16",) if content.startswith(WIDE) else ("utf-8-sig", "cp1258"):
        try:
            return unicodedata.normalize("NFC", content.decode(encoding))
        except UnicodeDecodeError:
            continue
    raise _wrong_file(gettext_noop("The letters of the file can't be read. Save it as CSV in UTF-8, or as an Excel workbook (.xlsx)."))


class _SheetCells:
    """The cells of one sheet: a table where its code stands on top, else one a row, beside its code."""

    def __init__(self, name: str, grid: Grid, checked: Checked, *, is_first: bool) -> None:
        self.grid = grid
        self.prefix = "" if is_first else f"{name}!"
        self.formulas = checked.formulas.get(name, set())
        self.errors = checked.errors.get(name, set())

    def read(self, indicators: dict[str, Indicator]) -> Iterator[ReadCell]:
        code = str(self._at(TABLE_CODE_ROW, 0)).strip()
        if code in indicators and indicators[code].value_type is ValueType.TABLE:
            yield self._table(indicators[code])
            return
        codes = [
            (row, column, cell.strip())
            for row, cells in enumerate(self.grid)
            for column, cell in enumerate(cells)
            if isinstance(cell, str) and cell.strip() in indicators
        ]
        column = self._figures_column()
        if column is None:
            return
        for row, _column, each in codes:
            if indicators[each].value_type is not ValueType.TABLE:
                yield self._cell(row, column, indicators[each])

    def _figures_column(self) -> int | None:
        """The column under “Figure” or “Text”, in either language."""
        heads: set[str] = set()
        for language in ("vi", "en"):
            with override(language):
                heads |= {gettext("Figure"), gettext("Narrative")}
        for row in self.grid[:_TOP]:
            for column, cell in enumerate(row):
                if isinstance(cell, str) and cell.strip() in heads:
                    return column
        return None

    def _at(self, row: int, column: int) -> Any:
        return self.grid[row][column] if row < len(self.grid) and column < len(self.grid[row]) else ""

    def _cell(self, row: int, column: int, indicator: Indicator) -> ReadCell:
        place = f"{letters(column)}{row + 1}"
        try:
            self._refuse_computed(place)
            return ReadCell(indicator.code, self.prefix + place, value_of(self._at(row, column), indicator))
        except Refused as refused:
            return ReadCell(indicator.code, self.prefix + place, problems=tuple(refused.problems))

    def _refuse_computed(self, place: str) -> None:
        if place in self.formulas:
            message = gettext_noop("The cell holds a formula. Put its value there (Copy, Paste special, Values).")
            raise Refused(Problem(message))
        if place in self.errors:
            raise Refused(Problem(gettext_noop("The cell holds a spreadsheet's error; mend its formula, or leave it empty.")))

    def _table(self, indicator: Indicator) -> ReadCell:
        width = len(indicator.columns)
        first = TABLE_HEAD_ROW + 1
        address = f"{self.prefix}A{first + 1}"
        try:
            rows = [[self._table_text(row, column) for column in range(width)] for row in range(first, len(self.grid))]
            filled = [row for row in rows if any(row)]
            text = json.dumps(filled, ensure_ascii=False) if filled else ""
            return ReadCell(indicator.code, address, parse_entry(text, indicator))
        except Refused as refused:
            return ReadCell(indicator.code, address, problems=tuple(refused.problems))

    def _table_text(self, row: int, column: int) -> str:
        place = f"{letters(column)}{row + 1}"
        try:
            self._refuse_computed(place)
        except Refused as refused:
            raise Refused(problem.at(column=place) for problem in refused.problems) from refused
        return words_of(self._at(row, column)).strip()


# --- Values -----------------------------------------------------------------------------------------


def value_of(cell: Any, indicator: Indicator) -> Any:
    """The stored form of a cell. Raises Refused."""
    if indicator.is_number and isinstance(cell, (date, time, timedelta)):
        raise Refused(Problem(gettext_noop("The cell is a day or a time; give it the format of a number, or of text.")))
    if indicator.is_number and isinstance(cell, float):
        if not cell.is_integer() and math.ulp(cell) > 10.0**-indicator.decimals:
            message = gettext_noop("No spreadsheet keeps all digits of so long a number: give the cell the format of text.")
            raise Refused(Problem(message))
        return parse_plain(digits_of(cell, indicator.decimals), indicator)
    text = words_of(cell)
    return parse_entry(_choice(text, indicator) if indicator.value_type is ValueType.CHOICE else text, indicator)


def _choice(text: str, indicator: Indicator) -> str:
    """The code of a choice that is written in words."""
    wanted = unicodedata.normalize("NFC", text).strip().casefold()
    return next((code for code in indicator.choices if wanted == choice_label(code).casefold()), text.strip())


def words_of(cell: Any) -> str:
    """A cell as words; days as dd/mm/yyyy."""
    match cell:
        case bool():
            return "yes" if cell else "no"
        case float():
            return digits_of(cell, 15)
        case datetime() if cell.time() != time.min:
            return f"{cell:%d/%m/%Y %H:%M}"
        case date():
            return f"{cell:%d/%m/%Y}"
    return str(cell)
