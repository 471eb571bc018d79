"""A report as its form shows it: what the unit says beside what is below and what was; what stands in the way of submitting."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Schema

from reports.api import reach
from reports.api.door import Resource
from reports.api.reports import ReportShown, report_shown
from reports.api.versions import say_version
from reports.api.words import Id, Shown, figure, number
from reports.domain.indicators import EnteredBy, Indicator, ValueType
from reports.domain.rates import Rates
from reports.domain.validation import Finding
from reports.domain.workflow import Action
from reports.models import Adjustment
from reports.policies import Standing
from reports.queries.form_sheet import Row, Sheet, form_sheet
from reports.queries.lineage import is_pending
from reports.queries.past import Past
from reports.queries.sourced import sourced_figures
from reports.queries.timeline import name_of as person
from reports.queries.untouched import show_opening
from reports.services.submitting import Readiness, readiness
from reports.wording import name_of, say

form = Resource("Form")


class IndicatorShown(Schema):
    """What a figure is. `levels` are those that enter it or, of a formula, see it."""

    code: str
    section: str
    name: str
    unit_of_measure: str
    value_type: ValueType
    choices: list[str]
    columns: list[str]
    levels: list[str]
    aggregate_up: str
    formula: str
    required: bool
    decimals: int
    negative: bool
    entered_by: EnteredBy
    note: str


def indicator_shown(indicator: Indicator) -> dict[str, Any]:
    fields = ("code", "section", "value_type", "aggregate_up", "formula", "required", "decimals", "negative", "entered_by", "note")
    return {name: getattr(indicator, name) for name in fields} | {
        "name": name_of(indicator),
        "unit_of_measure": indicator.unit,
        "choices": list(indicator.choices),
        "columns": list(indicator.columns),
        "levels": sorted(indicator.levels),
    }


class AdjustmentShown(Schema):
    id: int
    indicator: str
    amount: str
    reason: str
    by: str
    at: datetime


def adjustment_shown(adjustment: Adjustment) -> dict[str, Any]:
    fields = ("indicator", "amount", "reason", "at")
    return {"id": adjustment.pk, "by": person(adjustment.by)} | {name: getattr(adjustment, name) for name in fields}


class RowShown(Schema):
    """A figure. `own` is the unit's, `below` the total of what is below, `both` the two together; numbers are text, null is blank.

    `note` is the reviewer's, `note_answer` what was answered to it; `sourced` is what its source says.
    """

    code: str
    may_be_entered: bool
    own: Shown
    below: Shown
    both: Shown
    answered: int | None
    declared: Shown
    previous: Shown
    year_ago: Shown
    change: str | None
    six_months: Shown
    sourced: Shown
    note: str | None
    note_answer: str | None


class FindingShown(Schema):
    """What a rule found: an error blocks submitting, a warning asks for an explanation."""

    indicator: str
    severity: str
    text: str


class RatesShown(Schema):
    expected: int
    received: int
    accepted: int
    on_time: int
    late: int
    missing: int


def rates_shown(rates: Rates) -> dict[str, int]:
    return rates.as_dict()


class FormShown(Schema):
    """`opens_with`: nobody has saved it yet, and `own` is what it opens with. `is_ready`: nothing blocks submitting it.

    `is_incomplete`: reports below are not all accepted, which submitting asks to be confirmed. `is_pending`: totals below are being
    recomputed.
    """

    report: ReportShown
    opens_with: bool
    previous_period: str
    year_ago_period: str
    rows: list[RowShown]
    adjustments: list[AdjustmentShown]
    findings: list[FindingShown]
    rates: RatesShown
    is_ready: bool
    is_incomplete: bool
    is_pending: bool


@form.get("/reports/{report_id}/form", FormShown)
def whole(request: HttpRequest, response: HttpResponse, report_id: Id) -> dict[str, Any]:
    """The report as its form shows it."""
    at = timezone.now()
    report = reach.report(request, report_id, at)
    say_version(response, report.version)
    standing = Standing(reach.user_of(request))
    shown = report_shown(report, standing)
    past = Past.of(report)
    sourced = sourced_figures([report], past)
    opens_with = standing.can(Action.SAVE, report) and bool(show_opening(report, past, sourced))
    ready = readiness([report], at, drained=True, past=past, sourced=sourced)[report.pk]
    sheet = form_sheet(report, ready.below, ready.both, ready.sourced, past=past, opening=opens_with)
    return {"report": shown, "opens_with": opens_with, **_said(sheet, ready), "is_pending": report.has_reports_below and is_pending(report)}


def _said(sheet: Sheet, ready: Readiness) -> dict[str, Any]:
    return {
        "previous_period": sheet.previous_period,
        "year_ago_period": sheet.year_ago_period,
        "rows": [_row(row) for row in sheet.rows],
        "adjustments": [adjustment_shown(each) for each in sheet.adjustments],
        "findings": [_finding(each) for each in ready.findings],
        "rates": rates_shown(ready.rates[""]),
        "is_ready": not ready.errors and not ready.unreadable,
        "is_incomplete": ready.is_incomplete,
    }


def _row(row: Row) -> dict[str, Any]:
    values = ("own", "below", "both", "declared", "previous", "year_ago", "six_months", "sourced")
    return {name: figure(row.indicator, getattr(row, name)) for name in values} | {
        "code": row.code,
        "may_be_entered": row.may_be_entered,
        "answered": row.answered,
        "change": number(row.change),
        "note": row.note.text if row.note else None,
        "note_answer": row.note.newest_answer if row.note else None,
    }


def _finding(finding: Finding) -> dict[str, str]:
    return {"indicator": finding.code, "severity": finding.severity, "text": say(finding.problem)}
