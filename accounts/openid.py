"""OpenID Connect with a province's own identity provider: the code flow with PKCE, state and nonce, and what is believed of an answer.

The protocol is Authlib's; what it leaves to its user is settled here: the issuer is the one of the settings, to the letter
(Discovery 1.0 §4.3), a token is for this client alone (Core 1.0 §3.1.3.7), and only signatures that a provider's public key proves count.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.django_client import DjangoIntegration, DjangoOAuth2App
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from joserfc.errors import JoseError
from requests import RequestException

#: of a token's signature; nothing that a shared secret proves, and never none
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
#: seconds that the provider may take for one answer
TIMEOUT = 8
#: seconds for which what the provider says of itself is remembered
REMEMBERED = 3600
#: seconds by which the provider's clock may differ
LEEWAY = 60
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_AT_PROVIDER = "openid-token"


class UnreachableError(Exception):
    """The provider doesn't answer, or not as a provider does."""


class CancelledError(Exception):
    """The provider sends somebody back whom it didn't sign in."""


class UntrustedError(Exception):
    """What came back proves nobody; the text says why, for the journal."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the provider says that somebody is: proven by its signature, for this sign-in."""

    issuer: str
    subject: str
    claims: Mapping[str, Any]

    @property
    def email(self) -> str:
        """The mail address, if the provider has verified it; else empty."""
        return str(self.claims.get("email") or "") if self.claims.get("email_verified") is True else ""

    @property
    def username(self) -> str:
        return str(self.claims.get(settings.OIDC_USERNAME_CLAIM) or "")

    @property
    def is_strong(self) -> bool:
        """Was there a second factor at the provider, as the settings read its `acr` and `amr`?"""
        amr = self.claims.get("amr")
        methods = set(amr) if isinstance(amr, list) else set()
        return self.claims.get("acr") in settings.OIDC_SECOND_FACTOR_ACR or bool(methods & set(settings.OIDC_SECOND_FACTOR_AMR))


class Provider(DjangoOAuth2App):
    """Authlib's client of one provider, which believes what the provider says of itself only as far as it must."""

    def __init__(self, issuer: str, client_id: str, client_secret: str, scopes: str) -> None:
        super().__init__(
            DjangoIntegration("openid"),
            "openid",
            client_id=client_id,
            client_secret=client_secret,
            server_metadata_url=f"{issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={"scope": scopes, "code_challenge_method": "S256", "default_timeout": TIMEOUT},
        )
        self.issuer = issuer
        self.server_metadata: dict[str, Any] = {}

    def load_server_metadata(self) -> dict[str, Any]:
        """What the provider says of itself, asked for anew after `REMEMBERED`. Raises UnreachableError for what can't be believed."""
        known = self.server_metadata
        if time.time() - known.get("_loaded_at", 0) > REMEMBERED:
            with self._get_session() as session:
                answer = session.request("GET", self._server_metadata_url, withhold_token=True)
            answer.raise_for_status()
            known = _believed(answer.json(), self.issuer) | {"_loaded_at": time.time()}
            self.server_metadata = known
        return known

    def identity(self, token: dict[str, Any]) -> Identity:
        """Who the proven token speaks of, with what the provider tells beside it of the same person."""
        claims = token.get("userinfo")
        if not claims:
            raise UntrustedError("no ID token")
        wanted = "email" if settings.OIDC_MATCH == "email" else settings.OIDC_USERNAME_CLAIM
        if wanted not in claims and self.load_server_metadata().get("userinfo_endpoint"):
            told = self.userinfo(token=token)
            if told.get("sub") != claims["sub"]:
                raise UntrustedError("userinfo of somebody else")
            claims = {**told, **claims}
        return Identity(self.issuer, str(claims["sub"]), claims)


