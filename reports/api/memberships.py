"""Who serves where, as administrators give and end it; whole lists of people are a table (reports/api/tables.py)."""

from __future__ import annotations

from typing import Annotated, Any

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Query, Schema

from accounts.models import Scope
from reports.api.door import SUPERUSER, Resource
from reports.api.paging import Page, Pages, page_of
from reports.api.problems import not_found, untimely
from reports.api.words import Given, Id, UnitShown, Word, one_of, unit_shown
from reports.policies import configurer
from units import memberships as service
from units.models import Membership, Unit
from units.problems import Problem, Problems, gettext_noop
from units.reach import units_in_reach

memberships = Resource("Configuration: people")

Role = Annotated[Membership.Role, one_of(Membership.Role)]


class MembershipShown(Schema):
    id: int
    username: str
    name: str
    is_active: bool
    unit: UnitShown
    role: Role


class MembershipsSought(Schema):
    """What narrows the memberships; what is left out doesn't."""

    username: Word | None = None
    unit: Annotated[Word | None, Query(description="A uid")] = None
    role: Role | None = None


class MembershipGiven(Given):
    username: Word
    unit: Word
    role: Role


@memberships.get("/configuration/memberships", Page[MembershipShown], Scope.CONFIGURE, permits=["units.view_membership"])
def listed(request: HttpRequest, sought: Annotated[MembershipsSought, Query()], paging: Pages) -> dict[str, Any]:
    """Who serves where, within reach."""
    narrowed = {"user__username": sought.username, "unit__uid": sought.unit, "role": sought.role}
    return page_of(_memberships(request).filter(**{name: value for name, value in narrowed.items() if value is not None}), paging, _shown)


@memberships.post("/configuration/memberships", MembershipShown, Scope.CONFIGURE, status=201, permits=[SUPERUSER])
def give(request: HttpRequest, sent: MembershipGiven) -> dict[str, Any]:
    """Let somebody serve at a unit."""
    problems = Problems()
    user, unit = User.objects.filter(username=sent.username).first(), Unit.objects.filter(uid=sent.unit).first()
    for column, found, named in (("username", user, sent.username), ("unit", unit, sent.unit)):
        if found is None:
            problems.add(Problem(gettext_noop("There is no “%(code)s” here."), {"code": named}, column=column))
    problems.refuse_if_any()
    with untimely():
        given = service.give(user.pk, unit, sent.role)  # type: ignore[union-attr]
    return _shown(_memberships(request).get(pk=given.pk))


@memberships.delete("/configuration/memberships/{membership_id}", Scope.CONFIGURE, permits=[SUPERUSER])
def end(request: HttpRequest, membership_id: Id) -> None:
    """End it; what was done in the role stays."""
    found = _memberships(request).filter(pk=membership_id).first()
    if found is None:
        raise not_found()
    service.end(found)


def _memberships(request: HttpRequest) -> QuerySet[Membership]:
    user = configurer(request.user)
    rows = Membership.objects.select_related("user", "unit")
    return rows if user is None else rows.filter(unit__in=units_in_reach(user).order_by().values("pk"))


def _shown(membership: Membership) -> dict[str, Any]:
    user: Any = membership.user
    words = {"id": membership.pk, "username": user.get_username(), "name": user.get_full_name(), "is_active": user.is_active}
    return words | {"unit": unit_shown(membership.unit), "role": membership.role}
