"""Reports: how each stands, its journal, and what was submitted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Schema
from pydantic import Field

from reports.api import reach
from reports.api.door import Resource
from reports.api.paging import Page, Pages, page_of
from reports.api.problems import not_found
from reports.api.versions import say_version
from reports.api.words import Id, Moment, Shown, UnitShown, Word, figure, one_of, unit_shown
from reports.domain.aggregation import figures
from reports.domain.deadlines import Timeliness
from reports.domain.workflow import Action, State
from reports.models import Flag, Report, Submission
from reports.policies import Standing
from reports.queries.submissions import ComparedCell, compared
from reports.queries.timeline import Event, timeline

reports = Resource("Reports")

FlagKind = Annotated[Flag.Kind, one_of(Flag.Kind)]


class ReportBrief(Schema):
    """`version` is the one to name in If-Match."""

    id: int
    cycle: str
    unit: UnitShown
    level: str
    state: State
    version: int
    due_at: datetime


def report_brief(report: Report) -> dict[str, Any]:
    return {
        "id": report.pk,
        "cycle": report.cycle.code,
        "unit": unit_shown(report.unit),
        "level": report.level.code,
        "state": report.state,
        "version": report.version,
        "due_at": report.due_at,
    }


class ReportShown(ReportBrief):
    """How a report stands; `actions` are what the user may do now."""

    superior_id: int | None = Field(description="The superior's report, where it is in reach")
    timeliness: Timeliness
    first_submitted_at: datetime | None
    submitted_at: datetime | None
    review_due_at: datetime | None
    correct_by_at: datetime | None
    in_correction: bool
    needs_approval: bool
    has_reports_below: bool
    flags: list[FlagKind]
    actions: list[Action]


def report_shown(report: Report, standing: Standing) -> dict[str, Any]:
    """Of a report with its `timeliness` and `open_flags`."""
    fields = ("first_submitted_at", "submitted_at", "review_due_at", "correct_by_at", "in_correction", "needs_approval")
    return report_brief(report) | {
        "superior_id": report.superior_id if report.superior is not None and standing.reaches(report.superior) else None,
        "timeliness": report.timeliness,
        **{name: getattr(report, name) for name in fields},
        "has_reports_below": report.has_reports_below,
        "flags": sorted(flag.kind for flag in report.open_flags),
        "actions": [action for action in Action if standing.can(action, report)],
    }


class ReportsSought(Schema):
    """What narrows the reports; what is left out doesn't."""

    cycle: Word | None = None
    unit: Annotated[Word | None, Query(description="A uid")] = None
    superior: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="The reports directly below this one")] = None
    under: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="This report and all below it")] = None
    level: Word | None = None
    state: State | None = None
    timeliness: Timeliness | None = None
    flag: FlagKind | None = None
    changed_since: Annotated[Moment | None, Query(description="Something was done to it at this moment or later")] = None


@reports.get("/reports", Page[ReportShown])
def listed(request: HttpRequest, sought: Annotated[ReportsSought, Query()], paging: Pages) -> dict[str, Any]:
    """The reports in reach."""
    at, standing = timezone.now(), Standing(reach.user_of(request))
    exactly = {
        "cycle__code": sought.cycle,
        "unit__uid": sought.unit,
        "superior_id": sought.superior,
        "level__code": sought.level,
        "state": sought.state,
        "timeliness": sought.timeliness,
        "journal_at__gte": sought.changed_since,
    }
    rows = reach.reports_of(request, at).filter(**{name: value for name, value in exactly.items() if value is not None})
    if sought.under is not None:
        rows = rows.subtree_of(reach.report(request, sought.under, at))
    if sought.flag is not None:
        rows = rows.filter(flags__kind=sought.flag, flags__cleared_at__isnull=True)
    return page_of(rows.defer("own"), paging, lambda report: report_shown(report, standing), standing.learn)


