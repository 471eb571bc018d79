"""What is below a report: how it stands, who is missing, and what is done to several children at once."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Schema
from pydantic import Field

from accounts.models import Scope
from reports.api import reach, steps
from reports.api.door import Resource
from reports.api.form import RatesShown, rates_shown
from reports.api.problems import ProblemDetails, not_found, refusal
from reports.api.reports import ReportBrief, ReportShown, report_brief, report_shown
from reports.api.words import Day, Given, Id, Row, Text, Version
from reports.domain.workflow import Action
from reports.models import Report
from reports.policies import Standing
from reports.queries.board import BoardRow, owing
from reports.queries.board import board as board_of
from reports.queries.progress import rates_below
from reports.services import asking, reviewing
from units.problems import Refused

board = Resource("Below")


class Reminded(Schema):
    """How often the unit was told, when last, and who asked for that; `by` is empty for the cycle's own ladder."""

    times: int
    at: datetime
    by: str


class ChildShown(ReportShown):
    """`answered` of the `entered` cells of its own form hold a value; `rates` are those of what is below it."""

    answered: int
    entered: int
    days_late: int
    rates: RatesShown
    reminded: Reminded | None


@board.get("/reports/{report_id}/below", list[ChildShown])
def below(request: HttpRequest, report_id: Id) -> list[dict[str, Any]]:
    """The reports directly below, in the order of the tree."""
    at, standing = timezone.now(), Standing(reach.user_of(request))
    rows = board_of(reach.report(request, report_id, at), at)
    standing.learn([row.report for row in rows])
    return [_child(row, standing) for row in rows]


def _child(row: BoardRow, standing: Standing) -> dict[str, Any]:
    reminded = row.reminded and {"times": row.reminded.times, "at": row.reminded.at, "by": row.reminded.by}
    counts = {"answered": row.answered, "entered": row.entered, "days_late": row.days_late}
    return report_shown(row.report, standing) | counts | {"rates": rates_shown(row.rates[""]), "reminded": reminded}


@board.get("/reports/{report_id}/progress", dict[str, RatesShown])
def progress(request: HttpRequest, report_id: Id) -> dict[str, Any]:
    """Rates over everything below: in total (`all`) and by level."""
    at = timezone.now()
    report = reach.report(request, report_id, at)
    return {level or "all": rates_shown(rates) for level, rates in rates_below([report], at)[report.pk].items()}


class Depth(Schema):
    """`all` names everybody below, and not only those directly below."""

    scope: Literal["children", "all"] = "children"


@board.get("/reports/{report_id}/missing", list[ReportBrief])
def missing(request: HttpRequest, report_id: Id, depth: Annotated[Depth, Query()]) -> list[dict[str, Any]]:
    """Who below has not submitted, though they have to."""
    at = timezone.now()
    report = reach.report(request, report_id, at)
    within = Report.objects.below(report) if depth.scope == "all" else Report.objects.filter(superior=report)
    return [report_brief(each) for each in owing(within, at)]


# --- Several at once --------------------------------------------------------------------------------


class Seen(Given):
    """A report directly below, in the version that was read."""

    id: Row
    version: Version


Chosen = Annotated[list[Seen], Field(min_length=1, max_length=1000)]


class ToAccept(Given):
    reports: Chosen


class ToExtend(Given):
    reports: Chosen
    until: Day
    reason: Text


class ToRemind(Given):
    reports: Annotated[list[Row], Field(min_length=1, max_length=1000)]


class Outcome(Schema):
    """What came of one report, which is now in this version. Where it was refused, `problem` is what accepting it alone would answer."""

    id: int
    unit_uid: str
    accepted: bool
    version: int
    problem: ProblemDetails | None = None


class Accepted(Schema):
    """How many `reports` were accepted, and the outcome of each."""

    reports: int
    outcomes: list[Outcome]


@board.post("/reports/{report_id}/below/accept", Accepted, Scope.REVIEW)
def accept(request: HttpRequest, report_id: Id, sent: ToAccept) -> dict[str, Any]:
    """Accept several reports directly below, as the page does: those that can be accepted, and of each other one why not.

    Where none could be, the answer is 422 `refused`, with the same `outcomes`.
    """
    at, user = timezone.now(), reach.user_of(request)
    seen = {each.id: each.version for each in sent.reports}
    taken = reviewing.accept_possible(_children(reach.report(request, report_id, at), seen), by=user, at=at, seen=seen)
    standing = Standing(user)
    standing.learn([report for report, _problem in taken.refused])
    outcomes = [_outcome(report) for report in taken.reports]
    for report, problem in taken.refused:
        why = steps.trouble(Refused(problem), Action.ACCEPT, report, seen[report.pk], standing)
        outcomes.append(_outcome(report, why.told))
    if not taken.reports:
        raise refusal(Refused(taken.problems), outcomes=outcomes)
    return {"reports": len(taken.reports), "outcomes": outcomes}


def _outcome(report: Report, problem: dict[str, Any] | None = None) -> dict[str, Any]:
    told = {"id": report.pk, "unit_uid": report.unit.uid, "accepted": problem is None, "version": report.version}
    return told | ({"problem": problem} if problem else {})


class Done(Schema):
    reports: int


@board.post("/reports/{report_id}/below/extend", Done, Scope.REVIEW)
def extend(request: HttpRequest, report_id: Id, sent: ToExtend) -> dict[str, int]:
    """Give several units directly below more time: all or none."""
    at, seen = timezone.now(), {each.id: each.version for each in sent.reports}
    children = _children(reach.report(request, report_id, at), seen)
    reviewing.extend(children, by=reach.user_of(request), at=at, seen=seen, until=sent.until, reason=sent.reason)
    return {"reports": len(seen)}


def _children(report: Report, ids: dict[int, Any]) -> QuerySet[Report]:
    """Those of the children, or 404 where one of the ids is no child's."""
    children = Report.objects.filter(superior=report, pk__in=list(ids))
    if children.count() != len(ids):
        raise not_found()
    return children


class AskedFor(Schema):
    """Ids of reports whose units are told by mail, were told today already, and have nobody who could be told."""

    planned: list[int]
    already: list[int]
    unreachable: list[int]


@board.post("/reports/{report_id}/below/remind", AskedFor, Scope.REVIEW)
def remind(request: HttpRequest, report_id: Id, sent: ToRemind) -> dict[str, list[int]]:
    """Have units directly below that have not submitted be reminded by mail."""
    at = timezone.now()
    children = _children(reach.report(request, report_id, at), dict.fromkeys(sent.reports))
    asked = asking.ask(children, by=reach.user_of(request), at=at)
    return {name: [report.pk for report in getattr(asked, name)] for name in ("planned", "already", "unreachable")}
