"""What a person had made in the background: how far it is, the file once it is ready, and calling it off."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from reports import policies
from reports.models import BackgroundJob
from reports.services import background_jobs
from reports.views.reach import user_of

#: jobs that the page lists
LISTED = 50


@login_required
@require_safe
def downloads(request: HttpRequest) -> HttpResponse:
    """The jobs of the one who asks, the newest first; htmx asks again for the list alone while one is under way."""
    jobs = [_shown(job) for job in jobs_of(request, timezone.now())[:LISTED]]
    context = {"jobs": jobs, "under_way": any(each["job"].is_under_way for each in jobs)}
    return render(request, "reports/_downloads.html" if request.headers.get("HX-Request") else "reports/downloads.html", context)


@login_required
@require_safe
def download(request: HttpRequest, job_id: int) -> FileResponse:
    """The file, to be saved: for its owner alone, while its report is in their reach and its time is not over."""
    job = get_object_or_404(jobs_of(request, timezone.now()), pk=job_id)
    path = background_jobs.file_of(job)
    if path is None or not job.is_to_be_fetched:
        raise Http404
    return FileResponse(path.open("rb"), as_attachment=True, filename=job.file_name)


@require_POST
@login_required
def cancel(request: HttpRequest, job_id: int) -> HttpResponse:
    """Call a job off."""
    get_object_or_404(BackgroundJob, pk=job_id, owner_id=user_of(request).pk)
    if not background_jobs.cancel(job_id, by=user_of(request), at=timezone.now()):
        messages.info(request, _("It had ended already."))
    return redirect("reports:downloads")


def jobs_of(request: HttpRequest, at: datetime) -> QuerySet[BackgroundJob]:
    """The jobs of the one who asks, with what a page shows of each."""
    jobs = policies.jobs_in_reach(user_of(request), at)
    return jobs.select_related("report__unit", "report__cycle__version__template")


def _shown(job: BackgroundJob) -> dict[str, Any]:
    return {
        "job": job,
        "problems": background_jobs.problems_of(job),
        "percent": job.done * 100 // job.of if job.of else None,
        "file": job.is_to_be_fetched and background_jobs.file_of(job) is not None,
    }
