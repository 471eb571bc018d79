"""Where an account's owner is told beside mail: proven by a code, kept as little as can be, and gone when it is not wanted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts import contact_ways, personal_data
from accounts.checks import ways_of_telling
from accounts.models import ContactWay
from audit.models import AuditEntry
from tests.builders import given_user
from tests.channels import sms
from tests.contact_ways import given_way
from tests.entrypoints.admin_client import said, text_of
from tests.receiver import Receiver, receiving

pytestmark = pytest.mark.django_db
PLACE = "/account/told-by/sms/"


@pytest.fixture
def gateway(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOKS_TO_PRIVATE = True
    with receiving() as found:
        settings.CHANNELS = {"sms": sms(found.url, hint="Mười chữ số")}
        cache.clear()
        yield found


@pytest.fixture
def lan(gateway: Receiver) -> Client:
    client = Client()
    client.force_login(given_user("lan"))
    return client


def code_that_came(gateway: Receiver) -> str:
    [text] = parse_qs(urlsplit(gateway.came[-1].path).query)["content"]
    found = re.search(r"\b[0-9]{6}\b", text)
    assert found
    return found[0]


def test_an_address_counts_once_the_code_that_went_there_has_come_back(lan: Client, gateway: Receiver):
    assert "Mười chữ số" in text_of(lan.get(PLACE))
    assert lan.post(PLACE, {"address": "0912 345 678"}).status_code == 302
    [asked] = gateway.came
    query = parse_qs(urlsplit(asked.path).query)
    assert query["phone"] == ["84912345678"]
    assert query["content"][0].startswith("Dan van:")
    assert "+84912345678" in text_of(lan.get(PLACE))
    assert not ContactWay.objects.good().exists()
    page = lan.post(PLACE, {"code": code_that_came(gateway)}, follow=True)
    assert "SMS" in said(page)[0]
    way = ContactWay.objects.good().get()
    assert (way.address, way.language, way.digest) == ("+84912345678", "vi", "")


def test_an_address_that_is_none_is_told_in_words_and_asks_for_nothing(lan: Client, gateway: Receiver):
    page = lan.post(PLACE, {"address": "abc"})
    assert (page.status_code, gateway.came) == (422, [])
    assert "số di động" in text_of(page)


def test_a_code_is_good_for_ten_minutes_and_five_tries(lan: Client, gateway: Receiver):
    lan.post(PLACE, {"address": "0912345678"})
    right = code_that_came(gateway)
    wrong = "000000" if right != "000000" else "000001"
    with time_machine.travel(timezone.now() + contact_ways.GOOD_FOR + timedelta(seconds=1)):
        assert "quá lâu" in text_of(lan.post(PLACE, {"code": right}))
    for _ in range(contact_ways.MOST_TRIES):
        assert lan.post(PLACE, {"code": wrong}).status_code == 422
    lan.post(PLACE, {"code": right})
    assert not ContactWay.objects.good().exists()


def test_codes_are_few_since_each_costs_and_may_reach_a_stranger(lan: Client, gateway: Receiver):
    at = timezone.now()
    for number in range(contact_ways.MOST_A_DAY + 2):
        with time_machine.travel(at + timedelta(seconds=number * 61)):
            assert lan.post(PLACE, {"address": "0912345678"}).status_code in (302, 422)
            again = lan.post(PLACE, {"address": "0912345678"})
            assert again.status_code == 422
    assert len(gateway.came) == contact_ways.MOST_A_DAY


def test_a_gateway_that_refuses_the_code_is_told_and_nothing_is_kept(lan: Client, gateway: Receiver):
    gateway.answers = [503]
    page = lan.post(PLACE, {"address": "0912345678"})
    assert "không nhận mã" in text_of(page)
    assert not ContactWay.objects.exists()


def test_another_address_counts_only_once_it_is_proven(lan: Client, gateway: Receiver, django_user_model: Any):
    given_way(django_user_model.objects.get(), timezone.now(), replaces_mail=True)
    assert "+84912345678" in text_of(lan.get(PLACE))
    lan.post(PLACE, {"address": "0387654321"})
    way = ContactWay.objects.get()
    assert (way.address, way.confirmed_at, way.replaces_mail) == ("+84387654321", None, False)


def test_one_chooses_mail_as_well_or_instead_and_to_be_forgotten(lan: Client, django_user_model: Any):
    given_way(django_user_model.objects.get(), timezone.now())
    page = lan.post(f"{PLACE}mail/", {"replaces": "yes"}, follow=True)
    assert "thay cho thư" in text_of(page)
    lan.post(f"{PLACE}mail/", {"replaces": "no"})
    assert ContactWay.objects.get().replaces_mail is False
    lan.post(f"{PLACE}forget/")
    assert not ContactWay.objects.exists()


def test_what_this_site_does_not_have_is_nowhere(lan: Client, settings: Any):
    assert lan.get("/account/told-by/zalo/").status_code == 404
    settings.CHANNELS = {}
    assert lan.get(PLACE).status_code == 404
    assert "told-by" not in lan.get("/account/").content.decode()


def test_it_is_personal_data_shown_taken_and_erased_and_the_journal_never_held_the_number(lan: Client, django_user_model: Any):
    user = django_user_model.objects.get()
    given_way(user, timezone.now(), digest="bi-mat")
    assert "+84912345678" in text_of(lan.get("/account/data/"))
    file = json.loads("".join(personal_data.as_json(user)))
    [row] = file["accounts.contactway.user"]
    assert (row["address"], "digest" in row) == ("+84912345678", False)
    given_user("sep").__class__.objects.filter(username="sep").update(is_superuser=True)
    personal_data.erase(user)
    assert not ContactWay.objects.exists()
    entries = AuditEntry.objects.filter(kind="accounts.contactway")
    assert [entry.action for entry in entries] == ["deleted", "added"]
    assert "912345678" not in json.dumps(list(entries.values("before", "after")))


def test_a_channel_that_cannot_be_made_is_told_by_check(settings: Any):
    assert ways_of_telling(None) == []
    settings.CHANNELS = {"zalo": {"BACKEND": "nowhere.Zalo", "NAME": "Zalo"}}
    assert [error.id for error in ways_of_telling(None)] == ["accounts.E005"]
