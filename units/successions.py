"""Successions from a CSV file (docs/interfaces.md): what went where, on which day, and what share of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import BinaryIO

from django.db.models import QuerySet

from units.csv_files import read_rows
from units.importing import parse_day
from units.models import Succession
from units.problems import Problem, Problems, gettext_noop
from units.reorganising import Link

COLUMNS = ("predecessor_uid", "successor_uid", "effective_on", "share")

_SHARE = re.compile(r"[01](?:\.[0-9]{1,6}0*)?", re.ASCII)


def read_successions(source: BinaryIO, problems: Problems) -> list[Link]:
    """The file's rows; what can't be read goes to `problems`. Raises Refused where the columns are wrong."""
    return links_of(read_rows(source, COLUMNS, (), problems), problems)


def links_of(rows: Iterable[tuple[int, Mapping[str, str]]], problems: Problems) -> list[Link]:
    """The same of rows that were read already, each with its line."""
    return [link for line, cells in rows if (link := _link(line, cells, problems))]


def succession_rows(successions: QuerySet[Succession]) -> Iterator[tuple[str, ...]]:
    """The rows of a file that reads back to the same successions."""
    rows = successions.order_by("effective_on", "predecessor__uid", "successor__uid")
    found = rows.values_list("predecessor__uid", "successor__uid", "effective_on", "share")
    for before, after, day, share in found.iterator(chunk_size=2000):
        yield as_row(before, after, day, share)


def as_row(before: str, after: str, day: date, share: Decimal | None) -> tuple[str, ...]:
    return before, after, day.isoformat(), "" if share is None else format(share.normalize(), "f")


def _link(line: int, cells: Mapping[str, str], problems: Problems) -> Link | None:
    before = problems.count
    uids = [cells[column].strip() for column in COLUMNS[:2]]
    for column, uid in zip(COLUMNS, uids, strict=False):
        if not uid:
            problems.add(Problem(gettext_noop("The cell is empty; name a unit."), {}, line, column))
    day = _day(cells["effective_on"].strip(), line, problems)
    share = _share(cells["share"].strip(), line, problems)
    return Link(uids[0], uids[1], day, share, line) if day and problems.count == before else None


def _day(text: str, line: int, problems: Problems) -> date | None:
    day = parse_day(text)
    if day is None:
        problems.add(Problem(gettext_noop("“%(value)s” is no day. Write it as 2025-07-01."), {"value": text}, line, "effective_on"))
    elif day == date.min:
        problems.add(Problem(gettext_noop("No unit can end before this day."), {}, line, "effective_on"))
        return None
    return day


def _share(text: str, line: int, problems: Problems) -> Decimal | None:
    if not text:
        return None
    share = Decimal(text) if _SHARE.fullmatch(text) else None
    if share is None or not 0 < share <= 1:
        message = gettext_noop("“%(value)s” is no share: write a number above 0 and up to 1, as 0.35 or 1, or leave it empty if unknown.")
        problems.add(Problem(message, {"value": text}, line, "share"))
    return share
