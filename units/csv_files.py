"""Reading CSV files as administrators send them: strict about bytes and columns, exact about lines, a row at a time."""

from __future__ import annotations

import codecs
import csv
import io
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO

from units.problems import Problem, Problems, Refused, gettext_noop

#: bytes; a longer line is no CSV that anybody wrote
LONGEST_LINE = 1 << 20
_BLOCK = 1 << 16

#: rows, and the line that each begins on
Stretch = tuple[Sequence[int], Sequence[Sequence[str]]]

#: what spreadsheets take for the beginning of a formula, with the marks of those that were made harmless before
_FORMULA = re.compile(r"'*(?:[=+@\t\r]|-(?![0-9]+(?:[.,][0-9]+)*$))")


def harmless(cell: object) -> object:
    """A cell of a file that people open in a spreadsheet: words that would be taken for a formula get a quotation mark before them."""
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell


def as_meant(cell: str) -> str:
    """A cell without the quotation mark that `harmless` put before it."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


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
    """Yield each row as the line it begins on and its cells by column, as written in the file but for what `harmless` added.

    UTF-8 with or without BOM, LF or CRLF; empty rows are passed over. `optional` columns may be absent, and are then absent
    from the dicts. A row that can't be read (bytes, quotes, number of cells) is added to `problems` and not yielded.
    Raises Refused, with what `problems` holds, where the columns are wrong or reading on makes no sense.
    """
    columns, stretches = _columns_and_stretches(source, required, optional, problems)
    for lines, rows in stretches:
        for line, cells in zip(lines, rows, strict=True):
            if _is_fit(line, cells, len(columns), problems):
                yield line, dict(zip(columns, map(as_meant, cells), strict=True))


def read_columns(source: BinaryIO, columns: Sequence[str], problems: Problems) -> Iterator[tuple[Sequence[int], Sequence[Sequence[str]]]]:
    """As `read_rows`, for a file of millions of rows: stretch by stretch the lines of its rows, and each column's cells."""
    found, stretches = _columns_and_stretches(source, columns, (), problems)
    pick = itemgetter(*map(found.index, columns))
    width = len(columns)
    for lines, rows in (_fit(stretch, width, problems) for stretch in stretches):
        if rows:
            yield lines, pick(list(zip(*rows, strict=True)))


def _fit(stretch: Stretch, width: int, problems: Problems) -> Stretch:
    """The stretch without the rows that say nothing; those of another width go to `problems`."""
    lines, rows = stretch
    if all(map(width.__eq__, map(len, rows))) and all(map(any, rows)):
        return stretch
    fit = [(line, cells) for line, cells in zip(lines, rows, strict=True) if _is_fit(line, cells, width, problems)]
    return [line for line, _ in fit], [cells for _, cells in fit]


def _is_fit(line: int, cells: Sequence[str], width: int, problems: Problems) -> bool:
    """Is the row one that says something? One of another width goes to `problems`."""
    if len(cells) != width:
        _refuse_width(line, cells, width, problems)
        return False
    return any(cells)


def _columns_and_stretches(
    source: BinaryIO, required: Sequence[str], optional: Sequence[str], problems: Problems
) -> tuple[list[str], Iterator[Stretch]]:
    stretches = _stretches(_blocks(source), problems)
    lines, rows = next(stretches, ((), ()))
    if not rows:
        if not problems:
            problems.add(
                Problem(gettext_noop("The file is empty. It needs a header row: %(columns)s."), {"columns": ",".join(required)}, line=1)
            )
        raise Refused(problems)
    columns = [name.strip() for name in rows[0]]
    check_columns(lines[0], columns, required, optional, problems)
    return columns, chain([(lines[1:], rows[1:])], stretches)


def _refuse_width(line: int, cells: Sequence[str], expected: int, problems: Problems) -> None:
    if cells:
        problems.add(
            Problem(
                gettext_noop("The row has %(found)d cells instead of %(expected)d; is a comma missing, or a quotation mark?"),
                {"found": len(cells), "expected": expected},
                line=line,
            )
        )


