"""Finding what a request names, within the reader's reach: what lies outside answers as if it did not exist (semantics §9)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.views.decorators.http import require_POST

from reports import policies
from reports.domain.indicators import Indicator
from reports.models import Report, ReportQuerySet


def posted(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view that changes a report, by POST alone. Whoever has to sign in first comes back to the report, not to a bare address."""

    @require_POST
    @wraps(view)
    def guarded(request: HttpRequest, report_id: int, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(resolve_url("reports:report", report_id))
        return view(request, report_id, **kwargs)

    return guarded


def user_of(request: HttpRequest) -> AbstractBaseUser:
    """The signed-in user of a view that asks for one. Never None, which would stand for the system."""
    if not request.user.is_authenticated:
        raise PermissionDenied
    return request.user


def standing_of(request: HttpRequest) -> policies.Standing:
    """What the signed-in user is to reports: the same for a whole request, so that roles are asked for once."""
    standing: policies.Standing = vars(request).setdefault("standing", policies.Standing(user_of(request)))
    return standing


def report_in_reach(request: HttpRequest, report_id: int, at: datetime) -> Report:
    """The report with its `timeliness`, `open_flags` and `rollup`, or 404."""
    report = _reached(request, Report.objects.with_timeliness(at).for_display().select_related("rollup"), report_id)
    report.open_flags = list(report.flags.filter(cleared_at__isnull=True))
    return report


def report_to_fill(request: HttpRequest, report_id: int) -> Report:
    """The report alone, or 404: for what is asked every few seconds."""
    return _reached(request, Report.objects.for_display(), report_id)


def _reached(request: HttpRequest, reports: ReportQuerySet, report_id: int) -> Report:
    """The report, or 404. Of one that isn't there as much is asked, or the time would tell."""
    report = reports.filter(pk=report_id).first()
    is_reached = standing_of(request).reaches(report or Report(cycle_id=0, unit_id=0, position=0))
    if report is None or not is_reached:
        raise Http404
    return report


def indicator_of(report: Report, code: str) -> Indicator:
    indicator = report.cycle.version.compiled().by_code.get(code)
    if indicator is None:
        raise Http404
    return indicator
