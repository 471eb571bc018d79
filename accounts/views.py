"""Signing in, in two steps where there is a second factor; one's own account; and taking an invitation up."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView, PasswordChangeView, PasswordResetConfirmView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse_lazy
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_otp import login as verified_by

from accounts import second_factor
from accounts.forms import DigitsForm, SecondStepForm

#: between password and digits: who gave the right password, by which backend, when, and where they wanted to go
_HALF = "signing-in"
#: seconds that one has for the digits
HALF_LASTS = 300


class SignIn(LoginView):
    """The first step. Whoever has a second factor is nobody until the second one is done."""

    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        user: Any = form.get_user()
        if not second_factor.has_second_factor(user):
            return super().form_valid(form)
        self.request.session.flush()
        self.request.session[_HALF] = {
            "user": user.pk,
            "backend": user.backend,
            "at": time.time(),
            "next": self.get_redirect_url(),
            "password": user.get_session_auth_hash(),
        }
        return redirect("accounts:second-step")


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def second_step(request: HttpRequest) -> HttpResponse:
    """Ask for the digits of whoever has just given the right password, or is signed in and goes where digits are asked for."""
    half = request.session.get(_HALF)
    user: Any = request.user if request.user.is_authenticated else _half_signed_in(half)
    if user is None or not second_factor.has_second_factor(user):
        request.session.pop(_HALF, None)
        return redirect(settings.LOGIN_URL)
    form = SecondStepForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        following = _within(request, request.GET.get("next", ""))
        if half is not None:
            login(request, user, backend=half["backend"])
            request.session.pop(_HALF, None)
            following = half["next"]
        verified_by(request, form.device)
        return redirect(following or settings.LOGIN_REDIRECT_URL)
    return render(request, "accounts/second_step.html", {"form": form})


def _half_signed_in(half: dict[str, Any] | None) -> User | None:
    """Who is between the two steps; None where it took too long, or where the account was changed or shut meanwhile."""
    if half is None or not 0 <= time.time() - half["at"] <= HALF_LASTS:
        return None
    user = User.objects.filter(pk=half["user"], is_active=True).first()
    return user if user is not None and user.get_session_auth_hash() == half["password"] else None


@login_required
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """One's own account: second factor, recovery codes, password."""
    context = {
        "has_second_factor": second_factor.has_second_factor(request.user),
        "codes_left": second_factor.codes_left(request.user),
        "is_asked_for": settings.SECOND_FACTOR and request.user.is_staff,
    }
    return render(request, "accounts/account.html", context)


@never_cache
@sensitive_post_parameters()
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def set_up_second_factor(request: HttpRequest) -> HttpResponse:
    """Show a key to an authenticator, and take it once its digits are right. Replacing one asks for a session that has proven it."""
    user: Any = request.user
    if second_factor.has_second_factor(user) and not user.is_verified():
        messages.error(request, _("Sign in with your second factor before you replace it."))
        return redirect("accounts:account")
    form = DigitsForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        codes = second_factor.set_up(request, form.cleaned_data["digits"])
        if codes:
            return render(request, "accounts/codes.html", {"codes": codes, "next": _within(request, request.POST.get("next", ""))})
        form.add_error("digits", _("These are not the digits shown now. The clock of your telephone has to be right."))
    device = second_factor.offered(request)
    context = {
        "form": form,
        "picture": second_factor.picture_of(device),
        "key": second_factor.spelt(device),
        "next": _within(request, request.POST.get("next") or request.GET.get("next", "")),
        "is_asked_for": second_factor.is_missing(request) and user.is_staff,
    }
    return render(request, "accounts/second_factor.html", context)


@never_cache
@require_POST
@login_required
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """New recovery codes in place of the former ones, shown this once."""
    user: Any = request.user
    if not user.is_verified():
        messages.error(request, _("Sign in with your second factor to get recovery codes."))
        return redirect("accounts:account")
    return render(request, "accounts/codes.html", {"codes": second_factor.new_codes(user), "next": ""})


class ChangePassword(PasswordChangeView):
    template_name = "accounts/password.html"
    success_url = reverse_lazy("accounts:account")

    def form_valid(self, form: Any) -> HttpResponse:
        messages.success(self.request, _("Your password is changed; sessions elsewhere have ended."))
        return super().form_valid(form)


class Invitation(PasswordResetConfirmView):
    """Who has the link chooses a password, once, and is signed in."""

    template_name = "accounts/invitation.html"
    title = gettext_lazy("Choose your password")
    post_reset_login = True
    post_reset_login_backend = "django.contrib.auth.backends.ModelBackend"

    def get_success_url(self) -> str:
        return resolve_url(settings.LOGIN_REDIRECT_URL)

    def form_valid(self, form: Any) -> HttpResponseRedirect:
        messages.success(self.request, _("Welcome. From now on sign in with your user name and this password."))
        return super().form_valid(form)  # type: ignore[return-value]


def _within(request: HttpRequest, address: str) -> str:
    """The address, where it leads to this site; nothing where it doesn't."""
    safe = url_has_allowed_host_and_scheme(address, allowed_hosts={request.get_host()}, require_https=request.is_secure())
    return address if safe else ""
