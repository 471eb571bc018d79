from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import second_factor
from accounts.signing_in import HALF_LASTS
from tests.accounts.builders import PASSWORD, given_second_factor, key_on, shown_by
from tests.builders import given_user
from tests.entrypoints.admin_client import text_of

pytestmark = pytest.mark.django_db
STEP = "/account/second-step/"


@pytest.fixture
def asked_for(settings):
    """As in production: whoever configures has a second factor."""
    settings.SECOND_FACTOR = True


def half_signed_in(name: str = "lan", following: str = "") -> Client:
    client = Client()
    answer = client.post(f"/login/?next={following}", {"username": name, "password": PASSWORD})
    assert answer.headers["Location"] == STEP
    return client


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_password_and_digits_sign_in_and_lead_where_one_wanted_to_go():
    device = given_second_factor(given_user("lan"))
    client = half_signed_in(following="/cycles/")
    assert client.get(STEP).status_code == 200
    answer = client.post(STEP, {"digits": shown_by(device.bin_key)})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/cycles/")
    assert is_signed_in(client)


def test_the_password_alone_opens_nothing():
    given_second_factor(given_user("lan"))
    client = half_signed_in()
    assert not is_signed_in(client)
    assert client.get("/").headers["Location"] == "/login/?next=/"


def test_wrong_digits_are_refused_with_what_to_do_and_the_right_ones_wait_after_them():
    device = given_second_factor(given_user("lan"))
    client = half_signed_in()
    assert "không phải là dãy số đang hiển thị" in text_of(client.post(STEP, {"digits": "123"}))
    wrong = f"{(int(shown_by(device.bin_key)) + 1) % 1_000_000:06d}"
    client.post(STEP, {"digits": wrong})
    assert "Chờ vài giây" in text_of(client.post(STEP, {"digits": shown_by(device.bin_key)}))
    with time_machine.travel(timezone.now() + timedelta(seconds=5)):
        assert client.post(STEP, {"digits": shown_by(device.bin_key)}).status_code == 302


def test_digits_that_somebody_looked_over_open_nothing_a_second_time():
    device = given_second_factor(given_user("lan"))
    digits = shown_by(device.bin_key)
    assert half_signed_in().post(STEP, {"digits": digits}).status_code == 302
    assert half_signed_in().post(STEP, {"digits": digits}).status_code == 200


def test_a_recovery_code_opens_once_however_it_is_spaced_and_not_another_account():
    lan, hoa = given_user("lan"), given_user("hoa")
    given_second_factor(lan), given_second_factor(hoa)
    code = second_factor.new_codes(lan)[0]
    assert half_signed_in("hoa").post(STEP, {"digits": code}).status_code == 200
    assert half_signed_in().post(STEP, {"digits": f" {code[:4]} {code[4:].upper()}"}).status_code == 302
    assert half_signed_in().post(STEP, {"digits": code}).status_code == 200
    assert second_factor.codes_left(lan) == second_factor.CODES - 1


@pytest.mark.parametrize("change", [{"is_active": False}, {"password": "khac"}])
def test_an_account_that_changed_between_the_steps_has_to_begin_anew(change):
    lan = given_user("lan")
    device = given_second_factor(lan)
    client = half_signed_in()
    User.objects.filter(pk=lan.pk).update(**change)
    assert client.post(STEP, {"digits": shown_by(device.bin_key)}).headers["Location"] == "/login/"
    assert not is_signed_in(client)


def test_the_second_step_does_not_wait_for_ever():
    device = given_second_factor(given_user("lan"))
    client = half_signed_in()
    with time_machine.travel(timezone.now() + timedelta(seconds=HALF_LASTS + 1)):
        assert client.post(STEP, {"digits": shown_by(device.bin_key)}).headers["Location"] == "/login/"


def test_setting_it_up_takes_the_digits_of_the_key_that_was_shown_and_gives_codes_once():
    client = Client()
    client.force_login(lan := given_user("lan"))
    page = client.get("/account/second-factor/")
    key = key_on(page)
    assert "<svg" in page.content.decode()
    assert client.post("/account/second-factor/", {"digits": "000000" if shown_by(key) != "000000" else "111111"}).status_code == 200
    assert not second_factor.has_second_factor(lan)
    codes = client.post("/account/second-factor/", {"digits": shown_by(key), "next": "//elsewhere.example"})
    assert len(codes.context["codes"]) == second_factor.CODES
    assert codes.context["next"] == ""
    assert TOTPDevice.objects.get(user=lan).bin_key == key
    assert client.post("/account/recovery-codes/").context["codes"] != codes.context["codes"]


def test_a_session_without_the_digits_replaces_neither_authenticator_nor_codes():
    client = Client()
    client.force_login(lan := given_user("lan"))
    given_second_factor(lan)
    for answer in (client.get("/account/second-factor/"), client.post("/account/recovery-codes/")):
        assert answer.headers["Location"] == "/account/"
    assert second_factor.codes_left(lan) == 0


def test_whoever_configures_sets_one_up_first(asked_for):
    client = Client()
    client.force_login(User.objects.create_superuser("quan-tri"))
    assert client.get("/admin/units/unit/").headers["Location"].startswith("/admin/login/")
    answer = client.get("/admin/units/unit/", follow=True)
    assert answer.redirect_chain[-1][0] == "/account/second-factor/?next=/admin/units/unit/"
    client.post("/account/second-factor/", {"digits": shown_by(key_on(answer))})
    assert client.get("/admin/units/unit/").status_code == 200


def test_whoever_configures_and_has_one_gives_the_digits_first(asked_for):
    client = Client()
    client.force_login(boss := User.objects.create_superuser("quan-tri"))
    device = given_second_factor(boss)
    answer = client.get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0] == f"{STEP}?next=/admin/"
    assert client.post(f"{STEP}?next=/admin/", {"digits": shown_by(device.bin_key)}).headers["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_officers_may_do_without(asked_for):
    client = Client()
    client.force_login(given_user("lan"))
    assert client.get("/").status_code == 200
