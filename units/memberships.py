"""People's roles at units, one at a time (semantics §9): given, and ended."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from units.models import Membership, Unit
from units.problems import Problem, Refused, gettext_noop


def give(user_id: int, unit: Unit, role: str) -> Membership:
    """Let the user have this role at the unit. Raises Refused where they have it already."""
    try:
        with transaction.atomic():
            return Membership.objects.create(user_id=user_id, unit=unit, role=role)
    except IntegrityError as error:
        raise Refused(Problem(gettext_noop("This membership is recorded already."))) from error


def end(membership: Membership) -> None:
    """Take the role away."""
    membership.delete()
