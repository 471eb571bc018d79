"""Merge, split, move, rename, abolish: what a reorganisation by hand is to do, as a Change (semantics §8).

A unit has one superior for its whole life. So whatever stands below a unit that is replaced begins anew below its successor, and is
linked to it whole.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from units import tree
from units.models import Level, Unit, exists_on
from units.problems import Problem, Problems, Refused, gettext_noop
from units.reorganising import Change, Kind, Link, NewUnit

_WHOLE = Decimal(1)
_OF_A_DAY = re.compile(r"-\d{8}$")
_LONGEST_UID = 40


@dataclass(frozen=True, slots=True)
class Part:
    """A unit that a split makes: its name, official code, share (None: nobody says it), and the units directly below that go to it."""

    name: str
    code: str
    share: Decimal | None
    children: Collection[int] = ()


def merged(units: Sequence[Unit], day: date, *, name: str, code: str, level: Level | None, superior: Unit | None) -> Change:
    """These units become one. Raises Refused."""
    if len({unit.pk for unit in units}) < 2:
        raise Refused(Problem(gettext_noop("Name two units at least to be merged.")))
    drawing = _Drawing(Kind.MERGE, day, units)
    made = drawing.make(units[0], name=name, code=code, level_id=level.pk if level else None, parent_uid=superior.uid if superior else None)
    for unit in units:
        drawing.succeed(unit, made, _WHOLE)
        drawing.carry(unit, made)
    return drawing.change(f"{', '.join(unit.name for unit in units)} → {name}")


def split(unit: Unit, day: date, parts: Sequence[Part]) -> Change:
    """The unit becomes several under its superior. Every unit directly below goes to the part that names it. Raises Refused."""
    if len(parts) < 2:
        raise Refused(Problem(gettext_noop("Name two units at least into which it is split.")))
    drawing = _Drawing(Kind.SPLIT, day, [unit])
    homes: dict[int, str] = {}
    for part in parts:
        made = drawing.make(unit, name=part.name, code=part.code)
        drawing.succeed(unit, made, part.share)
        homes.update(dict.fromkeys(part.children, made))
    drawing.carry(unit, homes)
    return drawing.change(f"{unit.name} → {', '.join(part.name for part in parts)}")


def moved(unit: Unit, day: date, superior: Unit | None) -> Change:
    """The unit stands under another superior from that day on. Raises Refused."""
    drawing = _Drawing(Kind.MOVE, day, [unit])
    drawing.replace(unit, parent_uid=superior.uid if superior else None)
    return drawing.change(f"{unit.name} → {superior.name if superior else '–'}")


def renamed(unit: Unit, day: date, *, name: str, code: str) -> Change:
    """The unit is called otherwise from that day on. Raises Refused."""
    drawing = _Drawing(Kind.RENAME, day, [unit])
    drawing.replace(unit, name=name, code=code)
    return drawing.change(f"{unit.name} → {name}")


def abolished(units: Sequence[Unit], day: date) -> Change:
    """The units end, with all that is below them, and nobody succeeds them. Raises Refused."""
    drawing = _Drawing(Kind.ABOLISH, day, units)
    drawing.ended.update(dict.fromkeys((unit.uid for unit in units), day))
    return drawing.change(", ".join(unit.name for unit in units))


@dataclass
class _Drawing:
    """A change in the making. Refuses units that don't stand on the day before."""

    kind: Kind
    day: date
    units: Sequence[Unit]
    links: list[Link] = field(default_factory=list)
    new_units: list[NewUnit] = field(default_factory=list)
    ended: dict[str, date] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)  # identifiers that end in the day

    def __post_init__(self) -> None:
        eve = self.day - timedelta(days=1)
        standing = set(Unit.objects.valid_on(eve).filter(pk__in=[unit.pk for unit in self.units]).values_list("pk", flat=True))
        problems = Problems()
        for unit in self.units:
            if unit.pk not in standing:
                message = gettext_noop("%(unit)s is not valid on %(eve)s, and can't be reorganised as of the day after.")
                problems.add(Problem(message, {"unit": unit.name, "eve": eve}, unit_uid=unit.uid))
            elif unit.valid_to is not None:
                message = gettext_noop("%(unit)s ends on %(last_day)s already.")
                problems.add(Problem(message, {"unit": unit.name, "last_day": unit.valid_to}, unit_uid=unit.uid))
        problems.refuse_if_any()
        self._taken.update(Unit.objects.filter(uid__endswith=self._ending).values_list("uid", flat=True))

    @property
    def _ending(self) -> str:
        return f"-{self.day:%Y%m%d}"

    def make(self, like: Unit, **changes: str | int | None) -> str:
        """A new unit like one that stands, but for these fields; its uid."""
        content: dict[str, str | int | None] = {
            "code": like.code,
            "name": like.name,
            "name_en": like.name_en if "name" not in changes else "",
            "kind": like.kind,
            "level_id": like.level_id,
            "parent_uid": like.parent.uid if like.parent else None,
            "position": like.position,
        }
        made = NewUnit(uid=self._free_uid(like.uid), **{**content, **changes})  # type: ignore[arg-type]
        self.new_units.append(made)
        return made.uid

    def _free_uid(self, uid: str) -> str:
        base = _OF_A_DAY.sub("", uid)
        for number in range(1, 10_000):
            suffix = self._ending if number == 1 else f".{number}{self._ending}"
            wanted = base[: _LONGEST_UID - len(suffix)] + suffix
            if wanted not in self._taken:
                self._taken.add(wanted)
                return wanted
        raise Refused(Problem(gettext_noop("There is no identifier left for a successor of %(uid)s."), {"uid": uid}))

    def succeed(self, unit: Unit, successor: str, share: Decimal | None) -> None:
        self.links.append(Link(unit.uid, successor, self.day, share))

    def replace(self, unit: Unit, **changes: str | int | None) -> None:
        made = self.make(unit, **changes)
        self.succeed(unit, made, _WHOLE)
        self.carry(unit, made)

    def carry(self, unit: Unit, home: str | Mapping[int, str]) -> None:
        """Let all that is below the unit, and would go on, begin anew below its successor, or below the one that is its own."""
        homes: dict[int, str] = {}
        problems = Problems()
        for below in self._going_on(unit):
            new_home = homes.get(below.parent_id) if below.parent_id != unit.pk else home if isinstance(home, str) else home.get(below.pk)
            if new_home is None:
                message = gettext_noop("Say to which of the new units %(unit)s goes.")
                problems.add(Problem(message, {"unit": below.name}, unit_uid=below.uid))
                new_home = ""
            homes[below.pk] = self.make(below, parent_uid=new_home)
            self.succeed(below, homes[below.pk], _WHOLE)
        problems.refuse_if_any()

    def _going_on(self, unit: Unit) -> Iterator[Unit]:
        """Superiors first."""
        eve = self.day - timedelta(days=1)
        yield from tree.descendants_of(unit).filter(exists_on(eve), exists_on(self.day)).select_related("parent")

    def change(self, summary: str) -> Change:
        return Change(self.kind, self.links, self.new_units, self.ended, summary)
