from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext

from reports.management.arguments import cycle_named
from reports.services import closing
from units.management.refusing import RefusingCommand


class Command(RefusingCommand):
    help = "Close a cycle: no action is taken on its reports until it is reopened."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("cycle", metavar="CYCLE")

    def handle(self, *args: Any, **options: Any) -> None:
        cycle = cycle_named(options["cycle"])
        closing.close_cycle(cycle, by=None, at=timezone.now())
        self.stdout.write(gettext("%(code)s: closed, %(count)d reports.") % {"code": cycle.code, "count": cycle.reports.count()})
