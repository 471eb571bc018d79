"""The units in reach, and what they were made of and became."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Schema

from reports import policies
from reports.api import reach
from reports.api.door import Resource
from reports.api.paging import Page, Pages, page_of
from reports.api.words import Code, Day, UnitShown, Word, one_of, unit_shown
from units import tree
from units.kinship import kinship
from units.models import Level, Succession, Unit, UnitQuerySet

units = Resource("Units")


class LevelShown(Schema):
    code: str
    name: str
    rank: int


class UnitWhole(UnitShown):
    name_en: str
    code: str
    kind: Annotated[Unit.Kind, one_of(Unit.Kind)]
    level: str | None
    parent_uid: str | None
    valid_from: date | None
    valid_to: date | None


class Kin(Schema):
    """Of a reorganisation: the other unit, the day, and the share of the predecessor that went over; null where nobody has said."""

    unit: UnitShown
    is_in_reach: bool
    effective_on: date
    share: str | None


class UnitWithKin(UnitWhole):
    origins: list[Kin]
    successions: list[Kin]


class UnitsSought(Schema):
    """What narrows the units; what is left out doesn't."""

    text: Annotated[Word | None, Query(description="In its name or a predecessor's, marks and case aside; or its uid or code")] = None
    under: Annotated[Word | None, Query(description="A uid: this unit and all below it, along today's tree")] = None
    level: Word | None = None
    on: Annotated[Day | None, Query(description="Units that exist on this day")] = None


@units.get("/levels", list[LevelShown])
def levels(request: HttpRequest) -> list[dict[str, Any]]:
    """The ranks of the tree, the highest first."""
    return [{"code": level.code, "name": str(level), "rank": level.rank} for level in Level.objects.all()]


@units.get("/units", Page[UnitWhole])
def listed(request: HttpRequest, sought: Annotated[UnitsSought, Query()], paging: Pages) -> dict[str, Any]:
    """The units in reach."""
    return page_of(narrowed(policies.units_to_read(reach.user_of(request)), sought), paging, whole)


def narrowed(rows: UnitQuerySet, sought: UnitsSought) -> UnitQuerySet:
    """Those of the units that were asked for."""
    if sought.text:
        rows = rows.matching(sought.text)
    if sought.under:
        rows = rows.filter(tree.scope(Unit.objects.filter(uid=sought.under)))
    if sought.level:
        rows = rows.filter(level__code=sought.level)
    return (rows.valid_on(sought.on) if sought.on else rows).select_related("level", "parent")


@units.get("/units/{uid}", UnitWithKin)
def one(request: HttpRequest, uid: Code) -> dict[str, Any]:
    """A unit with its kin: what it was made of, and what became of it."""
    unit = reach.unit(request, uid)
    kin = kinship(unit)
    others = {row.predecessor_id for row in kin.origins} | {row.successor_id for row in kin.successions}
    known = set(policies.units_to_read(reach.user_of(request)).filter(pk__in=others).values_list("pk", flat=True))
    return whole(unit) | {
        "origins": [_kin(row, row.predecessor, known) for row in kin.origins],
        "successions": [_kin(row, row.successor, known) for row in kin.successions],
    }


def whole(unit: Unit) -> dict[str, Any]:
    return unit_shown(unit) | {
        "name_en": unit.name_en,
        "code": unit.code,
        "kind": unit.kind,
        "level": unit.level.code if unit.level else None,
        "parent_uid": unit.parent.uid if unit.parent else None,
        "valid_from": unit.valid_from,
        "valid_to": unit.valid_to,
    }


def _kin(row: Succession, other: Unit, known: set[int]) -> dict[str, Any]:
    share = None if row.share is None else format(row.share.normalize(), "f")
    return {"unit": unit_shown(other), "is_in_reach": other.pk in known, "effective_on": row.effective_on, "share": share}
