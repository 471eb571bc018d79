from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext

from audit import acting, recording
from reports.documents.dhis2.metadata_out import metadata
from reports.documents.dhis2.names import Names
from reports.documents.dhis2.values_out import Form, data_values
from reports.management.arguments import add_moment, add_user, at_or_now, cycle_named, output, user_named
from reports.models import Report
from reports.policies import reports_in_reach, units_to_read
from reports.queries.consolidated import reports_named
from reports.queries.counted_figures import counted_figures
from reports.queries.cycle_units import CycleUnits
from reports.queries.stretches import reports_under
from units.management.refusing import RefusingCommand
from units.problems import Problems

METADATA = "metadata"


class Command(RefusingCommand):
    help = "Write a cycle for DHIS2: its metadata, or the figures of its accepted reports as a data value set or as ADX."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("cycle", metavar="CYCLE")
        parser.add_argument("what", choices=[METADATA, "json", "xml", "adx"], help="metadata; or the figures in this form")
        parser.add_argument("--unit", metavar="UID", nargs="+", action="extend", default=[], help="only these units and what is below them")
        parser.add_argument("--output", metavar="FILE", help="default: standard output")
        add_moment(parser)
        add_user(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        user = user_named(options["user"])
        cycle = cycle_named(options["cycle"], user)
        names, notices = Names(cycle), Problems()
        reports = reports_in_reach(user).filter(cycle=cycle)
        if options["unit"]:
            reports = reports_under(Report.objects.filter(pk__in=list(reports_named(cycle, options["unit"], reports))))
        if options["what"] == METADATA:
            pieces = metadata(cycle, names, CycleUnits(reports, units_to_read(user)), notices)
        else:
            pieces = data_values(Form[options["what"].upper()], names, counted_figures(cycle, reports), at_or_now(options["at"]))
        self._write(options["output"], pieces, {"cycle": cycle.code, "what": options["what"]})
        self.write_problems(notices)

    def _write(self, name: str | None, lines: Iterable[str], told: dict[str, str]) -> None:
        """To FILE or standard output, journalled as a file that somebody takes. How long it is is said beside it."""
        count = 0
        with output(name, self.stdout) as file:
            for line in lines:
                file.write(line)
                count += 1
        recording.record(recording.Action.TAKEN, "file", acting.now(), told={**told, "lines": count, "to": name or "-"})
        said = self.stderr if name in (None, "-") else self.stdout
        said.write(gettext("%(count)d lines.") % {"count": count}, lambda text: text)
