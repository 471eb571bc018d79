"""Units as administrators see them: those of a superuser are all; moved and deleted where the record is wrong. Adding is a table."""

from __future__ import annotations

from typing import Annotated, Any

from django.db.models import ProtectedError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Query

from accounts.models import Scope
from reports.api.door import SUPERUSER, Resource
from reports.api.paging import Page, Pages, page_of
from reports.api.problems import Trouble, not_found, untimely
from reports.api.units import UnitsSought, UnitWhole, narrowed, whole
from reports.api.words import Code, Given, Word
from reports.policies import configurer
from units import tree
from units.models import Unit
from units.reach import units_in_reach

unit_tree = Resource("Configuration: units")


class UnderWhom(Given):
    """The uid of the superior; null makes it a root."""

    superior: Word | None


@unit_tree.get("/configuration/units", Page[UnitWhole], Scope.CONFIGURE, permits=["units.view_unit"])
def listed(request: HttpRequest, sought: Annotated[UnitsSought, Query()], paging: Pages) -> dict[str, Any]:
    """The units that the administrator sees: all of them for a superuser, else those of today's tree in reach."""
    return page_of(narrowed(units_in_reach(configurer(request.user)), sought), paging, whole)


@unit_tree.post("/configuration/units/{uid}/move", UnitWhole, Scope.CONFIGURE, permits=[SUPERUSER])
def move(request: HttpRequest, uid: Code, sent: UnderWhom) -> dict[str, Any]:
    """Correct under whom a unit stands, without a day and without succession; a real change is a reorganisation."""
    unit = _one(uid)
    superior = tree.units_named([sent.superior])[0] if sent.superior is not None else None
    with untimely():
        tree.move(unit, superior)
    return whole(_one(uid))


@unit_tree.delete("/configuration/units/{uid}", Scope.CONFIGURE, permits=[SUPERUSER])
def delete(request: HttpRequest, uid: Code) -> None:
    """Delete a unit that nothing refers to; any other one ends."""
    try:
        tree.delete(_one(uid))
    except ProtectedError as error:
        raise Trouble(409, "untimely", _("Something refers to this unit; end its validity instead.")) from error


def _one(uid: str) -> Unit:
    found = Unit.objects.select_related("level", "parent").filter(uid=uid).first()
    if found is None:
        raise not_found()
    return found
