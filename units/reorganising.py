"""A change of the tree as of a day (semantics §8): predecessors end, successors begin, successions link them; and its undoing.

One transaction under the tree's lock: all of it or nothing. What the house above the units has to say (which cycles were
opened on the new tree, where work still waits) comes in as `Uses`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any, Protocol

from django.db import transaction
from django.db.models import ProtectedError

from units import tree
from units.bulk import Among, add_many
from units.fitting import Place, uncovered
from units.locks import hold
from units.models import Membership, Reorganisation, Succession, Unit
from units.problems import Problem, Problems, Refused, gettext_noop
from units.reach import User
from units.staging import CONTENT, Staging

#: keys that travel in one statement, and rows that each get a value of their own
KEYS, ROWS = 20_000, 500

Kind = Reorganisation.Kind
Roles = Reorganisation.Roles
Pair = tuple[int, int, date]


@dataclass(frozen=True, slots=True)
class Link:
    """One row of succession to be recorded; `line` is where a file has it."""

    predecessor: str
    successor: str
    effective_on: date
    share: Decimal | None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class NewUnit:
    """A unit that begins. Superiors may be among the new units themselves, in any order."""

    uid: str
    code: str
    name: str
    kind: str
    level_id: int | None
    parent_uid: str | None
    name_en: str = ""
    position: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """What a reorganisation is to do. `ended` are units that end without a successor, each with the first day without it."""

    kind: Kind
    links: Sequence[Link]
    new_units: Sequence[NewUnit] = ()
    ended: Mapping[str, date] = field(default_factory=dict)
    summary: str = ""

    @property
    def effective_on(self) -> date | None:
        """The earliest of its days."""
        return min((*(link.effective_on for link in self.links), *self.ended.values()), default=None)


class Uses(Protocol):
    """What the house above knows of units."""

    def reported_before(self, day: date, unit_ids: Collection[int]) -> set[int]:
        """Those of the units that have a report on a tree of an earlier day."""

    def with_open_work(self, unit_ids: Collection[int]) -> set[int]:
        """Those of the units for whose people work waits in an open cycle."""

    def opened_on(self, day: date, unit_ids: Collection[int], since: datetime | None = None) -> list[str]:
        """The codes of the cycles with one of these units on the tree of that day or a later one, opened since that moment."""

    def set_up_on(self, reorganisation: Reorganisation, made: Collection[int]) -> list[Problem]:
        """What was set up on the units that it made, and would be lost or left hanging without them, each with how to mend it."""


@dataclass(slots=True)
class Before:
    """What stood before, as far as it changed: what undoing a reorganisation needs. Kept as JSON."""

    made: list[int] = field(default_factory=list)
    last_days: dict[str, str | None] = field(default_factory=dict)
    first_days: dict[str, str | None] = field(default_factory=dict)
    shares: dict[str, str | None] = field(default_factory=dict)
    roles_given: list[tuple[int, int, str]] = field(default_factory=list)
    roles_taken: list[tuple[int, int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Reorganised:
    """How many successions were added, got another share, and stood already; what else was done. None recorded: nothing changed."""

    recorded: Reorganisation | None
    added: int
    changed: int
    unchanged: int
    before: Before


def reorganise(
    change: Change, *, by: User, at: datetime, uses: Uses, roles: Roles = Roles.KEEP, problems: Problems | None = None
) -> Reorganised:
    """Carry the change out. Raises Refused with every problem, those already found in reading among them, and changes nothing."""
    problems = Problems() if problems is None else problems
    with transaction.atomic():
        hold(tree.LOCK)
        made = _make(change.new_units)
        plan = _Plan(change, uses, problems)
        problems.refuse_if_any()
        before = Before(made=made, last_days=plan.standing_days("last"), first_days=plan.standing_days("first"))
        tree.set_days("valid_to", plan.last_days)
        tree.set_days("valid_from", plan.first_days)
        before.shares = _write_shares(plan.changed)
        _move_roles(plan.heirs, roles, uses, before)
        recorded = _record(change, plan, before, roles, by, at)
        return Reorganised(recorded, len(plan.added), len(plan.changed), plan.unchanged, before)


def _make(new_units: Sequence[NewUnit]) -> list[int]:
    if not new_units:
        return []
    rows = (({**asdict(unit), "valid_from": None, "valid_to": None}, line) for line, unit in enumerate(new_units, 1))
    superiors = {unit.parent_uid for unit in new_units if unit.parent_uid is not None}
    has_roots = any(unit.parent_uid is None for unit in new_units)
    trees = None if has_roots else set(Unit.objects.filter(Among("uid", superiors)).order_by().values_list("tree_id", flat=True))
    with Staging() as staging:
        staging.bring((*(content.get(name) for name in CONTENT), line, True) for content, line in rows)
        tree.load(staging, Problems(), trees=trees)
    return list(_keys_of([unit.uid for unit in new_units]).values())


def _keys_of(uids: Sequence[str]) -> dict[str, int]:
    return {uid: pk for chunk in _chunks(uids) for uid, pk in Unit.objects.filter(Among("uid", chunk)).values_list("uid", "pk")}


def _chunks(values: Iterable[Any]) -> Iterator[list[Any]]:
    remaining = iter(values)
    while chunk := list(islice(remaining, KEYS)):
        yield chunk


@dataclass(slots=True)
class _Standing:
    """A unit as it stands; `superior` is the key of its superior."""

    pk: int
    uid: str
    kind: str
    superior: int | None
    valid_from: date | None
    valid_to: date | None


class _Plan:
    """What a change comes to, looked at as a whole; what forbids it goes to `problems`."""

    def __init__(self, change: Change, uses: Uses, problems: Problems) -> None:
        self._problems = problems
        self._units: dict[int, _Standing] = {}
        self._lines: dict[int, int | None] = {}
        self.last_days: dict[int, date | None] = {}
        self.first_days: dict[int, date | None] = {}
        uids = {uid for link in change.links for uid in (link.predecessor, link.successor)} | set(change.ended)
        self._by_uid = {unit.uid: unit for unit in self._load("uid", list(uids))}
        links = self._distinct([link for link in change.links if self._is_known(link)])
        self._end([(self._by_uid[link.predecessor], link.effective_on, link.line) for link in links])
        self._end([(self._by_uid[uid], day, None) for uid, day in change.ended.items() if uid in self._by_uid])
        self._begin(links, uses)
        self._follow("valid_to", self.last_days)
        self._follow("valid_from", self.first_days)
        self._check_days()
        self._compare(links)

    def _load(self, column: str, values: Sequence[Any]) -> list[_Standing]:
        found = []
        columns = ("pk", "uid", "kind", "parent_id", "valid_from", "valid_to")
        for chunk in _chunks(values):
            for row in Unit.objects.filter(Among(column, chunk)).order_by().values_list(*columns):
                unit = self._units.setdefault(row[0], _Standing(*row))
                found.append(unit)
        return found

    def _complain(self, message: str, line: int | None, column: str, **params: Any) -> None:
        self._problems.add(Problem(message, params, line, column, params.get("uid", "")))

    def _is_known(self, link: Link) -> bool:
        unknown = [
            (column, uid)
            for column, uid in (("predecessor_uid", link.predecessor), ("successor_uid", link.successor))
            if uid not in self._by_uid
        ]
        for column, uid in unknown:
            self._complain(gettext_noop("There is no unit “%(uid)s”; import it first."), link.line, column, uid=uid)
        if link.predecessor == link.successor and not unknown:
            self._complain(gettext_noop("A unit can't succeed itself."), link.line, "successor_uid")
            return False
        return not unknown

    def _distinct(self, links: Sequence[Link]) -> list[Link]:
        first: dict[tuple[str, str, date], Link] = {}
        for link in links:
            before = first.setdefault((link.predecessor, link.successor, link.effective_on), link)
            if before is not link:
                self._complain(gettext_noop("This succession is in line %(first)d already."), link.line, "successor_uid", first=before.line)
        return list(first.values())

    def _end(self, ending: Iterable[tuple[_Standing, date, int | None]]) -> None:
        for unit, day, line in ending:
            eve = day - timedelta(days=1)
            last_day = self.last_days.get(unit.pk, unit.valid_to)
            if last_day is None:
                self.last_days[unit.pk] = eve
                self._lines.setdefault(unit.pk, line)
            elif last_day != eve:
                message = gettext_noop("%(uid)s ends on %(last_day)s; with a succession of %(day)s it would end on %(eve)s.")
                self._complain(message, line, "effective_on", uid=unit.uid, last_day=last_day, day=day, eve=eve)

    def _begin(self, links: Sequence[Link], uses: Uses) -> None:
        undated: dict[date, dict[int, Link]] = defaultdict(dict)
        for link in links:
            unit = self._by_uid[link.successor]
            first_day = self.first_days.get(unit.pk, unit.valid_from)
            if first_day is None:
                self.first_days[unit.pk] = link.effective_on
                self._lines.setdefault(unit.pk, link.line)
                undated[link.effective_on][unit.pk] = link
            elif first_day != link.effective_on:
                message = gettext_noop("%(uid)s begins on %(first_day)s; a successor begins as a new unit on the day itself, %(day)s.")
                self._complain(message, link.line, "effective_on", uid=unit.uid, first_day=first_day, day=link.effective_on)
        for day, units in undated.items():
            for unit_id in uses.reported_before(day, list(units)):
                link = units[unit_id]
                message = gettext_noop("%(uid)s has reported before %(day)s; a successor is a new unit: import one, and name it here.")
                self._complain(message, link.line, "successor_uid", uid=link.successor, day=day)

    def _follow(self, column: str, days: dict[int, date | None]) -> None:
        """Whoever stands below a unit that gets a day, and has none, gets the same."""
        above = list(days)
        while above:
            below = self._load("parent_id", above)
            above = []
            for unit in below:
                if unit.pk not in days and getattr(unit, column) is None and unit.superior is not None:
                    days[unit.pk] = days[unit.superior]
                    self._lines[unit.pk] = self._lines.get(unit.superior)
                    above.append(unit.pk)

    def _check_days(self) -> None:
        """Nobody ends before they begin; a superior's days cover those of the units below it."""
        dated = self.last_days.keys() | self.first_days.keys()
        self._load("pk", [unit.superior for pk in dated if (unit := self._units[pk]).superior not in self._units and unit.superior])
        for pk in sorted(dated):
            place = self._place(self._units[pk])
            if place.valid_from and place.valid_to and place.valid_from > place.valid_to:
                message = gettext_noop("%(uid)s would end before it begins (%(day)s).")
                self._complain(message, self._lines.get(pk), "effective_on", uid=place.uid, day=place.valid_from)
        for unit in list(self._units.values()):
            superior = self._units.get(unit.superior) if unit.superior else None
            if superior is not None and (unit.pk in dated or superior.pk in dated):
                line = self._lines.get(unit.pk) or self._lines.get(superior.pk)
                for problem in uncovered(self._place(unit), self._place(superior)):
                    self._problems.add(problem.at(line=line, column="effective_on", unit_uid=unit.uid))

    def _place(self, unit: _Standing) -> Place:
        first_day, last_day = self.first_days.get(unit.pk, unit.valid_from), self.last_days.get(unit.pk, unit.valid_to)
        return Place.on_days(unit.uid, unit.kind, None, first_day, last_day)

    def _compare(self, links: Sequence[Link]) -> None:
        """Hold the links against what is recorded already."""
        keys = {self._by_uid[link.predecessor].pk for link in links}
        recorded: dict[Pair, Succession] = {}
        for chunk in _chunks(keys):
            for row in Succession.objects.filter(Among("predecessor_id", chunk)):
                recorded[row.predecessor_id, row.successor_id, row.effective_on] = row
        self.added: list[Succession] = []
        self.changed: list[tuple[Succession, Decimal | None]] = []
        self.unchanged = 0
        self.heirs: dict[int, list[int]] = defaultdict(list)
        shares = {pair: row.share for pair, row in recorded.items()}
        for link in links:
            pair = (self._by_uid[link.predecessor].pk, self._by_uid[link.successor].pk, link.effective_on)
            shares[pair] = link.share
            self.heirs[pair[0]].append(pair[1])
            standing = recorded.get(pair)
            if standing is None:
                predecessor_id, successor_id, day = pair
                self.added.append(Succession(predecessor_id=predecessor_id, successor_id=successor_id, effective_on=day, share=link.share))
            elif standing.share != link.share:
                self.changed.append((standing, link.share))
            else:
                self.unchanged += 1
        self._check_shares(links, shares)

    def _check_shares(self, links: Sequence[Link], shares: Mapping[Pair, Decimal | None]) -> None:
        sums: dict[int, Decimal] = defaultdict(Decimal)
        for (predecessor_id, _successor, _day), share in shares.items():
            sums[predecessor_id] += share or 0
        for link in links:
            predecessor = self._by_uid[link.predecessor]
            if link.share is not None and sums.pop(predecessor.pk, 0) > 1:
                message = gettext_noop("The shares of %(uid)s come to more than 1.")
                self._complain(message, link.line, "share", uid=predecessor.uid)

    def standing_days(self, which: str) -> dict[str, str | None]:
        """The days that are overwritten, by the unit's key as text."""
        if which == "last":
            return {str(pk): _iso(self._units[pk].valid_to) for pk in self.last_days}
        return {str(pk): _iso(self._units[pk].valid_from) for pk in self.first_days}

    @property
    def is_nothing(self) -> bool:
        return not (self.added or self.changed or self.last_days or self.first_days)


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _write_shares(changed: Sequence[tuple[Succession, Decimal | None]]) -> dict[str, str | None]:
    before = {str(row.pk): None if row.share is None else str(row.share) for row, _ in changed}
    for row, share in changed:
        row.share = share
    Succession.objects.bulk_update([row for row, _ in changed], ["share"], batch_size=ROWS)
    return before


