"""Reorganisations of the tree as the cycles see them (semantics §8): open cycles keep their tree, and the people their work."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import BinaryIO

from django.db.models import Exists, OuterRef, Q

from reports.domain.workflow import State
from reports.models import Cycle, Report, ReportQuerySet
from reports.models.bulk import Among
from units import reorganising
from units.models import Reorganisation
from units.problems import Problems
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


USES = UsesInCycles()


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
    return reorganising.reorganise(change, by=by, at=at, uses=USES, roles=roles, problems=problems)


def undo(reorganisation: Reorganisation, *, by: User, at: datetime) -> None:
    """Take it back. Raises Refused once a cycle was opened on it."""
    reorganising.undo(reorganisation, by=by, at=at, uses=USES)
