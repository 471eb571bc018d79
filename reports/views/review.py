"""The reviewer's desk: one report beside its history and its siblings, then the next."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from reports.domain.workflow import Action
from reports.models import Report
from reports.queries.siblings import compared, queue
from reports.views.reach import posted, report_in_reach
from reports.views.report_page import Sent, report_context
from reports.views.reviewer import attempt

_DECISIONS = (Action.ACCEPT.value, Action.RETURN.value)


@login_required
@require_safe
def review(request: HttpRequest, report_id: int) -> HttpResponse:
    """A report as its reviewer looks at it: what stands apart first, then every figure; with what to decide."""
    at = timezone.now()
    return _desk(request, report_in_reach(request, report_id, at), at, Sent())


def _desk(request: HttpRequest, report: Report, at: datetime, sent: Sent, *, status: int = 200) -> HttpResponse:
    context = report_context(request, report, at, sent)
    sheet, findings = context["sheet"], context["findings"]
    comparisons = compared(report, sheet)
    explained = {each["indicator"]: each["explanation"] for each in report.last_submission.warnings} if report.last_submission else {}
    context |= {
        "compared": comparisons,
        "queue": queue(report),
        "decisions": {action: form for action, form in context["steps"] if action in _DECISIONS},
        "explained": explained,
        "changed": [row for row in sheet.rows if row.is_changed],
        "found": [row for row in sheet.rows if row.code in findings],
    }
    return render(request, "reports/review.html", context, status=status)


@posted
def decide(request: HttpRequest, report_id: int, action: str) -> HttpResponse:
    """Accept or return the report, and go on to the next one that waits."""
    at = timezone.now()
    report = report_in_reach(request, report_id, at)
    if action not in _DECISIONS:
        raise Http404
    following = queue(report).next
    refused = attempt(request, report, Action(action), at)
    if refused is not None:
        return _desk(request, report_in_reach(request, report_id, at), at, refused, status=422)
    if following is not None:
        return redirect("reports:review", following)
    return redirect("reports:below", report.superior_id) if report.superior_id else redirect("reports:report", report.pk)
