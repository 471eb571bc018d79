"""The cycles in reach: how far they are, what they ask for, and asking for official figures."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Schema
from pydantic import Field

from accounts.models import Scope
from reports import policies
from reports.api import reach
from reports.api.door import Resource
from reports.api.form import IndicatorShown, RatesShown, indicator_shown, rates_shown
from reports.api.problems import refusal
from reports.api.words import Code, Day, Given, one_of
from reports.models import Cycle
from reports.queries.progress import CycleProgress, progress_of_cycles
from reports.services.asking_official import ask_for_official
from units.problems import Refused

cycles = Resource("Cycles")


class CycleTold(Schema):
    """What everybody is told of a cycle."""

    code: str
    template: str
    version: int
    period: str
    first_day: date
    cut_off: date
    time_zone: str
    state: Annotated[Cycle.State, one_of(Cycle.State)]
    opened_at: datetime | None
    closed_at: datetime | None


def cycle_told(cycle: Cycle) -> dict[str, Any]:
    fields = ("code", "period", "first_day", "cut_off", "time_zone", "state", "opened_at", "closed_at")
    template = {"template": cycle.version.template.code, "version": cycle.version.number}
    return template | {name: getattr(cycle, name) for name in fields}


class CycleShown(CycleTold):
    """`is_estimated`: the figures submitted now are estimated ones, and official ones are asked for later."""

    is_estimated: bool


class LevelProgressShown(Schema):
    level: str
    rates: RatesShown


class CycleWithProgress(CycleShown):
    """`tops` are the ids of the topmost reports in reach; `levels` their rates and those of all below, the highest first."""

    tops: list[int]
    levels: list[LevelProgressShown]


@cycles.get("/cycles", list[CycleWithProgress])
def listed(request: HttpRequest) -> list[dict[str, Any]]:
    """The cycles in reach, the newest first, with how far they are."""
    cycles = progress_of_cycles(policies.heads_in_reach(reach.user_of(request)), timezone.now())
    return [_with_progress(each) for each in cycles]


@cycles.get("/cycles/{code}", CycleShown)
def one(request: HttpRequest, code: Code) -> dict[str, Any]:
    """A cycle."""
    return _shown(reach.cycle(request, code))


@cycles.get("/cycles/{code}/indicators", list[IndicatorShown])
def indicators(request: HttpRequest, code: Code) -> list[dict[str, Any]]:
    """What the cycle asks for, in the order of its template."""
    return [indicator_shown(each) for each in reach.cycle(request, code).version.compiled().indicators]


class OfficialDue(Given):
    """The day by which each level (by its code) owes its official figures; a level that is left out, on the day that was planned."""

    due: Annotated[dict[str, Day], Field(max_length=20)] = {}


class OfficialAsked(Schema):
    """How many reports are asked for official figures."""

    reports: int


@cycles.post("/cycles/{code}/official", OfficialAsked, Scope.MANAGE)
def official(request: HttpRequest, code: Code, sent: OfficialDue) -> dict[str, int]:
    """Ask for the official figures of a cycle whose figures are estimated, of all its units at once."""
    cycle, user = reach.cycle(request, code), reach.user_of(request)
    try:
        return {"reports": ask_for_official(cycle, sent.due, by=user, at=timezone.now())}
    except Refused as refused:
        if not policies.manages_cycle(user, cycle):
            raise refusal(refused, 403, "forbidden") from refused
        raise


def _shown(cycle: Cycle) -> dict[str, Any]:
    return cycle_told(cycle) | {"is_estimated": cycle.is_estimated}


def _with_progress(found: CycleProgress) -> dict[str, Any]:
    levels = [{"level": label, "rates": rates_shown(rates)} for label, rates in found.levels]
    return _shown(found.cycle) | {"tops": [top.pk for top in found.tops], "levels": levels}
