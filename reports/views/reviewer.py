"""For those above: the board of the units directly below, and every action on a single report."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from reports.domain.workflow import Action
from reports.forms import FORMS, BoardFilterForm, read_entries, step_form, texts_under, version_seen
from reports.models import Report
from reports.policies import Standing
from reports.queries.form_sheet import appraisable
from reports.queries.progress import Sought, board
from reports.services import filling, reviewing, submitting
from reports.views.conflicts import show_conflict
from reports.views.reach import posted, report_in_reach, user_of
from reports.views.report_page import Sent, render_report
from reports.wording import say
from units.problems import Refused

_TAKE: Mapping[Action, Callable[..., None]] = {
    Action.PROPOSE: submitting.propose,
    Action.SEND_BACK: submitting.send_back,
    Action.WITHDRAW: submitting.withdraw,
    Action.ACCEPT: reviewing.accept,
    Action.RETURN: reviewing.return_for_correction,
    Action.REOPEN: reviewing.reopen,
    Action.EXEMPT: reviewing.exempt,
    Action.UNEXEMPT: reviewing.unexempt,
    Action.EXTEND: reviewing.extend,
}


@posted
def take(request: HttpRequest, report_id: int, action: str) -> HttpResponse:
    """Take one action on one report, on the version that its page showed."""
    at = timezone.now()
    report = report_in_reach(request, report_id, at)
    if action not in FORMS:
        raise Http404
    step = Action(action)
    form = step_form(step, request.POST)
    notes = texts_under(request.POST, "note-")
    if not form.is_valid():
        return render_report(request, report, at, Sent(forms={step: form}, notes=notes), status=422)
    sent = dict(form.cleaned_data)
    arguments: dict[str, Any] = {"seen": {report.pk: sent.pop("seen")}, **sent}
    if step in (Action.RETURN, Action.REOPEN):
        arguments["notes"] = notes
    try:
        _TAKE[step](Report.objects.filter(pk=report.pk), by=user_of(request), at=at, **arguments)
    except Refused as refused:
        shown_again = Sent(problems=list(refused.problems), forms={step: form}, notes=notes)
        return render_report(request, report_in_reach(request, report_id, at), at, shown_again, status=422)
    messages.success(request, _done(step))
    return redirect("reports:report", report.pk)


def _done(action: Action) -> str:
    return {
        Action.PROPOSE: _("The report is before the unit's leader."),
        Action.SEND_BACK: _("The report is sent back inside the unit."),
        Action.WITHDRAW: _("The report is withdrawn."),
        Action.ACCEPT: _("The report is accepted."),
        Action.RETURN: _("The report is returned for correction."),
        Action.REOPEN: _("The report is reopened for correction."),
        Action.EXEMPT: _("The unit is exempt from this cycle."),
        Action.UNEXEMPT: _("The exemption is ended."),
        Action.EXTEND: _("The due day is extended."),
    }[action]


@posted
def appraise(request: HttpRequest, report_id: int) -> HttpResponse:
    """Write what the superior enters on the report of a unit below; all of it or nothing."""
    at = timezone.now()
    report = report_in_reach(request, report_id, at)
    version = version_seen(request.POST)
    if version is None:
        return HttpResponseBadRequest(_("The version that was seen is missing."))
    entries = read_entries(appraisable(report), request.POST)
    if entries.problems:
        return render_report(request, report, at, Sent(entries), status=422)
    try:
        filling.appraise(report.pk, entries.changes, by=user_of(request), at=at, seen=version)
    except filling.Conflict as conflict:
        return show_conflict(request, report_in_reach(request, report_id, at), conflict, version, post_to="reports:appraise")
    except Refused as refused:
        return render_report(request, report, at, Sent(problems=list(refused.problems)), status=422)
    messages.success(request, _("The appraisal is saved."))
    return redirect("reports:report", report.pk)


@login_required
@require_safe
def below(request: HttpRequest, report_id: int) -> HttpResponse:
    """The board: how the units directly below stand."""
    at = timezone.now()
    return _board(request, report_in_reach(request, report_id, at), at)


def _board(request: HttpRequest, report: Report, at: datetime, problems: list[str] | None = None, *, status: int = 200) -> HttpResponse:
    form = BoardFilterForm(request.GET, label_suffix="", auto_id="filter-%s")
    sought = Sought(**form.cleaned_data) if form.is_valid() else Sought()
    children = board(report, at)
    rows = [row for row in children if sought.admits(row.report)]
    standing = Standing(user_of(request))
    standing.learn([row.report for row in rows])
    context = {
        "report": report,
        "cycle": report.cycle,
        "at": at,
        "rows": rows,
        "count": len(children),
        "form": form,
        "acceptable": {row.report.pk for row in rows if standing.can(Action.ACCEPT, row.report)},
        "fillable": {row.report.pk for row in rows if standing.can(Action.SAVE, row.report)},
        "problems": problems or [],
        "reaches_superior": report.superior is not None and standing.reaches(report.superior),
    }
    template = "reports/_board.html" if request.headers.get("HX-Request") else "reports/below.html"
    return render(request, template, context, status=status)


@posted
def accept_selected(request: HttpRequest, report_id: int) -> HttpResponse:
    """Accept the selected children, each in the version that the board showed: all of them or none."""
    at = timezone.now()
    report = report_in_reach(request, report_id, at)
    chosen = _selected(request.POST.getlist("selected"))
    children = Report.objects.filter(superior=report, pk__in=chosen)
    names = dict(children.values_list("unit__uid", "unit__name"))
    if not names:
        return _board(request, report, at, [_("Choose the reports that you want to accept.")], status=422)
    try:
        reviewing.accept(children, by=user_of(request), at=at, seen=chosen)
    except Refused as refused:
        said = [f"{names.get(problem.unit_uid, '')}: {say(problem)}" for problem in refused.problems]
        return _board(request, report, at, said, status=422)
    messages.success(
        request, ngettext("%(count)d report is accepted.", "%(count)d reports are accepted.", len(names)) % {"count": len(names)}
    )
    return redirect("reports:below", report.pk)


def _selected(values: list[str]) -> dict[int, int]:
    """Report ids with the versions seen, from values such as `17.3`."""
    matches = filter(None, (re.fullmatch(r"([0-9]{1,15})\.([0-9]{1,9})", value) for value in values))
    return {int(match[1]): int(match[2]) for match in matches}
