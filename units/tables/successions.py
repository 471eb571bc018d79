"""What became of units as a table (semantics §8): added and changed by predecessor, successor and day, all or nothing."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet

from units import tree
from units.locks import hold
from units.models import Succession, Unit
from units.problems import Problem, Problems, gettext_noop
from units.tables.laying import Cells, Change, Rows, by_key

COLUMNS = ("predecessor_uid", "successor_uid", "effective_on", "share")

_SHARE = re.compile(r"0?\.[0-9]{1,6}|0|1(?:\.0{1,6})?", re.ASCII)
_UID_NEEDED = gettext_noop("The cell is empty; name the unit by its identifier.")

Key = tuple[str, str, date]


def succession_rows(successions: QuerySet[Succession]) -> Iterator[tuple[str, ...]]:
    rows = successions.order_by("effective_on", "predecessor__uid", "successor__uid")
    found = rows.values_list("predecessor__uid", "successor__uid", "effective_on", "share")
    for before, after, day, share in found.iterator(chunk_size=2000):
        yield _shown((before, after, day), share)


def lay_successions(rows: Rows, problems: Problems) -> list[Change]:
    """Write the successions of a file beside and over those that stand; what that changes. Raises Refused."""
    with transaction.atomic():
        hold(tree.LOCK)
        brought = by_key(_read(rows, problems), "predecessor_uid", problems)
        units = Unit.objects.in_bulk({uid for key in brought for uid in key[:2]}, field_name="uid")
        _check_units(brought, units, problems)
        problems.refuse_if_any()
        standing = _standing([units[key[0]] for key in brought])
        _check_shares(brought, standing, problems)
        problems.refuse_if_any()
        changed = {key: share for key, (_line, share) in brought.items() if key not in standing or standing[key] != share}
        _write(changed, units)
    return [Change(_shown(key, standing[key]) if key in standing else None, _shown(key, share)) for key, (_line, share) in brought.items()]


def _read(rows: Rows, problems: Problems) -> Iterator[tuple[int, Key, Decimal | None]]:
    for line, cells in rows:
        row = Cells(cells, line, problems)
        before, after = (row.text(column, 40, required=_UID_NEEDED) for column in COLUMNS[:2])
        day = row.day("effective_on")
        if day is None and not cells["effective_on"].strip():
            row.complain("effective_on", gettext_noop("The cell is empty; write the first day of the successor."))
        if before == after:
            row.complain("successor_uid", gettext_noop("A unit can't succeed itself."))
        yield line, (before, after, day or date.min), _share(row)


def _share(row: Cells) -> Decimal | None:
    text = row.cells["share"].strip()
    if not text:
        return None
    if not _SHARE.fullmatch(text) or not Decimal(text):
        row.complain("share", gettext_noop("“%(found)s” is no share: write a number above 0, up to 1, such as 0.25."), found=text[:60])
        return None
    return Decimal(text)


def _check_units(brought: Mapping[Key, tuple[int, object]], units: Mapping[str, Unit], problems: Problems) -> None:
    for (before, after, day), (line, _share) in brought.items():
        for column, uid in zip(COLUMNS, (before, after), strict=False):
            if uid and uid not in units:
                problems.add(Problem(gettext_noop("There is no unit “%(uid)s”; import the units first."), {"uid": uid}, line, column))
        if before in units and _exists(units[before], day):
            message = gettext_noop("%(uid)s is still valid on this day; let it end the day before, or mend the day.")
            problems.add(Problem(message, {"uid": before}, line, "effective_on"))
        if after in units and not _exists(units[after], day):
            message = gettext_noop("%(uid)s is not valid on this day; mend the day, or the unit's validity.")
            problems.add(Problem(message, {"uid": after}, line, "effective_on"))


def _exists(unit: Unit, day: date) -> bool:
    return (unit.valid_from is None or unit.valid_from <= day) and (unit.valid_to is None or day <= unit.valid_to)


def _standing(predecessors: Iterable[Unit]) -> dict[Key, Decimal | None]:
    """All that became of these units."""
    rows = Succession.objects.filter(predecessor__in={unit.pk for unit in predecessors})
    found = rows.values_list("predecessor__uid", "successor__uid", "effective_on", "share")
    return {(before, after, day): share for before, after, day, share in found}


def _check_shares(brought: Mapping[Key, tuple[int, Decimal | None]], standing: Mapping[Key, Decimal | None], problems: Problems) -> None:
    sums: dict[tuple[str, date], Decimal] = defaultdict(Decimal)
    lines: dict[tuple[str, date], int] = {}
    for key, share in {**standing, **{key: share for key, (_line, share) in brought.items()}}.items():
        sums[key[0], key[2]] += share or 0
    for key, (line, _share) in brought.items():
        lines[key[0], key[2]] = line
    for (uid, day), line in lines.items():
        if sums[uid, day] > 1:
            message = gettext_noop("With this the shares of %(uid)s come to %(sum)s; they are 1 at most.")
            problems.add(Problem(message, {"uid": uid, "sum": _written(sums[uid, day])}, line, "share"))


def _write(changed: Mapping[Key, Decimal | None], units: Mapping[str, Unit]) -> None:
    Succession.objects.bulk_create(
        [
            Succession(predecessor=units[before], successor=units[after], effective_on=day, share=share)
            for (before, after, day), share in changed.items()
        ],
        batch_size=1000,
        update_conflicts=True,
        unique_fields=["predecessor", "successor", "effective_on"],
        update_fields=["share"],
    )


def _written(share: Decimal | None) -> str:
    return "" if share is None else format(share.normalize(), "f")


def _shown(key: Key, share: Decimal | None) -> tuple[str, ...]:
    return key[0], key[1], key[2].isoformat(), _written(share)
