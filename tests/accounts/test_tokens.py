"""Access tokens of programs: made once, shown once, narrowed, ended, journalled."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts import invitations, tokens
from accounts.idle import disable_idle
from accounts.models import ApiToken
from audit.models import AuditEntry
from tests.builders import given_user
from tests.entrypoints.admin_client import administrator, text_of
from tests.unit_builders import Level, make_standard_levels, tree
from units.models import Unit

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture
def user() -> Any:
    make_standard_levels(Level)
    tree({"P": {"D": ["C"]}})
    return given_user("lan", C="preparer", D="viewer")


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def issued(user: Any, **more: Any) -> tuple[ApiToken, str]:
    return tokens.issue(user, "kho", ["read"], **{"days": 30, "unit": None, "at": timezone.now(), **more})


def test_it_is_made_on_the_account_page_and_shown_once(user: Any):
    client = signed_in(user)
    sent = {"name": "Kho dữ liệu", "scopes": ["submit", "read"], "unit": Unit.objects.get(uid="C").pk, "days": "90"}
    page = client.post("/account/tokens/new/", sent).content.decode()
    secret = re.search(r"danvan_[\w-]{43}", page)
    token = ApiToken.objects.get()
    assert secret
    assert (token.scopes, token.unit_id) == (["read", "submit"], sent["unit"])
    assert token.expires_at - token.created_at == timedelta(days=90)
    assert tokens.found(secret[0], timezone.now()) == token
    assert secret[0] not in client.get("/account/").content.decode()
    assert secret[0] not in str(ApiToken.objects.values().get())


def test_it_is_narrowed_to_a_unit_of_ones_own_alone(user: Any):
    sent = {"name": "x", "scopes": ["read"], "unit": Unit.objects.get(uid="P").pk, "days": "30"}
    assert signed_in(user).post("/account/tokens/new/", sent).status_code == 422
    assert not ApiToken.objects.exists()


def test_one_that_configures_is_offered_to_staff_with_a_second_factor_alone(user: Any, settings: Any):
    sent = {"name": "x", "scopes": ["configure"], "days": "30"}
    assert signed_in(user).post("/account/tokens/new/", sent).status_code == 422
    user.is_staff = True
    user.save()
    settings.SECOND_FACTOR = True
    assert "configure" not in signed_in(user).get("/account/tokens/new/").content.decode()
    assert signed_in(user).post("/account/tokens/new/", sent).status_code == 422
    settings.SECOND_FACTOR = False  # of the demo, and of sessions that gave one
    narrowed = sent | {"unit": Unit.objects.get(uid="C").pk}
    assert signed_in(user).post("/account/tokens/new/", narrowed).status_code == 422
    assert not ApiToken.objects.exists()
    assert signed_in(user).post("/account/tokens/new/", sent).status_code == 200
    assert ApiToken.objects.get().scopes == ["configure"]


def test_one_that_is_past_revoked_or_of_a_disabled_user_opens_nothing(user: Any):
    now = timezone.now()
    token, secret = issued(user)
    assert tokens.found(secret, now) == token
    assert tokens.found(secret, token.expires_at) is None
    assert tokens.found(secret + "x", now) is None
    user.is_active = False
    user.save()
    assert tokens.found(secret, now) is None
    user.is_active = True
    user.save()
    tokens.revoke(ApiToken.objects.all(), now)
    assert tokens.found(secret, now) is None


def test_its_owner_and_no_one_else_revokes_it_on_the_account_page(user: Any):
    token, secret = issued(user)
    address = f"/account/tokens/{token.pk}/revoke/"
    assert signed_in(given_user("hoa")).post(address).status_code == 404
    assert tokens.found(secret, timezone.now())
    signed_in(user).post(address)
    assert tokens.found(secret, timezone.now()) is None


def test_an_administrator_reads_what_it_is_good_for_in_words(user: Any):
    token, _written = issued(user)
    assert "đọc" in text_of(administrator().get(f"/admin/accounts/apitoken/{token.pk}/change/"))


def test_an_administrator_revokes_it_and_both_are_journalled(user: Any):
    token, secret = issued(user)
    chosen = {"action": "revoke", "_selected_action": [token.pk]}
    administrator().post("/admin/accounts/apitoken/", chosen)
    assert tokens.found(secret, timezone.now()) is None
    entries = AuditEntry.objects.filter(kind="accounts.apitoken", row=str(token.pk)).order_by("pk")
    assert [entry.action for entry in entries] == ["added", "changed"]
    assert token.digest not in str([(entry.before, entry.after) for entry in entries])


def test_an_invitation_anew_ends_all_that_opened_the_account(user: Any):
    _token, secret = issued(user)
    invitations.invite(user, RequestFactory().get("/"))
    assert tokens.found(secret, timezone.now()) is None


def test_an_account_that_a_program_uses_is_no_idle_one(user: Any):
    later = timezone.now() + timedelta(days=60)
    _token, secret = issued(user, days=90)
    other = given_user("hoa")
    assert tokens.found(secret, later)
    assert disable_idle(later) == [other.username]


def test_nobody_has_more_than_a_few(user: Any):
    for _ in range(tokens.MOST_EACH):
        issued(user)
    sent = {"name": "x", "scopes": ["read"], "days": "30"}
    assert signed_in(user).post("/account/tokens/new/", sent).status_code == 302
    assert ApiToken.objects.count() == tokens.MOST_EACH
