"""A real Celery worker in a process of its own, for tests that must see what happens as it is run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from django.db import connection

from danvan.celery import app
from danvan.embedded import WORKER_OPTIONS
from danvan.places import BASE_DIR

STARTS_WITHIN = 60.0


class Worker:
    """`celery -A danvan worker` on the test's own database and broker.

    A test ends it with `stop()` (as a deployment does: running tasks are finished) or `kill()` (as a machine that
    loses its power does), brings another up with `start()`, and waits for an effect with `wait_until()`.
    """

    def __init__(self, broker_url: str, log: Path) -> None:
        self.broker_url, self.log_file = broker_url, log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it takes tasks."""
        environment = os.environ | {"REDIS_URL": self.broker_url, "DATABASE_URL": database_url(), "CELERY_CONCURRENCY": "2"}
        command = [sys.executable, "-m", "celery", "-A", "danvan", "worker", *WORKER_OPTIONS]
        with self.log_file.open("ab") as log:
            before = log.tell()
            self._process = subprocess.Popen(
                command, cwd=BASE_DIR, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        self.wait_until(lambda: " ready." in self.log()[before:], "the worker to be ready", STARTS_WITHIN)

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def stop(self) -> None:
        """Let it finish what it does, and wait for its end."""
        if self._process:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(20)
            self.kill()

    def kill(self) -> None:
        """End it and its children at once, in the middle of whatever they do."""
        if self._process:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def wait_until(self, happened: Callable[[], object], what: str, seconds: float = 20.0) -> None:
        """Wait for an effect that the worker has on the database; AssertionError with its log where it stays out."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if happened():
                return
            time.sleep(0.05)
        raise AssertionError(f"Waited {seconds:g} s in vain for {what}. The worker's log ends:\n{self.log()[-4000:]}")


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
        worker.stop()


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
