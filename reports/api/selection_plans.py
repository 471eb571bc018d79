"""Selections of units as administrators set them up: planned, opened, opened again after they were frozen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from ninja import Schema
from pydantic import Field, StrictInt

from accounts.models import Scope
from reports.api.door import Resource
from reports.api.paging import Page, Pages, page_of
from reports.api.problems import not_found, refused_as, untimely
from reports.api.selections import Freezing
from reports.api.words import Code, Day, Given, Word, one_of
from reports.models import Selection
from reports.models.selection import DEFAULT_SHARE
from reports.policies import configurer, manages_selection, reaches_all_of_selection, selections_to_configure
from reports.services import choosing
from units.levels import AGENCIES
from units.models import Level
from units.problems import Problem, Problems, gettext_noop
from units.reach import User, units_in_reach

selection_plans = Resource("Configuration: selections")


class SelectionConfigured(Schema):
    code: str
    name: str
    level: str
    share: int
    on: date
    choose_by: date | None
    units: list[str] = Field(description="The uids of the units at the top")
    state: Annotated[Selection.State, one_of(Selection.State)]
    frozen_at: datetime | None


class SelectionPlan(Given):
    """Each superior below `units` (uids) chooses `share` of a hundred of the units of `level` directly below it, as of the day `on`."""

    code: Annotated[str, Field(pattern="^[-a-zA-Z0-9_]{1,60}$")]
    name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
    level: Word
    share: Annotated[StrictInt, Field(ge=1, le=100)] = DEFAULT_SHARE
    on: Day
    choose_by: Day | None = None
    units: Annotated[list[Word], Field(min_length=1, max_length=1000)]


_ADD, _VIEW, _CHANGE, _DELETE = ([f"reports.{verb}_selection"] for verb in ("add", "view", "change", "delete"))


@selection_plans.get("/configuration/selections", Page[SelectionConfigured], Scope.CONFIGURE, permits=_VIEW)
def listed(request: HttpRequest, paging: Pages) -> dict[str, Any]:
    """The selections, those that are planned among them."""
    return page_of(_selections(request), paging, _shown)


@selection_plans.post("/configuration/selections", SelectionConfigured, Scope.CONFIGURE, status=201, permits=_ADD)
def plan(request: HttpRequest, sent: SelectionPlan) -> dict[str, Any]:
    """Plan a selection."""
    problems = Problems()
    level = Level.objects.exclude(code=AGENCIES).filter(code=sent.level).first()
    if level is None:
        problems.add(Problem(gettext_noop("There is no “%(code)s” here."), {"code": sent.level}, column="level"))
    units = {unit.uid: unit for unit in units_in_reach(configurer(request.user)).filter(uid__in=sent.units)}
    for uid in sent.units:
        if uid not in units:
            problems.add(Problem(gettext_noop("There is no unit “%(uid)s” within your reach."), {"uid": uid}, column="units"))
    problems.refuse_if_any()
    said = sent.dict(exclude={"level", "units"})
    return _shown(choosing.plan(level=level, units=list(units.values()), **said))  # type: ignore[arg-type]


@selection_plans.delete("/configuration/selections/{code}", Scope.CONFIGURE, permits=_DELETE)
def delete(request: HttpRequest, code: Code) -> None:
    """Delete a selection that is only planned."""
    _do(request, code, choosing.give_up, may=reaches_all_of_selection)


@selection_plans.post("/configuration/selections/{code}/open", SelectionConfigured, Scope.CONFIGURE, permits=_CHANGE)
def open_(request: HttpRequest, code: Code) -> dict[str, Any]:
    """Open a planned selection: what there is to choose from is written, and stays."""
    _do(request, code, choosing.open_selection)
    return _shown(_one(request, code))


@selection_plans.post("/configuration/selections/{code}/freeze", SelectionConfigured, Scope.CONFIGURE, permits=_CHANGE)
def freeze(request: HttpRequest, code: Code, sent: Freezing) -> dict[str, Any]:
    """Freeze what was chosen, for the cycles that take it."""
    _do(request, code, choosing.freeze, at=timezone.now(), confirm_incomplete=sent.confirm_incomplete)
    return _shown(_one(request, code))


@selection_plans.post("/configuration/selections/{code}/unfreeze", SelectionConfigured, Scope.CONFIGURE, permits=_CHANGE)
def unfreeze(request: HttpRequest, code: Code) -> dict[str, Any]:
    """Let it be chosen anew, while no cycle took what was chosen."""
    _do(request, code, choosing.unfreeze)
    return _shown(_one(request, code))


def _selections(request: HttpRequest) -> QuerySet[Selection]:
    return selections_to_configure(configurer(request.user)).select_related("level").prefetch_related("units")


def _one(request: HttpRequest, code: str) -> Selection:
    found = _selections(request).filter(code=code).first()
    if found is None:
        raise not_found()
    return found


def _do(
    request: HttpRequest, code: str, service: Callable[..., Any], *, may: Callable[[User, Selection], bool] = manages_selection, **more: Any
) -> None:
    """Have the service do it; what it refuses whom it lets is untimely."""
    selection, by = _one(request, code), configurer(request.user)
    with untimely() if may(by, selection) else refused_as(403, "forbidden"):
        service(selection, by=by, **more)


def _shown(selection: Selection) -> dict[str, Any]:
    fields = ("code", "name", "share", "on", "choose_by", "state", "frozen_at")
    units = sorted(unit.uid for unit in selection.units.all())
    return {"level": selection.level.code, "units": units} | {name: getattr(selection, name) for name in fields}
