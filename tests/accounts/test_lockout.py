"""Who guesses passwords is shut out for a while: by account, and by address."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.utils import timezone

from tests.accounts.builders import sign_in
from tests.builders import given_user
from tests.entrypoints.admin_client import administrator, said, text_of

pytestmark = pytest.mark.django_db


def failures(count: int, name: str = "lan", **more: str) -> list[int]:
    return [sign_in(name, "sai", **more).status_code for _ in range(count)]


def test_the_fifth_failure_shuts_the_account_even_for_the_right_password_and_from_elsewhere():
    given_user("lan")
    assert failures(4) == [200] * 4
    assert failures(1) == [429]
    assert sign_in("lan").status_code == 429
    assert sign_in("LAN", REMOTE_ADDR="10.0.0.9", HTTP_USER_AGENT="another").status_code == 429


def test_the_page_says_so_in_the_readers_language_and_for_how_long():
    given_user("lan")
    failures(4)
    page = sign_in("lan", "sai")
    assert "Thử lại sau 15 phút" in text_of(page)
    assert 'role="alert"' in page.content.decode()


def test_it_says_the_same_of_an_account_that_does_not_exist():
    assert failures(5, "khong-co") == [200] * 4 + [429]


def test_the_account_is_open_again_after_a_while():
    given_user("lan")
    failures(5)
    with time_machine.travel(timezone.now() + settings.AXES_COOLOFF_TIME + timedelta(seconds=1)):
        assert sign_in("lan").status_code == 302


def test_a_success_forgives_ones_own_failures():
    given_user("lan")
    failures(4)
    assert sign_in("lan").status_code == 302
    assert failures(4) == [200] * 4


def test_a_success_forgives_nobody_elses_failures_from_the_same_address():
    given_user("lan"), given_user("ke-gian")
    failures(4)
    assert sign_in("ke-gian").status_code == 302
    assert failures(1) == [429]


def test_an_address_from_which_many_accounts_are_tried_is_shut_for_all_of_them():
    given_user("lan")
    tried = [status for number in range(19) for status in failures(1, f"ai-{number}")]
    assert tried == [200] * 19
    assert failures(1, "ai-nua") == [429]
    assert sign_in("lan").status_code == 429
    assert sign_in("lan", REMOTE_ADDR="10.0.0.9").status_code == 302


def test_what_a_client_says_of_its_own_address_is_not_believed():
    tried = [sign_in(f"ai-{number}", "sai", HTTP_X_FORWARDED_FOR=f"10.0.0.{number}").status_code for number in range(20)]
    assert tried[-1] == 429


def test_behind_a_proxy_the_address_is_the_one_that_the_proxy_saw(settings):
    settings.PROXIES = 1
    given_user("lan")
    for number in range(20):
        sign_in(f"ai-{number}", "sai", HTTP_X_FORWARDED_FOR="1.2.3.4, 10.0.0.1")
    assert sign_in("lan", HTTP_X_FORWARDED_FOR="5.6.7.8, 10.0.0.1").status_code == 429
    assert sign_in("lan", HTTP_X_FORWARDED_FOR="10.0.0.1, 10.0.0.2").status_code == 302


def test_an_administrator_unlocks_an_account():
    lan = given_user("Lan")
    failures(5, "Lan")
    answer = administrator().post("/admin/auth/user/", {"action": "unlock", "_selected_action": [lan.pk]})
    assert said(answer) == ["1 tài khoản bị khóa nay đã được mở."]
    assert sign_in("Lan").status_code == 302
