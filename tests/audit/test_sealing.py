"""Seals: what is sealed can't be altered, removed or added to unseen, and no writer waits for them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import connection, connections, transaction

from audit import sealing, triggers
from audit.models import AuditEntry, Seal
from reports.models import JournalEntry, Webhook
from reports.services import telling
from tests.builders import Play, given_cycle
from tests.entrypoints.cli import done, manage, standard_levels
from tests.processes import wait_until
from units.bulk import reserve_ids
from units.locks import clock, writers_ended

pytestmark = pytest.mark.django_db


@pytest.fixture
def play() -> Play:
    made = given_cycle()
    made.hand_in("H1", a="1")
    made.hand_in("H2", a="2")
    return made


def sealed_all() -> int:
    """Noted by the first turn, sealed by the second."""
    return sealing.seal_all() + sealing.seal_all()


@contextmanager
def tampering() -> Iterator[None]:
    """What somebody does who owns the database."""
    tables = triggers.history_of(connection.introspection.table_names())
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = replica")
            yield
            cursor.execute("SET session_replication_role = DEFAULT")
            return
        for sql in (sql for table in tables for sql in triggers.not_append_only(connection, table)):
            cursor.execute(sql)
        yield
        for sql in (sql for table in tables for sql in triggers.append_only(connection, table).values()):
            cursor.execute(sql)


def tampered(sql: str, *parameters: int) -> list[str]:
    """What the verifier says once this statement was run behind everybody's back."""
    with tampering(), connection.cursor() as cursor:
        cursor.execute(sql, parameters)
    return manage("verify_journal").problems


def test_everything_journalled_is_sealed_once_and_holds(play: Play):
    assert sealed_all() == JournalEntry.objects.count() + AuditEntry.objects.count() + 2
    assert sealed_all() == 0
    play.save("H3", a="3")
    before = Seal.objects.count()
    assert sealed_all() == 1
    assert Seal.objects.count() == before + 1
    ran = done("verify_journal")
    assert ran.lines[0].endswith("rows hold; 0 are not sealed yet.")
    assert ran.lines[1] == f"Newest digest: {Seal.objects.last().digest}"  # type: ignore[union-attr]


def test_a_row_that_was_altered_shows(play: Play):
    sealed_all()
    entry = play.journal("H1")[0]
    assert "a row, or a seal, is not what was sealed" in tampered("UPDATE reports_journalentry SET reason = 'x' WHERE id = %s", entry.pk)[0]


def test_a_row_that_was_removed_shows_and_one_that_was_added_between(play: Play):
    sealed_all()
    entry = play.journal("H2")[-1]
    found = tampered("DELETE FROM reports_journalentry WHERE id = %s", entry.pk)
    assert "6 were sealed" in found[0]
    assert "5 are there" in found[0]
    columns = "report_id, at, by_id, on_behalf, action, from_state, to_state, reason, changes, submission_id"
    again = f"INSERT INTO reports_journalentry (id, {columns}) SELECT %s, {columns} FROM reports_journalentry LIMIT 1"
    assert "a row, or a seal, is not what was sealed" in tampered(again, entry.pk)[0]


def test_a_seal_that_was_removed_or_written_anew_shows(play: Play):
    sealed_all()
    play.save("H3", a="3")
    sealed_all()
    play.save("H3", a="4")
    sealed_all()
    middle = Seal.objects.order_by("-pk")[1]
    assert any("a row, or a seal" in line for line in tampered("UPDATE audit_seal SET digest = 'giả' WHERE id = %s", middle.pk))
    assert any("a seal is missing" in line for line in tampered("DELETE FROM audit_seal WHERE id = %s", middle.pk))


def test_who_writes_the_whole_chain_anew_is_given_away_by_a_digest_that_was_kept_elsewhere(play: Play):
    sealed_all()
    kept = Seal.objects.order_by("pk").last().digest  # type: ignore[union-attr]
    assert done("verify_journal", "--digest", kept).code == 0
    with tampering(), connection.cursor() as cursor:
        cursor.execute("UPDATE reports_journalentry SET reason = 'x' WHERE id = %s", [play.journal("H1")[0].pk])
        cursor.execute("DELETE FROM audit_seal")
    sealed_all()
    assert done("verify_journal").code == 0
    assert "the chain was written anew" in manage("verify_journal", "--digest", kept).problems[0]


