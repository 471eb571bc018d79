from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext

from danvan.backups import archive, keys, restoring
from units.management.refusing import RefusingCommand
from units.problems import Problem, Refused, gettext_noop


class Command(RefusingCommand):
    help = (
        "Put a backup in the place of the database that DATABASE_URL names, and its files into the store. It is loaded and looked over "
        "beside what stands, which gives up its place at the very end. Exit 1 with a list when something is found wrong with it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument(
            "--identity", metavar="KEYFILE", action="append", required=True, help="a file with the private key; - is standard input"
        )
        parser.add_argument("--check", action="store_true", help="only read the file to its end: is it whole?")
        parser.add_argument(
            "--replace", action="store_true", help="also where there is a database that isn't empty; it is kept under another name"
        )
        parser.add_argument("--migrate", action="store_true", help="bring the data of an older version to this one")

    def handle(self, *, file: Path, identity: list[str], check: bool, replace: bool, migrate: bool, **options: Any) -> None:
        if not file.is_file():
            raise Refused(Problem(gettext_noop("There is no such file."), file=str(file)))
        identities = keys.identities(identity)
        if check:
            about, end = archive.check(file, identities)
            self._say_whole(about, end)
            return
        restored = restoring.restore(file, identities, timezone.now(), self.stdout.write, replace=replace, migrate=migrate)
        self.stdout.write(gettext("Restored: the backup of %(at)s.") % {"at": restored.about["at"]})
        if restored.kept:
            self.stdout.write(
                gettext("What stood there before is kept as %(name)s; drop it once you don't need it.") % {"name": restored.kept}
            )
        restored.problems.refuse_if_any()

    def _say_whole(self, about: dict[str, Any], end: dict[str, Any]) -> None:
        words = {"at": about["at"], "server": about["server"], "rows": sum(about["rows"].values()), "files": end["files"]}
        self.stdout.write(gettext("The backup of %(at)s is whole: %(server)s, %(rows)d rows, %(files)d files.") % words)
        if end["missing"]:
            self.stdout.write(gettext("Missing already when it was made: %(count)d files.") % {"count": end["missing"]})
        self.stdout.write(gettext("Newest digest: %(digest)s") % {"digest": about["newest_digest"] or "–"})
