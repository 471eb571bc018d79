"""The reports of a cycle as they stand, for "Status out" (docs/interfaces.md)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from reports.models import Cycle, Report


class StatusRow(NamedTuple):
    """A line of "Status out"; moments are ISO 8601 to the second with the cycle's offset."""

    unit_uid: str
    state: str
    due_at: str
    first_submitted_at: str
    timeliness: str
    flags: str


def status_rows(cycle: Cycle, at: datetime) -> Iterator[StatusRow]:
    """Every report of the cycle, sorted by unit uid. `at` only separates missing from pending."""
    rows = Report.objects.filter(cycle=cycle).with_timeliness(at).with_open_flags().select_related("unit").defer("own").order_by()
    for report in sorted(rows, key=lambda report: report.unit.uid):
        yield StatusRow(
            report.unit.uid,
            report.state,
            _moment(cycle, report.due_at),
            _moment(cycle, report.first_submitted_at),
            report.timeliness,
            "|".join(sorted(flag.kind for flag in report.open_flags)),
        )


def _moment(cycle: Cycle, moment: datetime | None) -> str:
    return moment.astimezone(cycle.zone).isoformat(timespec="seconds") if moment else ""
