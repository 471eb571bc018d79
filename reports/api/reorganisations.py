"""Reorganisations of the tree as of a day, for superusers: tried, recorded, undone (docs/reorganising.md). Files of them are a table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Schema
from pydantic import Field

from accounts.models import Scope
from reports.api.door import SUPERUSER, Resource
from reports.api.paging import Page, Pages, page_of
from reports.api.problems import Detail, details, not_found, untimely
from reports.api.words import Day, DryRun, Given, Id, Row, UnitShown, Word, one_of, unit_shown
from reports.services import handing_over, reorganising
from reports.services.reorganising import NAMED, Preview
from units import redrawing, tree
from units.models import Level, Reorganisation, Succession, Unit
from units.problems import Problem, Refused, gettext_noop
from units.redrawing import Part
from units.reorganising import Change

reorganisations = Resource("Configuration: reorganisations")

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
OfficialCode = Annotated[str, Field(max_length=20, pattern=r"^[^\x00]*$")]
Share = Annotated[str, Field(pattern=r"^(?:1|0\.[0-9]{0,5}[1-9])$", examples=["0.25"])]
Uids = Annotated[list[Word], Field(min_length=1, max_length=1000)]
RolesBecome = Annotated[Reorganisation.Roles, one_of(Reorganisation.Roles)]


class Redrawing(Given):
    """`on` is the first day of what is new. `roles`: what becomes of people's roles at the old units."""

    on: Day
    roles: RolesBecome = Reorganisation.Roles.COPY


class Merging(Redrawing):
    """These units become one, under `superior` (a uid; null: at the top)."""

    units: Uids
    name: Name
    code: OfficialCode = ""
    level: Word
    superior: Word | None = None


class SplitPart(Given):
    """A unit that a split makes; its share of the old one (null: nobody says it), and the units directly below that go to it."""

    name: Name
    code: OfficialCode = ""
    share: Share | None = None
    units: Annotated[list[Word], Field(max_length=1000)] = []


class Splitting(Redrawing):
    unit: Word
    parts: Annotated[list[SplitPart], Field(min_length=2, max_length=20)]


class Moving(Redrawing):
    unit: Word
    superior: Word | None = None


class Renaming(Redrawing):
    """Without `code` it keeps the one that it has."""

    unit: Word
    name: Name
    code: OfficialCode = ""


class Abolishing(Redrawing):
    units: Uids


class SuccessionShown(Schema):
    predecessor: UnitShown
    successor_uid: str
    successor: str
    effective_on: date
    share: str | None


class PersonTouched(Schema):
    """What becomes of one role: `at` are the units at which it is given, `stays` whether it is kept at `unit`."""

    user: str
    role: str
    unit: str
    at: list[str]
    stays: bool


class CycleTouchedShown(Schema):
    """An open cycle with reports of these units, which keeps its tree; `waiting` of them wait for their people."""

    cycle: str
    reports: int
    waiting: int


class Effects(Schema):
    """What it would change. Lists name the first hundred; counts are of all."""

    successions: list[SuccessionShown]
    succession_count: int
    ended: list[UnitShown]
    ended_count: int
    people: list[PersonTouched]
    person_count: int
    cycles: list[CycleTouchedShown]
    planned_cycles: list[str]
    planned_selections: list[str]
    models_going: int
    models_staying: int


class ReorganisationBrief(Schema):
    id: int
    kind: Annotated[Reorganisation.Kind, one_of(Reorganisation.Kind)]
    effective_on: date
    summary: str
    roles: RolesBecome
    at: datetime
    by: str
    undone_at: datetime | None


class StayingModel(Schema):
    """A model of a unit that ended, and the uids of those to which it may be handed over."""

    id: int
    name: str
    unit: UnitShown
    may_go_to: list[str]


class ReorganisationShown(ReorganisationBrief):
    """`hindrances`: why it can't be undone. Lists name the first hundred."""

    successions: list[SuccessionShown]
    succession_count: int
    hindrances: list[Detail]
    staying: list[StayingModel]
    staying_count: int


