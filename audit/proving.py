"""What is proven of the journals: every sealed row, every seal, and that the triggers are there which write and guard them."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

from audit import sealing, triggers
from audit.models import Seal
from units.problems import Problem, Problems, gettext_noop


def prove(digests: Iterable[str] = ()) -> tuple[Problems, int, str]:
    """What is wrong, how many rows hold, and the newest digest. `digests` were printed before, and have to be in the chain."""
    problems = Problems()
    found, held, newest = sealing.verify()
    problems.extend(found)
    for table in triggers.missing(connection):
        message = gettext_noop("The triggers of %(table)s are not there: run migrate, and find out who removed them.")
        problems.add(Problem(message, {"table": table}))
    asked = list(digests)
    known = set(Seal.objects.filter(digest__in=asked).values_list("digest", flat=True))
    for each in asked:
        if each not in known:
            problems.add(Problem(gettext_noop("No seal has the digest %(digest)s: the chain was written anew."), {"digest": each}))
    return problems, held, newest
