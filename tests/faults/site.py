"""The whole site as it stands on a server: PostgreSQL, broker, mail server, web, worker and schedulers, each a process of its own."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import environ
import redis
from django.core.management import call_command
from django.db import DatabaseError, InterfaceError, connections

from danvan import embedded
from danvan.embedded import WORKER_OPTIONS, python
from reports.models import RollupMark
from reports.services import reminding
from tests import servers
from tests.faults.mailbox import Mailbox, mailbox
from tests.processes import Process, wait_until

STARTS_WITHIN = 60.0
#: seconds within which a site that is left alone has done all that is due, on a slow machine too
SETTLES_WITHIN = 60.0


class Site:
    """Everything that a test may kill, stop and start again. `clock` is the moment that the site takes for now."""

    def __init__(
        self,
        folder: Path,
        database: servers.OwnPostgresql,
        broker: servers.OwnRedis,
        post: Mailbox,
        begins_at: datetime,
        database_url: str = "",
    ) -> None:
        self.folder, self.database, self.broker, self.post = folder, database, broker, post
        self.database_url = database_url or database.url
        self._ahead = begins_at.timestamp() - time.time()
        self.port = embedded.free_port()
        self.web = self.program("web", [*python("gunicorn"), "danvan.wsgi", *embedded.gunicorn_options(self.port)])
        self.worker = self.program("worker", [*python("celery"), "-A", "danvan", "worker", *WORKER_OPTIONS])
        beat = [*python("celery"), "-A", "danvan", "beat", "--loglevel", "INFO", "--pidfile="]
        self.scheduler, self.second_scheduler = self.program("beat", beat), self.program("second-beat", beat)

    # --- Its clock and its programs ------------------------------------------------------------------

    @property
    def clock(self) -> datetime:
        return datetime.fromtimestamp(time.time() + self._ahead, UTC)

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "DJANGO_SETTINGS_MODULE": "tests.faults.site_settings",
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.broker.url,
            "EMAIL_URL": self.post.url,
            "CELERY_CONCURRENCY": "2",
            "CLOCK_AHEAD": str(self._ahead),
            "PYTHONUNBUFFERED": "1",
            "PATH": f"{self.database.programs}{os.pathsep}{os.environ['PATH']}",
            "VAR_DIR": str(self.folder / "var"),
        }

    def program(self, name: str, command: Sequence[str]) -> Process:
        return Process(list(command), self.environment, self.folder / f"{name}.log")

    def script(self, name: str, module: str, *arguments: object) -> Process:
        """A program of the suite's own that acts on the site from outside."""
        return self.program(name, [sys.executable, "-m", module, *map(str, arguments)])

    def manage(self, name: str, *arguments: object, **settings: str) -> Process:
        """`manage.py ARGUMENTS`, with more settings, started."""
        program = self.program(name, [sys.executable, "manage.py", *map(str, arguments)])
        program.environment |= settings
        program.start()
        return program

    @property
    def programs(self) -> list[Process]:
        return [self.web, self.worker, self.scheduler, self.second_scheduler]

    def start(self) -> None:
        """Web, worker and one scheduler; returns once the pages answer and the worker takes tasks."""
        for program in (self.web, self.worker, self.scheduler):
            program.start()
        self.wait_until(self.is_up, "pages and worker", STARTS_WITHIN)

    def is_up(self) -> bool:
        return self.worker_is_ready() and self.answers()

    def answers(self) -> bool:
        """Whether the pages do."""
        return embedded.answers(self.port)

    def worker_is_ready(self) -> bool:
        return self.worker.said_since_start(" ready.")

    def stop(self) -> None:
        """End it as a deployment does."""
        for program in reversed(self.programs):
            program.stop()

    def kill(self) -> None:
        for program in self.programs:
            program.kill()

    def sleep(self, span: timedelta) -> None:
        """Nothing runs for as long: every program ends, and what is started next finds the clock moved on."""
        self.stop()
        self._ahead += span.total_seconds()
        for program in self.programs:
            program.environment = self.environment

    def wait_until(self, happened: Callable[[], object], what: str, seconds: float = SETTLES_WITHIN) -> float:
        """Wait for an effect of the site; how many seconds that took. AssertionError with the ends of all logs where it stays out."""
        return wait_until(happened, what, seconds, sorted([*self.folder.glob("*.log"), self.database.log_file]))

    def as_it_stands(self) -> str:
        """What has to be known to understand a failure: clock, programs, what waits where, and where the logs lie."""
        programs = ", ".join(f"{each.log_file.stem} {'runs' if each.is_running else 'does not run'}" for each in self.programs)
        lines = [f"The site's clock: {self.clock.isoformat()}", f"Programs: {programs}", f"Logs, ledgers and files: {self.folder}"]
        for what, asked in {
            "messages in the broker": self.broker.waiting,
            "marks": lambda: list(RollupMark.objects.values_list("report__unit__uid", flat=True)),
            "reminders not sent": lambda: list(reminding.unsent().values_list("pk", "audience", "due_on", "step", "attempts", "try_after")),
            "letters": lambda: sorted(self.post.by_message_id().items()),
            "sessions": lambda: _rows(
                "SELECT pid, state, xact_start, wait_event, left(query, 200) FROM pg_stat_activity WHERE state <> 'idle'"
            ),
            "locks waited for": lambda: _rows("SELECT pid, locktype, relation::regclass::text, mode FROM pg_locks WHERE NOT granted"),
        }.items():
            try:
                told: object = asked()
            except (DatabaseError, InterfaceError, redis.RedisError) as error:
                told = f"can't be asked: {error}"
            lines.append(f"{what}: {told}")
        return "\n".join(lines)

    # --- What is broken and mended --------------------------------------------------------------------

    def restart_database(self, mode: str) -> None:
        self.database.stop(mode)
        self.database.start()


def _rows(sql: str) -> list[tuple]:
    with connections["default"].cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


@contextmanager
def running_site(folder: Path, begins_at: datetime) -> Iterator[Site]:
    """A migrated site of the test's own on which this process's Django looks too; nothing of it is started yet but the servers.

    Every process ends with the block, whatever happens in it.
    """
    with ExitStack() as started:
        database = started.enter_context(servers.own_postgresql())
        database.trust_the_machine()
        site = Site(folder, database, started.enter_context(servers.own_redis()), started.enter_context(mailbox()), begins_at)
        started.callback(site.kill)
        started.enter_context(django_on(database.url))
        call_command("migrate", verbosity=0)
        yield site


@contextmanager
def django_on(url: str) -> Iterator[None]:
    """This thread's Django works on that database until the end of the block."""
    databases = connections.settings
    before = databases["default"]
    connections["default"].close()
    del connections["default"]
    databases["default"] = connections.configure_settings({"default": dict(environ.Env.db_url_config(url))})["default"]
    try:
        yield
    finally:
        connections["default"].close()
        del connections["default"]
        databases["default"] = before
