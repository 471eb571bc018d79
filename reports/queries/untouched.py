"""What a report that nobody has touched opens with, as its form, its workbook and programs show it (semantics §7, §10)."""

from __future__ import annotations

from reports.models import Report
from reports.queries.form_sheet import enterable
from reports.queries.past import Past
from reports.queries.so_far import Opening, may_open_with, opening_of
from reports.queries.sourced import Sourced, sourced_figures


def show_opening(report: Report, past: Past | None = None, sourced: Sourced | None = None) -> Opening | None:
    """Have a report that nobody has touched show what it opens with. Nothing is written."""
    if not may_open_with(report):
        return None
    past = past or Past.of(report)
    sourced = sourced_figures([report], past) if sourced is None else sourced
    found = opening_of(report, enterable(report), past.so_far.get(report.unit_id), sourced[report.pk])
    if found:
        report.own = dict(found.values)
    return found
