"""A report as a workbook: downloaded, filled in anywhere, sent back, looked over, and only then written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from copy import copy
from datetime import datetime
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

from reports.documents.cell_values import converted
from reports.documents.report_workbook_in import read_report_workbook
from reports.documents.report_workbook_out import report_workbook
from reports.domain.workflow import Action
from reports.models import Report
from reports.policies import Standing
from reports.queries.form_sheet import Sheet, form_sheet
from reports.services import background_jobs, filling
from reports.services.submitting import readiness
from reports.services.uploading import Change, Effect, SentCell, changes_of
from reports.views.reach import posted, report_in_reach, user_of
from reports.views.report_page import Sent, opening, render_report
from reports.wording import name_of, say, shown_own
from units.file_kinds import Kind
from units.problems import Problem, Refused, gettext_noop

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
    content = report_workbook(report, _handed_out(report, at))
    name = re.sub(r"[^A-Za-z0-9_.-]", "-", f"{report.cycle}-{report.unit.uid}")
    disposition = {"Content-Disposition": f'attachment; filename="{name}.xlsx"'}
    return HttpResponse(content, content_type=Kind.XLSX.value, headers=disposition)


def _handed_out(report: Report, at: datetime) -> Sheet:
    """The rows of a report's workbook, with what one that nobody has touched opens with."""
    opening(report)
    ready = readiness([report], at, drained=True)[report.pk]
    return form_sheet(report, ready.below, ready.both, ready.sourced)


def _are_tasks_handed_out(report: Report, changes: Iterable[Change], at: datetime) -> bool:
    """Are these nothing but the tasks to be answered that the workbook came with? They are written beside what its sender enters."""
    handed_out = {row.code: row.in_entry for row in _handed_out(copy(report), at).rows if row.is_answers}
    return all(handed_out.get(change.code) == change.then for change in changes)


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
        if not Standing(user_of(request)).can(Action.SAVE, report):
            raise Refused(Problem(gettext_noop("You are not the one who may do this to this report.")))
        read = read_report_workbook(content.file, report)
    except Refused as refused:
        return render_report(request, report, at, Sent(problems=list(refused.problems)), status=422)
    changes = changes_of(report, read.cells, read.seen)
    if changes and _are_tasks_handed_out(report, changes, at):
        changes = []
    return _preview(request, report, changes, _refused(read.cells), converted(read.cells))


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
    refused = [(code, address, Problem(**problem)) for code, address, problem in sent["refused"]]
    choices = {change.code: request.POST.get(f"choose-{change.code}") for change in changes if change.effect is Effect.CLASH}
    if report.version == sent["version"] and not set(choices.values()) <= {"mine", "theirs"}:
        messages.error(request, _("Choose which value is right where both were changed."))
        return _preview(request, report, changes, refused, status=422)
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


#: a cell that is not written: its indicator, where it stands, and why
_Refused = tuple[str, str, Problem]


def _refused(cells: Iterable[SentCell]) -> list[_Refused]:
    """A table's cells have places of their own, which their problems name."""
    return [(cell.code, problem.column or cell.address, problem) for cell in cells for problem in cell.problems]


def _preview(
    request: HttpRequest,
    report: Report,
    changes: list[Change],
    refused: list[_Refused],
    notices: Iterable[Problem] = (),
    *,
    status: int = 200,
) -> HttpResponse:
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
        "notices": [say(notice) for notice in notices],
        "writes": any(each.is_written for each in changes),
        "sent": signing.dumps(sent, salt=_salt(request, report), compress=True),
    }
    return render(request, "reports/workbook.html", context, status=status)
