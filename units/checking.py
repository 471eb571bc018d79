"""Is the tree as it should be? Superiors, levels, validity and nested-set numbers, in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from django.db import transaction
from django.db.models import F

from units.fitting import Place, misfits, misfits_alone, uncovered
from units.models import Unit
from units.problems import Problem, Problems, gettext_noop

BATCH = 5000
_PLACE = ("uid", "kind", "level__rank", "valid_from", "valid_to")


@dataclass(slots=True)
class Findings:
    """What is wrong, and what only deserves a look. Every problem names its unit."""

    problems: Problems = field(default_factory=Problems)
    warnings: Problems = field(default_factory=Problems)


def check_units() -> Findings:
    """Look through all units, whatever their number: three passes over the table at most."""
    findings = Findings()
    with transaction.atomic():
        walk = _Walk()
        misnumbered: set[str] = set()
        for standing in _standing_units():
            findings.problems.extend(problem.at(unit_uid=standing.place.uid, column="") for problem in _relation(standing))
            misnumbered.update(walk.misnumbered(standing))
        misnumbered.update(walk.closed())
        if misnumbered:
            findings.problems.extend(_misnumbered(uid) for uid in sorted(misnumbered))
            findings.problems.extend(_circles())
        findings.warnings.extend(_shared_codes())
    return findings


class _Standing(NamedTuple):
    place: Place
    superior: Place
    pk: int
    parent_id: int | None
    tree_id: int
    left: int
    right: int
    depth: int


def _standing_units() -> Iterator[_Standing]:
    columns = [*_PLACE, *(f"parent__{name}" for name in _PLACE), "pk", "parent_id", "tree_id", "lft", "rght", "depth"]
    for row in Unit.objects.order_by("tree_id", "lft", "pk").values_list(*columns).iterator(BATCH):
        yield _Standing(Place.on_days(*row[:5]), Place.on_days(*row[5:10]), *row[10:])


def _relation(standing: _Standing) -> Iterator[Problem]:
    if standing.parent_id is None:
        yield from misfits_alone(standing.place)
    else:
        yield from misfits(standing.place, standing.superior)
        yield from uncovered(standing.place, standing.superior)


def _misnumbered(uid: str) -> Problem:
    return Problem(gettext_noop("Its left/right numbers do not follow its superior. `check_units --repair` rebuilds them."), unit_uid=uid)


class _Walk:
    """Walks the units in the order of their numbers and counts along, as a nested set without gaps is counted."""

    def __init__(self) -> None:
        self.tree_id: int | None = None
        self.counter = 1
        self.open: list[_Standing] = []

    def misnumbered(self, standing: _Standing) -> Iterator[str]:
        """The uids of this unit, and of those that end before it, where the count did not expect them."""
        if standing.tree_id == self.tree_id and standing.parent_id is not None:
            yield from self._closed_before(standing.left)
        else:
            yield from self.closed()
        superior = self.open[-1].pk if self.open else None
        if (standing.parent_id, standing.left, standing.depth) != (superior, self.counter, len(self.open)) or standing.tree_id == 0:
            yield standing.place.uid
        self.tree_id, self.counter = standing.tree_id, standing.left + 1
        self.open.append(standing)

    def closed(self) -> Iterator[str]:
        """The uids of the units still open that do not end where the count expects it."""
        yield from self._closed_before(None)
        self.counter = 1

    def _closed_before(self, left: int | None) -> Iterator[str]:
        while self.open and (left is None or self.open[-1].right < left):
            ended = self.open.pop()
            if ended.right != self.counter:
                yield ended.place.uid
            self.counter = ended.right + 1


def _circles() -> Iterator[Problem]:
    superior_of: dict[int, int | None] = dict(Unit.objects.order_by("pk").values_list("pk", "parent_id"))
    seen: set[int] = set()
    for start in superior_of:
        path: dict[int, None] = {}
        here: int | None = start
        while here is not None and here not in seen:
            seen.add(here)
            path[here] = None
            here = superior_of.get(here)
        if here in path:
            uid = Unit.objects.values_list("uid", flat=True).get(pk=here)
            yield Problem(gettext_noop("Its superiors lead back to itself. Give one of them another superior."), unit_uid=uid)


class _Coded(NamedTuple):
    level_id: int
    code: str
    uid: str
    valid_from: date | None
    valid_to: date | None


def _shared_codes() -> Iterator[Problem]:
    """Two units of one level with one official code on one day: possible in life, and worth a look."""
    rows = (
        Unit.objects.territorial()
        .exclude(code="")
        .order_by("level_id", "code", F("valid_from").asc(nulls_first=True))
        .values_list(*_Coded._fields)
        .iterator(BATCH)
    )
    for _, group in groupby((_Coded(*row) for row in rows), key=attrgetter("level_id", "code")):
        longest: _Coded | None = None
        for unit in group:
            if longest and (longest.valid_to is None or unit.valid_from is None or unit.valid_from <= longest.valid_to):
                yield Problem(
                    gettext_noop("It has the official code %(code)s at the same time as %(other)s."),
                    {"code": unit.code, "other": longest.uid},
                    unit_uid=unit.uid,
                )
            if longest is None or (longest.valid_to is not None and (unit.valid_to is None or unit.valid_to > longest.valid_to)):
                longest = unit