class Redrawn(Schema):
    """`effects` where it was only tried (`dry_run`), else the `reorganisation` that was recorded."""

    effects: Effects | None
    reorganisation: ReorganisationShown | None


class HandedOver(Given):
    model: Row
    to: Word


class ModelsToHandOver(Given):
    models: Annotated[list[HandedOver], Field(min_length=1, max_length=1000)]


class ModelsHandedOver(Schema):
    models: int


@reorganisations.get("/configuration/reorganisations", Page[ReorganisationBrief], Scope.CONFIGURE, permits=[SUPERUSER])
def listed(request: HttpRequest, paging: Pages) -> dict[str, Any]:
    """The reorganisations that were recorded."""
    return page_of(Reorganisation.objects.select_related("by"), paging, _brief)


@reorganisations.post("/configuration/reorganisations/merge", Redrawn, Scope.CONFIGURE, permits=[SUPERUSER])
def merge(request: HttpRequest, sent: Merging, dry_run: DryRun = False) -> dict[str, Any]:
    """Let several units become one."""
    level = Level.objects.of_territory().filter(code=sent.level).first()
    if level is None:
        raise Refused(Problem(gettext_noop("There is no “%(code)s” here."), {"code": sent.level}, column="level"))
    superior = _unit(sent.superior)

    def change() -> Change:
        units = tree.units_named(sent.units)
        return redrawing.merged(units, sent.on, name=sent.name, code=sent.code, level=level, superior=superior)

    return _redrawn(request, sent, change, dry_run=dry_run)


@reorganisations.post("/configuration/reorganisations/split", Redrawn, Scope.CONFIGURE, permits=[SUPERUSER])
def split(request: HttpRequest, sent: Splitting, dry_run: DryRun = False) -> dict[str, Any]:
    """Let a unit become several; every unit directly below goes to one of them."""
    parts = [
        Part(part.name, part.code, None if part.share is None else Decimal(part.share), [unit.pk for unit in tree.units_named(part.units)])
        for part in sent.parts
    ]
    return _redrawn(request, sent, lambda: redrawing.split(_named(sent.unit), sent.on, parts), dry_run=dry_run)


@reorganisations.post("/configuration/reorganisations/move", Redrawn, Scope.CONFIGURE, permits=[SUPERUSER])
def move(request: HttpRequest, sent: Moving, dry_run: DryRun = False) -> dict[str, Any]:
    """Put a unit under another superior as of a day."""
    return _redrawn(request, sent, lambda: redrawing.moved(_named(sent.unit), sent.on, _unit(sent.superior)), dry_run=dry_run)


@reorganisations.post("/configuration/reorganisations/rename", Redrawn, Scope.CONFIGURE, permits=[SUPERUSER])
def rename(request: HttpRequest, sent: Renaming, dry_run: DryRun = False) -> dict[str, Any]:
    """Call a unit otherwise as of a day."""
    unit = _named(sent.unit)
    return _redrawn(request, sent, lambda: redrawing.renamed(unit, sent.on, name=sent.name, code=sent.code or unit.code), dry_run=dry_run)


@reorganisations.post("/configuration/reorganisations/abolish", Redrawn, Scope.CONFIGURE, permits=[SUPERUSER])
def abolish(request: HttpRequest, sent: Abolishing, dry_run: DryRun = False) -> dict[str, Any]:
    """Let units end, with all that is below them, without successor."""
    return _redrawn(request, sent, lambda: redrawing.abolished(tree.units_named(sent.units), sent.on), dry_run=dry_run)


@reorganisations.get("/configuration/reorganisations/{reorganisation_id}", ReorganisationShown, Scope.CONFIGURE, permits=[SUPERUSER])
def one(request: HttpRequest, reorganisation_id: Id) -> dict[str, Any]:
    """What one did, and whether it can be undone."""
    return _whole(_one(reorganisation_id))


