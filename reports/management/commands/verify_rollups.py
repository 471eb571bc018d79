from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.utils.translation import gettext

from reports.management.arguments import cycle_named
from reports.services import rolling_up, verifying
from units.management.refusing import RefusingCommand
from units.problems import Problems


class Command(RefusingCommand):
    help = "Drain a cycle's marks, then compare every stored total with one computed afresh; exit 1 with the differences."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("cycle", metavar="CYCLE")

    def handle(self, *args: Any, **options: Any) -> None:
        cycle = cycle_named(options["cycle"])
        rolling_up.drain_all([cycle.pk])
        problems = Problems()
        compared = verifying.compare(cycle, problems)
        problems.refuse_if_any()
        self.stdout.write(gettext("%(code)s: %(count)d totals are right.") % {"code": cycle.code, "count": compared})
