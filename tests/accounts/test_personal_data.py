from __future__ import annotations

import json
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import second_factor
from audit.models import AuditEntry
from tests.accounts.builders import given_second_factor, sign_in
from tests.builders import given_user
from tests.entrypoints.admin_client import administrator, said, text_of
from tests.unit_builders import tree
from units.models import Membership

pytestmark = pytest.mark.django_db


def lan() -> User:
    """An officer of a commune, with a second factor, who has mistyped her password once."""
    tree({"C": {}})
    user = given_user("lan", C="preparer")
    User.objects.filter(pk=user.pk).update(first_name="Lan", last_name="Nguyễn")
    user.refresh_from_db()
    given_second_factor(user)
    sign_in("lan", "sai mật khẩu")
    return user


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def taken(client: Client, address: str = "/account/data/file/") -> dict:
    answer: Any = client.get(address)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    return json.loads(b"".join(answer.streaming_content))


def test_a_user_reads_where_they_are_named_and_what_erasing_would_leave():
    page = text_of(signed_in(lan()).get("/account/data/"))
    for words in ("lan@example.com", "Nguyễn", "được xóa", "giữ lại"):
        assert words in page


def test_the_file_holds_every_table_that_names_users_and_nothing_that_opens_the_account():
    user = lan()
    key = TOTPDevice.objects.get(user=user).key
    assert taken(signed_in(user))["account"]["username"] == "lan"
    sign_in("lan", "sai mật khẩu")  # signing in has forgiven the first
    file = taken(administrator(), f"/admin/auth/user/{user.pk}/personal-data/")
    assert file["account"]["email"] == "lan@example.com"
    assert len(file["units.membership.user"]) == len(file["otp_totp.totpdevice.user"]) == len(file["failed sign-ins"]) == 1
    assert {"reports.journalentry.by", "audit.auditentry.by", "reports.attachment.by"} <= set(file)
    assert key not in json.dumps(file)
    assert user.password not in json.dumps(file)


def test_an_administrator_takes_it_for_somebody_who_cannot_and_the_taking_is_journalled():
    user = lan()
    assert taken(administrator(), f"/admin/auth/user/{user.pk}/personal-data/")["account"]["username"] == "lan"
    assert AuditEntry.objects.filter(action=AuditEntry.Action.TAKEN, via=f"/admin/auth/user/{user.pk}/personal-data/").exists()


def test_erasing_leaves_a_number_that_opens_nothing_and_the_journal_to_the_letter():
    user = lan()
    client, was = signed_in(user), list(AuditEntry.objects.order_by("pk").values())
    boss = administrator()
    served = Membership.objects.get(user=user)
    boss.post(f"/admin/units/membership/{served.pk}/change/", {"user": user.pk, "unit": served.unit_id, "role": "viewer"})
    assert LogEntry.objects.filter(object_repr__startswith="lan").exists()
    chosen = {"action": "erase", "_selected_action": [user.pk]}
    assert "Lan" in text_of(boss.post("/admin/auth/user/", chosen))
    assert User.objects.filter(username="lan").exists(), "Asked, and not done yet."
    boss.post("/admin/auth/user/", chosen | {"confirmed": "yes"})
    user.refresh_from_db()
    left = [user.username, user.first_name, user.last_name, user.email, user.is_active, user.has_usable_password()]
    assert left == [f"erased-{user.pk}", "", "", "", False, False]
    assert not Membership.objects.filter(user=user).exists()
    assert not second_factor.has_second_factor(user)
    assert not AccessAttempt.objects.filter(username="lan").exists()
    assert not LogEntry.objects.filter(object_repr__startswith="lan").exists()
    assert client.get("/").status_code == 302
    assert list(AuditEntry.objects.order_by("pk").values())[: len(was)] == was
    everything = json.dumps([list(AuditEntry.objects.values()), taken(boss, f"/admin/auth/user/{user.pk}/personal-data/")], default=str)
    assert "lan@example.com" not in everything
    assert "Nguyễn" not in everything


def test_the_last_administrator_is_not_erased():
    boss = administrator()
    user = User.objects.get(is_superuser=True)
    answer = boss.post("/admin/auth/user/", {"action": "erase", "_selected_action": [user.pk], "confirmed": "yes"})
    assert "cuối cùng" in " ".join(said(answer))
    user.refresh_from_db()
    assert user.is_active
