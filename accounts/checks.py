"""What of the settings about signing in, and about telling people, can't be meant."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured

from messaging.channels import messengers

_HERE = ("localhost", "127.0.0.1", "::1")


def ways_to_sign_in(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Is the identity provider told completely, is the way to it protected, and does somebody get in when it is down?"""
    found: list[CheckMessage] = []
    issuer = urlsplit(settings.OIDC_ISSUER)
    if settings.OIDC_ISSUER and not settings.OIDC_CLIENT_ID:
        found.append(Error("OIDC_ISSUER is set, and OIDC_CLIENT_ID is not.", id="accounts.E001"))
    if settings.OIDC_ISSUER and issuer.scheme != "https" and issuer.hostname not in _HERE:
        found.append(Error("OIDC_ISSUER has to begin with https://.", id="accounts.E002"))
    if settings.OIDC_MATCH not in ("email", "username"):
        found.append(Error("OIDC_MATCH is neither email nor username.", id="accounts.E003"))
    if not settings.PASSWORD_SIGN_IN and not (settings.OIDC_ISSUER and settings.BREAK_GLASS):
        hint = "Name an identity provider, and in BREAK_GLASS a superuser who gets in with a password when it is down."
        found.append(
            Error("PASSWORD_SIGN_IN is off, and nobody else or nobody in an emergency could sign in.", hint=hint, id="accounts.E004")
        )
    return found


def ways_of_telling(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Can every channel of CHANNELS be made?"""
    try:
        messengers()
    except ImproperlyConfigured as error:
        return [Error(str(error), hint="docs/messages.md says how a channel is described.", id="accounts.E005")]
    return []
