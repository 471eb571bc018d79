"""Reading the cells of a table, and what a file changes: the parts of which every table is made."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple, TypeVar

from units import names
from units.problems import Problem, Problems, gettext_noop

#: line and cells by column
Rows = Iterable[tuple[int, Mapping[str, str]]]
Key = TypeVar("Key")
Value = TypeVar("Value")


class Change(NamedTuple):
    """A row held against what stands: `before` is None for what is new, `after` for what goes."""

    before: Sequence[str] | None
    after: Sequence[str] | None


class Cells:
    """The cells of one row, and their reading. Every problem goes to `problems` with line and column."""

    def __init__(self, cells: Mapping[str, str], line: int, problems: Problems) -> None:
        self.cells, self.line, self.problems = cells, line, problems

    def complain(self, column: str, message: str, **params: Any) -> None:
        self.problems.add(Problem(message, params, self.line, column))

    def text(self, column: str, longest: int, *, required: str = "") -> str:
        """A line of text; `required` is what to say where it is empty."""
        text = names.tidy(self.cells[column])
        if required and not text:
            self.complain(column, required)
        if not text.isprintable():
            culprit = next(char for char in text if not char.isprintable())
            self.complain(column, gettext_noop("The cell holds the invisible character U+%(code)s; remove it."), code=f"{ord(culprit):04X}")
        if len(text) > longest:
            self.complain(
                column, gettext_noop("The cell has %(length)d characters; %(longest)d are possible."), length=len(text), longest=longest
            )
        return text

    def day(self, column: str) -> date | None:
        """A day, None where the cell is empty or holds none."""
        text = self.cells[column].strip()
        if not text:
            return None
        day = day_of(text)
        if day is None:
            self.complain(column, gettext_noop("“%(found)s” is no day: write 2025-06-14 or 14/06/2025."), found=text[:60])
        return day

    def yes(self, column: str) -> bool:
        text = self.cells[column].strip()
        if text not in ("yes", "no", ""):
            self.complain(column, gettext_noop("“%(found)s” is neither yes nor no (nor empty)."), found=text[:60])
        return text == "yes"

    def whole(self, column: str, highest: int) -> int | None:
        """A whole number from 0 up; None where the cell holds none."""
        text = self.cells[column].strip()
        if text.isascii() and text.isdecimal() and len(text) <= len(str(highest)) and int(text) <= highest:
            return int(text)
        self.complain(column, gettext_noop("“%(found)s” is no whole number from 0 to %(highest)d."), found=text[:60], highest=highest)
        return None


_ISO, _VIETNAMESE = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII), re.compile(r"(\d\d?)/(\d\d?)/(\d{4})", re.ASCII)


def day_of(text: str) -> date | None:
    """A day written as `2025-06-14` or `14/06/2025`."""
    try:
        if found := _ISO.fullmatch(text):
            return date(*map(int, found.groups()))
        if found := _VIETNAMESE.fullmatch(text):
            return date(*map(int, reversed(found.groups())))
    except ValueError:
        pass
    return None


def as_yes(value: bool) -> str:
    return "yes" if value else ""


def by_key(rows: Iterable[tuple[int, Key, Value]], column: str, problems: Problems) -> dict[Key, tuple[int, Value]]:
    """Rows (line, what it is known by, content) by what they are known by; one that comes twice is complained of."""
    found: dict[Key, tuple[int, Value]] = {}
    for line, key, value in rows:
        if key in found:
            problems.add(Problem(gettext_noop("Line %(first)d says this already."), {"first": found[key][0]}, line, column))
        found.setdefault(key, (line, value))
    return found
