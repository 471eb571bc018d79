from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.utils.translation import gettext

from reports.management.arguments import cycle_named
from reports.services import rolling_up
from units.management.refusing import RefusingCommand


class Command(RefusingCommand):
    help = "Recompute every total of a cycle from what was entered."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("cycle", metavar="CYCLE")

    def handle(self, *args: Any, **options: Any) -> None:
        cycle = cycle_named(options["cycle"])
        written = rolling_up.rebuild(cycle)
        self.stdout.write(gettext("%(code)s: %(count)d totals recomputed.") % {"code": cycle.code, "count": written})