def _stretches(blocks: Iterator[bytes], problems: Problems) -> Iterator[Stretch]:
    """The rows that can be read, with the line that each begins on; what can't goes to `problems`.

    A block is read at once, with the next one where a row goes on there; from one with something wrong on, row by row.
    """
    done = 0
    for first in blocks:
        block = first
        while (stretch := _stretch(block, done)) is None:
            more = next(blocks, b"") if len(block) < LONGEST_LINE else b""
            if not more:
                yield from (((line,), (cells,)) for line, cells in _numbered_rows(chain([block], blocks), done, problems))
                return
            block += more
        yield stretch
        done += block.count(b"\n")


def _stretch(block: bytes, done: int) -> Stretch | None:
    """The rows of a block that begins after so many lines; None where it isn't whole rows, or something is wrong with it."""
    text = _clean(block)
    if text is None:
        return None
    reader = csv.reader(io.StringIO(text, newline="\n"), strict=True)
    lines: list[int] = []
    rows: list[list[str]] = []
    line = done + 1
    try:
        for cells in reader:
            lines.append(line)
            rows.append(cells)
            line = done + reader.line_num + 1
    except csv.Error:
        return None
    return lines, rows


def _numbered_rows(blocks: Iterator[bytes], done: int, problems: Problems) -> Iterator[tuple[int, list[str]]]:
    """Each row that can be read, with the line it begins on, `done` lines after the beginning of the file."""
    unreadable: list[int] = []
    reader = csv.reader(_text_lines(blocks, done, problems, unreadable), strict=True)
    first_line = done + 1
    while True:
        try:
            for cells in reader:
                if not unreadable:
                    yield first_line, cells
                elif first_line == 1:
                    raise Refused(problems)
                else:
                    unreadable.clear()
                first_line = done + reader.line_num + 1
        except csv.Error as error:
            problems.add(
                Problem(gettext_noop("The row is no CSV (%(reason)s); check its quotation marks."), {"reason": str(error)}, line=first_line)
            )
            if unreadable and first_line == 1:
                raise Refused(problems) from error
            if not unreadable:
                yield first_line, []
            unreadable.clear()
            first_line = done + reader.line_num + 1
        else:
            return


def _text_lines(blocks: Iterator[bytes], done: int, problems: Problems, unreadable: list[int]) -> Iterator[str]:
    """The lines of blocks as text. The number of one that isn't text is added to `unreadable`."""
    number = done
    for block in blocks:
        if (text := _clean(block)) is not None:
            yield from io.StringIO(text, newline="\n")
            number += text.count("\n")
            continue
        for line in io.BytesIO(block):
            number += 1
            text, problem = _as_text(line)
            if problem is not None:
                problems.add(problem.at(line=number))
                unreadable.append(number)
                if len(line) >= LONGEST_LINE:
                    raise Refused(problems)
            yield text


def _blocks(source: BinaryIO) -> Iterator[bytes]:
    """The file in blocks of whole lines, without its BOM; a line that is too long is cut, and is the last one."""
    block = source.read(_BLOCK).removeprefix(codecs.BOM_UTF8)
    while block:
        block += source.readline(LONGEST_LINE)
        yield block
        block = source.read(_BLOCK)


def _clean(block: bytes) -> str | None:
    """The block as text, where each of its lines is fit to be read: most files are looked at in no more detail than this."""
    if len(block) >= LONGEST_LINE or b"\0" in block:
        return None
    try:
        return block.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _as_text(line: bytes) -> tuple[str, Problem | None]:
    """A line as text, and what is wrong with it."""
    if len(line) >= LONGEST_LINE:
        return "", Problem(gettext_noop("The line is longer than a megabyte. Is this a CSV file?"))
    if b"\0" in line:
        return line.decode("utf-8", errors="replace"), Problem(gettext_noop("The line holds a NUL byte. Save the file as CSV in UTF-8."))
    try:
        return line.decode("utf-8"), None
    except UnicodeDecodeError as error:
        message = gettext_noop("Byte %(place)d of the line is not UTF-8. Save the file as CSV in UTF-8.")
        return line.decode("utf-8", errors="replace"), Problem(message, {"place": error.start + 1})


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
