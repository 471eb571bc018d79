"""A unit's figures in earlier periods (semantics §7)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from django.db.models import QuerySet

from reports.domain.periods import parse_period
from reports.domain.workflow import State
from reports.models import Cycle, Report

Figures = Mapping[str, Any]


def day_before(cycle: Cycle) -> date:
    """On which the period before ends."""
    return cycle.first_day - timedelta(days=1)


def year_ago(cycle: Cycle) -> str:
    """The same kind of period a year earlier; empty where there is none."""
    return parse_period(cycle.period).year_ago or ""


def distance(cycle: Cycle) -> Callable[[Cycle], tuple[bool, timedelta, float]]:
    """How far another cycle, which ended the day before, is from being the one before: that with the least is it.

    Among several, the same kind of period comes first, then the shorter, then the cycle opened last.
    """
    kind = parse_period(cycle.period).kind

    def of(other: Cycle) -> tuple[bool, timedelta, float]:
        opened = other.opened_at.timestamp() if other.opened_at else 0
        return parse_period(other.period).kind is not kind, other.cut_off - other.first_day, -opened

    return of


def accepted(cycle: Cycle, unit_ids: Iterable[int]) -> QuerySet[Report]:
    """The accepted reports of these units in other cycles of the same template, each with its last submission."""
    reports = Report.objects.filter(
        unit_id__in=list(unit_ids), state=State.ACCEPTED.value, cycle__version__template_id=cycle.version.template_id
    )
    return reports.exclude(cycle_id=cycle.pk).select_related("cycle__version", "level", "last_submission")


def declared(report: Report, cycle: Cycle) -> Figures:
    """The unit's own values as a report of the past declared them, without those that `cycle`'s version reads in another way, as a
    number what was a choice.
    """
    own = report.last_submission.own if report.last_submission else {}
    if report.cycle.version_id == cycle.version_id:
        return own
    then, now = report.cycle.version.compiled().by_code, cycle.version.compiled().by_code
    return {code: value for code, value in own.items() if code in now and now[code].continues(then.get(code))}