@reports.get("/reports/{report_id}", ReportShown)
def one(request: HttpRequest, response: HttpResponse, report_id: Id) -> dict[str, Any]:
    """How a report stands."""
    report = reach.report(request, report_id, timezone.now())
    say_version(response, report.version)
    return report_shown(report, Standing(reach.user_of(request)))


# --- What happened to it ----------------------------------------------------------------------------


class NoteShown(Schema):
    indicator: str
    text: str


class EventShown(Schema):
    """A line of the journal; `times` are the saves of one person on one day, `by` is empty for the system."""

    at: datetime
    by: str
    on_behalf: bool
    action: Action
    reason: str
    to_state: State | None
    times: int
    notes: list[NoteShown]
    answers: list[NoteShown]


@reports.get("/reports/{report_id}/journal", list[EventShown])
def journal(request: HttpRequest, report_id: Id) -> list[dict[str, Any]]:
    """What was done to the report, by whom and why, the newest first."""
    return [_event(event) for event in timeline(reach.report(request, report_id, timezone.now()))]


def _event(event: Event) -> dict[str, Any]:
    fields = ("at", "by", "on_behalf", "action", "reason", "times")
    return {name: getattr(event, name) for name in fields} | {
        "to_state": event.to_state or None,
        "notes": [{"indicator": note.indicator, "text": note.text} for note in event.notes],
        "answers": [{"indicator": answer.note.indicator, "text": answer.text} for answer in event.answers],
    }


class SubmissionShown(Schema):
    number: int
    at: datetime
    is_official: bool


class Explained(Schema):
    indicator: str
    rule: str
    explanation: str


class SubmissionWhole(SubmissionShown):
    """What was declared: own figures, and totals with what is below (semantics §6)."""

    own: dict[str, Shown]
    declared: dict[str, Shown]
    warnings: list[Explained]


@reports.get("/reports/{report_id}/submissions", list[SubmissionShown])
def submissions(request: HttpRequest, report_id: Id) -> list[Submission]:
    """What was submitted, the first first."""
    return list(reach.report(request, report_id, timezone.now()).submissions.order_by("number"))


@reports.get("/reports/{report_id}/submissions/{number}", SubmissionWhole)
def submission(request: HttpRequest, report_id: Id, number: Id) -> dict[str, Any]:
    """One submission, as it was declared."""
    report = reach.report(request, report_id, timezone.now())
    found = _numbered(report, number)
    template = report.cycle.version.compiled()
    by_code = template.by_code
    return {
        "number": found.number,
        "at": found.at,
        "is_official": found.is_official,
        "own": {code: figure(by_code[code], value) for code, value in found.own.items() if code in by_code},
        "declared": {code: figure(by_code[code], value) for code, value in figures(template, found.declared).items()},
        "warnings": found.warnings,
    }


class Differing(Schema):
    indicator: str
    own_before: Shown
    own_after: Shown
    total_before: Shown
    total_after: Shown


class Between(Schema):
    before: Annotated[int, Field(ge=1, le=2**31 - 1)]
    after: Annotated[int, Field(ge=1, le=2**31 - 1)]


@reports.get("/reports/{report_id}/comparison", list[Differing])
def comparison(request: HttpRequest, report_id: Id, between: Annotated[Between, Query()]) -> list[dict[str, Any]]:
    """The cells in which two submissions differ."""
    report = reach.report(request, report_id, timezone.now())
    cells = compared(report, _numbered(report, between.before), _numbered(report, between.after))
    return [_differing(cell) for cell in cells if cell.differs]


def _differing(cell: ComparedCell) -> dict[str, Any]:
    shown: Mapping[str, Any] = {"own_before": cell.own.before, "own_after": cell.own.after}
    if cell.total is not None:
        shown = {**shown, "total_before": cell.total.before, "total_after": cell.total.after}
    names = ("own_before", "own_after", "total_before", "total_after")
    return {"indicator": cell.indicator.code} | {name: figure(cell.indicator, shown.get(name)) for name in names}


def _numbered(report: Report, number: int) -> Submission:
    found = report.submissions.filter(number=number).first()
    if found is None:
        raise not_found()
    return found
