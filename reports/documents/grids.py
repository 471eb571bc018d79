"""Files of figures as sheets of cells, whatever kind of file it is: Excel's, LibreOffice's, or text with separators.

Nothing is opened that `units/hostile_files.py` has not looked through.
"""

from __future__ import annotations

import codecs
import csv
import io
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from units.file_kinds import WIDE, Kind
from units.hostile_files import FOR_FIGURES, Checked, Room, check_table_file, too_far
from units.problems import Problem, Refused, gettext_noop

#: letters by which a text is told to have commas, semicolons or tabs
_HEAD = 20_000
_PIECE = 1 << 20


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


def open_sheets(source: BinaryIO, room: Room = FOR_FIGURES) -> Iterator[Sheet]:
    """The sheets of a file, one after the other. Raises Refused where it is hostile or no workbook, and no text of rows."""
    checked = check_table_file(source, room)
    if checked.kind is Kind.TEXT:
        rows = _rows_of_text(source.read(), room)
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


def _rows_of_text(content: bytes, room: Room) -> list[list[Any]]:
    """A sheet saved as text: UTF-8, UTF-16 or Windows-1258, with commas, semicolons or tabs between."""
    encoding = _encoding_of(content)
    text = io.TextIOWrapper(io.BytesIO(content), encoding, newline="")
    separator = max(",;\t", key=text.read(_HEAD).count)
    text.seek(0)
    rows: list[list[Any]] = []
    width = 0
    try:
        for row in csv.reader((unicodedata.normalize("NFC", line) for line in text), delimiter=separator):
            width = max(len(row), width)
            if len(rows) == room.rows or width > room.columns or width * len(rows) > room.cells:
                raise too_far(len(rows), width - 1, room)
            rows.append(row)
    except csv.Error as error:
        message = gettext_noop("The row is no CSV (%(reason)s); check its quotation marks.")
        raise Refused(Problem(message, {"reason": str(error)}, line=len(rows) + 1)) from error
    return [[*row, *([""] * (width - len(row)))] for row in rows]


def _encoding_of(content: bytes) -> str:
    for encoding in ("utf-16",) if content.startswith(WIDE) else ("utf-8-sig", "cp1258"):
        try:
            for _piece in codecs.iterdecode(_pieces(content), encoding):
                pass
        except UnicodeDecodeError:
            continue
        return encoding
    message = gettext_noop("The letters of the file can't be read. Save it as CSV in UTF-8, or as an Excel workbook (.xlsx).")
    raise Refused(Problem(message, line=1))


def _pieces(content: bytes) -> Iterator[bytes]:
    return (content[start : start + _PIECE] for start in range(0, len(content), _PIECE))
