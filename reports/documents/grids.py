"""Files of figures as sheets of cells, whatever kind of file it is: Excel's, LibreOffice's, or text with separators.

Nothing is opened that `domain/hostile_files.py` has not looked through.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from units.file_kinds import WIDE, Kind
from units.hostile_files import FOR_FIGURES, Checked, check_table_file, too_far
from units.problems import Problem, Refused, gettext_noop


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of a file. `left` is the place of its first column, `height` at least the number of its rows.

    `formulas` and `errors` are the addresses of cells that hold one.
    """

    name: str
    left: int
    height: int
    formulas: frozenset[str] | set[str]
    errors: frozenset[str] | set[str]
    _source: CalamineSheet | list[list[Any]]

    def rows(self) -> Iterator[tuple[int, list[Any]]]:
        """The rows that hold anything, with their numbers as the spreadsheet shows them."""
        rows = self._source if isinstance(self._source, list) else self._source.iter_rows()
        for line, row in enumerate(rows, 1):
            if any(cell != "" for cell in row):
                yield line, row


def open_sheets(source: BinaryIO) -> Iterator[Sheet]:
    """The sheets of a file, one after the other. Raises Refused where it is hostile or no workbook, and no text of rows."""
    checked = check_table_file(source)
    if checked.kind is Kind.TEXT:
        rows = _rows_of_text(source.read())
        yield Sheet("", 0, len(rows), frozenset(), frozenset(), rows)
        return
    try:
        book = CalamineWorkbook.from_filelike(source)
        for name in book.sheet_names:
            yield _sheet(book.get_sheet_by_name(name), checked)
    except CalamineError as error:
        message = gettext_noop("This is no workbook that can be read (%(reason)s). Save it as .xlsx.")
        raise Refused(Problem(message, {"reason": str(error)}, line=1)) from error


def _sheet(sheet: CalamineSheet, checked: Checked) -> Sheet:
    found = checked.formulas.get(sheet.name, set()), checked.errors.get(sheet.name, set())
    return Sheet(sheet.name, sheet.start[1] if sheet.start else 0, sheet.total_height, *found, sheet)


def _rows_of_text(content: bytes) -> list[list[Any]]:
    """A sheet saved as text: UTF-8, UTF-16 or Windows-1258, with commas, semicolons or tabs between."""
    text = _decoded(content)
    separator = max(",;\t", key=text[:20_000].count)
    rows: list[list[Any]] = []
    width = 0
    try:
        for row in csv.reader(io.StringIO(text), delimiter=separator):
            width = max(len(row), width)
            if len(rows) == FOR_FIGURES.rows or width > FOR_FIGURES.columns or width * len(rows) > FOR_FIGURES.cells:
                raise too_far(len(rows), width - 1)
            rows.append([*row])
    except csv.Error as error:
        message = gettext_noop("The row is no CSV (%(reason)s); check its quotation marks.")
        raise Refused(Problem(message, {"reason": str(error)}, line=len(rows) + 1)) from error
    return [[*row, *([""] * (width - len(row)))] for row in rows]


def _decoded(content: bytes) -> str:
    for encoding in ("utf-16",) if content.startswith(WIDE) else ("utf-8-sig", "cp1258"):
        try:
            return unicodedata.normalize("NFC", content.decode(encoding))
        except UnicodeDecodeError:
            continue
    message = gettext_noop("The letters of the file can't be read. Save it as CSV in UTF-8, or as an Excel workbook (.xlsx).")
    raise Refused(Problem(message, line=1))
