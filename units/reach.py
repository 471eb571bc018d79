"""Which units a user reads: those of their memberships and everything below them, along today's tree (semantics §9)."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import QuerySet

from units import tree
from units.models import Membership, Unit, UnitQuerySet

#: None stands for the system, which reads everything
User = AbstractBaseUser | AnonymousUser | None


def units_in_reach(user: User) -> UnitQuerySet:
    """The units that the user may read."""
    return Unit.objects.all() if user is None else units_at_and_below(units_served(user))


def units_at_and_below(unit_ids: Iterable[int]) -> UnitQuerySet:
    return Unit.objects.filter(tree.scope(Unit.objects.filter(pk__in=list(unit_ids))))


def units_served(user: User, *roles: str) -> list[int]:
    """The units in which the user has one of these roles; without any, in which they have a role at all."""
    memberships = memberships_of(user)
    if roles:
        memberships = memberships.filter(role__in=roles)
    return list(memberships.values_list("unit_id", flat=True).distinct())


def memberships_of(user: User) -> QuerySet[Membership]:
    """What a user is where. Of one for whom a program acts that is narrowed to a unit (`narrowed_to`, its id), what they are there."""
    if user is None or user.pk is None or not user.is_active:
        return Membership.objects.none()
    narrowed_to = getattr(user, "narrowed_to", None)
    memberships = Membership.objects.filter(user_id=user.pk)
    return memberships if narrowed_to is None else memberships.filter(unit_id=narrowed_to)
