from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from reports.management.arguments import add_moment, at_or_now, cycle_named
from reports.services import flagging
from units.management.refusing import RefusingCommand


class Command(RefusingCommand):
    help = "Raise and clear flags as of a moment; prints raised and cleared by kind."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_moment(parser)
        parser.add_argument("--cycle", metavar="CYCLE", help="only this cycle")

    def handle(self, *args: Any, **options: Any) -> None:
        cycles = [cycle_named(options["cycle"]).pk] if options["cycle"] else None
        swept = flagging.sweep(at_or_now(options["at"]), cycles)
        for kind in swept.raised:
            self.stdout.write(f"{kind}: raised {swept.raised[kind]}, cleared {swept.cleared[kind]}")