def _move_roles(heirs: Mapping[int, Sequence[int]], roles: Roles, uses: Uses, before: Before) -> None:
    """Give the people of predecessors their roles at the successors, and take them away there if that is the rule."""
    if roles == Roles.KEEP:
        return
    held = [row for chunk in _chunks(heirs) for row in Membership.objects.filter(Among("unit_id", chunk)).order_by("pk")]
    wanted = {(row.user_id, successor, row.role): None for row in held for successor in heirs[row.unit_id]}
    standing = _roles_at({successor for _, successor, _ in wanted})
    before.roles_given = [key for key in wanted if key not in standing]
    add_many([Membership(user_id=user, unit_id=unit, role=role) for user, unit, role in before.roles_given])
    if roles == Roles.MOVE:
        busy = uses.with_open_work({row.unit_id for row in held})
        taken = [row for row in held if row.unit_id not in busy]
        before.roles_taken = [(row.user_id, row.unit_id, row.role) for row in taken]
        Membership.objects.filter(Among("pk", [row.pk for row in taken])).delete()


def _roles_at(unit_ids: Collection[int]) -> set[tuple[int, int, str]]:
    columns = ("user_id", "unit_id", "role")
    return {row for chunk in _chunks(unit_ids) for row in Membership.objects.filter(Among("unit_id", chunk)).values_list(*columns)}


