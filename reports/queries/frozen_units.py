"""What reports freeze of their units (semantics §1): their kind and level, and that they exist on the cycles' reference days."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db.models import Max, Min

from reports.models import Report
from units.keeping import Remade
from units.problems import Problem, gettext_noop


def frozen_by_reports(units: Sequence[Remade]) -> Iterator[Problem]:
    """Why these units can't become what a file says. One query, however many."""
    found = Report.objects.filter(unit__uid__in=[unit.uid for unit in units]).order_by().values("unit__uid")
    counted = {row["unit__uid"]: row for row in found.annotate(first=Min("cycle__reference_day"), last=Max("cycle__reference_day"))}
    for unit in units:
        if unit.uid not in counted:
            continue
        if unit.is_other:
            message = gettext_noop(
                "%(uid)s has reports, so its kind and level are history. Let it end, and begin a new unit with another identifier."
            )
            yield Problem(message, {"uid": unit.uid}, unit.line, "level", unit.uid)
        first, last = (counted[unit.uid][name].isoformat() for name in ("first", "last"))
        message = gettext_noop("%(uid)s was counted in a cycle on %(day)s and has to be valid on that day.")
        if unit.valid_from and unit.valid_from > first:
            yield Problem(message, {"uid": unit.uid, "day": first}, unit.line, "valid_from", unit.uid)
        if unit.valid_to and unit.valid_to < last:
            yield Problem(message, {"uid": unit.uid, "day": last}, unit.line, "valid_to", unit.uid)