def _believed(said: dict[str, Any], issuer: str) -> dict[str, Any]:
    """The provider's metadata, where they are the issuer's own, lead nowhere unprotected, and name a signature that proves something."""
    if said.get("issuer") != issuer:
        raise UnreachableError(f"the metadata are of the issuer {said.get('issuer')!r}")
    protected = urlsplit(issuer).scheme == "https"
    for name in _ENDPOINTS:
        if urlsplit(str(said.get(name, ""))).scheme not in (("https",) if protected else ("https", "http")):
            raise UnreachableError(f"the metadata name no protected {name}")
    algorithms = [each for each in said.get("id_token_signing_alg_values_supported") or ["RS256"] if each in ALGORITHMS]
    if not algorithms:
        raise UnreachableError("the provider signs with nothing that its public key proves")
    secret_by = said.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    how = "client_secret_basic" if "client_secret_basic" in secret_by else "client_secret_post"
    return said | {"id_token_signing_alg_values_supported": algorithms, "token_endpoint_auth_method": how}


def is_configured() -> bool:
    """Does this site have an identity provider?"""
    return bool(settings.OIDC_ISSUER)


def name() -> str:
    """What people call the provider."""
    return str(settings.OIDC_NAME or urlsplit(settings.OIDC_ISSUER).hostname or "")


def provider() -> Provider:
    return _provider(settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET, settings.OIDC_SCOPES)


@lru_cache(maxsize=4)
def _provider(*told: str) -> Provider:
    return Provider(*told)


def begin(request: HttpRequest, following: str) -> str:
    """Where to send somebody who signs in, and afterwards wants to go to `following`; the session remembers what was sent."""
    back = request.build_absolute_uri(reverse("accounts:openid-return"))
    asked = {"acr_values": " ".join(settings.OIDC_SECOND_FACTOR_ACR)} if settings.OIDC_SECOND_FACTOR_ACR else {}
    with _answering():
        made = provider().create_authorization_url(back, **asked)
    provider().save_authorize_data(request, redirect_uri=back, following=following, **made)
    return str(made["url"])


def finish(request: HttpRequest) -> tuple[Identity, str, str]:
    """Who comes back, where they want to go, and the token that proves it. Raises each of the errors above."""
    remembered = provider().framework.get_state_data(request.session, request.GET.get("state"))
    if not remembered:
        raise UntrustedError("a state that was not sent, or was used")
    if request.GET.get("iss", settings.OIDC_ISSUER) != settings.OIDC_ISSUER:
        raise UntrustedError("another issuer's answer")
    if "error" in request.GET:
        provider().framework.clear_state_data(request.session, request.GET["state"])
        raise CancelledError(request.GET["error"][:40])
    believed = {
        "iss": {"essential": True, "value": settings.OIDC_ISSUER},
        "aud": {"essential": True, "value": settings.OIDC_CLIENT_ID},
    }
    with _answering():
        token = provider().authorize_access_token(request, claims_options=believed, leeway=LEEWAY)
        identity = provider().identity(token)
    return identity, remembered["following"], str(token["id_token"])


@contextmanager
def _answering() -> Iterator[None]:
    """Tell a provider that can't be asked from an answer that proves nobody."""
    try:
        yield
    except JoseError as error:
        raise UntrustedError(str(error)[:200]) from error
    except AuthlibBaseError as error:  # of its description nothing: what a provider writes there may be anything
        raise UntrustedError(f"the provider says {str(error.error)[:40]}") from error
    except (RequestException, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise UnreachableError(type(error).__name__) from error


def remember(request: HttpRequest, id_token: str) -> None:
    """Keep what tells the provider, at signing out, whose session is meant."""
    request.session[_AT_PROVIDER] = id_token


def end_at_provider(request: HttpRequest) -> str:
    """Where this session's owner signs out at the provider too (RP-Initiated Logout 1.0); empty if they didn't sign in there.

    To be asked before the session ends.
    """
    id_token = request.session.get(_AT_PROVIDER)
    if not id_token or not is_configured():
        return ""
    back = request.build_absolute_uri(reverse("login"))
    try:
        with _answering():
            made = provider().create_logout_url(back, id_token_hint=id_token, client_id=settings.OIDC_CLIENT_ID)
    except UnreachableError:
        return ""
    return str(made["url"])
