"""A real Celery worker in a process of its own, for tests that must see what happens as it is run."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from django.db import connection

from danvan.celery import app
from danvan.embedded import WORKER_OPTIONS
from tests.processes import Process, wait_until

STARTS_WITHIN = 60.0


class Worker(Process):
    """`celery -A danvan worker` on the test's own database and broker.

    A test ends it with `stop()` (running tasks are finished) or `kill()`, brings another up with `start()`, and waits for an
    effect with `wait_until()`.
    """

    def __init__(self, broker_url: str, log: Path) -> None:
        environment = os.environ | {"REDIS_URL": broker_url, "DATABASE_URL": database_url(), "CELERY_CONCURRENCY": "2"}
        super().__init__([sys.executable, "-m", "celery", "-A", "danvan", "worker", *WORKER_OPTIONS], environment, log)

    def start(self) -> None:
        """Start it and wait until it takes tasks."""
        super().start()
        self.wait_until(lambda: self.said_since_start(" ready."), "the worker to be ready", STARTS_WITHIN)

    def wait_until(self, happened: Callable[[], object], what: str, seconds: float = 20.0) -> None:
        """Wait for an effect that the worker has on the database; AssertionError with its log where it stays out."""
        wait_until(happened, what, seconds, [self.log_file])


def database_url() -> str:
    """The DATABASE_URL under which another process reaches this test's database."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


@contextmanager
def running_worker(broker_url: str, folder: Path) -> Iterator[Worker]:
    worker = Worker(broker_url, folder / "worker.log")
    worker.start()
    try:
        yield worker
    finally:
        worker.kill()  # to end in peace would take it seconds; whatever it is at, database and broker are emptied now


@contextmanager
def publishing_to(broker_url: str) -> Iterator[None]:
    """This process publishes there until the end of the block; without a URL it publishes nothing."""
    before = app.conf.broker_url
    set_broker(broker_url)
    try:
        yield
    finally:
        set_broker(before)


def set_broker(url: str) -> None:
    app._pool = None
    app.amqp._producer_pool = None
    app.conf.broker_url = url
