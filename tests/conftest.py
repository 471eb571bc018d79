from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.models.signals import post_migrate
from django.utils import translation

from audit import triggers
from reports.models import template
from tests import servers
from tests.worker import Worker, publishing_to, running_worker
from units.levels import make_standard_levels
from units.models import Level

#: of which one file may take a minute: begun last, it would keep one of two processes waiting for the other
TAKE_LONGEST = ("tests/faults/*", "tests/story/*", "tests/entrypoints/*_processes.py")


def pytest_configure(config: pytest.Config) -> None:
    """Cheap passwords, plain static files, and a test database that nobody else uses.

    On SQLite it is a file, as in life: threads and a worker's process must see the same rows.
    """
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    name = f"{os.environ.get('TEST_DATABASE_PREFIX') or 'test_danvan'}_{os.getpid()}"
    if on_sqlite():
        name = str(Path(tempfile.gettempdir()) / f"{name}.sqlite3")
    else:
        # No test needs what it wrote to outlive a crash of the server: whoever does has a server of its own.
        settings.DATABASES["default"].setdefault("OPTIONS", {})["options"] = "-c synchronous_commit=off"
    settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = name
    _empty_the_database_soon_and_its_history_too()
    import_module(settings.ROOT_URLCONF)  # as a web server has: what stands in admin is gathered with the addresses
    post_migrate.connect(_levels_are_there_again, sender=apps.get_app_config("units"))
    for vendor in ("postgresql", "sqlite"):
        config.addinivalue_line("markers", f"{vendor}: has a meaning on {vendor} only, and is left out elsewhere")


def _empty_the_database_soon_and_its_history_too() -> None:
    """A flush after a test with real transactions empties what is never to be emptied: it passes the triggers by, and nothing else does.

    PostgreSQL takes a new file for each table and index that it truncates: to delete the few rows of a test takes a tenth of that.
    """
    honest = type(connection.ops).sql_flush

    def sql_flush(self: Any, style: Any, tables: Any, **more: Any) -> list[str]:
        if connection.vendor == "postgresql":
            emptying = [f"DELETE FROM {self.quote_name(table)}" for table in tables]  # noqa: S608 - tables of ours
            return ["SET session_replication_role = replica", *emptying, "SET session_replication_role = DEFAULT"]
        history = triggers.history_of(tables)
        away = [sql for table in history for sql in triggers.not_append_only(connection, table)]
        # what is emptied last is journalled into what was emptied first
        once_more = [f"DELETE FROM {self.quote_name(table)}" for table in history]  # noqa: S608 - tables of ours
        back = [sql for table in history for sql in triggers.append_only(connection, table).values()]
        return [*away, *honest(self, style, tables, **more), *once_more, *back]

    type(connection.ops).sql_flush = sql_flush  # type: ignore[method-assign]


def _levels_are_there_again(**told: Any) -> None:
    """A migration, which has a plan, lays them; a flush after a test with real transactions takes them away from all that follow."""
    if "plan" not in told:
        make_standard_levels(Level)


def pytest_report_header() -> str:
    return f"chance in tests/faults: FAULT_SEED={os.environ['FAULT_SEED']} FAULT_ROUNDS={os.environ.get('FAULT_ROUNDS') or 1}"


def on_sqlite() -> bool:
    return bool(settings.DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is marked for the other database: it is no test of this one, and no skipped one either.

    What needs no database is run once, and what takes longest is begun first.
    """
    foreign = "postgresql" if on_sqlite() else "sqlite"
    left_out = [item for item in items if item.get_closest_marker(foreign)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    for item in items:
        if not uses_the_database(item) and not item.get_closest_marker("postgresql") and not item.get_closest_marker("sqlite"):
            item.add_marker(pytest.mark.once)
    items.sort(key=lambda item: not any(map(item.path.match, TAKE_LONGEST)))


def uses_the_database(item: pytest.Item) -> bool:
    """Whether the test works on the run's database; some have a site of their own."""
    return bool(item.get_closest_marker("django_db")) or not {"db", "transactional_db"}.isdisjoint(getattr(item, "fixturenames", ()))


@pytest.fixture(autouse=True)
def _the_reader_is_vietnamese() -> Iterator[None]:
    """Each test begins in the project's language, whatever the one before it left active."""
    with translation.override(settings.LANGUAGE_CODE):
        yield


@pytest.fixture(autouse=True)
def _compiled_templates_are_forgotten() -> None:
    """Where time stands still, SQLite gives the same id and moment again: the last test's version would be read for this one's."""
    template._compiled.cache_clear()


@pytest.fixture
def in_english() -> Iterator[None]:
    """The test's messages in English: the msgids themselves."""
    with translation.override("en"):
        yield


@pytest.fixture(scope="session")
def _redis_database() -> Iterator[str]:
    try:
        with servers.redis_server() as server, servers.redis_database(server.url) as url:
            yield url
    except servers.Missing as error:
        pytest.skip(str(error))


@pytest.fixture
def broker(_redis_database: str) -> Iterator[str]:
    """Publishing goes to an empty database of a real Redis; its URL."""
    servers.emptied(_redis_database)
    with publishing_to(_redis_database):
        yield _redis_database


@pytest.fixture
def own_broker() -> Iterator[servers.OwnRedis]:
    """Publishing goes to a Redis of the test's own, which it may `stop()` and `start()` again."""
    with servers.own_redis() as own, publishing_to(own.url):
        yield own


@pytest.fixture
def worker(transactional_db: None, broker: str, tmp_path: Path) -> Iterator[Worker]:
    """A real worker, ready, on this test's database and broker (tests/worker.py)."""
    with running_worker(broker, tmp_path) as running:
        yield running


@pytest.fixture
def worker_on_own_broker(transactional_db: None, own_broker: servers.OwnRedis, tmp_path: Path) -> Iterator[Worker]:
    """A real worker on the test's own broker (`own_broker`)."""
    with running_worker(own_broker.url, tmp_path) as running:
        yield running
