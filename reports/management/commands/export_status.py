from __future__ import annotations

import csv
from argparse import ArgumentParser
from typing import Any

from django.utils.translation import gettext

from reports.management.arguments import add_moment, at_or_now, cycle_named, output
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
        count = 0
        with output(options["output"], self.stdout) as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(StatusRow._fields)
            for count, row in enumerate(status_rows(cycle, at_or_now(options["at"])), 1):
                writer.writerow(row)
        self.stderr.write(gettext("%(count)d rows.") % {"count": count}, self.style.SUCCESS)
