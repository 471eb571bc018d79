"""Signing in, in two steps where there is a second factor; one's own account; and taking an invitation up."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView, PasswordResetConfirmView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import contact_ways, openid, passwords, personal_data, second_factor, tokens
from accounts.forms import DigitsForm, SecondStepForm, TokenForm
from accounts.models import ApiToken, ExternalIdentity, Scope
from accounts.signing_in import asked_for_digits, digits_given, give_up, let_in, ways_in, within


class SignIn(LoginView):
    """The first step. Whoever has a second factor is nobody until the second one is done."""

    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | ways_in()

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        return let_in(self.request, form.get_user(), self.get_redirect_url())


class SignOut(LogoutView):
    """Ends the session; whoever signed in at the identity provider is led there, so that the next one at this desk isn't let in."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        elsewhere = openid.end_at_provider(request)
        answer = super().post(request, *args, **kwargs)
        if not elsewhere:
            return answer
        # A page in between: a form may lead nowhere but here (form-action of the Content-Security-Policy).
        return render(request, "accounts/signed_out.html", {"elsewhere": elsewhere, "provider": openid.name()})


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def second_step(request: HttpRequest) -> HttpResponse:
    """Ask for the digits of whoever has just been proven to be somebody, or is signed in and goes where digits are asked for."""
    user = asked_for_digits(request)
    if user is None or not second_factor.has_second_factor(user):
        give_up(request)
        return redirect(settings.LOGIN_URL)
    form = SecondStepForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        return digits_given(request, user, form.device)
    return render(request, "accounts/second_step.html", {"form": form})


@login_required
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """One's own account: second factor, password, where one is told, access tokens, and whether one signs in at the identity provider."""
    user: Any = request.user
    is_bound = ExternalIdentity.objects.filter(user=user, issuer=settings.OIDC_ISSUER).exists()
    context = {
        "tokens": tokens.good_of(user, timezone.now()),
        "has_second_factor": second_factor.has_second_factor(user),
        "codes_left": second_factor.codes_left(user),
        "is_asked_for": settings.SECOND_FACTOR and user.is_staff,
        "by_password": user.has_usable_password() and passwords.may_open(user),
        "provider": openid.name() if is_bound else "",
        "contact_ways": contact_ways.of(user),
    }
    return render(request, "accounts/account.html", context)


@login_required
@require_safe
def data(request: HttpRequest) -> HttpResponse:
    """What the system keeps about who looks, table by table: how many rows, and what erasing the account would leave."""
    user: Any = request.user
    counted = [(kept, kept.rows(user).count()) for kept in personal_data.tables()]
    context = {
        "tables": [(kept, count) for kept, count in counted if count],
        "failed": personal_data.failed_sign_ins(user).count(),
        "contact_ways": [(messenger, way) for messenger, way in contact_ways.of(user) if way is not None],
    }
    return render(request, "accounts/data.html", context)


@login_required
@require_safe
def data_file(request: HttpRequest) -> StreamingHttpResponse:
    """All of it as a file."""
    user: Any = request.user
    return file_about(user)


def file_about(user: User) -> StreamingHttpResponse:
    """What the system keeps about a user, to be saved."""
    answer = StreamingHttpResponse(personal_data.as_json(user), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="{user.pk}.json"'
    answer["Cache-Control"] = "no-store"
    return answer


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
            return render(request, "accounts/codes.html", {"codes": codes, "next": within(request, request.POST.get("next", ""))})
        form.add_error("digits", _("These are not the digits shown now. The clock of your telephone has to be right."))
    device = second_factor.offered(request)
    context = {
        "form": form,
        "picture": second_factor.picture_of(device),
        "key": second_factor.spelt(device),
        "next": within(request, request.POST.get("next") or request.GET.get("next", "")),
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


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_token(request: HttpRequest) -> HttpResponse:
    """Make an access token for a program; its secret is shown this once."""
    user: Any = request.user
    form = TokenForm(user, request.POST or None, may_configure=user.is_staff and not second_factor.is_missing(request))
    if _has_most(request):
        return redirect("accounts:account")
    if request.method == "POST" and form.is_valid():
        token, secret = tokens.issue(user, **form.cleaned_data, at=timezone.now())
        return render(request, "accounts/token.html", {"token": token, "secret": secret})
    return render(request, "accounts/new_token.html", {"form": form}, status=422 if form.errors else 200)


@never_cache
@require_POST
@login_required
def new_calendar(request: HttpRequest) -> HttpResponse:
    """Make a secret address at which a calendar program finds the user's due days; shown this once."""
    user: Any = request.user
    if _has_most(request):
        return redirect("accounts:account")
    _token, secret = tokens.issue(user, _("Calendar"), [Scope.CALENDAR], days=max(tokens.DAYS), unit=None, at=timezone.now())
    address = request.build_absolute_uri(reverse("reports:calendar", args=[secret]))
    return render(request, "accounts/calendar.html", {"address": address})


def _has_most(request: HttpRequest) -> bool:
    """Has the user as many tokens as one may have? Says so."""
    if tokens.good_of(request.user, timezone.now()).count() < tokens.MOST_EACH:
        return False
    messages.error(request, _("You have %(most)d access tokens: revoke one first.") % {"most": tokens.MOST_EACH})
    return True


@require_POST
@login_required
def revoke_token(request: HttpRequest, token_id: int) -> HttpResponse:
    """End one of one's own access tokens."""
    own = get_object_or_404(ApiToken, pk=token_id, user_id=request.user.pk)
    tokens.revoke(ApiToken.objects.filter(pk=own.pk), timezone.now())
    messages.success(request, _("“%(name)s” is revoked; no program gets in with it any more.") % {"name": own.name})
    return redirect("accounts:account")


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
    post_reset_login_backend = "accounts.passwords.Backend"

    def get_success_url(self) -> str:
        return resolve_url(settings.LOGIN_REDIRECT_URL)

    def form_valid(self, form: Any) -> HttpResponseRedirect:
        messages.success(self.request, _("Welcome. From now on sign in with your user name and this password."))
        return super().form_valid(form)  # type: ignore[return-value]
