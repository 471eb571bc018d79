from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.utils.translation import gettext

from audit import proving, sealing
from units.management.refusing import RefusingCommand


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
        problems, held, newest = proving.prove(digest)
        problems.refuse_if_any()
        self.stdout.write(gettext("%(rows)d rows hold; %(rest)d are not sealed yet.") % {"rows": held, "rest": sealing.unsealed()})
        self.stdout.write(gettext("Newest digest: %(digest)s") % {"digest": newest or "–"})
