"""A workbook for many: fetched, sent back, looked over in the background, shown page by page, and written by its sender's word."""

from __future__ import annotations

import re
from itertools import islice
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from reports.documents import uploads
from reports.documents.units_workbook_out import name_of_units_workbook, reports_for, units_workbook
from reports.documents.uploads import CellChange
from reports.domain.indicators import Template
from reports.models import BackgroundJob, Report
from reports.services import background_jobs
from reports.services.uploading import Effect
from reports.views.downloads import jobs_of
from reports.views.reach import posted, report_in_reach, user_of
from reports.wording import name_of, say, shown_own
from units.file_kinds import Kind
from units.models import Unit
from units.problems import Problem, Refused

#: cells that one page shows
_EACH_PAGE = 100
_CHOICES = {"mine", "theirs"}
_Kind = BackgroundJob.Kind


@login_required
@require_safe
def download(request: HttpRequest, report_id: int) -> HttpResponse:
    """The workbook of all reports at and below this one that its reader may fill in; 404 where there is none."""
    head = report_in_reach(request, report_id, timezone.now())
    reports = reports_for(head, user_of(request))
    if not reports:
        raise Http404
    disposition = {"Content-Disposition": f'attachment; filename="{name_of_units_workbook(head, reports)}"'}
    return HttpResponse(units_workbook(head, reports), content_type=Kind.XLSX.value, headers=disposition)


@posted
def send(request: HttpRequest, report_id: int) -> HttpResponse:
    """Take a workbook in, to be looked over in the background; what is no workbook at all is refused at once."""
    at = timezone.now()
    head = report_in_reach(request, report_id, at)
    content: Any = request.FILES.get("file")
    if content is None:
        messages.error(request, _("Choose a file first."))
        return redirect("reports:below", head.pk)
    try:
        job = uploads.order_to_look_over(head, content, by=user_of(request), at=at)
    except Refused as refused:
        messages.error(request, " ".join(say(problem) for problem in refused.problems))
        return redirect("reports:below", head.pk)
    return redirect("reports:upload", job.pk)


@login_required
@require_safe
def upload(request: HttpRequest, job_id: int) -> HttpResponse:
    """How far it is, and then what the workbook would change; htmx asks again for the middle alone while it is under way."""
    return _page(request, _job_of(request, job_id))


@require_POST
@login_required
def apply(request: HttpRequest, job_id: int) -> HttpResponse:
    """Have written what was looked over. Where both changed a cell, the choice of its sender is needed."""
    job = _job_of(request, job_id)
    if job.kind != _Kind.LOOK_OVER or job.state != job.State.DONE:
        raise Http404
    clashes = uploads.clashes_in(job)
    mine: uploads.Mine
    if job.result["effects"].get(Effect.CLASH, 0) > len(clashes):
        choice = request.POST.get("choose", "")
        choices, mine = {choice}, uploads.ALL if choice == "mine" else []
    else:
        by_cell = {(each.report, each.code): request.POST.get(f"choose-{number}", "") for number, each in enumerate(clashes)}
        choices, mine = {*by_cell.values()}, [cell for cell, choice in by_cell.items() if choice == "mine"]
    if not choices <= _CHOICES:
        messages.error(request, _("Choose which value is right where both were changed."))
        return _page(request, job, status=422)
    try:
        order = uploads.order_to_write(job, mine, by=user_of(request), at=timezone.now())
    except Refused as refused:
        messages.error(request, " ".join(say(problem) for problem in refused.problems))
        return redirect("reports:upload", job.pk)
    return redirect("reports:upload", order.pk)


def _job_of(request: HttpRequest, job_id: int) -> BackgroundJob:
    kinds = (_Kind.LOOK_OVER, _Kind.APPLY)
    return get_object_or_404(jobs_of(request, timezone.now()).filter(kind__in=kinds, report__isnull=False), pk=job_id)


def _page(request: HttpRequest, job: BackgroundJob, *, status: int = 200) -> HttpResponse:
    problems = background_jobs.problems_of(job)
    names = dict(Unit.objects.filter(uid__in={problem.unit_uid for problem in problems if problem.unit_uid}).values_list("uid", "name"))
    context: dict[str, Any] = {
        "job": job,
        "report": job.report,
        "percent": job.done * 100 // job.of if job.of else None,
        "problems": [(names.get(problem.unit_uid, ""), say(problem)) for problem in problems],
    }
    if job.kind == _Kind.LOOK_OVER and job.state == job.State.DONE and job.report is not None:
        context |= _found(request, job, job.report.cycle.version.compiled())
    part = request.headers.get("HX-Request") and status == 200
    return render(request, "reports/_upload.html" if part else "reports/upload.html", context, status=status)


def _found(request: HttpRequest, job: BackgroundJob, template: Template) -> dict[str, Any]:
    """What the workbook would change: counted, the doubtful cells first, the others a page at a time."""
    effects = job.result["effects"]
    total = sum(effects.values()) - effects.get(Effect.CLASH, 0)
    pages = max(1, -(-total // _EACH_PAGE))
    number = request.GET.get("page", "1")
    page = min(int(number), pages) if re.fullmatch("[1-9][0-9]{0,6}", number) else 1
    others = (change for change in uploads.changes_in(job) if change.effect != Effect.CLASH)
    shown = list(islice(others, (page - 1) * _EACH_PAGE, page * _EACH_PAGE))
    clashes = uploads.clashes_in(job)
    reports = Report.objects.select_related("unit").in_bulk({change.report for change in [*clashes, *shown]})
    return {
        "effects": [(effect.value, effects[effect]) for effect in Effect if effects.get(effect)],
        "saved": job.result.get(uploads.SAVED),
        "writes": bool(effects.keys() - {Effect.THEIRS.value}),
        "clashes": [_shown(change, reports, template) for change in clashes],
        "more_clashes": effects.get(Effect.CLASH, 0) - len(clashes),
        "changes": [_shown(change, reports, template) for change in shown],
        "page": page,
        "pages": pages,
        "refused": _refused(job, template),
        "more_refused": job.result["refused"] - len(job.result["named"]),
    }


def _shown(change: CellChange, reports: dict[int, Report], template: Template) -> dict[str, Any]:
    indicator = template.by_code[change.code]
    return {
        "unit": reports[change.report].unit,
        "name": name_of(indicator),
        "address": change.address,
        "effect": change.effect,
        "now": shown_own(indicator, change.now),
        "then": shown_own(indicator, change.then),
    }


def _refused(job: BackgroundJob, template: Template) -> list[dict[str, Any]]:
    """The cells that were refused, with unit, indicator and reason."""
    named = job.result["named"]
    units = dict(Unit.objects.filter(uid__in={each["uid"] for each in named}).values_list("uid", "name"))
    return [
        {
            "address": each["address"],
            "unit": units.get(each["uid"], ""),
            "name": name_of(template.by_code[each["code"]]) if each["code"] else "",
            "reason": say(Problem(**each["problem"])),
        }
        for each in named
    ]
