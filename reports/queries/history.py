"""A unit's figures in earlier periods (semantics §7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet

from reports.domain.periods import parse_period
from reports.domain.workflow import State
from reports.models import Cycle, Report

Figures = Mapping[str, Any]


def previous_reports(cycle: Cycle, unit_ids: Iterable[int]) -> dict[int, Report]:
    """By unit: the accepted report of the same template whose period ends the day before this one begins, with its last submission.

    Among several, the same kind of period first, then the shorter, then the cycle opened last.
    """
    kind = parse_period(cycle.period).kind
    found = accepted(cycle, unit_ids).filter(cycle__cut_off=cycle.first_day - timedelta(days=1))

    def rank(report: Report) -> tuple[bool, timedelta, float]:
        other = report.cycle
        opened = other.opened_at.timestamp() if other.opened_at else 0
        return parse_period(other.period).kind is not kind, other.cut_off - other.first_day, -opened

    return {report.unit_id: report for report in sorted(found, key=rank, reverse=True)}


def reports_year_ago(cycle: Cycle, unit_ids: Iterable[int]) -> dict[int, Report]:
    """By unit: the accepted report of the same kind of period a year earlier, with its last submission."""
    period = parse_period(cycle.period).year_ago
    if period is None:
        return {}
    found = accepted(cycle, unit_ids).filter(cycle__period=period).order_by("cycle__opened_at")
    return {report.unit_id: report for report in found}


def previous_periods(cycle: Cycle) -> list[str]:
    """The periods of the template's cycles that end the day before this one begins: the same kind first, then the shorter. One query."""
    ended = Cycle.objects.filter(version__template_id=cycle.version.template_id, cut_off=cycle.first_day - timedelta(days=1))
    spans = {parse_period(code) for code in ended.order_by().values_list("period", flat=True)}
    kind = parse_period(cycle.period).kind
    return [each.code for each in sorted(spans, key=lambda each: (each.kind is not kind, each.last_day - each.first_day))]


def periods_year_ago(cycle: Cycle) -> list[str]:
    """The same kind of period a year earlier, where there is one."""
    period = parse_period(cycle.period).year_ago
    return [period] if period else []


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
