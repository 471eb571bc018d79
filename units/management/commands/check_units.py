from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.utils.translation import gettext

from units.checking import check_units
from units.management.refusing import RefusingCommand
from units.models import Unit
from units.tree import rebuild


class Command(RefusingCommand):
    help = "Check superiors, levels, validity and left/right numbers of all units; exit 1 with the list when something is wrong."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--repair", action="store_true", help="first rebuild the left/right numbers from the superiors")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["repair"]:
            self.stdout.write(gettext("Renumbered units: %(count)d.") % {"count": rebuild()})
        findings = check_units()
        self.write_problems(findings.warnings, gettext("warning: "))
        findings.problems.refuse_if_any()
        counts = {"units": Unit.objects.count(), "warnings": findings.warnings.count}
        self.stdout.write(gettext("%(units)d units are in order; %(warnings)d warnings.") % counts)
