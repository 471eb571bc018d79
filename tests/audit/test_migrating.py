"""While the database is migrated under people who work, nothing that they write goes unseen."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit import triggers
from audit.models import AuditEntry
from tests.builders import given_cycle
from tests.entrypoints.cli import standard_levels
from tests.worker import database_url

pytestmark = pytest.mark.django_db(transaction=True)


def executed(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


@contextmanager
def migrating(*ways_back: str) -> Iterator[None]:
    """As `migrate` tells its beginning and its end; what the block changes is changed back before the end."""
    triggers.make_ready_for_migrating("default", plan=["something"])
    try:
        yield
    finally:
        for sql in ways_back:
            executed(sql)
        triggers.install_after_migrating("default", plan=["something"])


@pytest.fixture
def other() -> Iterator[psycopg.Connection]:
    """Somebody else's session, which has written before and so knows how."""
    standard_levels()
    with psycopg.connect(database_url(), autocommit=True) as session:
        session.execute("INSERT INTO units_level (code, name, name_en, rank) VALUES ('tam', 'Tạm', '', 998)")
        session.execute("DELETE FROM units_level WHERE code = 'tam'")
        session.execute("UPDATE units_level SET name = 'Trước' WHERE code = 'hamlet'")
        yield session


class Journal:
    """What is journalled of one kind of row, from one look to the next."""

    def __init__(self, kind: str) -> None:
        self.kind, self._upto = kind, 0
        self.news()

    def news(self) -> list[tuple[str, Any, Any]]:
        entries = list(AuditEntry.objects.filter(kind=self.kind, pk__gt=self._upto).order_by("pk"))
        self._upto = max((entry.pk for entry in entries), default=self._upto)
        return [(entry.action, entry.before, entry.after) for entry in entries]


def statements_on_triggers() -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        triggers.install_after_migrating("default", plan=[])
    return [each["sql"] for each in queries if each["sql"].startswith(("CREATE TRIGGER", "DROP TRIGGER"))]


def test_triggers_that_are_right_are_left_alone_and_the_others_made_anew():
    assert statements_on_triggers() == []
    on = {"postgresql": "audit_changed ON units_level", "sqlite": "audit_changed_on_units_level"}[connection.vendor]
    executed(f"DROP TRIGGER {on}")
    assert len(statements_on_triggers()) == 1
    assert statements_on_triggers() == []


@pytest.mark.postgresql
def test_what_another_session_writes_is_told_whatever_becomes_of_the_columns(other: psycopg.Connection):
    journal = Journal("units.level")
    with migrating("ALTER TABLE units_level DROP COLUMN note, ADD COLUMN name_en varchar(200) NOT NULL DEFAULT ''"):
        executed("ALTER TABLE units_level ADD COLUMN note text NOT NULL DEFAULT '–'")
        other.execute("UPDATE units_level SET name = 'Thôn', note = 'mới' WHERE code = 'hamlet'")
        assert journal.news() == [("changed", {"name": "Trước", "note": "–"}, {"name": "Thôn", "note": "mới"})]
        executed("ALTER TABLE units_level DROP COLUMN name_en")
        other.execute("UPDATE units_level SET name = 'Bản' WHERE code = 'hamlet'")
        other.execute("INSERT INTO units_level (code, name, rank) VALUES ('khac', 'Khác', 999)")
        other.execute("DELETE FROM units_level WHERE code = 'khac'")
        changed, added, deleted = journal.news()
        assert changed == ("changed", {"name": "Thôn"}, {"name": "Bản"})
        assert added[2] == deleted[1]
        assert (added[2]["note"], "name_en" in added[2]) == ("–", False)
    other.execute("UPDATE units_level SET name = 'Xóm' WHERE code = 'hamlet'")
    assert journal.news() == [("changed", {"name": "Bản"}, {"name": "Xóm"})]


@pytest.mark.postgresql
def test_a_secret_column_stays_secret_under_its_new_name_too(other: psycopg.Connection, monkeypatch: pytest.MonkeyPatch):
    User.objects.create(username="lan", email="lan@xa.example")
    journal = Journal("auth.user")
    with monkeypatch.context() as next_version:
        next_version.setattr(User._meta.get_field("email"), "column", "mail")
        with migrating("ALTER TABLE auth_user RENAME COLUMN mail TO email"):
            other.execute("UPDATE auth_user SET email = 'an@xa.example'")
            executed("ALTER TABLE auth_user RENAME COLUMN email TO mail")
            other.execute("UPDATE auth_user SET mail = 'ba@xa.example'")
            other.execute("DELETE FROM auth_user")
            first, second, deleted = journal.news()
    assert (first, second) == (("changed", {"email": "…"}, {"email": "…"}), ("changed", {"mail": "…"}, {"mail": "…"}))
    assert "example" not in str(deleted)
    triggers.install_after_migrating("default", plan=[])
    assert statements_on_triggers() == []


@pytest.mark.postgresql
def test_history_can_be_altered_by_no_migration_and_is_there_for_the_next_one(other: psycopg.Connection):
    play = given_cycle()
    play.save("H1", a="1")
    with migrating():
        for sql in ("UPDATE reports_journalentry SET reason = 'x'", "DELETE FROM reports_journalentry", "TRUNCATE audit_seal"):
            with pytest.raises(psycopg.Error, match="are never changed"):
                other.execute(sql)
        executed("ALTER TABLE reports_journalentry ADD COLUMN extra integer NOT NULL DEFAULT 0")
        executed("ALTER TABLE reports_journalentry DROP COLUMN extra")
    assert triggers.missing(connection) == []


@pytest.mark.postgresql
def test_nobody_who_writes_for_long_is_waited_for(other: psycopg.Connection):
    executed("SET lock_timeout = '1s'")
    with other.transaction():
        other.execute("UPDATE units_level SET name = 'Bản' WHERE code = 'hamlet'")
        with migrating():
            pass
    executed("SET lock_timeout = 0")


@pytest.mark.postgresql
def test_migrated_back_and_forth_under_somebody_who_writes_all_the_time_nothing_is_lost(other: psycopg.Connection):
    journal, written, over = Journal("units.level"), 0, threading.Event()

    def write() -> int:
        count = 0
        while not over.is_set():
            count += 1
            other.execute("UPDATE units_level SET name = %s WHERE code = 'hamlet'", [f"Thôn {count}"])
        return count

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        try:
            call_command("migrate", "accounts", "zero", verbosity=0)
        finally:
            call_command("migrate", verbosity=0)
            over.set()
        written = writing.result(20)
    assert written > 0
    assert [after["name"] for _, _, after in journal.news()] == [f"Thôn {number}" for number in range(1, written + 1)]
    assert triggers.missing(connection) == []
