"""When a session ends by itself: after a time in which its owner did nothing, or when the account is not the same any more."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

#: seconds after which it is written down anew that somebody is there: not with each request
_NOTED_EVERY = 60
_SEEN, _ACCOUNT = "seen", "account"


def begin(sender: Any, request: HttpRequest, user: AbstractBaseUser, **kwargs: Any) -> None:
    """Note when, and as what, somebody signed in."""
    request.session[_SEEN] = int(time.time())
    request.session[_ACCOUNT] = account_as_it_is(user)


def account_as_it_is(user: Any) -> str:
    """What ends the account's sessions when it changes. The password does so by Django's own means."""
    standing = f"{user.get_username()}\n{user.is_staff}\n{user.is_superuser}"
    return salted_hmac("accounts.sessions", standing, algorithm="sha256").hexdigest()[:32]


def patience_with(user: Any) -> int:
    """Seconds that this user's session lasts without a request: who configures is given less."""
    return int(settings.IDLE_MINUTES_CONFIGURING if user.is_staff else settings.IDLE_MINUTES) * 60


def end_sessions(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Sign out whoever was away for too long, or whose account has changed; whoever isn't stays."""

    def guarded(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            _look(request)
        return get_response(request)

    return guarded


def _look(request: HttpRequest) -> None:
    idle = int(time.time()) - int(request.session.get(_SEEN, 0))
    if idle > patience_with(request.user):
        logout(request)
        messages.info(request, _("You were signed out because nothing was done for a while. Sign in again to go on."))
    elif request.session.get(_ACCOUNT) != account_as_it_is(request.user):
        logout(request)
        messages.info(request, _("You were signed out because your account was changed. Sign in again to go on."))
    elif idle >= _NOTED_EVERY:
        request.session[_SEEN] = int(time.time())
