"""Signing in at a province's identity provider: an independent one, started for this file, over real HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from accounts.models import ExternalIdentity
from accounts.openid import Identity
from accounts.openid_accounts import account_of
from audit.models import AuditEntry
from tests.accounts.builders import PASSWORD, given_second_factor, shown_by, sign_in
from tests.builders import given_user
from tests.entrypoints.admin_client import text_of
from tests.identity_provider.people import CLIENT, CLIENT_SECRET
from tests.identity_provider.running import Browser, running_provider
from units.models import Membership

pytestmark = pytest.mark.django_db
SITE = "http://testserver"


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_provider(tmp_path_factory.mktemp("provider"), SITE) as running:
        yield running


@pytest.fixture(autouse=True)
def _provider(settings: Any, issuer: str) -> None:
    settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = issuer, CLIENT, CLIENT_SECRET
    settings.OIDC_NAME = "Tài khoản tỉnh"


def invited(name: str, **more: Any) -> Any:
    """An account whose owner has no password yet."""
    user = given_user(name)
    user.set_unusable_password()
    user.email = f"{name}@tinh.example"
    for field, value in more.items():
        setattr(user, field, value)
    user.save()
    return user


def come_back_as(person: str, client: Client | None = None, following: str = "") -> tuple[Client, Any]:
    """The client, and the site's answer to whom the provider sent back."""
    client = client or Client()
    sent = client.get("/account/openid/", {"next": following} if following else {})
    back = Browser().sign_in(sent.headers["Location"], person, SITE)
    return client, client.get(back.removeprefix(SITE))


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def told(client: Client) -> str:
    return text_of(client.get("/login/"))


def test_the_page_of_signing_in_leads_to_the_provider_with_proof_keys_state_and_nonce():
    assert (
        '<a class="button primary provider" href="/account/openid/?next=/cycles/">'
        in Client().get("/login/?next=/cycles/").content.decode()
    )
    sent = urlsplit(Client().get("/account/openid/").headers["Location"])
    asked = parse_qs(sent.query)
    assert asked["code_challenge_method"] == ["S256"]
    assert all(len(asked[name][0]) >= 20 for name in ("state", "nonce", "code_challenge"))
    assert asked["scope"] == ["openid profile email"]
    assert asked["redirect_uri"] == [f"{SITE}/account/openid/return/"]


def test_who_is_invited_signs_in_by_a_verified_address_and_is_bound_from_then_on():
    lan = invited("can-bo-lan", email="LAN@tinh.example")
    client, answer = come_back_as("lan", following="/cycles/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/cycles/")
    assert client.get("/").status_code == 200
    bound = ExternalIdentity.objects.get()
    assert (bound.user, bound.issuer) == (lan, settings.OIDC_ISSUER)
    User.objects.filter(pk=lan.pk).update(email="khac@tinh.example")
    assert is_signed_in(come_back_as("lan")[0])


def test_it_is_journalled_as_a_sign_in_and_so_is_the_binding_without_what_tells_who():
    lan = invited("lan")
    come_back_as("lan")
    entry = AuditEntry.objects.get(action="signed in")
    assert (entry.by_id, entry.via) == (lan.pk, "/account/openid/return/")
    bound = AuditEntry.objects.get(kind="accounts.externalidentity")
    assert (bound.action, {"user_id", "subject"} & set(bound.after or {})) == ("added", {"user_id"})


def test_nobody_is_let_in_without_an_account_and_none_is_made():
    client, answer = come_back_as("lan")
    assert (answer.headers["Location"], is_signed_in(client)) == ("/login/", False)
    assert "nhưng ở đây chưa mở tài khoản tương ứng" in told(client)
    assert not User.objects.exists()
    assert AuditEntry.objects.filter(action="refused").count() == 1


def test_an_address_that_the_provider_has_not_verified_opens_nothing():
    invited("hoa")
    client, _answer = come_back_as("hoa")
    assert not is_signed_in(client)
    assert "chưa xác minh địa chỉ thư" in told(client)


def test_an_address_of_two_accounts_opens_neither_of_them():
    invited("mot", email="lan@tinh.example"), invited("hai", email="lan@tinh.example")
    assert not is_signed_in(come_back_as("lan")[0])


def test_an_address_that_is_alike_in_capitals_alone_is_another_ones():
    invited("lan", email="mike@tinh.example")
    alike = Identity(settings.OIDC_ISSUER, "another", {"email": "m\u0131ke@tinh.example", "email_verified": True})
    assert account_of(alike) is None


def test_an_account_that_is_bound_to_somebody_else_stays_theirs():
    lan = invited("lan")
    ExternalIdentity.objects.create(user=lan, issuer=settings.OIDC_ISSUER, subject="somebody-else")
    assert not is_signed_in(come_back_as("lan")[0])


def test_a_disabled_account_stays_out_bound_or_not():
    lan = invited("lan")
    come_back_as("lan")
    User.objects.filter(pk=lan.pk).update(is_active=False)
    assert not is_signed_in(come_back_as("lan")[0])


def test_by_user_name_where_the_settings_say_so(settings: Any):
    settings.OIDC_MATCH = "username"
    invited("hoa", email="")
    assert is_signed_in(come_back_as("hoa")[0])


def test_accounts_are_made_only_where_the_settings_say_so_and_belong_nowhere(settings: Any):
    settings.OIDC_CREATE = True
    client, _answer = come_back_as("lan")
    lan = User.objects.get()
    assert (lan.username, lan.email, lan.is_staff, lan.has_usable_password()) == ("lan", "lan@tinh.example", False, False)
    assert is_signed_in(client)
    assert not Membership.objects.exists()
    User.objects.create(username="HOA")
    assert not is_signed_in(come_back_as("hoa")[0])


