from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.utils.translation import ngettext

from reports.management.arguments import cycle_named, write_rows
from reports.queries.consolidated import RollupRow
from reports.queries.from_parts import left_out, parts_named, rows_from_parts
from units.management.refusing import RefusingCommand


class Command(RefusingCommand):
    help = "Write what a cycle's totals would be from its parts, as a year's from its half-years, in the format of export_rollup."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("cycle", metavar="CYCLE")
        parser.add_argument("--parts", metavar="CYCLE", nargs="+", action="extend", required=True, help="the cycles that are its parts")
        parser.add_argument(
            "--restate", action="store_true", help="units that had no report of a part have there what their predecessors reported"
        )
        parser.add_argument("--output", metavar="FILE", help="default: standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        cycle = cycle_named(options["cycle"])
        parts = parts_named(cycle, options["parts"])
        rows = rows_from_parts(cycle, parts, restate=options["restate"])
        write_rows(self, options["output"], RollupRow._fields, rows)
        if options["restate"] and (count := left_out(cycle, parts)):
            message = ngettext(
                "%(count)d report stays out: its unit left nothing to one of this cycle.",
                "%(count)d reports stay out: their units left nothing to one of this cycle.",
                count,
            )
            self.stderr.write(message % {"count": count})
