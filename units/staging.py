"""A million rows beside the database: what a file brings, laid over the units that stand.

A private SQLite file that vanishes when closed; memory stays small whatever the number of rows. Order and joins are SQL,
what depends on the whole tree is computed in arrays by `units.tree`. Units are numbered from 1 in the order in which
siblings stand (position, code, uid).
"""

# ruff: noqa: S608  (the SQL is put together from this file's own constants)
from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Self

from units.fitting import Place

#: the columns of a unit that a file can bring, in the order of StagedRow
CONTENT = ("uid", "code", "name", "name_en", "kind", "level_id", "valid_from", "valid_to", "position", "agency_id", "parent_uid")


def _columns_of(table: str) -> str:
    return ", ".join(f"{table}.{name}" for name in CONTENT)


def _marks(count: int) -> str:
    return ", ".join("?" * count)


_COLUMNS = (
    "uid TEXT, code TEXT, name TEXT, name_en TEXT, kind TEXT, level_id INTEGER, "
    "valid_from TEXT, valid_to TEXT, position INTEGER, agency_id TEXT, parent_uid TEXT"
)
_SCHEMA = f"""
CREATE TABLE standing ({_COLUMNS}, pk INTEGER, tree_id INTEGER, lft INTEGER, rght INTEGER, depth INTEGER);
CREATE TABLE brought ({_COLUMNS}, line INTEGER, sound INTEGER);
CREATE TABLE unit (number INTEGER PRIMARY KEY, {_COLUMNS}, line INTEGER, sound INTEGER, pk INTEGER, changed INTEGER DEFAULT 0);
CREATE TABLE level (id INTEGER PRIMARY KEY, rank INTEGER);
"""

# What the file has no column for is NULL in `brought`, and what stands is kept.
_MERGE = f"""
DELETE FROM brought WHERE rowid NOT IN (SELECT MIN(rowid) FROM brought GROUP BY uid);
CREATE UNIQUE INDEX brought_uid ON brought (uid);
CREATE UNIQUE INDEX standing_uid ON standing (uid);
INSERT INTO unit ({", ".join(CONTENT)}, line, sound, pk)
SELECT * FROM (
    SELECT s.uid AS uid, s.code AS code, s.name, s.name_en, s.kind, s.level_id, s.valid_from, s.valid_to,
           s.position AS position, s.agency_id, s.parent_uid, NULL, 1, s.pk
    FROM standing s WHERE NOT EXISTS (SELECT 1 FROM brought WHERE brought.uid = s.uid)
    UNION ALL
    SELECT b.uid, COALESCE(b.code, s.code, ''), b.name, COALESCE(b.name_en, s.name_en, ''), b.kind, b.level_id, b.valid_from, b.valid_to,
           COALESCE(b.position, s.position, 0), COALESCE(b.agency_id, s.agency_id, ''), b.parent_uid, b.line, b.sound, s.pk
    FROM brought b LEFT JOIN standing s ON s.uid = b.uid
) ORDER BY position, code, uid;
CREATE UNIQUE INDEX unit_uid ON unit (uid);
UPDATE unit SET changed = 1 FROM standing s
WHERE s.uid = unit.uid AND ({_columns_of("unit")}) IS NOT ({_columns_of("s")});
"""

_PLACE = "{0}.uid, {0}.kind, {0}_level.rank, {0}.valid_from, {0}.valid_to"


class StagedUnit(NamedTuple):
    """A unit as it shall stand, with its own number, its superior's (0 for a root), and where and how it stands now."""

    number: int
    superior: int
    pk: int | None
    changed: bool
    content: dict[str, Any]
    stands_at: tuple[int, int, int, int] | None


