"""A report on paper: as a Word file, as a PDF, and the pack of all below it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from reports.documents.office import as_pdf
from reports.documents.report_document import DOCX, document_name, report_document
from reports.models import BackgroundJob
from reports.services import background_jobs
from reports.views.reach import posted, report_in_reach, user_of
from reports.wording import say
from units.problems import Refused


@login_required
@require_safe
def document(request: HttpRequest, report_id: int, ending: str) -> HttpResponse:
    """The report's document, `docx` or `pdf`, to be saved; back to the report with the reason where it can't be made."""
    at = timezone.now()
    report = report_in_reach(request, report_id, at)
    try:
        content = report_document(report, at)
        if ending == "pdf":
            content = as_pdf({"": content})[""]
    except Refused as refused:
        messages.error(request, " ".join(say(problem) for problem in refused.problems))
        return redirect("reports:report", report.pk)
    answer = HttpResponse(content, content_type={"docx": DOCX, "pdf": "application/pdf"}[ending])
    answer.headers["Content-Disposition"] = content_disposition_header(True, f"{document_name(report)}.{ending}") or ""
    return answer


@posted
def pack(request: HttpRequest, report_id: int) -> HttpResponse:
    """Order the pack of all documents at and below this report."""
    at = timezone.now()
    report = report_in_reach(request, report_id, at)
    if not report.has_reports_below:
        raise Http404
    arguments = {"pdf": request.POST.get("as") == "pdf"}
    try:
        background_jobs.order(BackgroundJob.Kind.PACK, arguments, by=user_of(request), at=at, report=report)
    except Refused as refused:
        messages.error(request, " ".join(say(problem) for problem in refused.problems))
    else:
        messages.success(request, _("The documents are being put together; they will wait here."))
    return redirect("reports:downloads")
