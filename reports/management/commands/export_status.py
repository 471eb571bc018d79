from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from reports.management.arguments import add_moment, at_or_now, cycle_named, write_rows
from reports.queries.status import StatusRow, status_rows
from units.management.refusing import RefusingCommand


class Command(RefusingCommand):
    help = "Write how the reports of a cycle stand as CSV."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("cycle", metavar="CYCLE")
        add_moment(parser)
        parser.add_argument("--output", metavar="FILE", help="default: standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        cycle = cycle_named(options["cycle"])
        write_rows(self, options["output"], StatusRow._fields, status_rows(cycle, at_or_now(options["at"])))
