from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.utils.translation import gettext

from units.inventing import invent_hamlets
from units.management.progress import Progress
from units.management.refusing import RefusingCommand


class Command(RefusingCommand):
    help = "Add invented hamlets for trials under the communes that stand: those of the 2024 tree, and of 2025 with their successions."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--under", metavar="UID", nargs="+", default=[], action="extend", help="only for the communes under these units"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        progress = Progress(sys.stderr, gettext("units written"))
        invented = invent_hamlets(options["under"], progress)
        progress.end()
        counts = {"hamlets": invented.hamlets, "successions": invented.successions}
        self.stdout.write(gettext("Invented hamlets: %(hamlets)d added, with %(successions)d successions.") % counts)
