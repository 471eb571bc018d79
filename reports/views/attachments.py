"""Files of a report: adding, taking away, and fetching within the reader's reach."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from reports.models import Attachment
from reports.services import attaching
from reports.views.reach import posted, report_in_reach, user_of
from reports.views.report_page import Sent, render_report
from reports.wording import say
from units.problems import Refused


@posted
def attach(request: HttpRequest, report_id: int) -> HttpResponse:
    """Add the file that was sent."""
    at = timezone.now()
    report = report_in_reach(request, report_id, at)
    content: Any = request.FILES.get("file")
    if content is None:
        messages.error(request, _("Choose a file first."))
        return redirect("reports:report", report.pk)
    try:
        attachment = attaching.attach(report.pk, content, by=user_of(request), at=at)
    except Refused as refused:
        return render_report(request, report, at, Sent(problems=list(refused.problems)), status=422)
    messages.success(request, _("“%(name)s” is attached.") % {"name": attachment.name})
    return redirect("reports:report", report.pk)


@posted
def take_away(request: HttpRequest, report_id: int, attachment_id: int) -> HttpResponse:
    """Take a file away again."""
    at = timezone.now()
    report = report_in_reach(request, report_id, at)
    attachment = get_object_or_404(Attachment.objects.standing().filter(report=report), pk=attachment_id)
    try:
        attaching.take_away(attachment.pk, by=user_of(request), at=at)
    except Refused as refused:
        messages.error(request, " ".join(say(problem) for problem in refused.problems))
    else:
        messages.success(request, _("“%(name)s” is taken away.") % {"name": attachment.name})
    return redirect("reports:report", report.pk)


@login_required
@require_safe
def fetch(request: HttpRequest, report_id: int, attachment_id: int) -> FileResponse:
    """The file, to be saved and never shown as a page of ours."""
    report = report_in_reach(request, report_id, timezone.now())
    attachment = get_object_or_404(Attachment.objects.standing().filter(report=report), pk=attachment_id)
    return FileResponse(attaching.opened(attachment), as_attachment=True, filename=attachment.name, content_type=attachment.kind)
