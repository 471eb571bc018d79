"""What a table travels in: CSV, or a workbook whose cells are all text, so that codes keep their zeros and days their form.

Both read back to the cells that were written. Nothing that is written becomes a formula in a spreadsheet, in a workbook that is
saved as CSV no more than in CSV itself.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from string import ascii_uppercase, digits
from typing import Any, BinaryIO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook
from xlsxwriter import Workbook

from units.csv_files import as_meant, check_columns, harmless, read_rows
from units.file_kinds import Kind
from units.hostile_files import Checked, Room, check_table_file, letters
from units.problems import Problem, Problems, Refused, gettext_noop

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: room for both trees of Viet Nam with all their hamlets (195,165 units of eleven columns), in less than 400 MB
_ROOM = Room(rows=400_000, columns=100, cells=2_200_000, megabytes_unpacked=250)
#: what a cell of a workbook holds
LONGEST_CELL = 32_767
_COLUMN_WIDTH = 20

Numbered = Iterator[tuple[int, dict[str, str]]]


@dataclass(frozen=True, slots=True)
class Table:
    """What leaves: the names of the columns, and the rows."""

    columns: Sequence[str]
    rows: Iterable[Sequence[str]]


class Sent:
    """What came: a file with a table, told by what it holds. Raises Refused for anything else, and for what is hostile."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)
        self._checked = check_table_file(self._content, _ROOM)

    @property
    def kind(self) -> Kind:
        return self._checked.kind

    def rows(self, required: Sequence[str], optional: Sequence[str], problems: Problems) -> Numbered:
        """Each row as its line (a workbook's own number of the row) and its cells by column; empty rows are passed over.

        `optional` columns may be absent, and are then absent from the dicts. What can't be read goes to `problems`. Raises
        Refused where the columns are wrong.
        """
        if self.kind is Kind.TEXT:
            return read_rows(self._content, required, optional, problems)
        return _rows_of_workbook(self._content, self._checked, required, optional, problems)


# --- A workbook in ----------------------------------------------------------------------------------


def _rows_of_workbook(
    content: BinaryIO, checked: Checked, required: Sequence[str], optional: Sequence[str], problems: Problems
) -> Numbered:
    sheet = _first_sheet(content)
    rows = ((line, row) for line, row in enumerate(sheet.iter_rows(), 1) if any(cell != "" for cell in row))
    line, header = next(rows, (1, []))
    columns = [_as_text(cell).strip() for cell in header]
    width = max((place + 1 for place, name in enumerate(columns) if name), default=0)
    check_columns(line, columns[:width], required, optional, problems)
    left = sheet.start[1] if sheet.start else 0
    unreadable = _unreadable(sheet.name, checked, left, columns, line)
    for number, row in rows:
        bad = unreadable.get(number, [])
        problems.extend(bad)
        if any(cell != "" for cell in row[width:]):
            problems.add(
                Problem(gettext_noop("The row holds something beyond the last column: delete it, or give it its column."), {}, number)
            )
        elif not bad:
            yield number, {name: as_meant(_as_text(cell)) for name, cell in zip(columns[:width], row, strict=False)}


def _first_sheet(content: BinaryIO) -> CalamineSheet:
    try:
        return CalamineWorkbook.from_filelike(content).get_sheet_by_index(0)
    except CalamineError as error:
        message = gettext_noop("This is no workbook that can be read (%(reason)s). Save it as .xlsx.")
        raise Refused(Problem(message, {"reason": str(error)}, line=1)) from error


def _unreadable(sheet: str, checked: Checked, left: int, columns: Sequence[str], header: int) -> dict[int, list[Problem]]:
    """Cells below the head that hold a formula, which is nobody's word for a value, or an error of the spreadsheet's."""
    formula = gettext_noop("The cell holds a formula. Put its value there instead (copy, paste special: values).")
    error = gettext_noop("The cell holds a spreadsheet's error; write what is meant.")
    names = {letters(left + place): name for place, name in enumerate(columns)}
    found: dict[int, list[Problem]] = {}
    for message, addresses in ((formula, checked.formulas.get(sheet, ())), (error, checked.errors.get(sheet, ()))):
        for address in sorted(addresses):
            column = address.rstrip(digits)
            line = int(address.lstrip(ascii_uppercase))
            if line > header:
                found.setdefault(line, []).append(Problem(message, {}, line, names.get(column) or column))
    return found


def _as_text(cell: Any) -> str:
    """A cell as a CSV file would have it: people type days and numbers into workbooks."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else format(Decimal(repr(cell)), "f")
    if isinstance(cell, datetime):
        return (cell.date() if not (cell.hour or cell.minute or cell.second) else cell).isoformat()
    return cell.isoformat() if isinstance(cell, date) else str(cell)


# --- Out --------------------------------------------------------------------------------------------


def as_csv(table: Table) -> bytes:
    """CSV in UTF-8, with the mark at its beginning by which spreadsheets know that."""
    stream = io.StringIO("\ufeff", newline="")
    stream.seek(0, io.SEEK_END)
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows(map(harmless, row) for row in table.rows)
    return stream.getvalue().encode()


def as_workbook(table: Table) -> bytes:
    """A workbook of text, a row at a time. Raises Refused where a text is longer than a cell."""
    stream = io.BytesIO()
    book = Workbook(stream, {"constant_memory": True})
    book.set_properties({"created": datetime(2025, 1, 1)})  # noqa: DTZ001  the same table is the same file, whenever it is written
    words, head = book.add_format({"num_format": "@"}), book.add_format({"bold": True, "num_format": "@"})
    sheet = book.add_worksheet()
    sheet.set_column(0, len(table.columns) - 1, _COLUMN_WIDTH, words)
    sheet.freeze_panes(1, 0)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.repeat_rows(0)
    for place, name in enumerate(table.columns):
        sheet.write_string(0, place, name, head)
    for line, row in enumerate(table.rows, 1):
        for place, cell in enumerate(row):
            if len(cell) > LONGEST_CELL:
                message = gettext_noop("The text has %(length)d characters, more than a cell of a workbook holds. Take the CSV file.")
                raise Refused(Problem(message, {"length": len(cell)}, line + 1, table.columns[place]))
            if cell:
                sheet.write_string(line, place, str(harmless(cell)), words)
    book.close()
    return stream.getvalue()
