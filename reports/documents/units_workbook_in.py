"""A workbook for many, filled in and sent back: its rows, with a value or a reason for each cell.

A wrong file is refused whole; a wrong cell is told with its address, and the others are read. A file that somebody made by hand
is taken too: a column `unit_uid`, and columns with the codes of indicators.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from reports.documents.cell_values import converted, read_cell, words_of
from reports.documents.unit_rows import Column, UnitRows, unit_rows
from reports.domain.indicators import Indicator
from reports.models import Report
from reports.services.uploading import SentCell, SentRow
from units.problems import Problem, Refused, gettext_noop

#: texts whose values are remembered: most figures are small numbers that came before
_SHORT, _REMEMBERED = 20, 5000


class UnitsFile:
    """A file of rows of units for reports at and below `head`. Raises Refused where it is hostile, unreadable, or another cycle's."""

    def __init__(self, source: BinaryIO, head: Report) -> None:
        self.template = head.cycle.version.compiled()
        self._found = unit_rows(source, self.template)
        _check_identity(self._found, head)
        self._unit = _check_columns(self._found)
        self._cells = [_Cell(self._found, column, self.template.by_code[column.code]) for column in self._entered()]
        self._left_out: dict[str, str] = {}
        self._converted: list[SentCell] = []

    @property
    def height(self) -> int:
        """At least the number of rows."""
        return self._found.sheet.height

    def rows(self) -> Iterator[SentRow]:
        """The rows, one after the other."""
        found = self._found
        for line, cells in found.rows:
            uid = words_of(cells[self._unit]).strip()
            seen = None if found.state is None else _version(cells[found.state])
            self._left_out.update(
                (column, head) for place, column, head in found.others if column not in self._left_out and cells[place] != ""
            )
            sent = [cell.read(cells[cell.place], line) for cell in self._cells]
            self._converted += [cell for cell in sent if cell.font]
            yield SentRow(uid, found.address(self._unit, line), seen, sent)

    def notices(self) -> list[Problem]:
        """What its sender should know, once all rows are read."""
        found = [] if self._found.identity else [Problem(_NO_STATE)]
        for column, head in self._left_out.items():
            message = gettext_noop("Column %(column)s is left out: “%(head)s” is no indicator of the template.") if head else _NO_HEAD
            found.append(Problem(message, {"column": column, "head": head}))
        return [*found, *converted(self._converted)]

    def _entered(self) -> list[Column]:
        return [column for column in self._found.columns if not self.template.by_code[column.code].is_formula]


_NO_HEAD = gettext_noop("Column %(column)s is left out: it has no indicator's code on top.")
_NO_STATE = gettext_noop("The file does not say from which state of the reports it was made: it is compared with what stands there now.")


def _check_identity(found: UnitRows, head: Report) -> None:
    said, version = found.identity, head.cycle.version
    if not said:
        return
    if len(said) != 5 or said[2:] != [head.cycle.code, version.template.code, str(version.number)]:
        message = gettext_noop("The file is of another cycle (%(found)s); this one is %(cycle)s.")
        raise Refused(
            Problem(message, {"found": " ".join(said[2:]), "cycle": f"{head.cycle.code} {version.template.code} {version.number}"})
        )


def _check_columns(found: UnitRows) -> int:
    """The place of the units' uids. Raises Refused where the file is none of units' figures."""
    if found.unit is None:
        if found.is_of_one_report:
            raise Refused(Problem(gettext_noop("This is the workbook of one report: send it on that report's page.")))
        message = gettext_noop("The file has no column unit_uid: download the workbook, and fill that in.")
        raise Refused(Problem(message))
    if not found.columns:
        message = gettext_noop("No column has an indicator's code on top, in the row of unit_uid: download the workbook, and fill that in.")
        raise Refused(Problem(message))
    twice = [column.code for column in found.columns if [each.code for each in found.columns].count(column.code) > 1]
    if twice:
        raise Refused(Problem(gettext_noop("The column is there twice."), column=twice[0], line=found.line))
    return found.unit


def _version(cell: Any) -> int | None:
    text = words_of(cell).strip()
    return int(text) if text.isdecimal() and len(text) < 10 else None


class _Cell:
    """A column's cells, with those that came before by what stood in them."""

    def __init__(self, found: UnitRows, column: Column, indicator: Indicator) -> None:
        self.place, self._letters = column.place, column.letters
        self._sheet, self._indicator = found.sheet, indicator
        self._has_computed = bool(found.sheet.formulas or found.sheet.errors)
        self._known: dict[tuple[type, Any], SentCell] = {}

    def read(self, cell: Any, line: int) -> SentCell:
        code, address = self._indicator.code, f"{self._letters}{line}"
        if self._has_computed and (address in self._sheet.formulas or address in self._sheet.errors):
            return read_cell(code, address, cell, self._indicator, self._sheet)
        key = (type(cell), cell)
        known = self._known.get(key)
        if known is not None:
            return SentCell(code, address, known.value, known.problems, known.font)
        read = read_cell(code, address, cell, self._indicator, self._sheet)
        if len(self._known) < _REMEMBERED and not (isinstance(cell, str) and len(cell) > _SHORT):
            self._known[key] = read
        return read