def _record(change: Change, plan: _Plan, before: Before, roles: Roles, by: User, at: datetime) -> Reorganisation | None:
    is_nothing = plan.is_nothing and not (before.roles_given or before.roles_taken)
    if is_nothing or change.effective_on is None:
        return None
    recorded = Reorganisation.objects.create(
        kind=change.kind,
        effective_on=change.effective_on,
        roles=roles,
        at=at,
        by_id=by.pk if by else None,
        summary=change.summary[:500],
        before=asdict(before),
    )
    for row in plan.added:
        row.reorganisation = recorded
    add_many(plan.added)
    return recorded


# --- Undoing ---------------------------------------------------------------------------------------


def undo(reorganisation: Reorganisation, *, by: User, at: datetime, uses: Uses) -> None:
    """Make what it did undone. Raises Refused once a cycle was opened on it, or something else builds on it."""
    with transaction.atomic():
        hold(tree.LOCK)
        reorganisation.refresh_from_db()
        hindrances(reorganisation, uses).refuse_if_any()
        before = Before(**reorganisation.before)
        reorganisation.successions.all().delete()
        _restore_shares(before.shares)
        _restore_roles(before)
        tree.set_days("valid_to", _days_of(before.last_days, before.made))
        tree.set_days("valid_from", _days_of(before.first_days, before.made))
        if before.made:
            try:
                tree.remove(before.made)
            except ProtectedError as error:
                raise Refused(
                    Problem(gettext_noop("Something refers to the units that this made; it can't be undone any more."))
                ) from error
        Reorganisation.objects.filter(pk=reorganisation.pk).update(undone_at=at, undone_by_id=by.pk if by else None, before={})
        reorganisation.refresh_from_db()


