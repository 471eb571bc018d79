"""What opens something never stands in a log, whatever goes wrong and however much is logged."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from typing import Any

import pytest
from django.test import Client

from accounts import second_factor
from danvan.places import BASE_DIR
from danvan.settings import LOGGING
from danvan.tracing import JsonLines
from tests.accounts.builders import PASSWORD, given_second_factor, shown_by
from tests.builders import given_user

pytestmark = [pytest.mark.django_db, pytest.mark.once]


def written(caplog: pytest.LogCaptureFixture) -> str:
    """All that was logged, in both forms that the site writes."""
    line: Any = LOGGING["formatters"]["line"]  # type: ignore[index]
    for record in caplog.records:
        record.request_id = record.task_id = "-"
    return "\n".join(
        form.format(record) for record in caplog.records for form in (logging.Formatter(line["format"], style=line["style"]), JsonLines())
    )


def test_neither_passwords_digits_codes_links_nor_sessions_are_logged(caplog: pytest.LogCaptureFixture, settings: Any):
    settings.METRICS_TOKEN = "ma-bi-mat-cua-do-dem"
    lan = given_user("lan")
    device = given_second_factor(lan)
    code = second_factor.new_codes(lan)[0]
    client = Client()
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("tests").warning("something is logged")
        for number in range(6):
            client.post("/login/", {"username": "go-nham-vao-o-ten", "password": f"sai-{number}-bi-mat"})
        client.post("/login/", {"username": "lan", "password": PASSWORD})
        client.post("/account/second-step/", {"digits": "987123"})
        client.post("/account/second-step/", {"digits": f"{code}x"})
        client.get("/account/invitation/MQ/lien-ket-bi-mat/")
        client.get("/metrics", HTTP_AUTHORIZATION="Bearer ma-bi-mat-doan-mo")
    said = written(caplog)
    assert "something is logged" in said
    secrets = [
        PASSWORD,
        "bi-mat",
        "987123",
        code,
        shown_by(device.bin_key),
        device.key,
        str(client.session.session_key),
        "go-nham-vao-o-ten",
    ]
    assert [secret for secret in secrets if secret in said] == []


def test_what_was_sent_is_in_no_traceback(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch):
    def broken(*args: Any, **more: Any) -> None:
        raise RuntimeError("broken here")

    given_user("lan")
    monkeypatch.setattr("accounts.views.let_in", broken)
    with caplog.at_level(logging.DEBUG):
        assert Client(raise_request_exception=False).post("/login/", {"username": "lan", "password": PASSWORD}).status_code == 500
    said = written(caplog)
    assert "broken here" in said
    assert PASSWORD not in said


def test_the_passwords_of_database_and_broker_are_in_no_error():
    environment = {
        "DATABASE_URL": "postgresql://danvan:mat-khau-csdl@127.0.0.1:9/danvan",
        "REDIS_URL": "redis://:mat-khau-redis@127.0.0.1:9/0",
        "SECRET_KEY": "khoa-bi-mat-cua-may-chu",
        "LOG_LEVEL": "DEBUG",
    }
    asked = """
import logging, django; django.setup()
from django.db import connection
from django.core.cache import cache
from danvan.celery import app
for act in (connection.ensure_connection, lambda: cache.get("x"), lambda: app.send_task("x")):
    try: act()
    except Exception: logging.exception("failed")
"""
    environment = os.environ | environment | {"DJANGO_SETTINGS_MODULE": "danvan.settings"}
    ran = subprocess.run(
        [sys.executable, "-c", asked], cwd=BASE_DIR, env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    said = ran.stdout + ran.stderr
    assert said.count("failed") >= 3
    assert "mat-khau" not in said
    assert "khoa-bi-mat" not in said
