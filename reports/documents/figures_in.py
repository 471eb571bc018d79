"""Figures in files: the rows of "Reports in" (docs/interfaces.md), from CSV or from a workbook."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

from python_calamine import CalamineError, CalamineWorkbook

from reports.services.importing import Figure
from units.csv_files import read_rows
from units.problems import Problem, Problems, Refused, gettext_noop

COLUMNS = ("unit_uid", "indicator", "value")
WORKBOOKS = (".xlsx", ".xls", ".ods")


def figures_in_csv(source: BinaryIO, problems: Problems) -> Iterator[Figure]:
    """A row a figure."""
    for line, cells in read_rows(source, COLUMNS, (), problems):
        yield Figure(line, "value", cells["unit_uid"].strip(), cells["indicator"].strip(), cells["value"])


def figures_in_workbook(path: Path) -> Iterator[Figure]:
    """A row for each unit and a column for each indicator: the first sheet, with codes in its first row. Raises Refused."""
    try:
        rows = CalamineWorkbook.from_path(path).get_sheet_by_index(0).iter_rows()
    except CalamineError as error:
        raise Refused(
            Problem(gettext_noop("This is no workbook that can be read (%(reason)s). Save it as .xlsx."), {"reason": str(error)}, line=1)
        ) from error
    header = [_text(cell).strip() for cell in next(iter(rows), [])]
    _check_header(header)
    unit = header.index("unit_uid")
    for line, row in enumerate(rows, 2):
        if any(cell != "" for cell in row):
            for code, cell in zip(header, row, strict=False):
                if code and code != "unit_uid":
                    yield Figure(line, code, _text(row[unit]).strip(), code, _text(cell))


def _check_header(header: list[str]) -> None:
    problems = Problems()
    if "unit_uid" not in header:
        problems.add(
            Problem(
                gettext_noop("The first row needs the column unit_uid, then a column for each indicator's code."), line=1, column="unit_uid"
            )
        )
    for name in sorted({name for name in header if name and header.count(name) > 1}):
        problems.add(Problem(gettext_noop("The column is there twice."), line=1, column=name))
    problems.refuse_if_any()


def _text(cell: Any) -> str:
    """A cell as plain text. Workbooks keep numbers in binary: the shortest decimal that means the same is what was typed."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return _plain_digits(cell)
    return str(cell)


def _plain_digits(cell: float) -> str:
    """Plain digits of a workbook's number: 5.0 is 5, 0.1 is 0.1, 1e21 is written out."""
    text = f"{cell:.15g}"
    return f"{Decimal(text):f}" if "e" in text else text
