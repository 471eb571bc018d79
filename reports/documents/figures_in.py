"""Figures in files: the rows of "Reports in" (docs/interfaces.md), from CSV or from a workbook; and those of DHIS2's formats."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, time, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO

from reports.documents.cell_values import converted, digits_of, words_of
from reports.documents.dhis2.names import Sought
from reports.documents.dhis2.values_in import figures_in_data_values, sent_form
from reports.documents.unit_rows import Column, UnitRows, unit_rows
from reports.documents.units_workbook_out import UID
from reports.domain.indicators import Indicator, Template
from reports.domain.legacy_letters import font_of, in_unicode
from reports.domain.numbers import parse_plain, parse_vietnamese
from reports.models import Cycle
from reports.policies import reports_in_reach
from reports.services.gathering import Figure, Run, in_runs
from reports.services.uploading import SentCell
from units.csv_files import read_columns
from units.file_kinds import WIDE
from units.hostile_files import MOST_MEGABYTES
from units.problems import Problem, Problems, Refused, gettext_noop
from units.reach import User

COLUMNS = ("unit_uid", "indicator", "value")
WORKBOOKS = (".xlsx", ".xls", ".ods")
_HEAD = 1 << 13
_WORD = re.compile(rb"\w+")


def figures_in_csv(source: BinaryIO, template: Template, problems: Problems, file: str = "") -> Iterator[Run]:
    """A row a figure. What can't be read goes to `problems`. Raises Refused where the columns are wrong."""
    for lines, (uids, indicators, values) in read_columns(source, COLUMNS, problems):
        codes = [*map(str.strip, indicators)]
        start = 0
        for uid, rows in groupby(map(str.strip, uids)):
            end = start + len(list(rows))
            yield Run(uid, lines[start:end], codes[start:end], values[start:end], "value", file)
            start = end


def figures_in_file(source: BinaryIO, cycle: Cycle, by: User, problems: Problems, file: str, notices: Problems) -> Iterator[Run]:
    """The figures of a file in whatever form: a row a figure in a CSV, or a row a unit in a workbook, or in one saved as text; or
    a data value set of DHIS2's, or ADX.

    Units that DHIS2's ids stand for are looked for in the reach of `by`. What the sender should know goes to `notices`, once all
    is read.
    """
    template = cycle.version.compiled()
    if Path(file).suffix.lower() in WORKBOOKS:
        return in_runs(figures_in_workbook(source, template, problems, file, notices))
    head = _head_of(source)
    form = sent_form(head)
    if form is not None:
        return in_runs(figures_in_data_values(source, form, Sought(cycle, reports_in_reach(by)), problems, file))
    columns = next((_WORD.findall(line) for line in head.splitlines() if b"unit_uid" in line), [b"indicator"])
    if head.startswith(WIDE) or not {b"indicator", b"value"} & {*columns}:
        text = io.BytesIO(source.read((MOST_MEGABYTES << 20) + 1))
        return in_runs(figures_in_workbook(text, template, problems, file, notices))
    return figures_in_csv(source, template, problems, file)


def _head_of(source: BinaryIO) -> bytes:
    """How it begins, without moving on: standard input can't be read again."""
    if isinstance(source, io.BufferedReader):
        return source.peek(_HEAD)
    head = source.read(_HEAD)
    source.seek(0)
    return head


def figures_in_workbook(source: BinaryIO, template: Template, problems: Problems, file: str, notices: Problems) -> Iterator[Figure]:
    """A row for each unit and a column for each indicator, on the first sheet with the codes of both.

    An empty cell is a blank; what the sheet computes of an indicator that is computed here is passed over. What can't be read
    goes to `problems`, which texts were converted to `notices`. Raises Refused where the columns are wrong.
    """
    found = unit_rows(source, template)
    unit = _check_header(found)
    columns = sorted([*found.columns, *(Column(place, column, "") for place, column, _head in found.others)])
    computed = {each.code for each in template.indicators if each.is_formula}
    errors, in_old_fonts = found.sheet.errors, list[SentCell]()
    for line, row in found.rows:
        uid = words_of(row[unit]).strip()
        for place, column, code in columns:
            cell = row[place]
            if errors and f"{column}{line}" in errors:
                message = gettext_noop("The cell holds a spreadsheet's error; mend its formula, or leave it empty.")
                yield Figure(line, code, uid, code, "", file, Problem(message, {}, line, column))
            elif code in computed and (found.identity or f"{column}{line}" in found.sheet.formulas):
                continue
            elif code:
                font = font_of(cell) if isinstance(cell, str) and not template.by_code[code].is_number else None
                if font is not None:
                    in_old_fonts.append(SentCell(code, f"{column}{line}", font=font))
                yield _figure(line, uid, template.by_code[code], cell if font is None else in_unicode(cell, font), file)
            elif cell != "":
                problem = Problem(gettext_noop("The cell stands in a column without an indicator's code on top."), {}, line, column)
                yield Figure(line, code, uid, code, "", file, problem)
    notices.extend(notice.at(line=found.line, file=file) for notice in converted(in_old_fonts))


def _check_header(found: UnitRows) -> int:
    """The place of the units' uids. Raises Refused where it is missing, and where a column is of no indicator, or there twice."""
    problems = Problems()
    if found.unit is None:
        message = gettext_noop("The first row needs the column unit_uid, then a column for each indicator's code.")
        problems.add(Problem(message, {}, found.line, UID))
    unknown = {head for _place, _column, head in found.others}
    for name, times in Counter(filter(None, found.header)).items():
        if times > 1:
            problems.add(Problem(gettext_noop("The column is there twice."), {}, found.line, name))
        if name in unknown:
            problems.add(Problem(gettext_noop("The template has no indicator “%(code)s”."), {"code": name}, found.line, name))
    problems.refuse_if_any()
    return found.unit or 0


def _figure(line: int, uid: str, indicator: Indicator, cell: Any, file: str) -> Figure:
    code = indicator.code
    if isinstance(cell, (date, time, timedelta)):
        problem = Problem(gettext_noop("The cell is a day or a time; give it the format of a number, or of text."), {}, line, code)
        return Figure(line, code, uid, code, "", file, problem)
    try:
        return Figure(line, code, uid, code, _text(cell, indicator), file)
    except Refused as refused:
        return Figure(line, code, uid, code, "", file, refused.problems.kept[0].at(line=line, column=code))


def _text(cell: Any, indicator: Indicator) -> str:
    """A cell as plain text. Raises Refused where a number typed as text is one as a file has it, and another as a person writes it."""
    if not indicator.is_number:
        return words_of(cell)
    if not isinstance(cell, str):
        return digits_of(cell, indicator.decimals) if isinstance(cell, float) else words_of(cell)
    as_written = _read(lambda: parse_vietnamese(cell, decimals=indicator.decimals, negative=indicator.negative))
    if as_written is None:
        return cell
    plain = _read(lambda: str(parse_plain(cell.strip(), indicator)))
    if plain is not None and plain != as_written:
        message = gettext_noop("“%(value)s” can be read in two ways; give the cell the format of a number.")
        raise Refused(Problem(message, {"value": cell.strip()}))
    return as_written


def _read(reading: Callable[[], str]) -> str | None:
    try:
        return reading()
    except Refused:
        return None
