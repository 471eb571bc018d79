from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from accounts import tokens
from accounts.idle import disable_idle
from accounts.models import Scope
from tests.builders import given_user
from tests.entrypoints.cli import done

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def used(name: str, days_ago: int | None, made: int = 100, **more: bool) -> None:
    last = None if days_ago is None else NOW - timedelta(days=days_ago)
    User.objects.filter(pk=given_user(name).pk).update(last_login=last, date_joined=NOW - timedelta(days=made), **more)


def test_what_nobody_signed_in_to_for_45_days_is_disabled_and_the_last_administrator_stays():
    used("nay", 44)
    used("lau", 46)
    used("chua", None)
    used("moi", None, made=3)
    used("quan-tri-1", 90, is_superuser=True)
    used("quan-tri-2", 50, is_superuser=True)
    assert disable_idle(NOW) == ["chua", "lau", "quan-tri-1"]
    assert disable_idle(NOW) == []
    assert list(User.objects.filter(is_active=True).order_by("username").values_list("username", flat=True)) == ["moi", "nay", "quan-tri-2"]


def test_with_no_days_given_nothing_is_disabled(settings):
    settings.IDLE_DAYS = 0
    used("lau", 1000)
    assert disable_idle(NOW) == []


def test_a_program_that_works_keeps_its_account_open_and_a_calendar_that_asks_by_itself_does_not():
    for name, scopes in (("chuong-trinh", [Scope.READ]), ("lich", [Scope.CALENDAR])):
        used(name, 46)
        _token, secret = tokens.issue(User.objects.get(username=name), "máy", scopes, days=365, unit=None, at=NOW)
        assert tokens.found(secret, NOW) is not None
    assert disable_idle(NOW) == ["lich"]


def test_the_command_names_them():
    used("lau", 46)
    assert done("disable_idle_accounts").lines == ["lau", "1 accounts disabled."]
