"""What a load balancer and a watching program are told."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.utils import timezone

from danvan import running, ticks
from reports.models import Reminder, Rollup, RollupMark
from reports.services import rolling_up
from reports.services.rolling_up import TRIES
from tests.builders import NOON, at, given_cycle

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


# --- Ready ---------------------------------------------------------------------------------------


def unready(client) -> list[str]:
    answer = client.get("/readyz")
    lines = answer.content.decode().splitlines()
    assert answer.status_code == (200 if lines == ["ready"] else 503)
    return [line.partition(":")[0] for line in lines]


@pytest.fixture
def broker(monkeypatch):
    """One that answers, with nothing known of any worker."""
    cache.clear()
    monkeypatch.setattr(running, "broker", lambda: running.Broker(is_there=True))


def test_without_a_broker_the_database_alone_makes_it_ready(client):
    assert unready(client) == ["ready"]


def test_a_broker_out_of_reach_is_said_and_nothing_of_those_behind_it(client, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert unready(client) == ["broker"]


def test_a_worker_nobody_has_heard_of_makes_it_unready(client, broker):
    assert unready(client) == ["worker", *["scheduler"] * len(running.task_names())]


def test_a_worker_that_did_every_task_makes_it_ready_and_its_silence_unready(client, broker):
    for task in running.task_names():
        ticks.note(task)
    assert unready(client) == ["ready"]
    with time_machine.travel(timezone.now() + timedelta(minutes=2), tick=False):
        assert unready(client)[:2] == ["worker", "scheduler"]  # the totals' turn comes every few seconds


def test_a_total_that_waits_for_minutes_makes_it_unready(client):
    play = given_cycle()
    play.hand_in("H1")
    assert unready(client) == ["ready"]
    RollupMark.objects.update(marked_at=timezone.now() - timedelta(minutes=3))
    assert unready(client) == ["totals"]
    rolling_up.drain_all()
    assert unready(client) == ["ready"]


# --- Metrics -------------------------------------------------------------------------------------


def measured(client) -> dict[str, float]:
    answer = client.get("/metrics", headers={"Authorization": "Bearer a long token"})
    assert answer.status_code == 200
    lines = (line.rsplit(" ", 1) for line in answer.content.decode().splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in lines}


def test_metrics_are_for_those_with_the_token_alone(client, settings):
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404
    settings.METRICS_TOKEN = "a long token"
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer another"}).status_code == 404
    assert measured(client)


def test_metrics_count_what_waits_what_failed_and_what_was_set_aside(client, settings, broker, django_assert_num_queries):
    settings.METRICS_TOKEN = "a long token"
    play = given_cycle()
    play.sweep(at("2025-08-01 09:00"))
    ticks.note("reports.tasks.sweep")
    ticks.note_failure("reports.tasks.sweep")
    play.hand_in("H1")
    Rollup.objects.filter(report=play.report("C")).update(failures=TRIES)
    RollupMark.objects.update(marked_at=timezone.now() - timedelta(minutes=3))
    with django_assert_num_queries(10):
        found = measured(client)
    assert found["danvan_totals_marked"] == RollupMark.objects.count() > 0
    assert 180 <= found["danvan_totals_oldest_mark_seconds"] < 200
    assert found['danvan_set_aside{what="totals"}'] == 1
    assert found['danvan_flags_open{kind="missing"}'] > 0
    assert (found["danvan_broker_up"], found['danvan_task_failures_total{task="sweep"}']) == (1, 1)
    assert found['danvan_task_age_seconds{task="sweep"}'] < 60
