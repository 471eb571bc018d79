"""Figures in files: the rows of "Reports in" (docs/interfaces.md), from CSV or from a workbook."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from functools import partial
from string import ascii_uppercase, digits
from typing import Any, BinaryIO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from reports.domain.indicators import Indicator, Template
from reports.domain.numbers import canonical
from reports.services.importing import Figure
from units.csv_files import read_columns
from units.hostile_files import check_table_file, letters
from units.problems import Problem, Problems, Refused, gettext_noop

COLUMNS = ("unit_uid", "indicator", "value")
WORKBOOKS = (".xlsx", ".xls", ".ods")

#: decimals of a number in a cell for words, where no indicator says how many there may be
_ANY_DECIMALS = 15

#: a Figure without the way through its own `__new__`, of which a country's file would take millions
_figure = partial(tuple.__new__, Figure)


def figures_in_csv(source: BinaryIO, template: Template, problems: Problems, file: str = "") -> Iterator[Figure]:
    """A row a figure. What can't be read goes to `problems`. Raises Refused where the columns are wrong."""
    for line, (uid, code, value) in read_columns(source, COLUMNS, problems):
        yield _figure((line, "value", uid.strip(), code.strip(), value, file, None))


def figures_in_workbook(source: BinaryIO, template: Template, problems: Problems, file: str = "") -> Iterator[Figure]:
    """A row for each unit and a column for each indicator: the first sheet, with codes in its first row that holds anything.

    An empty cell is a blank. What can't be read goes to `problems`. Raises Refused where the columns are wrong.
    """
    checked = check_table_file(source)
    sheet = _first_sheet(source)
    rows = _numbered_rows(sheet)
    header_line, header = next(rows, (1, []))
    header = [str(cell).strip() for cell in header]
    _check_header(header, header_line, template)
    unit = header.index("unit_uid")
    left = sheet.start[1] if sheet.start else 0
    problems.extend(_errors(checked.errors.get(sheet.name, ())))
    for line, row in rows:
        uid = _text(row[unit], _ANY_DECIMALS).strip()
        for place, (code, cell) in enumerate(zip(header, row, strict=True), left):
            if code == "unit_uid" or (not code and cell == ""):
                continue
            if not code:
                problem = Problem(gettext_noop("The cell stands in a column without an indicator's code on top."), {}, line, letters(place))
                yield Figure(line, code, uid, code, "", file, problem)
            elif isinstance(cell, (date, time, timedelta)):
                problem = Problem(gettext_noop("The cell is a day or a time; give it the format of a number, or of text."), {}, line, code)
                yield Figure(line, code, uid, code, "", file, problem)
            else:
                yield Figure(line, code, uid, code, _text(cell, _decimals(template.by_code[code])), file)


def _first_sheet(source: BinaryIO) -> CalamineSheet:
    try:
        return CalamineWorkbook.from_filelike(source).get_sheet_by_index(0)
    except CalamineError as error:
        raise Refused(
            Problem(gettext_noop("This is no workbook that can be read (%(reason)s). Save it as .xlsx."), {"reason": str(error)}, line=1)
        ) from error


def _numbered_rows(sheet: CalamineSheet) -> Iterator[tuple[int, list[Any]]]:
    """The rows that hold anything, with their numbers as the spreadsheet shows them."""
    for line, row in enumerate(sheet.iter_rows(), 1):
        if any(cell != "" for cell in row):
            yield line, row


def _check_header(header: Sequence[str], line: int, template: Template) -> None:
    problems = Problems()
    if "unit_uid" not in header:
        problems.add(
            Problem(gettext_noop("The first row needs the column unit_uid, then a column for each indicator's code."), {}, line, "unit_uid")
        )
    for name in dict.fromkeys(filter(None, header)):
        if header.count(name) > 1:
            problems.add(Problem(gettext_noop("The column is there twice."), {}, line, name))
        if name != "unit_uid" and name not in template.by_code:
            problems.add(Problem(gettext_noop("The template has no indicator “%(code)s”."), {"code": name}, line, name))
    problems.refuse_if_any()


def _errors(found: Iterable[str]) -> Iterator[Problem]:
    """Cells that hold a spreadsheet's error, such as #DIV/0!, which are read as empty ones."""
    for address in sorted(found, key=lambda each: (int(each.lstrip(ascii_uppercase)), len(each), each)):
        column = address.rstrip(digits)
        message = gettext_noop("The cell holds a spreadsheet's error; mend its formula, or leave it empty.")
        yield Problem(message, {}, int(address[len(column) :]), column)


def _decimals(indicator: Indicator) -> int:
    return indicator.decimals if indicator.is_number else _ANY_DECIMALS


def _text(cell: Any, decimals: int) -> str:
    """A cell as plain text."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return digits_of(cell, decimals)
    return str(cell)


def digits_of(number: float, decimals: int) -> str:
    """Plain digits of a number, which workbooks keep in binary: the shortest that mean the same is what was typed.

    Where that has more than `decimals`, it may be the noise of computing (0.1 + 0.2): then the 15 digits that spreadsheets
    show are meant.
    """
    shortest, shown = canonical(Decimal(repr(number))), Decimal(f"{number:.15g}")
    _whole, _point, fraction = shortest.partition(".")
    is_noise = len(fraction) > decimals and abs(float(shown) - number) <= 4 * math.ulp(number)
    return canonical(shown) if is_noise else shortest
