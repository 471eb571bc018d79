from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.utils.translation import gettext

from reports.management.arguments import add_moment, add_user, at_or_now, by_level, cycle_named, user_named
from reports.services import asking_official
from units.management.refusing import RefusingCommand


class Command(RefusingCommand):
    help = "Ask for the official figures of a cycle whose figures so far are estimated: of all its reports at once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("cycle", metavar="CYCLE")
        parser.add_argument(
            "--due", metavar="LEVEL=DAY", nargs="+", action="extend", default=[], help="each level's due day; default: those planned"
        )
        add_moment(parser)
        add_user(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        due, by = by_level(options["due"]), user_named(options["user"])
        cycle = cycle_named(options["cycle"], by)
        count = asking_official.ask_for_official(cycle, due, by=by, at=at_or_now(options["at"]))
        self.stdout.write(gettext("%(code)s: %(count)d reports are asked for official figures.") % {"code": cycle.code, "count": count})
