"""Backups and the way back, on both databases: what comes out is what was put in, and nothing else is touched."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import FileField
from django.utils import timezone

from audit import sealing
from audit.models import AuditEntry
from danvan.backups import contents, postgresql, rehearsing, taking
from danvan.backups.working_on import working_on
from reports.models import Attachment, BackgroundJob, JournalEntry, Report
from reports.services import attaching, rolling_up
from tests.builders import Play, given_cycle
from tests.entrypoints.cli import Ran, done, manage
from units.models import Unit

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("site")]

PDF = b"%PDF-1.7\n%%EOF"


@pytest.fixture
def site(settings: Any, tmp_path: Path) -> Play:
    """A cycle with figures, a total, a scan, a session and a job; keys; and an empty folder for backups."""
    settings.MEDIA_ROOT, settings.BACKUP_DIR = tmp_path / "media", tmp_path / "backups"
    settings.BACKUP_RECIPIENTS = [done("make_backup_key", key(tmp_path)).out.strip()]
    call_command("migrate", verbosity=0)  # what a test before flushed away
    play = given_cycle()
    play.hand_in("H1", a="5")
    play.save("H2", a="7")
    rolling_up.drain_all()
    attaching.attach(play.report("H2").pk, ContentFile(PDF, "scan.pdf"), by=None, at=timezone.now())
    owner = get_user_model().objects.create_user("o", password="x")
    BackgroundJob.objects.create(kind="pack", owner=owner, created_at=timezone.now(), place="background_jobs/x")
    Session.objects.create(session_key="k", session_data="d", expire_date=timezone.now() + timedelta(days=1))
    sealing.seal_all()
    sealing.seal_all()
    return play


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[str]:
    """The name of a database that isn't there, on the same server; whatever is made of it, and beside it, is dropped."""
    ours = connection.settings_dict["NAME"]
    name = f"{ours}_elsewhere" if connection.vendor == "postgresql" else str(tmp_path / "elsewhere.sqlite3")
    yield name
    assert connection.settings_dict["NAME"] == ours
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [name])
            for (each,) in cursor.fetchall():
                cursor.execute(f'DROP DATABASE "{each}" WITH (FORCE)')


def key(tmp_path: Path) -> Path:
    return tmp_path / "key"


def backed_up(*options: object) -> Path:
    """Make a backup; its file."""
    done("backup", *options)
    return taking.backups(Path(settings_folder()))[-1]


def settings_folder() -> Path:
    from django.conf import settings  # noqa: PLC0415

    return settings.BACKUP_DIR


def restored(tmp_path: Path, file: Path, *options: object) -> Ran:
    return manage("restore", file, "--identity", key(tmp_path), *options)


def test_a_backup_restored_elsewhere_is_the_same_site_without_its_sessions_and_jobs(site: Play, elsewhere: str, tmp_path: Path):
    rows, journal = contents.rows(), list(JournalEntry.objects.order_by("pk").values_list())
    file = backed_up("--verify")
    attachment = Attachment.objects.get()
    Path(attaching.opened(attachment).name).unlink()
    with working_on(elsewhere):
        ran = restored(tmp_path, file)
        assert (ran.code, ran.err) == (0, "")
        for line in ("check_units: 6 units", "verify_rollups", "verify_journal", "Files: 1"):
            assert line in ran.out
        assert contents.rows() | {"audit.AuditEntry": 0} == rows | {"audit.AuditEntry": 0}
        assert list(JournalEntry.objects.order_by("pk").values_list()) == journal
        assert site.total("C", "a") == "5"
        assert attaching.opened(attachment).read() == PDF
        assert not Session.objects.exists()
        assert not BackgroundJob.objects.exists()
        assert AuditEntry.objects.order_by("-pk")[0].action == "restored"
        Unit.objects.filter(uid="H1").update(name="another")  # its triggers and sequences work
        assert AuditEntry.objects.order_by("-pk")[0].kind == "units.unit"
    assert not list(tmp_path.rglob("*.part"))


def test_it_is_said_in_the_journal_that_and_when_a_backup_was_made(tmp_path: Path):
    assert taking.newest() is None
    file = backed_up()
    entry = AuditEntry.objects.get(kind="backup")
    assert entry.after
    assert (entry.action, entry.row, entry.after["files"]) == ("taken", file.name, 1)
    assert taking.newest() == entry.at
    assert file.stat().st_mode & 0o077 == 0


def test_a_database_that_is_not_empty_gives_up_its_place_only_when_told_to_unused_and_is_kept(elsewhere: str, tmp_path: Path):
    file = backed_up()
    with working_on(elsewhere):
        restored(tmp_path, file)
        Report.objects.update(version=99)
        assert "is not empty" in restored(tmp_path, file).problems[0]
        other = connections.create_connection("default")
        with closing(other), other.cursor() as cursor:
            cursor.execute("SELECT 1 FROM units_unit")
            assert "stop web server, worker and scheduler first" in restored(tmp_path, file, "--replace").problems[0]
        ran = restored(tmp_path, file, "--replace")
        assert ran.code == 0, ran
        assert not Report.objects.filter(version=99).exists()
        kept = next(word.rstrip(";") for word in ran.out.split() if "before_" in word)
    with working_on(kept):
        assert Report.objects.filter(version=99).exists()


def test_a_file_that_is_not_whole_or_for_another_key_changes_nothing(elsewhere: str, tmp_path: Path):
    file = backed_up()
    content = file.read_bytes()
    file.write_bytes(content[:-40])
    done("make_backup_key", tmp_path / "other")
    with working_on(elsewhere):
        assert "not whole" in restored(tmp_path, file).problems[0]
        file.write_bytes(content)
        assert "None of the keys" in manage("restore", file, "--identity", tmp_path / "other").problems[0]
        assert not contents.engine().exists()
    assert "is whole" in restored(tmp_path, file, "--check").out