def hindrances(reorganisation: Reorganisation, uses: Uses) -> Problems:
    """Why it can't be undone (any more); nothing where it can."""
    problems = Problems()
    if reorganisation.is_undone:
        problems.add(Problem(gettext_noop("This reorganisation is undone already.")))
        return problems
    touched = touched_by(reorganisation)
    day, since = reorganisation.effective_on, reorganisation.at
    opened = {*uses.opened_on(day, touched), *uses.opened_on(day, _superiors_of(touched), since)}
    for code in sorted(opened):
        problems.add(Problem(gettext_noop("The cycle %(code)s was opened on the new tree; it can't be undone any more."), {"code": code}))
    before = Before(**reorganisation.before)
    problems.extend(uses.set_up_on(reorganisation, before.made))
    problems.extend(_roles_given_since(before))
    for later in _built_upon(reorganisation, touched):
        problems.add(Problem(gettext_noop("“%(later)s” builds on it; undo that first."), {"later": str(later)}))
    return problems


def _roles_given_since(before: Before) -> Iterator[Problem]:
    """Roles at units that would vanish, which nobody gave by it."""
    given = {tuple(key) for key in before.roles_given}
    for row in Membership.objects.filter(Among("unit_id", before.made)).select_related("user", "unit"):
        if (row.user_id, row.unit_id, row.role) not in given:
            message = gettext_noop("%(user)s has got a role at %(unit)s since; take that away first.")
            yield Problem(message, {"user": str(row.user), "unit": row.unit.name})


