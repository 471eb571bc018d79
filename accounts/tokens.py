"""Access tokens of programs: made once, shown once, kept as a digest, and revoked (docs/api.md)."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from accounts.models import ApiToken, Scope
from units.models import Unit
from units.reach import units_served

#: what a secret begins with, so that who looks for leaked ones finds them
PREFIX = "danvan_"
#: for how many days a token may be made
DAYS = (30, 90, 365)
#: how many good ones one user may have
MOST_EACH = 20
#: after which time it is written down anew that a token is used: not with each request
_NOTED_EVERY = timedelta(minutes=1)


def issue(user: Any, name: str, scopes: Collection[str], *, days: int, unit: Unit | None, at: datetime) -> tuple[ApiToken, str]:
    """A new token of the user, and its secret, which is nowhere to be had again."""
    secret = PREFIX + secrets.token_urlsafe(32)
    kept = [scope.value for scope in Scope if scope in scopes]
    expires_at = at + timedelta(days=days)
    token = ApiToken.objects.create(
        user=user, name=name, digest=_digest(secret), scopes=kept, unit=unit, created_at=at, expires_at=expires_at
    )
    return token, secret


def found(secret: str, at: datetime) -> ApiToken | None:
    """The token with this secret, with its user, where it is good and its user may sign in; it is noted that it is used."""
    token = ApiToken.objects.select_related("user").filter(digest=_digest(secret), user__is_active=True).first()
    if token is None or not token.is_good(at):
        return None
    if token.last_used_at is None or at - token.last_used_at >= _NOTED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=at)
    return token


def revoke(tokens: QuerySet[ApiToken], at: datetime) -> int:
    """End those of the tokens that are good; how many."""
    return tokens.filter(revoked_at__isnull=True).update(revoked_at=at)


def good_of(user: Any, at: datetime) -> QuerySet[ApiToken]:
    return ApiToken.objects.filter(user_id=user.pk, revoked_at__isnull=True, expires_at__gt=at).select_related("unit")


def units_of(user: Any) -> QuerySet[Unit]:
    """The units to which a token of the user may be narrowed."""
    return Unit.objects.filter(pk__in=units_served(user)).order_by("sort_key")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
