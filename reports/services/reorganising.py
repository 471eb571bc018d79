"""Reorganisations of the tree as the cycles see them (semantics §8): open cycles keep their tree, and the people their work."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import BinaryIO

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q

from reports.domain.workflow import State
from reports.models import (
    Cycle,
    PaperStyle,
    Report,
    ReportQuerySet,
    Selection,
    SelectionCandidate,
    SelectionChoice,
    SkilfulModel,
    SkilfulModelEntry,
)
from reports.services import handing_over
from units import reorganising, tree
from units.bulk import Among
from units.locks import hold
from units.models import Membership, Reorganisation, Succession, Unit
from units.problems import Problem, Problems, gettext_noop
from units.reach import User
from units.reorganising import Change, Kind, Reorganised, Roles
from units.successions import read_successions

_DONE = (State.ACCEPTED.value, State.EXEMPT.value)


class UsesInCycles:
    """What cycles and reports know of units (`units.reorganising.Uses`)."""

    def reported_before(self, day: date, unit_ids: Collection[int]) -> set[int]:
        found = _of(unit_ids).filter(cycle__reference_day__lt=day)
        return set(found.values_list("unit_id", flat=True))

    def with_open_work(self, unit_ids: Collection[int]) -> set[int]:
        return set(open_work(unit_ids).values_list("unit_id", flat=True))

    def opened_on(self, day: date, unit_ids: Collection[int], since: datetime | None = None) -> list[str]:
        found = _of(unit_ids).filter(cycle__reference_day__gte=day)
        if since is not None:
            found = found.filter(cycle__opened_at__gte=since)
        return list(found.order_by("cycle__code").values_list("cycle__code", flat=True).distinct())

    def set_up_on(self, reorganisation: Reorganisation, made: Collection[int]) -> list[Problem]:
        return [*_cycles_planned_on(made), *_selections_on(made), *_kept_by(reorganisation, made)]


USES = UsesInCycles()


def _cycles_planned_on(made: Collection[int]) -> Iterator[Problem]:
    units = Unit.objects.filter(Among("pk", made)).order_by().values("pk")
    planned = Cycle.objects.filter(Q(units__in=units) | Q(left_out__in=units), state=Cycle.State.PLANNED)
    for code in planned.order_by("code").values_list("code", flat=True).distinct():
        yield Problem(gettext_noop("The planned cycle %(code)s names units that this made; change or delete it first."), {"code": code})


def _selections_on(made: Collection[int]) -> Iterator[Problem]:
    units = Unit.objects.filter(Among("pk", made)).order_by().values("pk")
    chosen = SelectionCandidate.objects.filter(unit__in=units).order_by().values("choice__selection_id")
    choosing = SelectionChoice.objects.filter(unit__in=units).order_by().values("selection_id")
    found = Selection.objects.filter(Q(units__in=units) | Q(pk__in=chosen) | Q(pk__in=choosing))
    for name in found.order_by("name").values_list("name", flat=True).distinct():
        yield Problem(gettext_noop("The selection “%(name)s” is about units that this made; change or delete it first."), {"name": name})


def _kept_by(reorganisation: Reorganisation, made: Collection[int]) -> Iterator[Problem]:
    """What the new units have of their own: models that were registered there, and how their papers look."""
    came = SkilfulModelEntry.objects.filter(reorganisation=reorganisation).order_by().values("model_id")
    for model in SkilfulModel.objects.filter(Among("unit_id", made)).exclude(pk__in=came).select_related("unit"):
        message = gettext_noop("The model “%(model)s” was registered at %(unit)s, which this made.")
        yield Problem(message, {"model": model.name, "unit": model.unit.name})
    for style in PaperStyle.objects.filter(Among("unit_id", made)).select_related("unit"):
        yield Problem(gettext_noop("What the papers of %(unit)s say would be lost; delete it first."), {"unit": style.unit.name})


def open_work(unit_ids: Collection[int]) -> ReportQuerySet:
    """The reports of these units in open cycles that wait for their people: to be handed in, or with one below to be reviewed."""
    below = Report.objects.filter(superior_id=OuterRef("pk")).exclude(state__in=_DONE)
    waiting = ~Q(state__in=_DONE) | Exists(below)
    return _of(unit_ids).filter(waiting, cycle__state=Cycle.State.OPEN)


def _of(unit_ids: Collection[int]) -> ReportQuerySet:
    return Report.objects.filter(Among("unit_id", unit_ids)).order_by()


def reorganise_by_file(source: BinaryIO, *, by: User, at: datetime, roles: Roles, summary: str = "") -> Reorganised:
    """Record the file's successions. Raises Refused with every problem and changes nothing."""
    problems = Problems()
    links = read_successions(source, problems)
    return reorganise(Change(Kind.FILE, links, summary=summary), by=by, at=at, roles=roles, problems=problems)


