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
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.django_client import DjangoIntegration, DjangoOAuth2App
from authlib.integrations.requests_client import OAuth2Session
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from requests import RequestException, Response
from urllib3.exceptions import HTTPError

#: of a token's signature; nothing that a shared secret proves, and never none
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
#: seconds that the provider may take for one answer
TIMEOUT = 8
#: bytes of one answer; none that is honest comes near
MOST_BYTES = 1 << 20
#: seconds for which what the provider says of itself is remembered
REMEMBERED = 3600
#: seconds by which the provider's clock may differ
LEEWAY = 60
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_MORE_ENDPOINTS = ("userinfo_endpoint", "end_session_endpoint")
#: what code that trusts an answer's form stumbles with over one that has another
_MALFORMED = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RuntimeError)
#: characters of a subject (Core 1.0 §2)
_LONGEST_SUBJECT = 255
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
        return self.named("email") if self.claims.get("email_verified") is True else ""

    @property
    def username(self) -> str:
        return self.named(settings.OIDC_USERNAME_CLAIM)

    def named(self, claim: str) -> str:
        """What a claim says; empty where it says nothing that is a text."""
        return _text(self.claims.get(claim))

    @property
    def is_strong(self) -> bool:
        """Was there a second factor at the provider, as the settings read its `acr` and `amr`?"""
        amr = self.claims.get("amr")
        methods = {each for each in amr if isinstance(each, str)} if isinstance(amr, list) else set()
        return self.claims.get("acr") in settings.OIDC_SECOND_FACTOR_ACR or bool(methods & set(settings.OIDC_SECOND_FACTOR_AMR))


def _text(claim: Any) -> str:
    """A claim that is a text of letters, digits and the like; empty for any other: no name and no address holds a NUL."""
    return claim if isinstance(claim, str) and claim.isprintable() else ""


class _Session(OAuth2Session):
    """Reads of an answer what a provider may have to say, and no longer than it may take; takes JSON objects alone, from where it asked."""

    def request(self, *args: Any, **kwargs: Any) -> Any:
        ends = time.monotonic() + TIMEOUT
        answer = super().request(*args, **kwargs, stream=True, allow_redirects=False)
        answer.raw = BytesIO(_read(answer, ends))
        try:
            said = answer.json()
        except ValueError:
            answer.raise_for_status()
            raise
        if not isinstance(said, dict):
            raise UnreachableError("an answer that is no JSON object")
        return answer


def _read(answer: Response, ends: float) -> bytes:
    content = bytearray()
    with answer:
        while piece := answer.raw.read1(1 << 16, decode_content=True):  # what is there, however little
            content += piece
            if len(content) > MOST_BYTES:
                raise UnreachableError(f"an answer of more than {MOST_BYTES} bytes")
            if time.monotonic() > ends:
                raise UnreachableError(f"an answer that takes more than {TIMEOUT} seconds")
    return bytes(content)


class Provider(DjangoOAuth2App):
    """Authlib's client of one provider, which believes what the provider says of itself only as far as it must."""

    client_cls = _Session

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

    def fetch_jwk_set(self, force: bool = False) -> Any:
        """The provider's keys, remembered where they are keys. Raises UnreachableError."""
        found = super().fetch_jwk_set(force)
        try:
            KeySet.import_key_set(found)
        except (JoseError, *_MALFORMED) as error:
            self.server_metadata.pop("jwks", None)
            raise UnreachableError("keys that are none") from error
        return found

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
        subject = _text(str(claims["sub"]))
        if not 0 < len(subject) <= _LONGEST_SUBJECT:
            raise UntrustedError("a subject that is none")
        return Identity(self.issuer, subject, claims)


def _believed(said: dict[str, Any], issuer: str) -> dict[str, Any]:
    """The provider's metadata, where they are the issuer's own, lead nowhere unprotected, and name a signature that proves something."""
    if said.get("issuer") != issuer:
        raise UnreachableError(f"the metadata are of the issuer {said.get('issuer')!r}")
    protected = urlsplit(issuer).scheme == "https"
    for name in (*_ENDPOINTS, *(each for each in _MORE_ENDPOINTS if said.get(each))):
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
    except (RequestException, HTTPError, *_MALFORMED) as error:
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
