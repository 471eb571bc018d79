"""Reading CSV files as administrators send them: strict about bytes and columns, exact about lines, a row at a time."""

from __future__ import annotations

import codecs
import csv
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO

from units.problems import Problem, Problems, Refused, gettext_noop

#: bytes; a longer line is no CSV that anybody wrote
LONGEST_LINE = 1 << 20


@contextmanager
def open_file(name: str) -> Iterator[BinaryIO]:
    """The file of that name for reading bytes; `-` is standard input. Raises OSError."""
    if name == "-":
        yield sys.stdin.buffer
    else:
        with Path(name).open("rb") as file:
            yield file


def read_rows(
    source: BinaryIO, required: Sequence[str], optional: Sequence[str], problems: Problems
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row as the line it begins on and its cells by column, exactly as written in the file.

    UTF-8 with or without BOM, LF or CRLF; empty rows are passed over. `optional` columns may be absent, and are then absent
    from the dicts. A row that can't be read (bytes, quotes, number of cells) is added to `problems` and not yielded.
    Raises Refused, with what `problems` holds, where the columns are wrong or reading on makes no sense.
    """
    columns, rows = _columns_and_rows(source, required, optional, problems)
    for line, cells in rows:
        if len(cells) != len(columns):
            _refuse_width(line, cells, len(columns), problems)
        elif any(cells):
            yield line, dict(zip(columns, cells, strict=True))


def read_columns(source: BinaryIO, columns: Sequence[str], problems: Problems) -> Iterator[tuple[int, Sequence[str]]]:
    """As `read_rows`, for a file of so many rows that a dict for each takes too long: the cells in the order of `columns`."""
    found, rows = _columns_and_rows(source, columns, (), problems)
    pick = itemgetter(*map(found.index, columns))
    width = len(columns)
    for line, cells in rows:
        if len(cells) != width:
            _refuse_width(line, cells, width, problems)
        elif any(cells):
            yield line, pick(cells)


def _columns_and_rows(
    source: BinaryIO, required: Sequence[str], optional: Sequence[str], problems: Problems
) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    rows = _numbered_rows(_Lines(source, problems), problems)
    header = next(rows, None)
    if header is None:
        if not problems:
            problems.add(
                Problem(gettext_noop("The file is empty. It needs a header row: %(columns)s."), {"columns": ",".join(required)}, line=1)
            )
        raise Refused(problems)
    columns = [name.strip() for name in header[1]]
    check_columns(header[0], columns, required, optional, problems)
    return columns, rows


def _refuse_width(line: int, cells: Sequence[str], expected: int, problems: Problems) -> None:
    if cells:
        problems.add(
            Problem(
                gettext_noop("The row has %(found)d cells instead of %(expected)d; is a comma missing, or a quotation mark?"),
                {"found": len(cells), "expected": expected},
                line=line,
            )
        )


class _Lines:
    """The text lines of a file. `number` is the line last read; `unreadable` says that one since the last reset was not text."""

    def __init__(self, source: BinaryIO, problems: Problems) -> None:
        self.source = source
        self.problems = problems
        self.number = 0
        self.unreadable = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self.source.readline(LONGEST_LINE)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) == LONGEST_LINE:
            self._complain(Problem(gettext_noop("The line is longer than a megabyte. Is this a CSV file?")))
            raise Refused(self.problems)
        if self.number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        if b"\0" in line:
            self._complain(Problem(gettext_noop("The line holds a NUL byte. Save the file as CSV in UTF-8.")))
            return line.decode("utf-8", errors="replace")
        try:
            return line.decode("utf-8")
        except UnicodeDecodeError as error:
            self._complain(
                Problem(gettext_noop("Byte %(place)d of the line is not UTF-8. Save the file as CSV in UTF-8."), {"place": error.start + 1})
            )
            return line.decode("utf-8", errors="replace")

    def _complain(self, problem: Problem) -> None:
        self.problems.add(problem.at(line=self.number))
        self.unreadable = True


def _numbered_rows(lines: _Lines, problems: Problems) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(lines, strict=True)
    while True:
        lines.unreadable = False
        first_line = lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problems.add(
                Problem(gettext_noop("The row is no CSV (%(reason)s); check its quotation marks."), {"reason": str(error)}, line=first_line)
            )
            cells = []
        if not lines.unreadable:
            yield first_line, cells
        elif first_line == 1:
            raise Refused(problems)


def check_columns(line: int, columns: Sequence[str], required: Sequence[str], optional: Sequence[str], problems: Problems) -> None:
    """Refuse a header, in this line, that lacks a required column or has one that is unknown or there twice."""
    known = [*required, *optional]
    if len(columns) == 1 and (";" in columns[0] or "\t" in columns[0]):
        problems.add(Problem(gettext_noop("The columns are not separated by commas. Save the file as comma-separated CSV."), line=line))
        raise Refused(problems)
    for name in required:
        if name not in columns:
            problems.add(
                Problem(gettext_noop("The column is missing. The file needs: %(columns)s."), {"columns": ",".join(required)}, line, name)
            )
    for position, name in enumerate(columns):
        if name not in known:
            problems.add(
                Problem(
                    gettext_noop("There is no such column here. Known are: %(columns)s."), {"columns": ",".join(known)}, line, name or "?"
                )
            )
        elif name in columns[:position]:
            problems.add(Problem(gettext_noop("The column is there twice."), {}, line, name))
    problems.refuse_if_any()
