from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.translation import gettext

from reports.documents.figures_in import figures_in_file
from reports.domain.workflow import State
from reports.management.arguments import add_moment, add_user, at_or_now, cycle_named, opened, user_named
from reports.models import Cycle
from reports.services import rolling_up
from reports.services.gathering import Run
from reports.services.importing import Imported, Journey, import_runs
from reports.services.submitting import Declaration
from units.management.progress import Progress
from units.management.refusing import RefusingCommand
from units.problems import Problems, ProblemsOfFile, Refused
from units.reach import User


class Command(RefusingCommand):
    help = "Write figures from a file into the reports of a cycle, and take those reports through the workflow."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("cycle", metavar="CYCLE")
        parser.add_argument(
            "files",
            metavar="FILE",
            nargs="+",
            help="unit_uid,indicator,value; or a workbook with a column for each indicator; or DHIS2's JSON, XML, CSV, or ADX;"
            " - is standard input; of several, all or none",
        )
        parser.add_argument("--state", choices=["draft", "submitted", "accepted"], default="draft", help="how far to take the reports")
        parser.add_argument("--confirm-incomplete", action="store_true", help="submit although reports below are not all accepted")
        parser.add_argument("--reason", default="", help="goes into the journal")
        add_moment(parser)
        add_user(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        user = user_named(options["user"])
        cycle = cycle_named(options["cycle"], user)
        journey = Journey(
            State(options["state"]),
            user,
            at_or_now(options["at"]),
            options["reason"],
            Declaration(confirm_incomplete=options["confirm_incomplete"]),
        )
        self.file_names = options["files"]
        notices = Problems()
        imported = _import(cycle, self.file_names, journey, notices)
        rolling_up.drain_all([cycle.pk])
        counts = {"reports": imported.reports, "figures": imported.figures}
        self.stdout.write(gettext("Imported: %(figures)d figures in %(reports)d reports.") % counts)
        self.write_problems(notices)


def _import(cycle: Cycle, names: Sequence[str], journey: Journey, notices: Problems) -> Imported:
    problems = Problems()
    progress = Progress(sys.stderr, gettext("reports written"))
    try:
        return import_runs(cycle, _runs(names, cycle, journey.by, problems, notices), problems, journey, progress)
    finally:
        progress.end()


def _runs(names: Sequence[str], cycle: Cycle, by: User, problems: Problems, notices: Problems) -> Iterator[Run]:
    """The figures of all files, one after the other; what can't be read goes to `problems`, with its file."""
    for name in names:
        unreadable = ProblemsOfFile(name, problems)
        try:
            with opened(name) as source:
                yield from figures_in_file(source, cycle, by, unreadable, name, notices)
        except Refused as refused:
            if refused.problems is not unreadable:
                unreadable.include(refused.problems)
