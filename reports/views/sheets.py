"""Workbooks of one report: its annexes of figures, and how everything below it stands."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from reports.documents.annex_out import annex_book, consolidated_book
from reports.documents.status_out import status_book
from reports.documents.workbooks import XLSX
from reports.models import Report
from reports.queries import annex as figures
from reports.queries.status import reports_as_they_stand
from reports.views.reach import report_in_reach


@login_required
@require_safe
def annex(request: HttpRequest, report_id: int) -> HttpResponse:
    """What the unit declared, beside a year ago; 404 while it has submitted nothing."""
    report = report_in_reach(request, report_id, timezone.now())
    found = figures.annex(report)
    if found is None:
        raise Http404
    return _workbook(report, "phu-luc", annex_book(report, found))


@login_required
@require_safe
def consolidated(request: HttpRequest, report_id: int) -> HttpResponse:
    """The unit's total with a column for each unit directly below."""
    report = report_in_reach(request, report_id, timezone.now())
    if not report.has_reports_below:
        raise Http404
    return _workbook(report, "phu-luc-tong-hop", consolidated_book(report, figures.consolidated_annex(report)))


@login_required
@require_safe
def status(request: HttpRequest, report_id: int) -> HttpResponse:
    """How the report and everything below it stand."""
    at = timezone.now()
    report = report_in_reach(request, report_id, at)
    return _workbook(report, "tinh-hinh", status_book(report.cycle, reports_as_they_stand(report, at), at))


def _workbook(report: Report, name: str, content: bytes) -> HttpResponse:
    filename = f"{name}-{report.cycle.code}-{report.unit.uid}.xlsx".replace('"', "")
    return HttpResponse(content, content_type=XLSX, headers={"Content-Disposition": f'attachment; filename="{filename}"'})
