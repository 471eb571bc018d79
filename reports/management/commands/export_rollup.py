from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.utils.translation import gettext

from reports.domain.numbers import plain
from reports.domain.restating import Why
from reports.management.arguments import cycle_named, day, usage_error, write_rows
from reports.queries.consolidated import RollupRow, reports_of, rollup_rows
from reports.queries.restated import Remark, Restated
from reports.services import rolling_up
from reports.wording import WHY_NOT_ATTRIBUTABLE
from units.management.refusing import RefusingCommand


class Command(RefusingCommand):
    help = "Write a cycle's totals as CSV, a row for each unit and indicator."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("cycle", metavar="CYCLE")
        parser.add_argument("--unit", metavar="UID", nargs="+", action="extend", default=[], help="only these units and what is below them")
        parser.add_argument("--depth", metavar="N", type=int, help="only so many steps below them; 0 is the units themselves")
        parser.add_argument("--output", metavar="FILE", help="default: standard output")
        parser.add_argument("--restate-on", metavar="DAY", type=day, help="on the units of that day, through their successions")
        parser.add_argument("--remarks", metavar="FILE", help="with --restate-on: what is estimated, and what is not attributable")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["depth"] is not None and options["depth"] < 0:
            raise usage_error(gettext("--depth is 0 or more"))
        if options["remarks"] and not options["restate_on"]:
            raise usage_error(gettext("--remarks goes with --restate-on"))
        cycle = cycle_named(options["cycle"])
        if options["restate_on"]:
            self._restate(Restated(cycle, options["restate_on"]), options)
            return
        rolling_up.drain_all([cycle.pk])
        reports = reports_of(cycle, options["unit"], options["depth"])
        write_rows(self, options["output"], RollupRow._fields, rollup_rows(cycle, reports))

    def _restate(self, restated: Restated, options: dict[str, Any]) -> None:
        write_rows(self, options["output"], RollupRow._fields, restated.rows(options["unit"], options["depth"]))
        left_out = list(restated.left_out())
        if options["remarks"]:
            write_rows(self, options["remarks"], Remark._fields, (*left_out, *restated.estimated()), beside=options["output"])
        reports: dict[str, set[str]] = {}
        for remark in left_out:
            reports.setdefault(remark.reason, set()).add(remark.unit_uid)
        for reason, uids in sorted(reports.items()):
            said = {"count": len(uids), "reason": WHY_NOT_ATTRIBUTABLE[Why(reason)]}
            self.stderr.write(gettext("Not attributable, in %(count)d reports: %(reason)s.") % said, lambda text: text)
        for code, amount in restated.amounts(left_out).items():
            said = {"code": code, "amount": plain(amount)}
            self.stderr.write(gettext("%(code)s: %(amount)s is not attributable.") % said, lambda text: text)