class Staging:
    """Rows to be laid over what stands. Use it in `with`: bring, stand, merge, and then ask."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)

    def __enter__(self) -> Self:
        self._db.executescript(f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-16000; BEGIN; {_SCHEMA}")
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def bring(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Take the file's rows: the values of CONTENT, the line, and whether the row is free of problems."""
        self._db.executemany(f"INSERT INTO brought VALUES ({_marks(len(CONTENT) + 2)})", rows)

    def stand(self, units: Iterable[tuple[Any, ...]], levels: Iterable[tuple[int, int]]) -> None:
        """Take what the database holds: CONTENT, pk, tree_id, lft, rght, depth of each unit; id and rank of each level."""
        self._db.executemany(f"INSERT INTO standing VALUES ({_marks(len(CONTENT) + 5)})", units)
        self._db.executemany("INSERT INTO level VALUES (?, ?)", levels)

    def duplicates(self) -> Iterator[tuple[int, str, int]]:
        """Line, uid and the uid's first line, of every row whose uid was there before. To be asked before `merge`."""
        yield from self._db.execute(
            "SELECT line, uid, first FROM (SELECT line, uid, MIN(line) OVER (PARTITION BY uid) AS first FROM brought)"
            " WHERE line > first ORDER BY line"
        )

    def merge(self) -> None:
        """Lay the rows over what stands; of a uid that comes twice the first."""
        self._db.executescript(_MERGE)

    def superiors(self) -> array[int]:
        """For each number the superior's, 0 for a root; index 0 is unused."""
        query = (
            "SELECT COALESCE(superior.number, 0) FROM unit LEFT JOIN unit superior ON superior.uid = unit.parent_uid ORDER BY unit.number"
        )
        superiors = array("i", [0])
        superiors.extend(number for (number,) in self._db.execute(query))
        return superiors

    def unknown_superiors(self) -> Iterator[tuple[int, str, str]]:
        """Line, uid and superior's uid, of every row whose superior is neither in the file nor in the database."""
        yield from self._db.execute(
            "SELECT line, uid, parent_uid FROM unit WHERE line IS NOT NULL AND parent_uid IS NOT NULL"
            " AND NOT EXISTS (SELECT 1 FROM unit superior WHERE superior.uid = unit.parent_uid) ORDER BY line"
        )

    def pairs(self) -> Iterator[tuple[int, int | None, int | None, Place, Place]]:
        """Number, line, superior's line, and both places, where the file brings one of the two."""
        for row in self._db.execute(
            f"SELECT unit.number, unit.line, superior.line, {_PLACE.format('unit')}, {_PLACE.format('superior')}"
            " FROM unit JOIN unit superior ON superior.uid = unit.parent_uid"
            " LEFT JOIN level unit_level ON unit_level.id = unit.level_id"
            " LEFT JOIN level superior_level ON superior_level.id = superior.level_id"
            " WHERE (unit.line IS NOT NULL OR superior.line IS NOT NULL) AND unit.sound AND superior.sound"
            " ORDER BY COALESCE(unit.line, superior.line), unit.number"
        ):
            yield *row[:3], Place(*row[3:8]), Place(*row[8:])

    def roots(self) -> Iterator[tuple[int, Place]]:
        """Line and place of every row that names no superior."""
        for row in self._db.execute(
            f"SELECT unit.line, {_PLACE.format('unit')} FROM unit LEFT JOIN level unit_level ON unit_level.id = unit.level_id"
            " WHERE unit.line IS NOT NULL AND unit.sound AND unit.parent_uid IS NULL ORDER BY unit.line"
        ):
            yield row[0], Place(*row[1:])

    def line_and_uid(self, number: int) -> tuple[int | None, str]:
        """Where the unit of that number comes from (None: from the database alone), and its uid."""
        row: tuple[int | None, str] = self._db.execute("SELECT line, uid FROM unit WHERE number = ?", [number]).fetchone()
        return row

    def remade(self) -> Iterator[tuple[int, str, bool, str | None, str | None]]:
        """Line, uid, whether kind or level change, and the days of validity to be, of every standing unit of which these change."""
        yield from self._db.execute(
            "SELECT unit.line, unit.uid, (unit.kind, unit.level_id) IS NOT (s.kind, s.level_id), unit.valid_from, unit.valid_to"
            " FROM unit JOIN standing s ON s.uid = unit.uid WHERE unit.changed"
            " AND (unit.kind, unit.level_id, unit.valid_from, unit.valid_to) IS NOT (s.kind, s.level_id, s.valid_from, s.valid_to)"
            " ORDER BY unit.line"
        )

    def differences(self) -> Iterator[tuple[int, dict[str, Any] | None, dict[str, Any]]]:
        """Line, content before (None: it is new) and content after, of every unit that the file brings."""
        for row in self._db.execute(
            f"SELECT unit.line, unit.pk, {_columns_of('s')}, {_columns_of('unit')}"
            " FROM unit LEFT JOIN standing s ON s.uid = unit.uid WHERE unit.line IS NOT NULL ORDER BY unit.line"
        ):
            line, pk, *cells = row
            before, after = cells[: len(CONTENT)], cells[len(CONTENT) :]
            yield line, None if pk is None else dict(zip(CONTENT, before, strict=True)), dict(zip(CONTENT, after, strict=True))

    def units(self) -> Iterator[StagedUnit]:
        """Every unit as it shall stand, in the order of numbers."""
        for row in self._db.execute(
            "SELECT unit.number, COALESCE(superior.number, 0), unit.pk, unit.changed,"
            f" s.tree_id, s.lft, s.rght, s.depth, {_columns_of('unit')}"
            " FROM unit LEFT JOIN unit superior ON superior.uid = unit.parent_uid"
            " LEFT JOIN standing s ON s.uid = unit.uid ORDER BY unit.number"
        ):
            number, superior, pk, changed, *rest = row
            stands_at = None if pk is None else tuple(rest[:4])
            yield StagedUnit(number, superior, pk, bool(changed), dict(zip(CONTENT, rest[4:], strict=True)), stands_at)
