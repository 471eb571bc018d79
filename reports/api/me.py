"""Who a program acts for, and what waits for them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Schema

from reports.api import reach
from reports.api.door import Resource
from reports.api.reports import ReportBrief, report_brief
from reports.api.words import UnitShown, unit_shown
from reports.models import SelectionChoice
from reports.policies import OWNERS, Role, Standing
from reports.queries.selections import choices_to_make
from reports.queries.worklists import worklist
from units.reach import memberships_of

me = Resource("Me")


class Service(Schema):
    unit: UnitShown
    role: str


class Me(Schema):
    """The user of the token, as far as the token goes."""

    username: str
    name: str
    memberships: list[Service]


@me.get("/me", Me)
def who(request: HttpRequest) -> dict[str, Any]:
    """Who this token acts for, and where."""
    user: Any = reach.user_of(request)
    rows = memberships_of(user).select_related("unit").order_by("unit__sort_key", "role")
    served = [{"unit": unit_shown(row.unit), "role": row.role} for row in rows]
    return {"username": user.get_username(), "name": user.get_full_name(), "memberships": served}


class Owed(ReportBrief):
    reason: str | None


class ToReview(ReportBrief):
    """A report directly below which something waits for its reviewer: how many were submitted, and are missing, of how many."""

    waiting: int
    missing: int
    children: int


class ToChoose(Schema):
    id: int
    selection: str
    unit: UnitShown
    needed: int
    candidates: int
    choose_by: date | None


class Work(Schema):
    at: datetime
    returned: list[Owed]
    overdue: list[Owed]
    due: list[Owed]
    to_review: list[ToReview]
    to_choose: list[ToChoose]


@me.get("/me/work", Work)
def work(request: HttpRequest) -> dict[str, Any]:
    """What waits for the user: to correct, to fill in, to review, to choose."""
    at, standing = timezone.now(), Standing(reach.user_of(request))
    found = worklist(standing.units_as(*OWNERS), standing.units_as(Role.REVIEWER), at)
    return {
        "at": at,
        **{
            name: [report_brief(report) | {"reason": report.reason} for report in getattr(found, name)]
            for name in ("returned", "overdue", "due")
        },
        "to_review": [_to_review(report) for report in found.to_review],
        "to_choose": [_to_choose(choice) for choice in choices_to_make(standing.units_as(*OWNERS))],
    }


def _to_review(report: Any) -> dict[str, Any]:
    return report_brief(report) | {name: getattr(report, name) for name in ("waiting", "missing", "children")}


def _to_choose(choice: SelectionChoice) -> dict[str, Any]:
    return {
        "id": choice.pk,
        "selection": choice.selection.code,
        "unit": unit_shown(choice.unit),
        "needed": choice.needed,
        "candidates": choice.candidates,
        "choose_by": choice.selection.choose_by,
    }
