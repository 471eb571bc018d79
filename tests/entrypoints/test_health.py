"""What a load balancer and a watching program are told."""

from __future__ import annotations

from datetime import date

import pytest

from reports.models import Reminder, Rollup
from reports.services.rolling_up import TRIES
from tests.builders import NOON, given_cycle

pytestmark = pytest.mark.django_db


def test_a_healthy_process_says_ok(client):
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok")


def test_what_was_set_aside_asks_for_attention_and_the_process_stays_well(client):
    report = given_cycle().report("C")
    Rollup.objects.filter(report=report).update(failures=TRIES)
    Reminder.objects.create(report=report, audience="unit", due_on=date(2025, 6, 18), step=0, set_aside_at=NOON)
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content.decode().splitlines()) == (
        200,
        ["attention", "totals set aside: 1", "reminders set aside: 1"],
    )
