"""The reports of a cycle as they stand, for "Status out" (docs/interfaces.md)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from reports.models import Cycle, Flag, Report


class StatusRow(NamedTuple):
    """A line of "Status out"; moments are ISO 8601 to the second with the cycle's offset."""

    unit_uid: str
    state: str
    due_at: str
    first_submitted_at: str
    timeliness: str
    flags: str


def reports_as_they_stand(report: Report, at: datetime) -> list[Report]:
    """`report` and every report below it with timeliness and open flags, in the order of the tree. At most five queries."""
    loaded = Report.objects.subtree_of(report).select_related("unit").prefetch_related("level", "superior__unit")
    found = list(loaded.with_timeliness(at).with_open_flags().defer("own", "levels_below").order_by("position"))
    for each in found:
        each.cycle = report.cycle
    return found


def status_rows(cycle: Cycle, at: datetime) -> Iterator[StatusRow]:
    """Every report of the cycle, sorted by unit uid. `at` only separates missing from pending."""
    flags: dict[str, list[str]] = {}
    open_flags = Flag.objects.filter(report__cycle=cycle, cleared_at__isnull=True)
    for uid, kind in open_flags.order_by().values_list("report__unit__uid", "kind"):
        flags.setdefault(uid, []).append(kind)
    rows = Report.objects.filter(cycle=cycle).with_timeliness(at).order_by()
    columns = ("unit__uid", "state", "due_at", "first_submitted_at", "timeliness")
    for uid, state, due_at, first, timeliness in sorted(rows.values_list(*columns)):
        yield StatusRow(uid, state, _moment(cycle, due_at), _moment(cycle, first), timeliness, "|".join(sorted(flags.get(uid, ()))))


def _moment(cycle: Cycle, moment: datetime | None) -> str:
    return moment.astimezone(cycle.zone).isoformat(timespec="seconds") if moment else ""
