"""Taking a report through its workflow (semantics §2), each step on the version that was read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from pydantic import Field, StrictBool

from accounts.models import Scope
from reports.api import reach
from reports.api.door import Resource
from reports.api.problems import Trouble, refusal
from reports.api.reports import ReportShown, report_shown
from reports.api.versions import changed, say_version, seen_version
from reports.api.words import Day, Given, Id, Text
from reports.domain.workflow import Action
from reports.models import Report
from reports.policies import Standing
from reports.services import reviewing, submitting
from reports.services.submitting import Declaration
from units.problems import Refused
from units.reach import User

steps = Resource("Workflow")

#: texts by indicator
Texts = Annotated[dict[str, Text], Field(max_length=500)]


class Remark(Given):
    reason: Text = ""


class Reason(Given):
    reason: Text


class Declared(Given):
    """`confirm_incomplete`: that reports below are not all accepted is known. `explanations` of warnings, and `answers` to the
    reviewer's notes, by indicator.
    """

    reason: Text = ""
    confirm_incomplete: StrictBool = False
    explanations: Texts = {}
    answers: Texts = {}


class Correction(Given):
    """`until`: to be corrected by the end of this day; without it the cycle's correction days from today. `notes` by indicator."""

    reason: Text
    until: Day | None = None
    notes: Texts = {}


class Extension(Given):
    reason: Text
    until: Day


def trouble(refused: Refused, action: Action, report: Report, seen: int | None, standing: Standing) -> Trouble:
    """What a service refused of `action` on the report as it is now, by why: 403 who may not, 412 who saw another version, 409 as
    things stand, else 422.
    """
    if not standing.may(action, report):
        return refusal(refused, 403, "forbidden")
    if seen is not None and report.version != seen:
        return changed(report.version)
    if not standing.can(action, report):
        return refusal(refused, 409, "untimely")
    return refusal(refused)


@contextmanager
def refusing(action: Action, report: Report, seen: int | None, user: User) -> Iterator[None]:
    """Answer what a service refuses of `action` by why."""
    try:
        yield
    except Refused as refused:
        now = Report.objects.for_display().get(pk=report.pk)
        raise trouble(refused, action, now, seen, Standing(user)) from refused


def _step(path: str, action: Action, scope: Scope, service: Callable[..., None], content: type[Given], told: str) -> None:
    """Register one action of the table of transitions."""

    def take(request: HttpRequest, response: HttpResponse, report_id: int, sent: Any) -> dict[str, Any]:
        at, user = timezone.now(), reach.user_of(request)
        report = reach.report(request, report_id, at)
        seen = seen_version(request, report.version)
        with refusing(action, report, seen, user):
            service(Report.objects.filter(pk=report.pk), by=user, at=at, seen={report.pk: seen}, **_arguments(sent))
        taken = reach.report(request, report_id, at)
        say_version(response, taken.version)
        return report_shown(taken, Standing(user))

    take.__annotations__ = {"request": HttpRequest, "response": HttpResponse, "report_id": Id, "sent": content, "return": dict[str, Any]}
    take.__name__ = take.__qualname__ = action.value
    take.__doc__ = told
    steps.post(f"/reports/{{report_id}}/{path}", ReportShown, scope, versioned=True, operation_id=f"reports_{action.value}")(take)


def _arguments(sent: Given) -> dict[str, Any]:
    """What a service is told of the content. A program explains each warning, as a page does."""
    if isinstance(sent, Declared):
        declaration = Declaration(sent.confirm_incomplete, sent.explanations, explanations_required=True, answers=sent.answers)
        return {"reason": sent.reason, "declaration": declaration}
    return sent.model_dump()


_step("propose", Action.PROPOSE, Scope.SUBMIT, submitting.propose, Declared, "Put the report before the unit's leader.")
_step("send-back", Action.SEND_BACK, Scope.SUBMIT, submitting.send_back, Reason, "Hand a proposed report back inside the unit.")
_step("submit", Action.SUBMIT, Scope.SUBMIT, submitting.submit, Declared, "Submit the report; what it declares is frozen.")
_step("withdraw", Action.WITHDRAW, Scope.SUBMIT, submitting.withdraw, Remark, "Take back what nobody has accepted yet.")
_step("accept", Action.ACCEPT, Scope.REVIEW, reviewing.accept, Remark, "Accept the report: from now on it is counted.")
_step("return", Action.RETURN, Scope.REVIEW, reviewing.return_for_correction, Correction, "Give a submitted report back to be corrected.")
_step("reopen", Action.REOPEN, Scope.REVIEW, reviewing.reopen, Correction, "Give an accepted report back to be corrected.")
_step("exempt", Action.EXEMPT, Scope.REVIEW, reviewing.exempt, Reason, "Excuse the unit from this cycle.")
_step("unexempt", Action.UNEXEMPT, Scope.REVIEW, reviewing.unexempt, Remark, "End the exemption.")
_step("extend", Action.EXTEND, Scope.REVIEW, reviewing.extend, Extension, "Move the due day to a later one.")
