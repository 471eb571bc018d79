from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.db import connection
from django.utils.translation import gettext

from audit import sealing, triggers
from audit.models import Seal
from units.management.refusing import RefusingCommand
from units.problems import Problem, Problems, gettext_noop


class Command(RefusingCommand):
    help = (
        "Hold every sealed row of the journals against its seal, every seal against the one before, and look for the triggers. "
        "Prints the newest digest: kept elsewhere, it proves with --digest that nobody wrote the whole chain anew."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--digest", action="append", default=[], help="a digest that was printed before, and has to be in the chain")
        parser.add_argument("--seal", action="store_true", help="seal first what may be sealed, as the scheduler does every minute")

    def handle(self, *, digest: list[str], seal: bool, **options: Any) -> None:
        if seal:
            sealing.seal_all()
        found, held, newest = sealing.verify()
        problems = Problems()
        problems.extend(found)
        for table in triggers.missing(connection):
            problems.add(
                Problem(
                    gettext_noop("The triggers of %(table)s are not there: run migrate, and find out who removed them."), {"table": table}
                )
            )
        known = set(Seal.objects.filter(digest__in=digest).values_list("digest", flat=True))
        for each in digest:
            if each not in known:
                problems.add(Problem(gettext_noop("No seal has the digest %(digest)s: the chain was written anew."), {"digest": each}))
        problems.refuse_if_any()
        self.stdout.write(gettext("%(rows)d rows hold; %(rest)d are not sealed yet.") % {"rows": held, "rest": sealing.unsealed()})
        self.stdout.write(gettext("Newest digest: %(digest)s") % {"digest": newest or "–"})
