"""Signing in at the province's identity provider, and coming back from there."""

from __future__ import annotations

import logging

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import openid, openid_accounts
from accounts.signing_in import let_in, within
from audit import acting, recording

logger = logging.getLogger(__name__)


@never_cache
@require_safe
def openid_sign_in(request: HttpRequest) -> HttpResponse:
    """Send somebody to the provider."""
    _must_be_configured()
    try:
        return redirect(openid.begin(request, within(request, request.GET.get("next", ""))))
    except (openid.UnreachableError, openid.UntrustedError) as error:
        return _not_reached(request, error)


@never_cache
@require_safe
def openid_return(request: HttpRequest) -> HttpResponse:
    """Take the provider's answer, and sign in whom it proves."""
    _must_be_configured()
    try:
        identity, following, id_token = openid.finish(request)
    except openid.UnreachableError as error:
        return _not_reached(request, error)
    except openid.CancelledError as error:
        logger.info("the identity provider sent somebody back: %s", error)
        return _refused(request, _("%(provider)s did not sign you in. Try again, or ask those who run it."))
    except openid.UntrustedError as error:
        told = {"openid": str(error)}
        recording.record(recording.Action.REFUSED, "auth.user", acting.of_request(request), told=told)
        return _refused(request, _("The answer of %(provider)s does not belong to this sign-in, or is too old. Sign in again."))
    account = openid_accounts.account_of(identity)
    user = authenticate(request, username=account.username if account else f"openid {identity.subject}", proven=account)
    if user is None:
        return _refused(request, _without_account(identity))
    return let_in(request, user, following, id_token=id_token, is_strong=identity.is_strong)


def _must_be_configured() -> None:
    if not openid.is_configured():
        raise Http404


def _without_account(identity: openid.Identity) -> str:
    if settings.OIDC_MATCH == "email" and identity.claims.get("email") and not identity.email:
        return _("%(provider)s has not verified your mail address, so no account can be found by it. Have it verified there.")
    return _("%(provider)s knows you, but no account here is open for you. Ask the administrator of your province.")


def _not_reached(request: HttpRequest, error: Exception) -> HttpResponse:
    logger.warning("the identity provider %s does not answer as it should: %s", settings.OIDC_ISSUER, error)
    return _refused(request, _("%(provider)s does not answer. Try again in a while, or tell those who run it."))


def _refused(request: HttpRequest, said: str) -> HttpResponse:
    messages.error(request, said % {"provider": openid.name()})
    return redirect(settings.LOGIN_URL)