def test_a_backup_of_another_version_says_what_to_do(elsewhere: str, tmp_path: Path):
    migrations = MigrationRecorder(connection).migration_qs
    newest = migrations.filter(app="audit").order_by("-pk")[0]
    migrations.create(app="reports", name="9999_of_tomorrow", applied=timezone.now())
    file = backed_up()
    with working_on(elsewhere):
        assert "newer version, with reports.9999_of_tomorrow" in restored(tmp_path, file).problems[0]
    migrations.filter(name="9999_of_tomorrow").delete()
    migrations.filter(pk=newest.pk).delete()
    file = backed_up("--to", tmp_path / "older")
    file = taking.backups(tmp_path / "older")[0]
    with working_on(elsewhere):
        assert "--migrate" in restored(tmp_path, file).problems[0]
        assert restored(tmp_path, file, "--migrate").code == 0
        assert MigrationRecorder(connection).migration_qs.filter(app="audit", name=newest.name).exists()
    migrations.create(app=newest.app, name=newest.name, applied=timezone.now())


def test_a_file_that_is_missing_is_told_of_and_older_backups_are_kept(tmp_path: Path):
    settings_folder().mkdir()
    older = settings_folder() / "danvan-20200101T000000Z.age"
    older.write_bytes(b"")
    Path(attaching.opened(Attachment.objects.get()).name).unlink()
    ran = manage("backup", "--keep", "1")
    assert ran.code == 1
    assert "1 files are missing" in ran.err
    assert len(taking.backups(settings_folder())) == 2


def test_only_so_many_are_kept_and_nothing_of_one_that_was_killed(tmp_path: Path):
    settings_folder().mkdir()
    for name in ("danvan-20200101T000000Z.age", "danvan-20200102T000000Z.age", "danvan-20200103T000000Z.age.part", "another.age"):
        (settings_folder() / name).write_bytes(b"")
    done("backup", "--keep", "2")
    assert taking.backups(settings_folder())[0].name == "danvan-20200102T000000Z.age"
    assert len(taking.backups(settings_folder())) == 2
    assert not list(settings_folder().glob("*.part"))
    assert (settings_folder() / "another.age").exists()
    assert manage("backup", "--keep", "0").code == 2


def test_without_a_key_there_is_no_backup(settings: Any):
    for wrong in ([], ["age1nonsense"]):
        settings.BACKUP_RECIPIENTS = wrong
        assert "BACKUP_RECIPIENTS" in manage("backup").problems[0]
    assert not settings.BACKUP_DIR.exists()


def test_a_private_key_is_for_its_owner_alone_and_never_written_over(tmp_path: Path):
    assert key(tmp_path).stat().st_mode & 0o077 == 0
    assert "can't be written" in manage("make_backup_key", key(tmp_path)).problems[0]


def test_every_table_that_holds_files_is_known_to_backups():
    known = contents.FILES.keys() | contents.WITHOUT_ROWS.keys() | {"reports.SkilfulModel"}  # where it is carried out, in words
    for model in apps.get_models():
        if any(isinstance(field, FileField) or field.name == "place" for field in model._meta.concrete_fields):
            assert model._meta.label in known


@pytest.mark.postgresql
def test_a_password_stands_in_no_command_line(monkeypatch: pytest.MonkeyPatch):
    started: list[Any] = []

    class Noted(subprocess.Popen):
        def __init__(self, *words: Any, **more: Any) -> None:
            started.append((words, more))
            super().__init__(*words, **more)

    monkeypatch.setattr(subprocess, "Popen", Noted)
    monkeypatch.setitem(connection.settings_dict, "PASSWORD", "very secret")
    done("backup")
    dumps = [more["env"]["PGPASSWORD"] for words, more in started if "pg_dump" in words[0][0] and "env" in more]
    assert dumps == ["very secret"]
    assert not any("very secret" in str(words) for words, _ in started)


# --- An upgrade on trial -----------------------------------------------------------------------------


@pytest.mark.postgresql
def test_an_upgrade_is_rehearsed_on_a_copy_that_is_gone_afterwards(tmp_path: Path):
    call_command("migrate", "audit", "0001", verbosity=0)
    file = backed_up()
    for source in ([], ["--backup", file, "--identity", key(tmp_path)]):
        said = done("rehearse_upgrade", *source).out
        for line in ("check_units: 6 units", "verify_rollups", "Together"):
            assert line in said
    assert not MigrationRecorder(connection).migration_qs.filter(app="audit", name__startswith="0002").exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname = %s", [postgresql.beside(rehearsing.REHEARSING)])
        assert cursor.fetchall() == []
    call_command("migrate", verbosity=0)


@pytest.mark.postgresql
def test_what_a_migration_keeps_waiting_and_for_how_long_is_seen():
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE reports_report")
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
        with rehearsing._watching(pid) as steps, transaction.atomic():
            cursor.execute("LOCK TABLE reports_report IN SHARE MODE")
            time.sleep(0.3)
    [(lock, seconds)] = steps[0].held.items()
    assert lock == ("reports_report", "ShareLock")
    assert 0.15 < seconds < 1


@pytest.mark.sqlite
def test_on_sqlite_no_upgrade_is_rehearsed():
    assert "Only an upgrade on PostgreSQL" in manage("rehearse_upgrade").problems[0]
