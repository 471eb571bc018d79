from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.utils import timezone

from danvan.backups import keys
from units.management.refusing import RefusingCommand


class Command(RefusingCommand):
    help = (
        "Make a pair of keys for backups, as age-keygen does: the private one goes into a new file, which belongs on another machine and "
        "on paper; the public one is printed, for BACKUP_RECIPIENTS."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="KEYFILE", type=Path)

    def handle(self, *, file: Path, **options: Any) -> None:
        self.stdout.write(keys.make_pair(file, timezone.now()))
