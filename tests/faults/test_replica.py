"""Dashboards are read from a copy of the database that follows it, and from the database itself when the copy doesn't."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import environ
import psycopg
import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from danvan import replica
from tests.builders import Play, given_user
from tests.entrypoints.api_client import Program
from tests.faults.country import given_country
from tests.faults.site import Site
from tests.processes import wait_until

# It brings PostgreSQL servers of its own; what the rest of the suite runs on doesn't matter, so it is run once.
pytestmark = pytest.mark.postgresql


@pytest.fixture(scope="module")
def play(site: Site) -> Play:
    return given_country()


@pytest.fixture
def copy(site: Site, play: Play, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A copy that Django knows as its replica, looked at before each page; its URL."""
    monkeypatch.setattr(replica, "LOOK_EVERY", 0.0)
    with site.database.replicated() as url:
        settings = connections.configure_settings({"default": {}, "replica": dict(environ.Env.db_url_config(url))})
        connections.settings["replica"] = settings["replica"]
        wait_until(replica.is_fit, "the copy to follow", 20)
        yield url
        connections["replica"].close()
        del connections["replica"]
        del connections.settings["replica"]


@pytest.fixture
def leader() -> Client:
    client = Client()
    client.force_login(given_user(f"leader{time.monotonic_ns()}", P="observer"))
    return client


@pytest.fixture
def program() -> Client:
    return Client(headers={"Authorization": f"Bearer {Program(given_user(f'program{time.monotonic_ns()}', P='observer')).secret}"})


def asked(client: Client, page: str) -> tuple[str, dict[str, list[str]]]:
    """The page, and which reports' tables each database was asked for."""
    with CaptureQueriesContext(connections["default"]) as ours, CaptureQueriesContext(connections["replica"]) as theirs:
        answer = client.get(page)
    assert answer.status_code == 200
    both = {"default": ours, "replica": theirs}
    page_without_tokens = re.sub(r'value="\w{64}"', "", answer.content.decode())
    return page_without_tokens, {name: [each["sql"] for each in seen if '"reports_' in each["sql"]] for name, seen in both.items()}


def test_a_dashboard_is_read_from_the_copy_and_everything_else_from_the_database(
    copy: str, play: Play, leader: Client, monkeypatch: pytest.MonkeyPatch
):
    page = f"/dashboards/{play.report('P').pk}/progress/"
    wait_until(lambda: "DP1" in asked(leader, page)[0], "the copy to have caught up", 20)
    shown, queries = asked(leader, page)
    assert queries["default"] == []
    assert queries["replica"]
    _, elsewhere = asked(leader, f"/reports/{play.report('P').pk}/below/")
    assert elsewhere["replica"] == []
    monkeypatch.setattr(replica, "is_fit", lambda: False)
    assert asked(leader, page)[0] == shown


@pytest.mark.parametrize("name", ["progress.json", "timeliness.json", "ranking.json", "warnings.json", "progress"])
def test_a_program_is_given_the_figures_of_a_dashboard_from_the_copy(copy: str, play: Play, program: Client, name: str):
    report = f"/api/v1/reports/{play.report('P').pk}"
    wait_until(lambda: asked(program, f"{report}/dashboards/{name}")[1]["default"] == [], "the copy to have caught up", 20)
    _, queries = asked(program, f"{report}/dashboards/{name}")
    assert queries["default"] == []
    assert queries["replica"]
    assert asked(program, f"{report}/form")[1]["replica"] == []


def test_a_copy_that_is_behind_is_left_alone(copy: str, play: Play, leader: Client, monkeypatch: pytest.MonkeyPatch):
    page = f"/dashboards/{play.report('P').pk}/progress/"
    monkeypatch.setattr(replica, "BEHIND", 0)
    with psycopg.connect(copy, autocommit=True) as there:
        there.execute("SELECT pg_wal_replay_pause()")
        play.hand_in("HP114")
        wait_until(lambda: not replica.is_fit(), "the copy to be behind", 20)
        assert asked(leader, page)[1]["replica"] == []
        there.execute("SELECT pg_wal_replay_resume()")
        wait_until(replica.is_fit, "the copy to follow again", 20)
    assert asked(leader, page)[1]["default"] == []


@pytest.mark.parametrize(
    ("client", "page"), [("leader", "/dashboards/{}/progress/"), ("program", "/api/v1/reports/{}/dashboards/progress.json")]
)
def test_a_copy_that_goes_away_in_the_middle_of_a_page_costs_nobody_the_page(
    copy: str, play: Play, leader: Client, program: Client, monkeypatch: pytest.MonkeyPatch, caplog: Any, client: str, page: str
):
    reader, page = {"leader": leader, "program": program}[client], page.format(play.report("P").pk)
    asked(reader, page)
    monkeypatch.setattr(replica, "LOOK_EVERY", 60.0)
    assert replica.is_fit()
    with psycopg.connect(copy, autocommit=True) as there:
        there.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
    assert "DP1" in asked(reader, page)[0]
    assert "its copy failed" in caplog.text
    assert not replica.is_fit()
