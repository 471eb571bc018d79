from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.translation import gettext

from danvan.backups import keys, taking
from units.management.refusing import RefusingCommand
from units.problems import Problem, Refused, gettext_noop


class Command(RefusingCommand):
    help = (
        "Write an encrypted backup of the database and of the files that it refers to into one file, while everybody goes on working. "
        "Only who has the private key of one of BACKUP_RECIPIENTS can read it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--to", metavar="DIRECTORY", type=Path, help="instead of BACKUP_DIR")
        parser.add_argument("--verify", action="store_true", help="read the file to its end after writing, as a restore would")
        parser.add_argument("--keep", metavar="N", type=int, help="then delete all backups in the directory but the N newest")

    def handle(self, *, to: Path | None, verify: bool, keep: int | None, **options: Any) -> None:
        if keep is not None and keep < 1:
            raise CommandError(gettext("--keep is at least 1."), returncode=2)
        folder = to or settings.BACKUP_DIR
        made = taking.make(folder, keys.recipients(), timezone.now(), verify=verify)
        counts = {"file": made.file, "size": made.size, "rows": sum(made.about["rows"].values()), "files": made.files}
        self.stdout.write(gettext("%(file)s: %(size)d bytes, %(rows)d rows, %(files)d files.") % counts)
        self.stdout.write(f"SHA-256: {made.sha256}")
        self.stdout.write(gettext("Newest digest: %(digest)s") % {"digest": made.about["newest_digest"] or "–"})
        if made.missing_count:
            message = gettext_noop(
                "%(count)d files are missing that rows refer to, as %(names)s. "
                "The backup holds all else; older ones, which may hold them, are kept."
            )
            raise Refused(Problem(message, {"count": made.missing_count, "names": ", ".join(made.missing[:5])}))
        for gone in taking.keep(folder, keep) if keep else []:
            self.stdout.write(gettext("Deleted: %(file)s") % {"file": gone})