def test_ones_second_factor_is_asked_for_unless_the_provider_asked_for_one(settings: Any):
    quan = invited("quan")
    device = given_second_factor(quan)
    client, answer = come_back_as("quan", following="/cycles/")
    assert (answer.headers["Location"], is_signed_in(client)) == ("/account/second-step/", False)
    assert client.post("/account/second-step/", {"digits": shown_by(device.bin_key)}).headers["Location"] == "/cycles/"
    assert is_signed_in(client)
    settings.OIDC_SECOND_FACTOR_AMR = ["otp"]
    assert is_signed_in(come_back_as("quan")[0])


def test_whoever_configures_has_a_second_factor_here_or_where_the_settings_say_so_there(settings: Any):
    settings.SECOND_FACTOR = True
    for name in ("lan", "quan"):
        invited(name, is_staff=True, is_superuser=True)
    assert come_back_as("quan")[0].get("/admin/").status_code == 302
    settings.OIDC_SECOND_FACTOR_ACR = ["loa2"]
    assert come_back_as("lan")[0].get("/admin/").status_code == 302
    assert come_back_as("quan")[0].get("/admin/").status_code == 200


def test_a_locked_account_is_locked_for_whoever_comes_from_the_provider():
    invited("lan")
    for _ in range(5):
        sign_in("lan", "sai")
    client, answer = come_back_as("lan")
    assert (answer.status_code, is_signed_in(client)) == (429, False)


def test_signing_out_ends_the_session_at_the_provider_too():
    invited("lan")
    client, browser = Client(), Browser()
    back = browser.sign_in(client.get("/account/openid/").headers["Location"], "lan", SITE)
    client.get(back.removeprefix(SITE))
    page = client.post("/logout/")
    assert not is_signed_in(client)
    leads_to = page.context["elsewhere"]
    assert f'content="0; url={leads_to.replace("&", "&amp;")}"' in page.content.decode()
    ended = browser.get(leads_to, allow_redirects=False, timeout=10)
    assert ended.headers["Location"].startswith(f"{SITE}/login/")
    again = browser.get(client.get("/account/openid/").headers["Location"], timeout=10)
    assert "password" in again.text


def test_who_signed_in_with_a_password_signs_out_here_alone():
    given_user("lan")
    client = Client()
    client.post("/login/", {"username": "lan", "password": PASSWORD})
    assert client.post("/logout/").headers["Location"] == "/login/"


def test_inviting_anew_unbinds(admin_client: Client):
    lan = invited("lan")
    come_back_as("lan")
    assert settings.OIDC_ISSUER in text_of(admin_client.get(f"/admin/auth/user/{lan.pk}/change/"))
    admin_client.post("/admin/auth/user/", {"action": "invite", "_selected_action": [lan.pk]})
    assert not ExternalIdentity.objects.exists()


def test_where_passwords_are_off_they_open_nothing_but_the_emergency_account_and_end_sessions(settings: Any, mailoutbox: list[Any]):
    given_user("lan")
    User.objects.create_superuser("quan-tri", password=PASSWORD)
    User.objects.create_superuser("quan-tri-2", password=PASSWORD)
    before = Client()
    before.post("/login/", {"username": "lan", "password": PASSWORD})
    settings.PASSWORD_SIGN_IN, settings.BREAK_GLASS = False, ["quan-tri", "lan"]
    assert [sign_in(name).status_code for name in ("quan-tri", "quan-tri-2", "lan")] == [302, 200, 200]
    assert before.get("/").status_code == 302
    boss = Client()
    boss.post("/login/", {"username": "quan-tri", "password": PASSWORD})
    lan = User.objects.get(username="lan")
    User.objects.filter(pk=lan.pk).update(email="lan@tinh.example")
    boss.post("/admin/auth/user/", {"action": "invite", "_selected_action": [lan.pk]})
    assert f"{SITE}/login/" in mailoutbox[0].body
    assert "Tài khoản tỉnh" in mailoutbox[0].body
    client, _answer = come_back_as("lan")
    assert client.get("/account/").status_code == 200
    assert "<details" in Client().get("/login/").content.decode()


def test_without_a_provider_there_is_no_such_way_in(settings: Any):
    settings.OIDC_ISSUER = ""
    assert Client().get("/account/openid/").status_code == Client().get("/account/openid/return/").status_code == 404
    assert "provider" not in Client().get("/login/").content.decode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_invited", [True, False], ids=["invited", "made"])
def test_two_first_sign_ins_of_one_person_at_once_end_at_one_account(is_invited: bool, settings: Any):
    settings.OIDC_CREATE = not is_invited
    for number in range(3):
        address = f"lan{number}@tinh.example"
        if is_invited:
            invited(f"lan{number}", email=address)
        person = Identity(
            settings.OIDC_ISSUER, f"lan-{number}", {"preferred_username": f"lan{number}", "email": address, "email_verified": True}
        )
        first, second = at_once(lambda: account_of(person))  # noqa: B023 - called at once
        assert first == second == User.objects.get(email=address)
    assert ExternalIdentity.objects.count() == 3


def at_once(work: Callable[[], Any]) -> list[Any]:
    """What comes of it in each of two threads that begin together."""
    start = Barrier(2)

    def run(_: int) -> Any:
        try:
            connection.ensure_connection()
            start.wait()
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(run, range(2)))
