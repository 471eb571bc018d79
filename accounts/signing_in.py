"""From a proven name to a session: at once, or by the digits of a second factor."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django_otp import login as verified_by

from accounts import openid, second_factor

#: between the first step and the digits: who has proven what, by which backend, when, and where they wanted to go
_HALF = "signing-in"
#: seconds that one has for the digits
HALF_LASTS = 300


def ways_in() -> dict[str, Any]:
    """What the page of signing in offers: the provider by its name, and passwords, unless they are the emergency's alone."""
    return {"provider": openid.name() if openid.is_configured() else "", "by_password": settings.PASSWORD_SIGN_IN}


def let_in(request: HttpRequest, user: Any, following: str, *, id_token: str = "", is_strong: bool = False) -> HttpResponse:
    """Sign in whoever has just been authenticated, and lead them on; whoever has a second factor is nobody until it is given.

    `id_token` and `is_strong` are the identity provider's: its token, and whether it asked for a second factor itself.
    """
    if second_factor.has_second_factor(user) and not is_strong:
        request.session.flush()
        request.session[_HALF] = {
            "user": user.pk,
            "backend": user.backend,
            "at": time.time(),
            "next": following,
            "password": user.get_session_auth_hash(),
            "id_token": id_token,
        }
        return redirect("accounts:second-step")
    _sign_in(request, user, user.backend, id_token)
    if is_strong:
        second_factor.was_given_elsewhere(request)
    return redirect(following or settings.LOGIN_REDIRECT_URL)


def asked_for_digits(request: HttpRequest) -> User | None:
    """Who is to give digits: whoever is signed in, or is between the two steps.

    None where that took too long, or where the account was changed or shut meanwhile.
    """
    if request.user.is_authenticated:
        return request.user
    half = request.session.get(_HALF)
    if half is None or not 0 <= time.time() - half["at"] <= HALF_LASTS:
        return None
    user = User.objects.filter(pk=half["user"], is_active=True).first()
    return user if user is not None and user.get_session_auth_hash() == half["password"] else None


def give_up(request: HttpRequest) -> None:
    request.session.pop(_HALF, None)


def digits_given(request: HttpRequest, user: User, device: Any) -> HttpResponse:
    """The second step is done: sign in whoever was between the two, and lead them on."""
    half = request.session.get(_HALF)
    following = within(request, request.GET.get("next", ""))
    if half is not None:
        _sign_in(request, user, half["backend"], half["id_token"])
        give_up(request)
        following = half["next"]
    verified_by(request, device)
    return redirect(following or settings.LOGIN_REDIRECT_URL)


def _sign_in(request: HttpRequest, user: Any, backend: str, id_token: str) -> None:
    login(request, user, backend=backend)
    if id_token:
        openid.remember(request, id_token)


def within(request: HttpRequest, address: str) -> str:
    """The address, where it leads to this site; nothing where it doesn't."""
    safe = url_has_allowed_host_and_scheme(address, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return address if safe else ""
