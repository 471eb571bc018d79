"""What may stand under what (semantics §1): one rule for imports, admin and checks, in plain Python."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from units.problems import Problem, gettext_noop

AGENCY = "agency"


class Place(NamedTuple):
    """What of a unit decides where it may stand. Days are ISO 8601 text, None where open; an agency has no rank."""

    uid: str
    kind: str
    rank: int | None
    valid_from: str | None
    valid_to: str | None

    @classmethod
    def on_days(cls, uid: str, kind: str, rank: int | None, valid_from: date | None, valid_to: date | None) -> Place:
        """The place of a unit whose days are dates."""
        return cls(uid, kind, rank, valid_from.isoformat() if valid_from else None, valid_to.isoformat() if valid_to else None)


def misfits(unit: Place, superior: Place) -> Iterator[Problem]:
    """Say why `unit` can't stand directly under `superior`; nothing where it can."""
    both = {"uid": unit.uid, "superior": superior.uid}
    if superior.kind == AGENCY:
        yield Problem(gettext_noop("%(uid)s can't stand under %(superior)s: nothing stands under an agency."), both, column="parent_uid")
    elif unit.rank is not None and superior.rank is not None and superior.rank >= unit.rank:
        yield Problem(
            gettext_noop("%(uid)s can't stand under %(superior)s, which is of the same or a lower level. Name a unit of a higher level."),
            both,
            column="parent_uid",
        )


def uncovered(unit: Place, superior: Place) -> Iterator[Problem]:
    """Say on which days `unit` is valid without its superior. A file may bring one of the two later, so an import only warns."""
    both = {"uid": unit.uid, "superior": superior.uid}
    if superior.valid_from is not None and (unit.valid_from is None or unit.valid_from < superior.valid_from):
        yield Problem(
            gettext_noop("%(uid)s can't be valid before its superior %(superior)s, which begins on %(day)s."),
            both | {"day": superior.valid_from},
            column="valid_from",
        )
    if superior.valid_to is not None and (unit.valid_to is None or unit.valid_to > superior.valid_to):
        yield Problem(
            gettext_noop("%(uid)s can't be valid after its superior %(superior)s, which ends on %(day)s."),
            both | {"day": superior.valid_to},
            column="valid_to",
        )


def misfits_alone(unit: Place) -> Iterator[Problem]:
    """Say what is wrong with a unit that names no superior: an agency needs one."""
    if unit.kind == AGENCY:
        yield Problem(gettext_noop("The agency %(uid)s needs a territorial unit to stand under."), {"uid": unit.uid}, column="parent_uid")
