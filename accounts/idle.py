"""Accounts that nobody uses are shut: what nobody misses is what a stranger may use unnoticed."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Q
from django.db.models.functions import Coalesce

from accounts.models import ApiToken, Scope


def disable_idle(at: datetime) -> list[str]:
    """Disable the accounts that nobody signed in to, and no program used, for `IDLE_DAYS`, or since they were made; their names.

    A calendar that asks for due days by itself, for years after its owner has left, is no use of an account. The last administrator
    stays: somebody has to be able to open the others again. With `IDLE_DAYS` 0 nothing is disabled.
    """
    if not settings.IDLE_DAYS:
        return []
    active = User.objects.filter(is_active=True).annotate(used_at=Coalesce("last_login", "date_joined"))
    stays = active.filter(is_superuser=True).order_by("-used_at", "pk").values_list("pk", flat=True).first()
    since = at - timedelta(days=settings.IDLE_DAYS)
    by_programs = ApiToken.objects.filter(last_used_at__gte=since).exclude(scopes=[Scope.CALENDAR.value]).values("user_id")
    idle = active.filter(~Q(pk=stays), used_at__lt=since).exclude(pk__in=by_programs).order_by("username")
    names = dict(idle.values_list("pk", "username"))
    User.objects.filter(pk__in=names).update(is_active=False)
    return list(names.values())