def reorganise(change: Change, *, by: User, at: datetime, roles: Roles, problems: Problems | None = None) -> Reorganised:
    """Carry the change out; no report and no cycle changes by it. Raises Refused with every problem."""
    with transaction.atomic():
        done = reorganising.reorganise(change, by=by, at=at, uses=USES, roles=roles, problems=problems)
        if done.recorded:
            handing_over.hand_over(done.recorded, by=by, at=at)
        return done


def undo(reorganisation: Reorganisation, *, by: User, at: datetime) -> None:
    """Take it back. Raises Refused once a cycle was opened on it."""
    with transaction.atomic():
        hold(tree.LOCK)
        handing_over.take_back(reorganisation, by=by, at=at)
        reorganising.undo(reorganisation, by=by, at=at, uses=USES)


def hindrances(reorganisation: Reorganisation) -> Problems:
    """Why it can't be taken back (any more); nothing where it can."""
    return reorganising.hindrances(reorganisation, USES)


# --- Before it is confirmed ------------------------------------------------------------------------

#: how many units and people a preview names
NAMED = 100


@dataclass(frozen=True, slots=True)
class Person:
    """What becomes of one role: `at` are the units at which it is given, `stays` whether it is kept at `unit`."""

    user: str
    role: str
    unit: str
    at: list[str]
    stays: bool


@dataclass(frozen=True, slots=True)
class CycleTouched:
    """A cycle that units of the reorganisation are in: with so many reports, of which so many wait for their people."""

    cycle: Cycle
    reports: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What a reorganisation would change, for whom, and which open cycles keep their tree. Lists name the first; counts are of all."""

    successions: list[Succession]
    succession_count: int
    ended: list[Unit]
    ended_count: int
    people: list[Person]
    person_count: int
    cycles: list[CycleTouched]
    planned: list[Cycle]
    selections: list[Selection]
    models_going: int
    models_staying: list[SkilfulModel]
    models_staying_count: int


def preview(change: Change, *, by: User, at: datetime, roles: Roles) -> Preview:
    """Carry the change out, look at what it did, and take it back: nothing is written. Raises Refused with every problem."""
    with transaction.atomic():
        done = reorganise(change, by=by, at=at, roles=roles)
        found = _effects(done, roles)
        transaction.set_rollback(True)
    return found


def _effects(done: Reorganised, roles: Roles) -> Preview:
    successions = Succession.objects.filter(reorganisation=done.recorded).select_related("predecessor__parent", "successor__parent")
    pairs = list(successions.values_list("predecessor_id", "successor__name"))
    old = {predecessor for predecessor, _name in pairs}
    ending = {int(pk) for pk in done.before.last_days}
    ended = Unit.objects.filter(Among("pk", ending - old))
    people = _people(done, pairs, old | ending, roles)
    gone = ended | Unit.objects.filter(Among("pk", old))
    models = handing_over.staying(done.recorded) if done.recorded else SkilfulModel.objects.none()
    return Preview(
        list(successions[:NAMED]),
        len(pairs),
        list(ended.select_related("parent")[:NAMED]),
        len(ending - old),
        people[:NAMED],
        len(people),
        _cycles_touched(old | ending),
        list(Cycle.objects.filter(state=Cycle.State.PLANNED, units__in=gone).distinct()),
        list(Selection.objects.filter(state=Selection.State.PLANNED, units__in=gone).distinct()),
        SkilfulModelEntry.objects.filter(reorganisation=done.recorded).count() if done.recorded else 0,
        list(models.select_related("unit")[:NAMED]),
        models.count(),
    )


def _people(done: Reorganised, pairs: Sequence[tuple[int, str]], units: Collection[int], roles: Roles) -> list[Person]:
    heirs: dict[int, list[str]] = {}
    for predecessor, name in pairs if roles != Roles.KEEP else ():
        heirs.setdefault(predecessor, []).append(name)
    kept = Membership.objects.filter(Among("unit_id", units)).select_related("user", "unit")
    labels = dict(Membership.Role.choices)
    found = [Person(str(row.user), str(labels[row.role]), row.unit.name, heirs.get(row.unit_id, []), True) for row in kept]
    users = get_user_model().objects.in_bulk([user for user, _unit, _role in done.before.roles_taken])
    names = Unit.objects.in_bulk([unit for _user, unit, _role in done.before.roles_taken])
    for user, unit, role in done.before.roles_taken:
        found.append(Person(str(users[user]), str(labels[role]), names[unit].name, heirs.get(unit, []), False))
    return sorted(found, key=lambda person: (person.unit, person.user, person.role))


def _cycles_touched(units: Collection[int]) -> list[CycleTouched]:
    in_cycles = _of(units).filter(cycle__state=Cycle.State.OPEN)
    reports = dict(in_cycles.values_list("cycle").annotate(Count("pk")))
    waiting = dict(open_work(units).values_list("cycle").annotate(Count("pk")))
    cycles = Cycle.objects.filter(pk__in=reports).select_related("version__template")
    return [CycleTouched(cycle, reports[cycle.pk], waiting.get(cycle.pk, 0)) for cycle in cycles]
