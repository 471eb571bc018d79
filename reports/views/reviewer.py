"""For those above: every action on a single report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from reports.domain.workflow import Action
from reports.forms import FORMS, declaration_of, read_entries, step_form, texts_under, version_seen
from reports.models import Report
from reports.queries.form_sheet import appraisable
from reports.services import filling, reviewing, submitting
from reports.views.conflicts import show_conflict
from reports.views.reach import posted, report_in_reach, user_of
from reports.views.report_page import Sent, render_report
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
    refused = attempt(request, report, Action(action), at)
    if refused is not None:
        return render_report(request, report_in_reach(request, report_id, at), at, refused, status=422)
    return redirect("reports:report", report.pk)


def attempt(request: HttpRequest, report: Report, action: Action, at: datetime) -> Sent | None:
    """Take the action as it was posted, and say so. What was refused, with the reasons; None where it is done."""
    form = step_form(action, request.POST)
    notes = texts_under(request.POST, "note-")
    if not form.is_valid():
        return Sent(forms={action: form}, notes=notes)
    sent = dict(form.cleaned_data)
    arguments: dict[str, Any] = {"seen": {report.pk: sent.pop("seen")}, **sent}
    if action in (Action.RETURN, Action.REOPEN):
        arguments["notes"] = notes
    if action is Action.PROPOSE:
        arguments["declaration"] = declaration_of(request.POST)
    try:
        _TAKE[action](Report.objects.filter(pk=report.pk), by=user_of(request), at=at, **arguments)
    except Refused as refused:
        return Sent(problems=list(refused.problems), forms={action: form}, notes=notes)
    messages.success(request, _done(action))
    return None


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