def test_a_trigger_that_is_gone_shows(play: Play):
    sql = {"postgresql": "DROP TRIGGER audit_changed ON units_level", "sqlite": "DROP TRIGGER audit_changed_on_units_level"}
    with connection.cursor() as cursor:
        cursor.execute(sql[connection.vendor])
    assert "The triggers of units_level are not there" in manage("verify_journal").problems[0]


def test_seals_hold_rows_of_any_number_in_blocks(play: Play, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sealing, "BLOCK", 2)
    sealed_all()
    assert list(Seal.objects.filter(kind="reports.journalentry").values_list("count", flat=True)) == [2, 2, 2]
    assert done("verify_journal").code == 0


@contextmanager
def somebody_meanwhile(*begins_with: Callable[[], object]) -> Iterator[None]:
    """A transaction of another session that has done this and is open until the end of the block; then it is committed."""
    begun, go_on = threading.Event(), threading.Event()

    def transact() -> None:
        try:
            with transaction.atomic():
                for deed in begins_with:
                    deed()
                begun.set()
                assert go_on.wait(20)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(transact)
        try:
            wait_until(lambda: begun.is_set() or other.done(), "the other session to begin", 20)
            yield
        finally:
            go_on.set()
        other.result(20)


def said(sql: str) -> Callable[[], object]:
    return lambda: connection.cursor().execute(sql)


def is_sealed() -> bool:
    """Whether each entry of the reports' journal is in a seal."""
    return JournalEntry.objects.count() == sum(Seal.objects.filter(kind="reports.journalentry").values_list("count", flat=True))


@pytest.fixture
def saved(transactional_db: None) -> Play:
    standard_levels()
    made = given_cycle()
    made.save("H1", a="1")
    sealed_all()
    return made


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_writer_that_is_still_under_way_is_waited_for_and_keeps_nobody_else_from_writing(saved: Play):
    with somebody_meanwhile(lambda: saved.save("H2", by=None, a="2")):
        saved.save("H3", a="3")  # a later row, committed before the earlier one
        sealed_all()
        assert not is_sealed()
    assert JournalEntry.objects.count() == 3
    sealed_all()
    assert is_sealed()
    assert done("verify_journal").code == 0


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_who_has_got_ids_and_not_begun_to_write_is_waited_for(saved: Play):
    with somebody_meanwhile(lambda: reserve_ids(JournalEntry, 3)):
        saved.save("H3", a="3")
        sealed_all()
        assert not is_sealed()
    sealed_all()
    assert is_sealed()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_backup_of_hours_holds_up_neither_seals_nor_webhooks(saved: Play):
    """It looks at one moment of every table, as pg_dump does, and writes none."""
    webhook = Webhook(name="Trục", url="https://example.org/")
    telling.begin(webhook)
    webhook.save()
    tables = ", ".join(connection.introspection.table_names())
    snapshot = said("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    with somebody_meanwhile(snapshot, said("SELECT FROM reports_journalentry"), said(f"LOCK TABLE {tables} IN ACCESS SHARE MODE")):
        saved.do("exempt", "H2")
        sealed_all()
        assert is_sealed()
        assert telling.collect() + telling.collect() == 1


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_who_writes_elsewhere_for_long_is_not_waited_for(saved: Play):
    with somebody_meanwhile(said("UPDATE units_level SET name = name")):
        saved.save("H3", a="3")
        sealed_all()
        assert is_sealed()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_writer_of_whom_only_the_lock_can_be_seen_is_waited_for(saved: Play):
    """As with an account that may not see since when the sessions of others write: one of PostgreSQL's own takes its part."""
    with somebody_meanwhile(lambda: saved.save("H2", by=None, a="2")), as_role("pg_signal_backend"):
        assert not writers_ended("reports_journalentry", clock())
    with as_role("pg_signal_backend"):
        assert writers_ended("reports_journalentry", clock())


@contextmanager
def as_role(name: str) -> Iterator[None]:
    said(f"SET ROLE {name}")()
    try:
        yield
    finally:
        said("RESET ROLE")()
