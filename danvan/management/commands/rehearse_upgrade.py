from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils.translation import gettext

from danvan.backups import keys, rehearsing
from danvan.backups.rehearsing import Step
from units.management.refusing import RefusingCommand


class Command(RefusingCommand):
    help = (
        "Bring a copy of the data to this version: says how long each migration takes and which locks it holds that keep others waiting, "
        "looks the copy over, and drops it. What stands is only read. PostgreSQL only."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--backup", metavar="FILE", type=Path, help="of this backup; without it, of the database as it stands")
        parser.add_argument("--identity", metavar="KEYFILE", action="append", help="a file with the private key; - is standard input")

    def handle(self, *, backup: Path | None, identity: list[str] | None, **options: Any) -> None:
        if (backup is None) != (identity is None):
            raise CommandError(gettext("--backup and --identity go together."), returncode=2)
        steps, problems = rehearsing.rehearse(self.stdout.write, backup, keys.identities(identity) if identity else ())
        for step in steps:
            self._say(step)
        self.stdout.write(gettext("Together: %(seconds).1f s.") % {"seconds": sum(step.seconds for step in steps)})
        problems.refuse_if_any()

    def _say(self, step: Step) -> None:
        self.stdout.write(f"{step.name}: {step.seconds:.2f} s")
        for (table, mode), seconds in sorted(step.held.items(), key=lambda held: -held[1]):
            waits = gettext("nobody reads or writes") if mode == "AccessExclusiveLock" else gettext("nobody writes")
            self.stdout.write(f"    {table}: {mode} {seconds:.2f} s, {waits}")
