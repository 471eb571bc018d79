"""A report as a workbook: downloaded, filled in anywhere, sent back, looked over, and only then written."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from reports.documents.report_workbook import LookedOver, RefusedCell, look_over, name_of_workbook, workbook_of
from reports.domain.workflow import Action
from reports.models import Report
from reports.policies import Standing
from reports.services import background_jobs, filling
from reports.services.uploading import Change, Effect
from reports.views.reach import posted, report_in_reach, user_of
from reports.views.report_page import Sent, render_report
from reports.wording import name_of, say, shown_own
from units.file_kinds import Kind
from units.problems import Problem, Refused

#: seconds for which what was looked over may be written
_LASTS = 24 * 60 * 60


@login_required
@require_safe
def download(request: HttpRequest, report_id: int) -> HttpResponse:
    """The workbook of a report that its reader may fill in."""
    at = timezone.now()
    report = report_in_reach(request, report_id, at)
    if not Standing(user_of(request)).can(Action.SAVE, report):
        raise Http404
    disposition = {"Content-Disposition": f'attachment; filename="{name_of_workbook(report)}"'}
    return HttpResponse(workbook_of(report, at), content_type=Kind.XLSX.value, headers=disposition)


@posted
def upload(request: HttpRequest, report_id: int) -> HttpResponse:
    """What the workbook that was sent would change; nothing is written."""
    at = timezone.now()
    report = report_in_reach(request, report_id, at)
    content: Any = request.FILES.get("file")
    if content is None:
        messages.error(request, _("Choose a file first."))
        return redirect("reports:report", report.pk)
    try:
        looked = look_over(content.file, report, by=user_of(request), at=at)
    except Refused as refused:
        return render_report(request, report, at, Sent(problems=list(refused.problems)), status=422)
    return _preview(request, report, looked)


@posted
def apply(request: HttpRequest, report_id: int) -> HttpResponse:
    """Write what was looked over, all of it at once, on the version that it was compared with."""
    at = timezone.now()
    report = report_in_reach(request, report_id, at)
    try:
        sent = signing.loads(request.POST.get("changes", ""), salt=_salt(request, report), max_age=_LASTS)
    except signing.BadSignature:
        messages.error(request, _("What was looked over can't be written any more. Send the workbook again."))
        return redirect("reports:report", report.pk)
    changes = [Change(code, address, Effect(effect), now, then) for code, address, effect, now, then in sent["changes"]]
    refused = [RefusedCell(code, address, Problem(**problem)) for code, address, problem in sent["refused"]]
    choices = {change.code: request.POST.get(f"choose-{change.code}") for change in changes if change.effect is Effect.CLASH}
    if report.version == sent["version"] and not set(choices.values()) <= {"mine", "theirs"}:
        messages.error(request, _("Choose which value is right where both were changed."))
        return _preview(request, report, LookedOver(changes, refused, []), status=422)
    written = {change.code: change.then for change in changes if change.is_written and choices.get(change.code) != "theirs"}
    try:
        if written:
            filling.save(report.pk, written, by=user_of(request), at=at, seen=sent["version"])
    except filling.Conflict:
        messages.error(request, _("The report was changed since you looked this over, so nothing was written. Send the workbook again."))
    except Refused as refused:
        return render_report(request, report, at, Sent(problems=list(refused.problems)), status=422)
    else:
        count = len(written)
        done = ngettext("%(count)d figure from the workbook is saved.", "%(count)d figures from the workbook are saved.", count)
        messages.success(request, done % {"count": count})
    return redirect("reports:report", report.pk)


def _salt(request: HttpRequest, report: Report) -> str:
    """What one user looked over of one report is nobody else's."""
    return f"workbook-{request.user.pk}-{report.pk}"


def _preview(request: HttpRequest, report: Report, looked: LookedOver, *, status: int = 200) -> HttpResponse:
    changes, refused = looked.changes, looked.refused
    by_code = report.cycle.version.compiled().by_code
    plain = [(each.code, each.address, each.effect.value, each.now, each.then) for each in changes]
    kept = [(code, address, background_jobs.kept(problem)) for code, address, problem in refused]
    sent = {"version": report.version, "changes": plain, "refused": kept}
    context = {
        "report": report,
        "cycle": report.cycle,
        "at": timezone.now(),
        "changes": [
            {
                "code": each.code,
                "address": each.address,
                "name": name_of(by_code[each.code]),
                "effect": each.effect.value,
                "now": shown_own(by_code[each.code], each.now),
                "then": shown_own(by_code[each.code], each.then),
            }
            for each in changes
        ],
        "refused": [{"address": address, "name": name_of(by_code[code]), "reason": say(problem)} for code, address, problem in refused],
        "notices": [say(notice) for notice in looked.notices],
        "writes": any(each.is_written for each in changes),
        "sent": signing.dumps(sent, salt=_salt(request, report), compress=True),
    }
    return render(request, "reports/workbook.html", context, status=status)
