"""Entering: the unit's figures, what its superior enters, and adjustments; each on the version that was read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Schema
from pydantic import Field

from accounts.models import Scope
from reports.api import reach
from reports.api.door import Resource
from reports.api.form import AdjustmentShown, adjustment_shown
from reports.api.problems import Trouble, not_found
from reports.api.steps import refusing
from reports.api.versions import changed, say_version, seen_version
from reports.api.words import Figures, Given, Id, Shown, Text, Word, figure, figures_sent
from reports.domain.workflow import Action
from reports.models import Report
from reports.queries.timeline import touched_since
from reports.services import filling

figures = Resource("Figures")


class OwnFigures(Schema):
    """What the unit entered, by code: what is not here is blank."""

    version: int
    figures: dict[str, Shown]


class Entered(Given):
    """Figures by code. Null clears one; what is not named stays as it is. Zero is said: `0`."""

    figures: Figures


@figures.get("/reports/{report_id}/figures", OwnFigures)
def own(request: HttpRequest, response: HttpResponse, report_id: Id) -> dict[str, Any]:
    """The unit's own figures, as they are stored."""
    return _own(response, reach.report(request, report_id, timezone.now()))


@figures.patch("/reports/{report_id}/figures", OwnFigures, Scope.FILL, versioned=True)
def save(request: HttpRequest, response: HttpResponse, report_id: Id, sent: Entered) -> dict[str, Any]:
    """Enter figures, narratives and tables: all of those sent, or none. 412 shows both values where somebody else wrote meanwhile."""
    return _written(request, response, report_id, sent, Action.SAVE, filling.save)


@figures.patch("/reports/{report_id}/appraisal", OwnFigures, Scope.REVIEW, versioned=True)
def appraise(request: HttpRequest, response: HttpResponse, report_id: Id, sent: Entered) -> dict[str, Any]:
    """Enter what the superior enters on the report of a unit below."""
    return _written(request, response, report_id, sent, Action.APPRAISE, filling.appraise)


def _written(
    request: HttpRequest, response: HttpResponse, report_id: int, sent: Entered, action: Action, write: Callable[..., Report]
) -> dict[str, Any]:
    at, user = timezone.now(), reach.user_of(request)
    report = reach.report(request, report_id, at)
    seen = _seen(request, report, sent.figures)
    with refusing(action, report, seen, user):
        changes = figures_sent(report, sent.figures)
        try:
            written = write(report.pk, changes, by=user, at=at, seen=seen)
        except filling.Conflict as conflict:
            raise _clash(reach.report(request, report_id, at), seen, sent.figures) from conflict
    return _own(response, written)


def _seen(request: HttpRequest, report: Report, sent: Mapping[str, Any]) -> int:
    """The version that the sender saw; of another one, both values of the cells that somebody else wrote since."""
    try:
        return seen_version(request, report.version)
    except Trouble as trouble:
        said = request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"').partition(".")[0]
        if trouble.status == 412 and said.isascii() and said.isdigit() and len(said) < 10:
            raise _clash(report, int(said), sent) from trouble
        raise


def _clash(report: Report, seen: int, sent: Mapping[str, Any]) -> Trouble:
    by_code = report.cycle.version.compiled().by_code
    touched = touched_since(report, seen)
    clashes = [
        {"indicator": code, "theirs": figure(by_code[code], report.own.get(code)), "yours": value}
        for code, value in sent.items()
        if code in touched and code in by_code
    ]
    return changed(report.version, clashes=clashes)


def _own(response: HttpResponse, report: Report) -> dict[str, Any]:
    say_version(response, report.version)
    by_code = report.cycle.version.compiled().by_code
    shown = {code: figure(by_code[code], value) for code, value in report.own.items() if code in by_code}
    return {"version": report.version, "figures": shown}


# --- Adjustments ------------------------------------------------------------------------------------


class Adjusting(Given):
    """`amount` is plain digits with a point, and a minus to take away."""

    indicator: Word
    amount: Annotated[str, Field(max_length=30, pattern=r"^[^\x00]*$")]
    reason: Text


@figures.get("/reports/{report_id}/adjustments", list[AdjustmentShown])
def adjustments(request: HttpRequest, report_id: Id) -> list[dict[str, Any]]:
    """What the unit added to sums of what is below, or took from them."""
    report = reach.report(request, report_id, timezone.now())
    return [adjustment_shown(each) for each in report.adjustments.select_related("by")]


@figures.post("/reports/{report_id}/adjustments", AdjustmentShown, Scope.FILL, status=201, versioned=True)
def adjust(request: HttpRequest, response: HttpResponse, report_id: Id, sent: Adjusting) -> dict[str, Any]:
    """Add an adjustment to a sum of what is below."""
    at, user = timezone.now(), reach.user_of(request)
    report = reach.report(request, report_id, at)
    seen = seen_version(request, report.version)
    with refusing(Action.SAVE, report, seen, user):
        made = filling.adjust(report.pk, sent.indicator, sent.amount, sent.reason, by=user, at=at, seen=seen)
    say_version(response, made.report.version)
    return adjustment_shown(made)


@figures.delete("/reports/{report_id}/adjustments/{adjustment_id}", Scope.FILL, versioned=True)
def drop_adjustment(request: HttpRequest, response: HttpResponse, report_id: Id, adjustment_id: Id) -> None:
    """Take an adjustment back."""
    at, user = timezone.now(), reach.user_of(request)
    report = reach.report(request, report_id, at)
    if not report.adjustments.filter(pk=adjustment_id).exists():
        raise not_found()
    seen = seen_version(request, report.version)
    with refusing(Action.SAVE, report, seen, user):
        written = filling.drop_adjustment(adjustment_id, by=user, at=at, seen=seen)
    say_version(response, written.version)
