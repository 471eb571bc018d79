"""One report's workbook, filled in and sent back: which cells it has, where, and what they say.

Cells are found by the codes beside them, wherever rows and columns went. A wrong file is refused whole; a wrong cell is told
with its address, and the others are read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from string import ascii_uppercase
from typing import Any, BinaryIO

from django.utils.translation import gettext, override

from reports.documents import units_workbook_out
from reports.documents.cell_values import read_cell, refuse_computed, words_of
from reports.documents.grids import Sheet, open_sheets
from reports.documents.report_workbook_out import MARK, TABLE_CODE_ROW, TABLE_HEAD_ROW
from reports.domain.indicators import Indicator, ValueType
from reports.domain.legacy_letters import font_of, in_unicode
from reports.domain.numbers import parse_entry
from reports.models import Report
from reports.queries.form_sheet import enterable
from reports.services.uploading import SentCell
from units.hostile_files import Room, address
from units.problems import Problem, Refused, gettext_noop

#: rows at the top in which a file may say whose it is, and have its head
_TOP = 30
#: a report's sheets are held whole in memory, while somebody waits for the page
ROOM = Room(cells=300_000, words=10)


@dataclass(slots=True)
class ReadWorkbook:
    """What a workbook says. `seen` is the version of the report that it was made from."""

    seen: int
    cells: list[SentCell] = field(default_factory=list)


def read_report_workbook(source: BinaryIO, report: Report) -> ReadWorkbook:
    """The cells of a workbook of this report. Raises Refused where the file is hostile, unreadable, or another report's."""
    sheets = [SheetCells(sheet, is_first=number == 0) for number, sheet in enumerate(open_sheets(source, ROOM))]
    read = ReadWorkbook(_check_identity(sheets, report))
    indicators = {indicator.code: indicator for indicator in enterable(report)}
    found: set[str] = set()
    for sheet in sheets:
        for cell in sheet.read(indicators):
            twice = SentCell(cell.code, cell.address, problems=(Problem(gettext_noop("This figure is there twice.")),))
            read.cells.append(twice if cell.code in found else cell)
            found.add(cell.code)
    return read


def _check_identity(sheets: list[SheetCells], report: Report) -> int:
    """The version of the report that the file was made from. Raises Refused where it isn't this report's file."""
    for sheet in sheets:
        for _row, _column, word in sheet.words_at_top():
            if word.startswith(f"{MARK}|"):
                return _seen(word.split("|"), report)
            if word.startswith(f"{units_workbook_out.MARK}|"):
                raise _wrong_file(gettext_noop("This is the workbook for several units: send it on the page of the subordinate units."))
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


class SheetCells:
    """The cells of one sheet: a table where its code stands on top, else one a row, beside its code. Rows and columns begin at 0."""

    def __init__(self, sheet: Sheet, *, is_first: bool) -> None:
        self.sheet = sheet
        self.grid = {line - 1: cells for line, cells in sheet.rows()}
        self.prefix = "" if is_first else f"{sheet.name}!"

    def words_at_top(self) -> Iterator[tuple[int, int, str]]:
        return (found for found in self._words() if found[0] < _TOP)

    def _words(self) -> Iterator[tuple[int, int, str]]:
        for row, cells in self.grid.items():
            for column, cell in enumerate(cells, self.sheet.left):
                if isinstance(cell, str):
                    yield row, column, cell.strip()

    def _at(self, row: int, column: int) -> Any:
        cells, place = self.grid.get(row, ()), column - self.sheet.left
        return cells[place] if 0 <= place < len(cells) else ""

    def read(self, indicators: Mapping[str, Indicator]) -> Iterator[SentCell]:
        code = str(self._at(TABLE_CODE_ROW, 0)).strip()
        if code in indicators and indicators[code].value_type is ValueType.TABLE:
            yield self._table(indicators[code])
            return
        column = self._figures_column()
        if column is None:
            return
        for row, _column, word in self._words():
            if word in indicators and indicators[word].value_type is not ValueType.TABLE:
                yield self._cell(row, column, indicators[word])

    def _figures_column(self) -> int | None:
        """The column under “Figure” or “Narrative”, in either language."""
        heads: set[str] = set()
        for language in ("vi", "en"):
            with override(language):
                heads |= {gettext("Figure"), gettext("Narrative")}
        return next((column for _row, column, word in self.words_at_top() if word in heads), None)

    def _cell(self, row: int, column: int, indicator: Indicator) -> SentCell:
        return read_cell(indicator.code, f"{self.prefix}{address(row, column)}", self._at(row, column), indicator, self.sheet)

    def _table(self, indicator: Indicator) -> SentCell:
        """A table whole. What is wrong with single cells of it is named with the address of each."""
        first = TABLE_HEAD_ROW + 1
        begins = f"{self.prefix}{address(first, 0)}"
        computed = {int(place.lstrip(ascii_uppercase)) - 1 for place in (*self.sheet.formulas, *self.sheet.errors)}
        rows = sorted(row for row in {*self.grid, *computed} if row >= first)
        width = len(indicator.columns)
        problems = [problem for row in rows for column in range(width) for problem in self._wrong(row, column, indicator)]
        if problems:
            return SentCell(indicator.code, begins, problems=tuple(problems))
        cells = [[words_of(self._at(row, column)).strip() for column in range(width)] for row in rows]
        font = font_of("\n".join(cell for row in cells for cell in row))
        if font is not None:
            cells = [[in_unicode(cell, font) for cell in row] for row in cells]
        try:
            return SentCell(indicator.code, begins, _as_table([row for row in cells if any(row)], indicator), font=font or "")
        except Refused as refused:
            return SentCell(indicator.code, begins, problems=tuple(refused.problems))

    def _wrong(self, row: int, column: int, indicator: Indicator) -> list[Problem]:
        """What is wrong with a cell of a table, taken by itself."""
        place, beside = address(row, column), [""] * (len(indicator.columns) - 1)
        try:
            refuse_computed(self.sheet, place)
            _as_table([[words_of(self._at(row, column)).strip(), *beside]], indicator)
        except Refused as refused:
            return [problem.at(column=self.prefix + place) for problem in refused.problems]
        return []


def _as_table(rows: list[list[str]], indicator: Indicator) -> Any:
    return parse_entry(json.dumps(rows, ensure_ascii=False) if rows else "", indicator)