def touched_by(reorganisation: Reorganisation) -> set[int]:
    """The units that it made, ended, began or linked."""
    before = Before(**reorganisation.before)
    ends = reorganisation.successions.values_list("predecessor_id", "successor_id")
    dated = (int(pk) for pk in (*before.last_days, *before.first_days))
    return {*before.made, *dated, *(pk for pair in ends for pk in pair)}


def ended_by(reorganisation: Reorganisation) -> set[int]:
    """The units that it ended, and the predecessors that had ended already."""
    before = Before(**reorganisation.before)
    return {*map(int, before.last_days), *reorganisation.successions.values_list("predecessor_id", flat=True)}


def _superiors_of(unit_ids: Collection[int]) -> set[int]:
    """Those directly above."""
    found = (Unit.objects.filter(Among("pk", chunk), parent__isnull=False).order_by() for chunk in _chunks(unit_ids))
    return {pk for units in found for pk in units.values_list("parent_id", flat=True)}


def _built_upon(reorganisation: Reorganisation, touched: Collection[int]) -> list[Reorganisation]:
    later = Reorganisation.objects.filter(pk__gt=reorganisation.pk, undone_at__isnull=True)
    return [each for each in later if not touched_by(each).isdisjoint(touched)]


def _restore_shares(shares: Mapping[str, str | None]) -> None:
    rows = Succession.objects.in_bulk([int(pk) for pk in shares])
    for row in rows.values():
        share = shares[str(row.pk)]
        row.share = None if share is None else Decimal(share)
    Succession.objects.bulk_update(rows.values(), ["share"], batch_size=ROWS)


def _restore_roles(before: Before) -> None:
    for user, unit, role in before.roles_given:
        Membership.objects.filter(user_id=user, unit_id=unit, role=role).delete()
    standing = _roles_at({unit for _, unit, _ in before.roles_taken})
    again = [key for key in before.roles_taken if tuple(key) not in standing]
    add_many([Membership(user_id=user, unit_id=unit, role=role) for user, unit, role in again])


def _days_of(days: Mapping[str, str | None], made: Collection[int]) -> dict[int, date | None]:
    return {int(pk): date.fromisoformat(day) if day else None for pk, day in days.items() if int(pk) not in made}
