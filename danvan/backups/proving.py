"""Is a database whole? What is asked of a restored one, and of one that was migrated on trial."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.core.files.storage import default_storage
from django.utils.translation import gettext

from audit import proving
from danvan.backups import contents
from reports.models import Cycle
from reports.services import rolling_up, verifying
from units.checking import check_units
from units.models import Unit
from units.problems import Problem, Problems, gettext_noop

#: takes a line about what was found right
Say = Callable[[str], object]


def prove(say: Say) -> Problems:
    """What `check_units`, `verify_journal` and `verify_rollups` of each cycle find, and files that rows refer to in vain."""
    problems = Problems()
    problems.include(check_units().problems)
    say(gettext("check_units: %(units)d units.") % {"units": Unit.objects.count()})
    found, held, newest = proving.prove()
    problems.include(found)
    say(gettext("verify_journal: %(rows)d sealed rows, newest digest %(digest)s.") % {"rows": held, "digest": newest or "–"})
    for cycle in Cycle.objects.order_by("pk"):
        rolling_up.drain_all([cycle.pk])
        compared = verifying.compare(cycle, problems)
        say(gettext("verify_rollups %(code)s: %(count)d totals.") % {"code": cycle.code, "count": compared})
    _files(problems, say)
    return problems


def _files(problems: Problems, say: Say) -> None:
    there = 0
    for name in contents.files():
        if default_storage.exists(name):
            there += 1
        else:
            problems.add(Problem(gettext_noop("The file %(name)s is not in the store."), {"name": name}))
    say(gettext("Files: %(count)d.") % {"count": there})


def compare(about: Mapping[str, Any]) -> Problems:
    """Hold the database against what the backup said of it as it was made."""
    problems, now = Problems(), contents.about(contents.moment_of(about))
    for table, count in about["rows"].items():
        if now["rows"].get(table) != count:
            message = gettext_noop("%(table)s has %(found)s rows; %(count)d were backed up.")
            problems.add(Problem(message, {"table": table, "found": now["rows"].get(table), "count": count}))
    if now["newest_digest"] != about["newest_digest"]:
        problems.add(Problem(gettext_noop("The newest seal of the journal is not the one that was backed up.")))
    return problems
