"""Sheets with a row for each unit and a column for each indicator, as the command and the pages read them.

The row with the codes is the first that has `unit_uid` in it, so that titles and heads may stand above. A column whose code
begins with `#` is passed over; one with another head, or with none, is no indicator's, and its reader says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any, BinaryIO, NamedTuple

from reports.documents import report_workbook_out
from reports.documents.grids import Sheet, open_sheets
from reports.documents.units_workbook_out import MARK, REMARK, STATE, UID
from reports.domain.indicators import Template
from units.hostile_files import letters
from units.problems import Problem, Refused, gettext_noop

#: rows at the top among which the codes stand
_TOP = 30


class Column(NamedTuple):
    """A column of an indicator: where it stands in the rows, its letters, the indicator's code."""

    place: int
    letters: str
    code: str


@dataclass(slots=True)
class UnitRows:
    """A sheet of units. `unit` and `state` are the places of their uids, and of the versions that rows were made from.

    `identity` is what the file says of itself, empty for a file that was made by hand; `is_of_one_report`: what it says is that it
    is the workbook of a single report. `others` are the columns of no
    indicator: their letters and what stands on top.
    """

    sheet: Sheet
    line: int
    header: list[str]
    identity: list[str]
    is_of_one_report: bool
    rows: Iterator[tuple[int, list[Any]]]
    unit: int | None = None
    state: int | None = None
    columns: list[Column] = field(default_factory=list)
    others: list[tuple[int, str, str]] = field(default_factory=list)

    def address(self, place: int, line: int) -> str:
        return f"{letters(self.sheet.left + place)}{line}"


def unit_rows(source: BinaryIO, template: Template) -> UnitRows:
    """The first sheet that has rows of units, or else the first of all. Raises Refused where the file is hostile or no workbook."""
    first: UnitRows | None = None
    for sheet in open_sheets(source):
        found = _looked_at(sheet, template)
        if found.unit is not None:
            return found
        first = first or found
    if first is None:
        raise Refused(Problem(gettext_noop("This is no workbook that can be read. Save it as an Excel workbook (.xlsx)."), line=1))
    return first


def _looked_at(sheet: Sheet, template: Template) -> UnitRows:
    rows = sheet.rows()
    top = list(islice(rows, _TOP))
    number = next((number for number, (_line, cells) in enumerate(top) if UID in map(_word, cells)), 0)
    line, cells = top[number] if top else (1, [])
    words = (cell.strip() for _line, row in top for cell in row if isinstance(cell, str) and "|" in cell)
    said = [word for word in words if word.startswith((f"{MARK}|", f"{report_workbook_out.MARK}|"))]
    identity = said[0].split("|") if said and said[0].startswith(MARK) else []
    is_of_one = bool(said) and not identity
    found = UnitRows(sheet, line, [_word(cell) for cell in cells], identity, is_of_one, chain(top[number + 1 :], rows))
    for place, head in enumerate(found.header):
        if head == UID and found.unit is None:
            found.unit = place
        elif head == STATE:
            found.state = place
        elif head in template.by_code:
            found.columns.append(Column(place, letters(sheet.left + place), head))
        elif not head.startswith(REMARK):
            found.others.append((place, letters(sheet.left + place), head))
    return found


def _word(cell: Any) -> str:
    return cell.strip() if isinstance(cell, str) else str(cell)
