"""Two submissions of one report beside each other; and the official figures, which make the second one."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from reports.forms import OfficialDueForm
from reports.models import Cycle, CycleLevel
from reports.policies import manages_cycle
from reports.queries.submissions import compared, two_of
from reports.services.asking_official import ask_for_official
from reports.views.reach import report_in_reach, standing_of, user_of
from units.problems import Refused


@login_required
@require_safe
def submissions(request: HttpRequest, report_id: int) -> HttpResponse:
    """Any two submissions cell by cell; `?all=1` shows what is the same, too."""
    at = timezone.now()
    report = report_in_reach(request, report_id, at)
    made = list(report.submissions.order_by("number"))
    two = two_of(made, (request.GET.get("before", ""), request.GET.get("after", "")))
    cells = compared(report, *two) if two else []
    shows_all = request.GET.get("all") == "1"
    context = {
        "report": report,
        "cycle": report.cycle,
        "at": at,
        "submissions": made,
        "two": two,
        "cells": [cell for cell in cells if shows_all or cell.differs],
        "differing": sum(cell.differs for cell in cells),
        "shows_all": shows_all,
        "reaches_superior": report.superior is not None and standing_of(request).reaches(report.superior),
    }
    return render(request, "reports/submissions.html", context)


@login_required
def official(request: HttpRequest, cycle_id: int) -> HttpResponse:
    """Ask for the official figures of a cycle: says what that does and by when each level owes them, and does it once it is sent."""
    cycle = Cycle.objects.select_related("version__template").filter(pk=cycle_id).first()
    user = None if getattr(request.user, "is_superuser", False) else user_of(request)
    is_managed = manages_cycle(user, cycle or Cycle(pk=0, state=Cycle.State.OPEN))  # as much is asked of one that isn't there
    if cycle is None or not is_managed:
        raise Http404
    levels = list(CycleLevel.objects.filter(cycle=cycle).select_related("level"))
    form = OfficialDueForm(levels, request.POST if request.method == "POST" else None)
    problems = []
    if form.is_valid():
        try:
            count = ask_for_official(cycle, form.due(), by=user, at=timezone.now())
        except Refused as refused:
            problems = list(refused.problems)
        else:
            asked = ngettext("%(count)d unit is asked for official figures.", "%(count)d units are asked for official figures.", count)
            messages.success(request, asked % {"count": count})
            return redirect("reports:cycles")
    rows = [(row, form[f"due_{row.level.code}"]) for row in levels]
    context = {"cycle": cycle, "form": form, "rows": rows, "problems": problems, "title": _("Ask for official figures")}
    return render(request, "reports/official.html", context, status=422 if form.errors or problems else 200)
