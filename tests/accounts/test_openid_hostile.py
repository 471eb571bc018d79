"""What a provider, or whoever stands between, may send back, and opens nothing."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from threading import Event
from typing import Any

import pytest
from django.test import Client

from accounts import openid
from accounts.models import ExternalIdentity
from audit.models import AuditEntry
from tests.builders import given_user
from tests.entrypoints.admin_client import text_of
from tests.identity_provider.hostile import Hostile, running_hostile
from tests.identity_provider.people import CLIENT, CLIENT_SECRET

pytestmark = [pytest.mark.django_db, pytest.mark.once]
BACK = "/account/openid/return/"


@pytest.fixture
def hostile(settings: Any) -> Iterator[Hostile]:
    with running_hostile() as running:
        settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = running.issuer, CLIENT, CLIENT_SECRET
        lan = given_user("lan")
        lan.email = "lan@tinh.example"
        lan.save()
        yield running


def sent(hostile: Hostile, client: Client) -> str:
    """The state with which the site sent this client to the provider."""
    return hostile.send(client.get("/account/openid/").headers["Location"])


def comes_back(hostile: Hostile, client: Client | None = None, **more: str) -> Client:
    client = client or Client()
    client.get(BACK, {"code": "c", "state": sent(hostile, client), **more})
    return client


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_an_honest_answer_of_this_provider_signs_in(hostile: Hostile):
    assert is_signed_in(comes_back(hostile))
    assert hostile.asked[0]["code_verifier"]


LIES: dict[str, Callable[[Hostile], str]] = {
    "of another sign-in": lambda it: it.signed(it.honest_claims() | {"nonce": "another"}),
    "of no sign-in": lambda it: it.signed(it.honest_claims() | {"nonce": None}),
    "expired": lambda it: it.signed(it.honest_claims() | {"exp": it.honest_claims()["iat"] - 120}),
    "good for ever": lambda it: it.signed(it.honest_claims() | {"exp": None}),
    "of the future": lambda it: it.signed(it.honest_claims() | {"iat": it.honest_claims()["iat"] + 600}),
    "of another issuer": lambda it: it.signed(it.honest_claims() | {"iss": "http://127.0.0.1:1"}),
    "for another client": lambda it: it.signed(it.honest_claims() | {"aud": "another"}),
    "for another client, by way of us": lambda it: it.signed(it.honest_claims() | {"aud": ["another"], "azp": CLIENT}),
    "for us and another, by way of that": lambda it: it.signed(it.honest_claims() | {"aud": [CLIENT, "another"], "azp": "another"}),
    "of nobody": lambda it: it.signed(it.honest_claims() | {"sub": None}),
    "signed by somebody else": lambda it: it.signed(it.honest_claims(), it.other_key),
    "signed by a key that nobody knows": lambda it: it.signed(it.honest_claims(), it.other_key, kid="unknown"),
    "not signed": lambda it: it.unsigned(it.honest_claims()),
    "signed with the public key as a secret": lambda it: it.signed_with_the_public_key(it.honest_claims()),
    "with another access token": lambda it: it.signed(it.honest_claims() | {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}),
    "no token": lambda it: "x",
}


@pytest.mark.parametrize("lie", LIES)
def test_a_token_that_lies_opens_nothing_and_is_journalled(hostile: Hostile, lie: str):
    client = Client()
    state = sent(hostile, client)
    hostile.id_token = LIES[lie](hostile)
    client.get(BACK, {"code": "c", "state": state})
    assert not is_signed_in(client)
    assert not ExternalIdentity.objects.exists()
    assert "không khớp với lần đăng nhập này" in text_of(client.get("/login/"))
    entry = AuditEntry.objects.get(action="refused")
    assert set(entry.after or {}) == {"openid"}
    assert hostile.id_token not in str(entry.after)


def test_unsigned_and_shared_secrets_are_refused_even_where_the_provider_offers_them(hostile: Hostile):
    for offered, lie in (("none", "not signed"), ("HS256", "signed with the public key as a secret")):
        hostile.metadata = {"id_token_signing_alg_values_supported": [offered, "RS256"]}
        client = Client()
        state = sent(hostile, client)
        hostile.id_token = LIES[lie](hostile)
        client.get(BACK, {"code": "c", "state": state})
        assert not is_signed_in(client), lie


def test_a_state_is_good_for_the_session_it_was_given_to_and_once(hostile: Hostile):
    mine, anothers = Client(), Client()
    state = sent(hostile, mine)
    sent(hostile, anothers)
    anothers.get(BACK, {"code": "c", "state": state})
    assert not is_signed_in(anothers)
    for wrong in ({"code": "c"}, {"code": "c", "state": "made-up"}):
        mine.get(BACK, wrong)
        assert not is_signed_in(mine)
    hostile.send(mine.get("/account/openid/").headers["Location"])
    client = comes_back(hostile)
    client.post("/logout/")
    client.get(BACK, {"code": "c", "state": state})
    assert not is_signed_in(client)


def test_a_code_that_was_used_is_refused_by_the_provider_and_so_is_who_brings_it(hostile: Hostile):
    hostile.token_status = 400
    hostile.answer = lambda path, honest=hostile.answer: (400, {"error": "invalid_grant"}) if path == "/token" else honest(path)  # type: ignore[method-assign,misc]
    assert not is_signed_in(comes_back(hostile))
    assert AuditEntry.objects.get(action="refused").after == {"openid": "the provider says invalid_grant"}


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "http://127.0.0.1:1"},
        {"issuer": None},
        {"token_endpoint": "ftp://127.0.0.1/token"},
        {"jwks_uri": None},
        {"end_session_endpoint": "javascript:alert(1)"},
        {"id_token_signing_alg_values_supported": ["none", "HS256"]},
    ],
    ids=str,
)
def test_a_provider_that_says_of_itself_what_it_must_not_is_not_asked(hostile: Hostile, metadata: dict[str, Any]):
    hostile.metadata = metadata
    client = Client()
    assert client.get("/account/openid/").headers["Location"] == "/login/"
    assert "không trả lời" in text_of(client.get("/login/"))


DISCOVERY = "/.well-known/openid-configuration"
SHAPELESS: dict[str, list[bytes]] = {
    "a list": [b"[]"],
    "a text": [b'"x"'],
    "nothing": [b"null"],
    "no JSON": [b"<html>"],
    "half of one": [b'{"issuer": '],
    "without an end": [b" " * (1 << 16)] * 20,
    "too deep": [b'{"a":' + b"[" * 200_000],
    "empty": [b"{}"],
    "of other kinds": [json.dumps(dict.fromkeys(["issuer", "jwks_uri", "keys", "id_token", "sub", "access_token"], 5)).encode()],
}


@pytest.mark.parametrize("path", [DISCOVERY, "/token", "/keys", "/userinfo"])
@pytest.mark.parametrize("what", SHAPELESS)
def test_an_answer_without_form_is_told_in_words_and_opens_nothing(hostile: Hostile, path: str, what: str):
    hostile.claims = {"email": None, "email_verified": None}
    hostile.userinfo = {"sub": "7", "email": "lan@tinh.example", "email_verified": True}
    client = Client()
    if path == DISCOVERY:
        hostile.raw = {path: SHAPELESS[what]}
        answer = client.get("/account/openid/")
    else:
        state = sent(hostile, client)
        hostile.raw = {path: SHAPELESS[what]}
        answer = client.get(BACK, {"code": "c", "state": state})
    assert (answer.status_code, answer.headers["Location"], is_signed_in(client)) == (302, "/login/", False)
    page = text_of(client.get("/login/"))
    assert "không trả lời" in page or "không khớp với lần đăng nhập này" in page
    hostile.raw = {}
    assert is_signed_in(comes_back(hostile)), "What it said once is not remembered."


def test_an_answer_that_trickles_in_keeps_nobody_waiting(hostile: Hostile, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(openid, "TIMEOUT", 0.2)
    slowly = Event()
    hostile.raw = {DISCOVERY: iter(lambda: b" " if not slowly.wait(0.05) else b"", b"")}
    client = Client()
    client.get("/account/openid/")
    slowly.set()
    assert "không trả lời" in text_of(client.get("/login/"))


@pytest.mark.parametrize(
    "claims", [{"sub": "7\x00"}, {"sub": "7" * 256}, {"email": "lan\x00@tinh.example"}, {"email": ["lan@tinh.example"]}], ids=str
)
def test_claims_that_no_database_would_take_open_nothing(hostile: Hostile, claims: dict[str, Any]):
    hostile.claims = claims
    assert not is_signed_in(comes_back(hostile))


def test_what_stands_beside_the_token_has_to_be_of_the_same_person(hostile: Hostile):
    hostile.claims = {"email": None, "email_verified": None}
    hostile.userinfo = {"sub": "8", "email": "lan@tinh.example", "email_verified": True}
    assert not is_signed_in(comes_back(hostile))
    hostile.userinfo["sub"] = "7"
    assert is_signed_in(comes_back(hostile))


def test_an_answer_of_another_issuer_or_a_refusal_is_told_and_opens_nothing(hostile: Hostile):
    assert not is_signed_in(comes_back(hostile, iss="http://127.0.0.1:1"))
    client = comes_back(hostile, error="access_denied", error_description="<b>gọi số này</b>")
    page = text_of(client.get("/login/"))
    assert "không thành công" in page
    assert "gọi số này" not in page


def test_a_provider_that_is_down_is_told_without_what_was_sent(settings: Any, caplog: pytest.LogCaptureFixture):
    settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = "http://127.0.0.1:9", CLIENT, CLIENT_SECRET
    client = Client()
    with caplog.at_level(logging.DEBUG):
        client.get("/account/openid/?next=https://elsewhere.example/")
    assert "không trả lời" in text_of(client.get("/login/"))
    assert CLIENT_SECRET not in caplog.text
    assert "ConnectionError" in caplog.text


def test_it_leads_nowhere_but_within_the_site(hostile: Hostile):
    client = Client()
    state = hostile.send(client.get("/account/openid/?next=https://elsewhere.example/").headers["Location"])
    assert client.get(BACK, {"code": "c", "state": state}).headers["Location"] == "/"
