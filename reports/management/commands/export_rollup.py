from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.utils.translation import gettext

from reports.management.arguments import cycle_named, usage_error, write_rows
from reports.queries.consolidated import RollupRow, reports_of, rollup_rows
from reports.services import rolling_up
from units.management.refusing import RefusingCommand


class Command(RefusingCommand):
    help = "Write a cycle's totals as CSV, a row for each unit and indicator."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("cycle", metavar="CYCLE")
        parser.add_argument("--unit", metavar="UID", nargs="+", action="extend", default=[], help="only these units and what is below them")
        parser.add_argument("--depth", metavar="N", type=int, help="only so many steps below them; 0 is the units themselves")
        parser.add_argument("--output", metavar="FILE", help="default: standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["depth"] is not None and options["depth"] < 0:
            raise usage_error(gettext("--depth is 0 or more"))
        cycle = cycle_named(options["cycle"])
        rolling_up.drain_all([cycle.pk])
        reports = reports_of(cycle, options["unit"], options["depth"])
        write_rows(self, options["output"], RollupRow._fields, rollup_rows(cycle, reports))
