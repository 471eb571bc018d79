"""Units from a CSV file (docs/interfaces.md): adds and updates by uid, all or nothing, however long the file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any, BinaryIO

from units.csv_files import read_rows
from units.models import Level, Unit
from units.problems import Problems, Refused, gettext_noop
from units.staging import CONTENT, Staging
from units.tables.laying import Cells
from units.tree import Loaded, load

REQUIRED = ("uid", "code", "name", "level", "parent_uid", "valid_from", "valid_to")
OPTIONAL = ("kind", "name_en", "position", "agency_id")

HIGHEST_POSITION = 2**31 - 1
_UID_OR_NAME = gettext_noop("The cell is empty; every unit needs it.")
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def import_units(source: BinaryIO, progress: Callable[[int], None] = lambda done: None) -> Loaded:
    """Add the file's units, or update those that stand. Raises Refused with every problem and changes nothing."""
    unreadable = Problems()
    return import_rows(read_rows(source, REQUIRED, OPTIONAL, unreadable), unreadable, progress)


def import_rows(
    rows: Iterable[tuple[int, Mapping[str, str]]], unreadable: Problems, progress: Callable[[int], None] = lambda done: None
) -> Loaded:
    """The same of rows, each with its line; what is wrong with their reading is in `unreadable` once they are read."""
    with Staging() as staging:
        return load(staging, bring(staging, rows, unreadable), progress)


def bring(staging: Staging, rows: Iterable[tuple[int, Mapping[str, str]]], unreadable: Problems) -> Problems:
    """Read all rows into `staging`; what is wrong in them. Raises Refused where some could not be read at all (`unreadable`)."""
    problems = Problems()
    staging.bring(_staged(rows, problems))
    if unreadable:
        # Without the rows that are lost nothing can be said of how the others relate.
        unreadable.include(problems)
        raise Refused(unreadable)
    return problems


def _staged(rows: Iterable[tuple[int, Mapping[str, str]]], problems: Problems) -> Iterator[tuple[Any, ...]]:
    """Read rows (line, cells by column) into what `Staging.bring` takes; what can't be read goes to `problems`."""
    levels: dict[str, int] = dict(Level.objects.of_territory().values_list("code", "pk"))
    for line, cells in rows:
        before = problems.count
        content = UnitRow(cells, levels, line, problems).content()
        if content["uid"]:
            yield *(content[name] for name in CONTENT), line, problems.count == before


def parse_day(text: str) -> date | None:
    """The day that a file writes as 2025-07-01; None for anything else."""
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


class UnitRow(Cells):
    """The cells of one row of a units file, and their reading. Every problem goes to `problems` with line and column."""

    def __init__(self, cells: Mapping[str, str], levels: Mapping[str, int], line: int, problems: Problems) -> None:
        super().__init__(cells, line, problems)
        self.levels = levels

    def content(self) -> dict[str, Any]:
        """The values of `staging.CONTENT`; None for a column that the file doesn't have, and for what can't be read."""
        kind = self._kind()
        valid_from, valid_to = self._day("valid_from"), self._day("valid_to")
        if valid_from and valid_to and valid_from > valid_to:
            self.complain("valid_to", gettext_noop("A unit can't end before it begins (%(day)s)."), day=valid_from)
        return {
            "uid": self._text("uid", required=True),
            "code": self._text("code"),
            "name": self._text("name", required=True),
            "name_en": self._text("name_en"),
            "kind": kind,
            "level_id": self._level(kind),
            "valid_from": valid_from,
            "valid_to": valid_to,
            "position": self._position(),
            "agency_id": self._text("agency_id"),
            "parent_uid": self._text("parent_uid", like="uid") or None,
        }

    def _text(self, column: str, required: bool = False, like: str = "") -> str | None:
        if column not in self.cells:
            return None
        return self.text(column, _LONGEST[like or column], required=_UID_OR_NAME if required else "")

    def _kind(self) -> str:
        kind = self.cells.get("kind", "").strip() or Unit.Kind.TERRITORY.value
        if kind not in Unit.Kind.values:
            self.complain("kind", gettext_noop("“%(value)s” is no kind of unit. Known are: territory, agency."), value=kind)
        return kind

    def _level(self, kind: str) -> int | None:
        code = self.cells["level"].strip()
        if kind == Unit.Kind.AGENCY:
            if code:
                self.complain("level", gettext_noop("An agency has no level; leave the cell empty."))
        elif not code:
            self.complain("level", gettext_noop("The cell is empty; every territorial unit has a level."))
        elif code not in self.levels:
            self.complain(
                "level", gettext_noop("There is no level “%(value)s”. Known are: %(known)s."), value=code, known=", ".join(self.levels)
            )
        return self.levels.get(code)

    def _day(self, column: str) -> str | None:
        text = self.cells[column].strip()
        if not text:
            return None
        day = parse_day(text)
        if day is None:
            self.complain(column, gettext_noop("“%(value)s” is no day. Write it as 2025-07-01."), value=text)
        return day.isoformat() if day else None

    def _position(self) -> int | None:
        if "position" not in self.cells:
            return None
        text = self.cells["position"].strip() or "0"
        if not (text.isascii() and text.isdecimal() and len(text) <= 10 and int(text) <= HIGHEST_POSITION):
            self.complain("position", gettext_noop("“%(value)s” is no position. Write a whole number from 0."), value=text)
            return None
        return int(text)


_LONGEST: dict[str, int] = {name: Unit._meta.get_field(name).max_length or 0 for name in ("uid", "code", "name", "name_en", "agency_id")}