@reorganisations.post("/configuration/reorganisations/{reorganisation_id}/undo", ReorganisationShown, Scope.CONFIGURE, permits=[SUPERUSER])
def undo(request: HttpRequest, reorganisation_id: Id) -> dict[str, Any]:
    """Take it back: everything stands as it stood before. Not once a cycle was opened on it."""
    found = _one(reorganisation_id)
    with untimely():
        reorganising.undo(found, by=_actor(request), at=timezone.now())
    return _whole(found)


@reorganisations.post("/configuration/reorganisations/{reorganisation_id}/models", ModelsHandedOver, Scope.CONFIGURE, permits=[SUPERUSER])
def hand_over(request: HttpRequest, reorganisation_id: Id, sent: ModelsToHandOver) -> dict[str, int]:
    """Let models that stayed with a unit that ended go to one of its successors."""
    found = _one(reorganisation_id)
    successors = {unit.uid: unit.pk for unit in tree.units_named([each.to for each in sent.models])}
    chosen = {each.model: successors[each.to] for each in sent.models}
    return {"models": handing_over.hand_over_as_chosen(found, chosen, by=_actor(request), at=timezone.now())}


# --- Together ---------------------------------------------------------------------------------------


def _actor(request: HttpRequest) -> Any:
    return request.user


def _one(reorganisation_id: int) -> Reorganisation:
    found = Reorganisation.objects.select_related("by").filter(pk=reorganisation_id).first()
    if found is None:
        raise not_found()
    return found


def _named(uid: str) -> Unit:
    return tree.units_named([uid])[0]


def _unit(uid: str | None) -> Unit | None:
    return None if uid is None else _named(uid)


def _redrawn(request: HttpRequest, sent: Redrawing, change: Callable[[], Change], *, dry_run: bool) -> dict[str, Any]:
    at, by = timezone.now(), _actor(request)
    if dry_run:
        return {"effects": _effects(reorganising.preview(change(), by=by, at=at, roles=sent.roles)), "reorganisation": None}
    done = reorganising.reorganise(change(), by=by, at=at, roles=sent.roles)
    return {"effects": None, "reorganisation": _whole(done.recorded) if done.recorded else None}


def _effects(found: Preview) -> dict[str, Any]:
    counts = ("succession_count", "ended_count", "person_count", "models_going")
    return {name: getattr(found, name) for name in counts} | {
        "successions": [_succession(row) for row in found.successions],
        "ended": [unit_shown(unit) for unit in found.ended],
        "people": [{name: getattr(each, name) for name in ("user", "role", "unit", "at", "stays")} for each in found.people],
        "cycles": [{"cycle": each.cycle.code, "reports": each.reports, "waiting": each.waiting} for each in found.cycles],
        "planned_cycles": [cycle.code for cycle in found.planned],
        "planned_selections": [selection.code for selection in found.selections],
        "models_staying": found.models_staying_count,
    }


def _succession(row: Succession) -> dict[str, Any]:
    share = None if row.share is None else format(row.share.normalize(), "f")
    successor = {"successor_uid": row.successor.uid, "successor": row.successor.name}
    return {"predecessor": unit_shown(row.predecessor), "effective_on": row.effective_on, "share": share} | successor


def _brief(found: Reorganisation) -> dict[str, Any]:
    fields = ("kind", "effective_on", "summary", "roles", "at", "undone_at")
    return {"id": found.pk, "by": str(found.by or "")} | {name: getattr(found, name) for name in fields}


def _whole(found: Reorganisation) -> dict[str, Any]:
    successions = found.successions.select_related("predecessor", "successor")
    staying = handing_over.staying(found).select_related("unit")
    shown = [] if found.is_undone else list(staying[:NAMED])
    ways = handing_over.choices_for(shown, found)
    return _brief(found) | {
        "successions": [_succession(row) for row in successions[:NAMED]],
        "succession_count": successions.count(),
        "hindrances": details(reorganising.hindrances(found)),
        "staying": [
            {"id": each.pk, "name": each.name, "unit": unit_shown(each.unit), "may_go_to": [way.successor.uid for way in ways[each.pk]]}
            for each in shown
        ],
        "staying_count": 0 if found.is_undone else staying.count(),
    }
