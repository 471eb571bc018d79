"""Too many wrong passwords: an account, and an address, are shut for a while. django-axes counts; what counts is said here."""

from __future__ import annotations

from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_client_username
from axes.models import AccessAttempt
from axes.utils import reset
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import ngettext

from accounts.signing_in import ways_in

#: what a lock answers with: too many requests
LOCKED = 429


class Handler(AxesDatabaseHandler):
    """Shuts an account after `failures` in a row, and an address after more: behind one address a whole office may sit.

    One's own success forgives the failures of one's own account, and never those of others from the same address: who has an account
    could otherwise go on trying another's for ever.
    """

    def is_locked(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        by_account, by_address = (
            attempts.aggregate(sum=Sum("failures_since_start"))["sum"] or 0 for attempts in self.get_user_attempts(request, credentials)
        )
        return by_account >= settings.SIGN_IN_FAILURES or by_address >= settings.SIGN_IN_FAILURES_OF_ADDRESS

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """As many as lock, or none: axes holds it against one limit, and there are two."""
        return settings.SIGN_IN_FAILURES if self.is_locked(request, credentials) else 0

    def reset_user_attempts(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        return AccessAttempt.objects.filter(username=get_client_username(request, credentials)).delete()[0]


def folded(request: HttpRequest, credentials: dict[str, Any] | None) -> str:
    """The account that is tried, whatever the case it is written in, and no longer than a user name may be."""
    given = (credentials or {}).get("username") or request.POST.get("username", "")
    return str(given).strip().casefold()[:150]


def refuse(request: HttpRequest, *args: Any) -> HttpResponse:
    """The page of signing in, which says that it is shut and for how long. It doesn't say whether there is such an account."""
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    said = ngettext(
        "Too many failed attempts. Try again in %(minutes)d minute, or ask your administrator.",
        "Too many failed attempts. Try again in %(minutes)d minutes, or ask your administrator.",
        minutes,
    )
    form = AuthenticationForm(request)
    context = {"form": form, "locked": said % {"minutes": minutes}, **ways_in()}
    return render(request, "registration/login.html", context, status=LOCKED)


def unlock(username: str) -> int:
    """Forget the failures of an account. Returns how many rows there were."""
    return int(reset(username=username.casefold()))
