"""Figures in files: the rows of "Reports in" (docs/interfaces.md), from CSV or from a workbook."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time, timedelta
from functools import partial
from typing import Any, BinaryIO

from reports.documents.cell_values import digits_of, words_of
from reports.documents.unit_rows import Column, UnitRows, unit_rows
from reports.documents.units_workbook_out import UID
from reports.domain.indicators import Indicator, Template
from reports.services.importing import Figure
from units.csv_files import read_columns
from units.problems import Problem, Problems, gettext_noop

COLUMNS = ("unit_uid", "indicator", "value")
WORKBOOKS = (".xlsx", ".xls", ".ods")

#: a Figure without the way through its own `__new__`, of which a country's file would take millions
_bare = partial(tuple.__new__, Figure)


def figures_in_csv(source: BinaryIO, template: Template, problems: Problems, file: str = "") -> Iterator[Figure]:
    """A row a figure. What can't be read goes to `problems`. Raises Refused where the columns are wrong."""
    for line, (uid, code, value) in read_columns(source, COLUMNS, problems):
        yield _bare((line, "value", uid.strip(), code.strip(), value, file, None))


def figures_in_workbook(source: BinaryIO, template: Template, problems: Problems, file: str = "") -> Iterator[Figure]:
    """A row for each unit and a column for each indicator, on the first sheet with the codes of both.

    An empty cell is a blank. What can't be read goes to `problems`. Raises Refused where the columns are wrong.
    """
    found = unit_rows(source, template)
    unit = _check_header(found)
    columns = sorted([*found.columns, *(Column(place, column, "") for place, column, _head in found.others)])
    errors = found.sheet.errors
    for line, row in found.rows:
        uid = words_of(row[unit]).strip()
        for place, column, code in columns:
            cell = row[place]
            if errors and f"{column}{line}" in errors:
                message = gettext_noop("The cell holds a spreadsheet's error; mend its formula, or leave it empty.")
                yield Figure(line, code, uid, code, "", file, Problem(message, {}, line, column))
            elif code:
                yield _figure(line, uid, template.by_code[code], cell, file)
            elif cell != "":
                problem = Problem(gettext_noop("The cell stands in a column without an indicator's code on top."), {}, line, column)
                yield Figure(line, code, uid, code, "", file, problem)


def _check_header(found: UnitRows) -> int:
    """The place of the units' uids. Raises Refused where it is missing, and where a column is of no indicator, or there twice."""
    problems = Problems()
    if found.unit is None:
        message = gettext_noop("The first row needs the column unit_uid, then a column for each indicator's code.")
        problems.add(Problem(message, {}, found.line, UID))
    for name in dict.fromkeys(filter(None, found.header)):
        if found.header.count(name) > 1:
            problems.add(Problem(gettext_noop("The column is there twice."), {}, found.line, name))
        if any(name == head for _place, _column, head in found.others):
            problems.add(Problem(gettext_noop("The template has no indicator “%(code)s”."), {"code": name}, found.line, name))
    problems.refuse_if_any()
    return found.unit or 0


def _figure(line: int, uid: str, indicator: Indicator, cell: Any, file: str) -> Figure:
    code = indicator.code
    if isinstance(cell, (date, time, timedelta)):
        problem = Problem(gettext_noop("The cell is a day or a time; give it the format of a number, or of text."), {}, line, code)
        return Figure(line, code, uid, code, "", file, problem)
    return Figure(line, code, uid, code, _text(cell, indicator), file)


def _text(cell: Any, indicator: Indicator) -> str:
    """A cell as plain text."""
    if isinstance(cell, float) and indicator.is_number:
        return digits_of(cell, indicator.decimals)
    return words_of(cell)
