"""The levels as a table: added and changed by their codes, all or nothing. Ranks may be exchanged; units stay below their superiors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from django.db import transaction
from django.db.models import F

from units import tree
from units.locks import hold
from units.models import Level, Unit
from units.problems import Problem, Problems, gettext_noop
from units.tables.laying import Cells, Change, Rows, by_key

COLUMNS = ("code", "name", "name_en", "rank")
HIGHEST_RANK = 999
_CODE = re.compile(r"[-a-zA-Z0-9_]{1,30}")
#: where ranks wait while they are exchanged
_AWAY = 10_000

Row = tuple[str, str, str, int]


def level_rows() -> Iterator[tuple[str, ...]]:
    for code, name, name_en, rank in _standing():
        yield code, name, name_en, str(rank)


def lay_levels(rows: Rows, problems: Problems) -> list[Change]:
    """Write the levels of a file over those that stand; what that changes. Raises Refused."""
    with transaction.atomic():
        hold(tree.LOCK)
        standing = {row[0]: row for row in _standing()}
        brought = by_key(_read(rows, problems), "code", problems)
        problems.refuse_if_any()
        after = standing | {code: row for code, (_line, row) in brought.items()}
        _check_ranks(brought, after, problems)
        problems.refuse_if_any()
        changed = [row for code, (_line, row) in brought.items() if standing.get(code) != row]
        _write(changed)
    return [Change(_shown(standing.get(code)), _shown(row)) for code, (_line, row) in brought.items()]


def _standing() -> Iterator[Row]:
    yield from Level.objects.order_by("rank").values_list(*COLUMNS)


def _read(rows: Rows, problems: Problems) -> Iterator[tuple[int, str, Row]]:
    for line, cells in rows:
        row = Cells(cells, line, problems)
        code = cells["code"].strip()
        if not _CODE.fullmatch(code):
            row.complain(
                "code", gettext_noop("“%(found)s” is no code: write up to 30 letters without marks, digits, - and _."), found=code[:60]
            )
        name = row.text("name", 100, required=gettext_noop("The cell is empty; every level needs it."))
        yield line, code, (code, name, row.text("name_en", 100), row.whole("rank", HIGHEST_RANK) or 0)


def _check_ranks(brought: Mapping[str, tuple[int, Row]], after: Mapping[str, Row], problems: Problems) -> None:
    by_rank: dict[int, str] = {}
    for code, row in sorted(after.items(), key=lambda each: each[0] in brought):
        other = by_rank.setdefault(row[3], code)
        if other != code and code in brought:
            message = gettext_noop("The level “%(other)s” has this rank; give one of them another.")
            problems.add(Problem(message, {"other": other}, brought[code][0], "rank"))
    under = Unit.objects.filter(level__isnull=False, parent__level__isnull=False).order_by()
    for code, above in under.values_list("level__code", "parent__level__code").distinct():
        if after[above][3] >= after[code][3]:
            line = brought[code if code in brought else above][0]
            message = gettext_noop(
                "Units of the level “%(level)s” stand under units of “%(above)s”, so its rank has to be the greater number."
            )
            problems.add(Problem(message, {"level": code, "above": above}, line, "rank"))


def _write(changed: list[Row]) -> None:
    Level.objects.filter(code__in=[row[0] for row in changed]).update(rank=F("rank") + _AWAY)
    Level.objects.bulk_create(
        [Level(**dict(zip(COLUMNS, row, strict=True))) for row in changed],
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=COLUMNS[1:],
    )


def _shown(row: Row | None) -> tuple[str, ...] | None:
    return None if row is None else tuple(map(str, row))
