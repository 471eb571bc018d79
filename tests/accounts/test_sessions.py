from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from tests.accounts.builders import PASSWORD
from tests.builders import given_user
from tests.entrypoints.admin_client import text_of
from tests.servers import OwnRedis

pytestmark = pytest.mark.django_db


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def answers_after(client: Client, minutes: float) -> int:
    with time_machine.travel(timezone.now() + timedelta(minutes=minutes)):
        return client.get("/").status_code


def test_a_reporters_session_lasts_a_working_day_and_ends_after_it():
    client = signed_in(given_user("lan"))
    assert answers_after(client, 590) == 200
    assert answers_after(client, 590 + 590) == 200
    assert answers_after(client, 590 + 590 + 601) == 302


def test_who_configures_is_signed_out_after_a_quarter_of_an_hour_of_doing_nothing():
    client = signed_in(User.objects.create_superuser("quan-tri"))
    assert answers_after(client, 14) == 200
    assert answers_after(client, 28) == 200
    assert answers_after(client, 44) == 302


def test_the_page_of_signing_in_says_why():
    client = signed_in(given_user("lan"))
    with time_machine.travel(timezone.now() + timedelta(hours=14)):
        assert "vì không có thao tác nào" in text_of(client.get("/", follow=True))


def test_sessions_end_with_what_the_account_may_do_with_its_name_its_password_and_itself():
    for change in ({"is_staff": True}, {"is_superuser": True}, {"username": "moi"}, {"password": "khac"}, {"is_active": False}):
        client = signed_in(user := given_user("lan"))
        assert client.get("/").status_code == 200
        User.objects.filter(pk=user.pk).update(**change)
        assert client.get("/").status_code == 302
        user.delete()


def test_being_there_is_written_down_once_a_minute_and_not_with_each_request(django_assert_max_num_queries):
    client = signed_in(given_user("lan"))
    with django_assert_max_num_queries(2):  # the session, and its user
        client.get("/account/password/")


def test_people_sign_in_and_work_while_redis_is_away(own_broker: OwnRedis, settings: Any):
    settings.CACHES = settings.CACHES | {"sessions": {"BACKEND": "accounts.session_cache.SessionCache", "LOCATION": own_broker.url}}
    settings.SESSION_ENGINE, settings.SESSION_CACHE_ALIAS = "django.contrib.sessions.backends.cached_db", "sessions"
    given_user("lan")
    early, late = Client(), Client()
    assert early.post("/login/", {"username": "lan", "password": PASSWORD}).status_code == 302
    own_broker.stop()
    assert late.post("/login/", {"username": "lan", "password": PASSWORD}).status_code == 302
    assert [client.get("/").status_code for client in (early, late)] == [200, 200]
    own_broker.start()
    assert [client.get("/").status_code for client in (early, late)] == [200, 200]
