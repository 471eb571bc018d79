"""A press of *submit* can be followed through the logs to the last total."""

from __future__ import annotations

import json
import logging
from types import SimpleNamespace

import pytest

from danvan import celery, tracing


@pytest.fixture(autouse=True)
def nothing_goes_on():
    yield
    tracing.begin("", "")


def line(message: str = "done") -> dict[str, str]:
    record = logging.LogRecord("reports", logging.INFO, "", 0, message, None, None)
    tracing.Following().filter(record)
    return json.loads(tracing.JsonLines().format(record))


def test_an_answer_says_the_request_s_id_and_takes_over_the_proxy_s(client, db):
    made = client.get("/healthz").headers["X-Request-ID"]
    assert len(made) == 32
    assert client.get("/healthz", headers={"X-Request-ID": "proxy-7"}).headers["X-Request-ID"] == "proxy-7"


@pytest.mark.parametrize("forged", ["a b", "x" * 65, 'a"}{', "a\nERROR"])
def test_an_id_that_might_forge_a_line_is_not_taken_over(client, db, forged: str):
    assert client.get("/healthz", headers={"X-Request-ID": forged}).headers["X-Request-ID"] != forged


def test_a_task_s_lines_name_the_request_that_woke_it():
    tracing.begin("request-1", "")
    headers: dict[str, str] = {}
    celery._hand_on(headers=headers)
    tracing.begin("", "")
    celery._take_up(task_id="task-9", task=SimpleNamespace(request=SimpleNamespace(**headers)))
    assert (line()["request"], line()["task"]) == ("request-1", "task-9")
    celery._end()
    assert (line()["request"], line()["task"]) == ("-", "-")


def test_a_line_of_json_stays_one_line():
    assert line("first\nsecond")["message"] == "first\nsecond"
