"""The page of one report: the form for those who fill it in, the figures for those who read or review it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from reports.domain.validation import Finding
from reports.domain.workflow import Action, State
from reports.form_rows import form_table
from reports.forms import FORMS, AdjustmentForm, Entries, StepForm, step_form
from reports.models import Attachment, Report
from reports.queries.form_sheet import Sheet, appraisable, form_sheet
from reports.queries.lineage import is_pending
from reports.queries.past import Past
from reports.queries.sourced import sourced_figures
from reports.queries.timeline import GIVEN_BACK, notes_in, timeline
from reports.queries.untouched import show_opening
from reports.services.attaching import MOST
from reports.services.submitting import readiness
from reports.views.reach import standing_of
from reports.wording import name_of
from units.problems import Problem

#: tells the service worker (templates/service_worker.js) that a page shall be within reach without a line
KEEP_OFFLINE = "X-Keep-Offline"


@dataclass(slots=True)
class Sent:
    """What was sent and refused: shown again with the reasons, so that nobody types twice."""

    entries: Entries = field(default_factory=Entries)
    problems: list[Problem] = field(default_factory=list)
    forms: Mapping[Action, StepForm] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    adjustment: AdjustmentForm | None = None


def render_report(request: HttpRequest, report: Report, at: datetime, sent: Sent | None = None, *, status: int = 200) -> HttpResponse:
    """The report's page, with what was refused where something was."""
    sent = sent or Sent()
    context = report_context(request, report, at, sent)
    context["table"] = form_table(
        context["sheet"],
        report.cycle.period,
        editing=context["editing"],
        appraised=context["appraised"],
        findings=context["findings"],
        problems=sent.entries.problems,
        typed=sent.entries.texts,
    )
    page = render(request, "reports/report.html", context, status=status)
    if context["editing"]:
        page.headers[KEEP_OFFLINE] = "yes"
    return page


def report_context(request: HttpRequest, report: Report, at: datetime, sent: Sent) -> dict[str, Any]:
    """What every page that shows a report whole has to know of it."""
    standing = standing_of(request)
    allowed = standing.allowed(report)
    past = Past.of(report)
    sourced = sourced_figures([report], past)
    opens_with = show_opening(report, past, sourced) if Action.SAVE in allowed else None
    ready = readiness([report], at, drained=True, past=past, sourced=sourced)[report.pk]
    events = timeline(report)
    sheet = form_sheet(report, ready.below, ready.both, ready.sourced, past=past, notes=notes_in(events), opening=bool(opens_with))
    return {
        "report": report,
        "cycle": report.cycle,
        "at": at,
        "sheet": sheet,
        "rates": ready.rates[""],
        "unreadable": ready.unreadable,
        "findings": visible_findings(report, ready.findings),
        "sent": sent,
        "editing": Action.SAVE in allowed,
        "opening": opens_with,
        "appraised": {each.code for each in appraisable(report)} if Action.APPRAISE in allowed else set(),
        "on_behalf": standing.on_behalf(report, Action.SAVE) and Action.SAVE in allowed,
        "may": {action.value for action in allowed},
        "steps": [
            (action.value, sent.forms.get(action) or step_form(action, seen=report.version)) for action in FORMS if action in allowed
        ],
        "noting": bool(allowed & {Action.RETURN, Action.REOPEN}),
        "adjustment_form": (sent.adjustment or adjustment_form(report, sheet)) if report.has_reports_below else None,
        "attachments": list(Attachment.objects.standing().filter(report=report).select_related("by")),
        "most_attachments": MOST,
        "events": events,
        "resubmitted": sum(event.action == Action.SUBMIT for event in events) > 1,
        "saved_at": next((event.at for event in events if event.action == Action.SAVE), None),
        "given_back": next((event for event in events if event.action in GIVEN_BACK), None) if report.state == State.RETURNED else None,
        "names": {row.code: name_of(row.indicator) for row in sheet.rows},
        "pending": report.has_reports_below and is_pending(report),
        "reaches_superior": report.superior is not None and standing.reaches(report.superior),
    }


def adjustment_form(report: Report, sheet: Sheet, data: Any = None) -> AdjustmentForm:
    return AdjustmentForm(data, [(row.code, name_of(row.indicator)) for row in sheet.may_be_adjusted], seen=report.version)


def visible_findings(report: Report, findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """Findings beside their figures, by code. That a required cell is still blank is said by its mark, not as an error.

    Nor are tasks that nobody has begun to answer.
    """
    visible: dict[str, list[Finding]] = {}
    for finding in findings:
        of_its_own = finding.rule and not finding.rule.startswith("answers:")
        if of_its_own or report.own.get(finding.code) is not None:
            visible.setdefault(finding.code, []).append(finding)
    return visible
