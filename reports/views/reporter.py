"""For those who fill in a report: what is due, entering and saving, adjusting, submitting."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseForbidden, JsonResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import date as date_text
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from reports.domain.numbers import parse_vietnamese
from reports.domain.workflow import Action
from reports.forms import Entries, StepForm, declaration_of, read_entries, read_second_halves, texts_under, version_seen
from reports.models import Report
from reports.policies import OWNERS, Role
from reports.queries.form_sheet import Row, enterable, form_sheet
from reports.queries.past import Past
from reports.queries.selections import choices_to_make
from reports.queries.timeline import newest_notes, proposed_explanations
from reports.queries.worklists import worklist
from reports.services import filling, submitting
from reports.services.submitting import Readiness, checked, readiness
from reports.views.conflicts import show_conflict
from reports.views.reach import indicator_of, posted, report_in_reach, report_to_fill, standing_of, user_of
from reports.views.report_page import KEEP_OFFLINE, Sent, adjustment_form, render_report, visible_findings
from reports.wording import name_of, required_blank, say, shown_change, shown_own, shown_total
from units.problems import Refused


@login_required
@require_safe
def my_work(request: HttpRequest) -> HttpResponse:
    """What waits for the reader, and nothing else."""
    at = timezone.now()
    standing = standing_of(request)
    work = worklist(standing.units_as(*OWNERS), standing.units_as(Role.REVIEWER), at)
    choices = choices_to_make(standing.units_as(*OWNERS))
    page = render(request, "reports/my_work.html", {"work": work, "choices": choices, "at": at, "has_memberships": bool(standing.roles)})
    page.headers[KEEP_OFFLINE] = "yes"
    return page


@login_required
@require_safe
def report_page(request: HttpRequest, report_id: int) -> HttpResponse:
    at = timezone.now()
    return render_report(request, report_in_reach(request, report_id, at), at)


# --- Saving ----------------------------------------------------------------------------------------


@posted
def save(request: HttpRequest, report_id: int) -> HttpResponse:
    """Save the cells that were sent, from the form as one types (as JSON) or from its button.

    What can't be read is said beside its figure, and the rest is saved. What one user typed is never saved in another's
    name: a form that names its reader is refused once somebody else is signed in.
    """
    at = timezone.now()
    if request.headers.get("X-Reader", str(request.user.pk)) != str(request.user.pk):
        return HttpResponseForbidden(_("Somebody else is signed in on this machine."))
    report = report_to_fill(request, report_id)
    version = version_seen(request.POST)
    if version is None:
        return HttpResponseBadRequest(_("The version that was seen is missing."))
    entries = _entries(report, request)
    as_one_types = request.headers.get("Accept", "").startswith("application/json")
    written = version
    try:
        if entries.changes or not entries.problems:
            report = filling.save(report.pk, entries.changes, by=user_of(request), at=at, seen=version)
            written = report.version
    except filling.Conflict as conflict:
        return show_conflict(
            request, report_in_reach(request, report_id, at), conflict, version, post_to="reports:save", as_json=as_one_types
        )
    except Refused as refused:
        if as_one_types:
            return JsonResponse({"problems": [say(problem) for problem in refused.problems]}, status=422)
        return render_report(request, report_in_reach(request, report_id, at), at, Sent(entries, list(refused.problems)), status=422)
    if as_one_types:
        return JsonResponse(_saved(report, entries, at, written))
    if entries.problems:
        return render_report(request, report_in_reach(request, report_id, at), at, Sent(entries), status=422)
    messages.success(request, _("Saved %(time)s") % {"time": _clock(at)})
    return redirect("reports:report", report.pk)


def _entries(report: Report, request: HttpRequest) -> Entries:
    """The cells that were sent; of a year, also by their second halves."""
    indicators = enterable(report)
    entries = read_entries(indicators, request.POST)
    if any(name.startswith("second-") for name in request.POST):
        found = Past.of(report).six_months.get(report.unit_id)
        read_second_halves(entries, indicators, request.POST, found.six_months if found else {})
    return entries


def _clock(at: datetime) -> str:
    return date_text(timezone.localtime(at), "TIME_FORMAT")


def _saved(report: Report, entries: Entries, at: datetime, version: int) -> dict[str, Any]:
    """What the form has to show now: computed figures, totals, findings and progress.

    `version` is the one just written, or the one seen where nothing was: others may have saved since.
    """
    past = Past.of(report)
    ready = checked([report], past)[report.pk]
    sheet = form_sheet(report, ready.below, ready.both, ready.sourced, past=past, as_typed=True)
    findings = visible_findings(report, ready.findings)
    return {
        "version": version,
        "message": _("Saved %(time)s") % {"time": _clock(at)},
        "state": report.get_state_display(),
        "cells": {row.code: _cell(row, sheet.compares_totals) for row in sheet.rows},
        "findings": {code: [{"severity": each.severity, "text": say(each.problem)} for each in found] for code, found in findings.items()},
        "problems": {code: [say(problem) for problem in problems] for code, problems in entries.problems.items()},
        "sections": {section.number: [section.answered, section.entered, required_blank(section)] for section in sheet.sections},
    }


def _cell(row: Row, has_below: bool) -> dict[str, str]:
    shown = {"change": shown_change(row.indicator, row.change)}
    if row.indicator.is_formula or row.indicator.is_tallied:
        shown["own"] = shown_own(row.indicator, row.own)
    if has_below:
        shown["both"] = shown_total(row.indicator, row.both, row.answered)
    return shown


# --- Adjusting -------------------------------------------------------------------------------------


@posted
def adjust(request: HttpRequest, report_id: int) -> HttpResponse:
    """Add an adjustment to a sum of what is below."""
    at = timezone.now()
    report = report_in_reach(request, report_id, at)
    ready = readiness([report], at, drained=True)[report.pk]
    form = adjustment_form(report, form_sheet(report, ready.below, ready.both), request.POST)
    if not form.is_valid():
        return render_report(request, report, at, Sent(adjustment=form), status=422)
    sent = form.cleaned_data
    try:
        indicator = indicator_of(report, sent["indicator"])
        amount = parse_vietnamese(sent["amount"], decimals=indicator.decimals, negative=True)
        filling.adjust(report.pk, indicator.code, amount, sent["reason"], by=user_of(request), at=at, seen=sent["seen"])
    except Refused as refused:
        return render_report(request, report, at, Sent(problems=list(refused.problems), adjustment=form), status=422)
    messages.success(request, _("The adjustment is recorded."))
    return redirect("reports:report", report.pk)


@posted
def drop_adjustment(request: HttpRequest, report_id: int, adjustment_id: int) -> HttpResponse:
    """Take an adjustment back."""
    at = timezone.now()
    report = report_in_reach(request, report_id, at)
    adjustment = report.adjustments.filter(pk=adjustment_id).first()
    form = StepForm(request.POST)
    if adjustment is None or not form.is_valid():
        messages.error(request, _("This adjustment isn't there any more."))
        return redirect("reports:report", report.pk)
    try:
        filling.drop_adjustment(adjustment.pk, by=user_of(request), at=at, seen=form.cleaned_data["seen"])
    except Refused as refused:
        return render_report(request, report, at, Sent(problems=list(refused.problems)), status=422)
    messages.success(request, _("The adjustment is taken back."))
    return redirect("reports:report", report.pk)


# --- Submitting ------------------------------------------------------------------------------------


@login_required
def submit(request: HttpRequest, report_id: int) -> HttpResponse:
    """Look over what is about to be declared, explain what is unusual, and submit."""
    at = timezone.now()
    report = report_in_reach(request, report_id, at)
    if request.method != "POST":
        return _summary(request, report, at)
    form = StepForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest(_("The version that was seen is missing."))
    declaration = replace(declaration_of(request.POST), explanations_required=True)
    reason, seen = form.cleaned_data["reason"], {report.pk: form.cleaned_data["seen"]}
    try:
        submitting.submit(
            Report.objects.filter(pk=report.pk), by=user_of(request), at=at, reason=reason, declaration=declaration, seen=seen
        )
    except Refused as refused:
        return _summary(request, report_in_reach(request, report_id, at), at, refused)
    messages.success(request, _("The report is submitted."))
    return redirect("reports:report", report.pk)


def _as_in_six_months(report: Report, ready: Readiness) -> list[str]:
    """What adds up over the year and stands where it stood in the first six months: perhaps nobody came to it."""
    entered = (each.code for each in enterable(report) if each.splits_in_halves)
    return [code for code in entered if ready.six_months.get(code) and report.own.get(code) == ready.six_months[code]]


def _summary(request: HttpRequest, report: Report, at: datetime, refused: Refused | None = None) -> HttpResponse:
    allowed = standing_of(request).allowed(report)
    ready = readiness([report], at, drained=request.method != "POST")[report.pk]
    blank = [finding for finding in ready.errors if not finding.rule and report.own.get(finding.code) is None]
    last = report.last_submission.warnings if report.last_submission else []
    said = {each["indicator"]: each["explanation"] for each in last} | proposed_explanations(report) | texts_under(request.POST, "explain-")
    answering, answers = report.in_correction and allowed & {Action.SUBMIT, Action.PROPOSE}, texts_under(request.POST, "answer-")
    by_code = report.cycle.version.compiled().by_code
    context = {
        "report": report,
        "cycle": report.cycle,
        "at": at,
        "blank": [by_code[finding.code] for finding in blank],
        "errors": [finding for finding in ready.errors if finding not in blank],
        "warnings": [(finding, said.get(finding.code, "")) for finding in ready.warnings],
        "as_in_six_months": [by_code[code] for code in _as_in_six_months(report, ready)],
        "notes": [(note, answers.get(note.indicator, note.newest_answer or "")) for note in newest_notes(report)] if answering else [],
        "names": {code: name_of(indicator) for code, indicator in by_code.items()},
        "rates": ready.rates[""],
        "is_incomplete": ready.is_incomplete,
        "confirmed": request.POST.get("confirm_incomplete") == "yes",
        "may": {action.value for action in allowed},
        "ready": not ready.errors,
        "problems": list(refused.problems) if refused else [],
        "form": StepForm(request.POST or None, initial={"seen": report.version}, label_suffix=""),
    }
    return render(request, "reports/submit.html", context, status=422 if refused else 200)
