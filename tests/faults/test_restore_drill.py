"""Backed up while everybody works, destroyed, and restored on another machine: nothing is missing that was acknowledged before."""

from __future__ import annotations

import random
import secrets
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import psycopg
import pytest
from django.core.files.base import ContentFile
from django.db import connections
from pyrage import x25519

from danvan.backups import taking
from reports.models import Attachment, JournalEntry, RollupMark
from reports.services import attaching
from tests import servers
from tests.builders import Play
from tests.faults.country import COMMUNES, given_country
from tests.faults.crowd import Crowd
from tests.faults.ledger import Outcome, token_of
from tests.faults.quiet import broken_journals, wrong_totals
from tests.faults.site import Site, django_on
from units.problems import Refused

# It brings PostgreSQL servers of its own; what the rest of the suite runs on doesn't matter, so it is run once.
pytestmark = pytest.mark.postgresql

ACTORS = {"pages dp1": 12, "pages cp11": 12, "services a": 1500, "services b": 1500, "commands c": 4}
#: acknowledged transitions before the backup begins, and after it has ended
BEFORE, AFTER = 40, 20
PATIENCE = 60.0


class Scans:
    """Somebody who attaches scans as long as the block lasts; what was attached, by its name in the store."""

    def __init__(self, play: Play, site: Site) -> None:
        self.play, self.site = play, site
        self.attached: dict[str, bytes] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._attach)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _attach(self) -> None:
        hamlets = [self.play.report(f"H{commune[1:]}5").pk for commune in COMMUNES]
        try:
            while not self._over.wait(0.05):
                content = b"%PDF-1.7 " + secrets.token_bytes(20_000)
                try:
                    made = attaching.attach(random.choice(hamlets), ContentFile(content, "x.pdf"), by=None, at=self.site.clock)
                except Refused:
                    continue
                self.attached[made.place] = content
        finally:
            connections.close_all()


@contextmanager
def another_machine(site: Site) -> Iterator[Site]:
    """The same site on an empty server and with an empty folder, where nothing runs yet."""
    with ExitStack() as started:
        database = started.enter_context(servers.own_postgresql())
        database.trust_the_machine()
        folder = site.folder / "another"
        folder.mkdir()
        address = urlsplit(database.url)._replace(path="/danvan").geturl()
        there = Site(folder, database, site.broker, site.post, site.clock, database_url=address)
        started.callback(there.kill)
        yield there


def test_a_site_backed_up_under_load_and_destroyed_is_restored_with_all_that_was_acknowledged_before(
    site: Site, chance: random.Random, seed: str, settings: object, tmp_path: Path
):
    settings.MEDIA_ROOT = site.folder / "var" / "media"  # type: ignore[attr-defined]
    play, key = given_country(), x25519.Identity.generate()
    (tmp_path / "key").write_text(str(key))
    site.start()
    with Crowd(site, "drill", seed, ACTORS) as crowd, Scans(play, site) as scans:
        site.wait_until(lambda: crowd.done() >= BEFORE and scans.attached, "those who act to get on")
        done_before, attached_before = acknowledged(crowd), dict(scans.attached)
        backup = site.manage("backup", "backup", "--verify", BACKUP_RECIPIENTS=str(key.to_public()), BACKUP_DIR=str(tmp_path))
        assert backup.ended_within(PATIENCE) == 0, backup.log()
        done_meanwhile = crowd.done() - len(done_before)
        goal = crowd.done() + AFTER
        site.wait_until(lambda: crowd.done() >= goal or not crowd.are_acting, "those who act to get on")
    attempted = {(attempt.token, unit) for attempt in crowd.attempts() for unit in attempt.units}
    site.kill()
    site.database.stop("immediate")
    site.broker.flush()
    assert done_meanwhile > 0, "nobody acted while the backup was made"

    [file] = taking.backups(tmp_path)
    with another_machine(site) as there:
        killed = there.manage("killed", "restore", file, "--identity", tmp_path / "key")
        killed.ended_within(chance.uniform(1, 4))
        killed.kill()
        if not has_tables(there):
            restore = there.manage("restore", "restore", file, "--identity", tmp_path / "key")
            assert restore.ended_within(PATIENCE) == 0, restore.log()
        settings.MEDIA_ROOT = there.folder / "var" / "media"  # type: ignore[attr-defined]
        with django_on(there.database_url):
            entries = {(token_of(entry), entry.report.unit.uid) for entry in JournalEntry.objects.select_related("report__unit")}
            assert done_before - entries == set(), "acknowledged before the backup, and not in it"
            assert {entry for entry in entries if entry[0].startswith("drill-")} - attempted == set()
            assert broken_journals(play) == []
            assert attached_before.items() <= {each.place: attaching.opened(each).read() for each in Attachment.objects.all()}.items()
            there.start()
            there.wait_until(lambda: not RollupMark.objects.exists(), "the marks to be drained")
            assert wrong_totals(play) == []
    print(f"{len(done_before)} acknowledged before, {done_meanwhile} while the backup was made; {len(attached_before)} scans")


def acknowledged(crowd: Crowd) -> set[tuple[str, str]]:
    done = (attempt for attempt in crowd.attempts() if attempt.outcome is Outcome.DONE)
    return {(attempt.token, unit) for attempt in done for unit in attempt.units}


def has_tables(site: Site) -> bool:
    try:
        with psycopg.connect(site.database_url) as connection:
            return connection.execute("SELECT FROM pg_tables WHERE schemaname = 'public' LIMIT 1").fetchone() is not None
    except psycopg.OperationalError:  # there is no such database
        return False
