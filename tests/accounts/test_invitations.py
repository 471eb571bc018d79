from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts import second_factor
from accounts.invitations import good_for
from tests.accounts.builders import given_second_factor, sign_in
from tests.builders import given_user
from tests.entrypoints.admin_client import administrator, formset, said, text_of

pytestmark = pytest.mark.django_db
CHOSEN = {"new_password1": "chim sa cánh đỏ", "new_password2": "chim sa cánh đỏ"}


def made(name: str = "lan", email: str = "lan@example.com") -> tuple[User, str]:
    """A user that an administrator made, and the link of the invitation."""
    new = {"username": name, "last_name": "Lan", "email": email, **formset("memberships")}
    answer = administrator().post("/admin/auth/user/add/", new)
    assert answer.status_code == 302, answer.context["errors"]
    return User.objects.get(username=name), link_in(" ".join(said(answer)))


def link_in(text: str) -> str:
    found = re.search(r"http://testserver(/\S+)", text)
    assert found
    return found[1]


def taken_up(link: str) -> Client:
    """Whoever opened the link and chose a password."""
    client = Client()
    page = client.get(link, follow=True)
    answer = client.post(page.redirect_chain[-1][0], CHOSEN)
    assert answer.headers["Location"] == "/"
    return client


def test_a_new_account_has_no_password_and_its_owner_chooses_one_by_the_link_that_was_mailed():
    lan, link = made()
    assert not lan.has_usable_password()
    assert mail.outbox[0].to == ["lan@example.com"]
    assert link_in(str(mail.outbox[0].body)) == link
    assert taken_up(link).get("/").status_code == 200
    assert sign_in("lan", CHOSEN["new_password1"]).status_code == 302


def test_without_an_address_the_administrator_hands_the_link_over():
    _lan, link = made(email="")
    assert mail.outbox == []
    assert taken_up(link).get("/").status_code == 200


def test_a_link_is_good_once_and_not_for_ever():
    _lan, link = made()
    with time_machine.travel(timezone.now() + good_for() + timedelta(days=1)):
        assert "không còn hiệu lực" in text_of(Client().get(link, follow=True))
    taken_up(link)
    assert "không còn hiệu lực" in text_of(Client().get(link, follow=True))


def test_a_weak_password_is_refused_beside_the_field():
    _lan, link = made()
    client = Client()
    page = client.get(link, follow=True)
    weak = client.post(page.redirect_chain[-1][0], {"new_password1": "ngan", "new_password2": "ngan"})
    assert "14" in text_of(weak)
    assert 'class="errorlist"' in weak.content.decode()


def test_inviting_anew_voids_password_second_factor_and_sessions_and_opens_a_disabled_account():
    lan = given_user("lan")
    given_second_factor(lan)
    client = Client()
    client.force_login(lan)
    User.objects.filter(pk=lan.pk).update(is_active=False)
    answer = administrator().post("/admin/auth/user/", {"action": "invite", "_selected_action": [lan.pk]})
    lan.refresh_from_db()
    assert (lan.is_active, lan.has_usable_password(), second_factor.has_second_factor(lan)) == (True, False, False)
    assert client.get("/").status_code == 302
    assert taken_up(link_in(" ".join(said(answer)))).get("/").status_code == 200


def test_no_administrator_chooses_anybodys_password():
    lan, boss = given_user("lan"), administrator()
    page = boss.get(f"/admin/auth/user/{lan.pk}/change/").content.decode()
    assert "/password/" not in page.partition('id="user_form"')[2]
    boss.post(f"/admin/auth/user/{lan.pk}/password/", {"password1": CHOSEN["new_password1"], "password2": CHOSEN["new_password1"]})
    assert sign_in("lan").status_code == 302


def test_a_wrong_link_says_so():
    assert "không còn hiệu lực" in text_of(Client().get("/account/invitation/MQ/x-y/"))
