"""What leaders look at, as figures: the map of everything below, timeliness over the cycles, ranking and trend, early warnings; and
one report among its siblings.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Schema
from pydantic import Field

from reports import policies
from reports.api import reach
from reports.api.door import Resource
from reports.api.files import Ranked
from reports.api.form import RatesShown, rates_shown
from reports.api.problems import not_found
from reports.api.words import Id, Shown, UnitShown, figure, number, unit_shown
from reports.domain.comparing import redefined
from reports.domain.deadlines import Timeliness
from reports.domain.outliers import Outlier
from reports.domain.workflow import State
from reports.models import Cycle, ReportQuerySet
from reports.queries.early_warnings import EarlyWarning, early_warnings
from reports.queries.form_sheet import form_sheet
from reports.queries.heat import Cell, heat
from reports.queries.ranking import Ranked as RankedUnit
from reports.queries.ranking import Ranking, denominators_of, measure_named, measures_of, ranking
from reports.queries.siblings import Comparison, compared, queue
from reports.queries.timeliness_trend import TimelyPoint, TimelyRow, timeliness_trend
from reports.queries.trends import Standing
from reports.services.submitting import readiness

dashboards = Resource("Dashboards")


def _reach(request: HttpRequest) -> ReportQuerySet:
    return policies.reports_in_reach(reach.user_of(request))


# --- How everything below stands --------------------------------------------------------------------


class MapCell(Schema):
    report_id: int
    unit: str
    state: State
    timeliness: Timeliness
    has_reports_below: bool


class MapRow(MapCell):
    """A unit directly below, with the rates of everything below it and the cells of those directly below it."""

    unit_uid: str
    rates: RatesShown
    cells: list[MapCell]


class MapLevel(Schema):
    level: str
    rates: RatesShown


class Map(Schema):
    """`levels` count everything below by level, the highest first."""

    levels: list[MapLevel]
    rows: list[MapRow]


@dashboards.get("/reports/{report_id}/dashboards/progress.json", Map)
def progress(request: HttpRequest, report_id: Id) -> dict[str, Any]:
    """How everything below stands: a row for each unit directly below, in it a cell for each of theirs."""
    at = timezone.now()
    shown = heat(reach.report_with_below(request, report_id, at), at)
    return {
        "levels": [{"level": level, "rates": rates_shown(rates)} for level, rates in shown.levels],
        "rows": [
            _cell(row.unit) | {"unit_uid": row.uid, "rates": rates_shown(row.rates), "cells": [_cell(each) for each in row.cells]}
            for row in shown.rows
        ],
    }


def _cell(cell: Cell) -> dict[str, Any]:
    fields = ("report_id", "state", "timeliness", "has_reports_below")
    return {"unit": cell.name} | {name: getattr(cell, name) for name in fields}


class TimelyShown(Schema):
    """A unit in one cycle: its own report, the rates of those below it, and the share on time of those judged, from 0 to 1.

    `is_restated`: it was not there yet; `own` is null, and the rates are those of its predecessors.
    """

    cycle: str
    own: Timeliness | None
    rates: RatesShown
    rate: str | None
    is_restated: bool


class TimelyUnit(Schema):
    """`points` of the cycles in which it had a report; `difference` of the newest against the one before, in percentage points."""

    report_id: int
    unit: UnitShown
    points: list[TimelyShown]
    difference: str | None


class TimelinessShown(Schema):
    """`cycles`: their codes, the earliest first. `whole` is the unit itself, `rows` those directly below it."""

    cycles: list[str]
    whole: TimelyUnit
    rows: list[TimelyUnit]


@dashboards.get("/reports/{report_id}/dashboards/timeliness.json", TimelinessShown)
def timeliness(request: HttpRequest, report_id: Id) -> dict[str, Any]:
    """How timely the units directly below were over the cycles."""
    at = timezone.now()
    trend = timeliness_trend(reach.report_with_below(request, report_id, at), _reach(request), at)
    rows = [_timely_unit(row, trend.cycles) for row in (trend.whole, *trend.rows)]
    return {"cycles": [cycle.code for cycle in trend.cycles], "whole": rows[0], "rows": rows[1:]}


def _timely_unit(row: TimelyRow, cycles: Iterable[Cycle]) -> dict[str, Any]:
    points = [_timely(cycle, point) for cycle, point in zip(cycles, row.points, strict=True) if point is not None]
    unit = {"report_id": row.report.pk, "unit": unit_shown(row.report.unit)}
    return unit | {"points": points, "difference": number(row.difference)}


def _timely(cycle: Cycle, point: TimelyPoint) -> dict[str, Any]:
    words = {"cycle": cycle.code, "own": point.own or None, "is_restated": point.is_restated}
    return words | {"rates": rates_shown(point.rates), "rate": number(point.rate)}


# --- Figures side by side ---------------------------------------------------------------------------


class RankedShown(Schema):
    """A unit at its place; equal figures share one, a blank has none. `parts`: the totals by indicator that the value is made of.

    `is_restated`: it was not there in the period before, and `before` is what its predecessors reported.
    """

    place: int | None
    report_id: int
    unit: UnitShown
    value: str | None
    before: str | None
    change: str | None
    answered: int | None
    counted: int
    expected: int
    is_restated: bool
    parts: dict[str, Shown]


class TrendPoint(Schema):
    """The unit's own total in a cycle, of `counted` reports out of those `expected`. `redefined`: fields of the indicator that were
    others then.
    """

    cycle: str
    value: str | None
    counted: int
    expected: int
    is_restated: bool
    redefined: list[str]


class RankingShown(Schema):
    """`measures`: the indicators by which one can rank, `bases`: those to which a ratio can be made."""

    indicator: str
    per: str | None
    rows: list[RankedShown]
    trend: list[TrendPoint]
    measures: list[str]
    bases: list[str]


@dashboards.get("/reports/{report_id}/dashboards/ranking.json", RankingShown)
def ranked(request: HttpRequest, report_id: Id, asked: Annotated[Ranked, Query()]) -> dict[str, Any]:
    """The units directly below ranked by a figure, blanks last, and the unit's own total over the cycles."""
    report = reach.report_with_below(request, report_id, timezone.now())
    template = report.cycle.version.compiled()
    measure = measure_named(template, asked.indicator or "", asked.per or "")
    if measure is None:
        raise not_found()
    shown = ranking(report, measure, _reach(request), lowest_first=asked.order == "lowest")
    return {
        "indicator": measure.indicator.code,
        "per": measure.per.code if measure.per else None,
        "rows": [_ranked(row) for row in shown.rows],
        "trend": _trend(shown),
        "measures": [each.code for each in measures_of(template)],
        "bases": [each.code for each in denominators_of(template)],
    }


def _ranked(row: RankedUnit) -> dict[str, Any]:
    words = {"place": row.place, "report_id": row.report.pk, "unit": unit_shown(row.report.unit), "is_restated": row.is_restated}
    values = {"value": number(row.value), "before": number(row.before), "change": number(row.change), "answered": row.answered}
    counts = {"counted": row.total.counted, "expected": row.total.expected}
    return words | values | counts | {"parts": {each.code: figure(each, value) for each, value in row.parts}}


def _trend(shown: Ranking) -> list[dict[str, Any]]:
    now, code = shown.cycles[-1].version.compiled(), shown.measure.indicator.code
    return [
        _point(cycle, standing) | {"redefined": [each.field for each in redefined(cycle.version.compiled(), now).get(code, ())]}
        for cycle, standing in zip(shown.cycles, shown.trend, strict=True)
        if standing is not None
    ]


def _point(cycle: Cycle, standing: Standing) -> dict[str, Any]:
    counts = {"counted": standing.total.counted, "expected": standing.total.expected}
    return {"cycle": cycle.code, "value": number(standing.value), "is_restated": standing.is_restated} | counts


class Apart(Schema):
    """How a figure stands apart from `count` figures, itself included: their median, and the modified z-score (from 3.5 on)."""

    median: str
    score: str
    count: int


class WarningShown(Schema):
    """A unit's figure with the one of the period before. `among` compares it with its siblings' figures, `own` with the unit's own of
    the periods before, `change` its change with the siblings' changes.
    """

    report_id: int
    unit: UnitShown
    indicator: str
    value: str
    before: str | None
    is_restated: bool
    counted: int
    expected: int
    among: Apart | None
    own: Apart | None
    change: Apart | None


@dashboards.get("/reports/{report_id}/dashboards/warnings.json", list[WarningShown])
def warnings(request: HttpRequest, report_id: Id) -> list[dict[str, Any]]:
    """What leaves its own history or its siblings', the most striking first."""
    report = reach.report_with_below(request, report_id, timezone.now())
    return [_warning(each) for each in early_warnings(report, _reach(request))]


def _warning(found: EarlyWarning) -> dict[str, Any]:
    words = {"report_id": found.report.pk, "unit": unit_shown(found.report.unit), "indicator": found.indicator.code}
    values = {"value": number(found.value), "before": number(found.before), "is_restated": found.is_restated}
    counts = {"counted": found.total.counted, "expected": found.total.expected}
    return words | values | counts | {name: _apart(getattr(found, name)) for name in ("among", "own", "change")}


def _apart(found: Outlier | None) -> dict[str, Any] | None:
    return None if found is None else {"median": number(found.median), "score": number(found.score), "count": found.count}


# --- One report among its siblings ------------------------------------------------------------------


class SiblingFigure(Schema):
    """A figure against the period before, and against what the other units of its level have submitted; a median of five at least."""

    indicator: str
    since_previous: str | None
    median: str | None
    apart: Apart | None


class AmongSiblings(Schema):
    """`count` reports are compared, this one included; `waiting` of the superior's wait for review, `next` is the one after this."""

    count: int
    figures: list[SiblingFigure]
    waiting: int
    next: int | None = Field(description="Its report's id")


@dashboards.get("/reports/{report_id}/siblings", AmongSiblings)
def siblings(request: HttpRequest, report_id: Id) -> dict[str, Any]:
    """The report as its reviewer looks at it: what stands apart among its siblings, or from the period before."""
    at = timezone.now()
    report = reach.report(request, report_id, at)
    superior = report.superior
    if superior is not None and not policies.Standing(reach.user_of(request)).reaches(superior):
        raise not_found()
    ready = readiness([report], at, drained=True)[report.pk]
    found, waiting = compared(report, form_sheet(report, ready.below, ready.both, ready.sourced)), queue(report)
    figures = [_sibling(code, each) for code, each in found.by_code.items()]
    return {"count": found.count, "figures": figures, "waiting": waiting.waiting, "next": waiting.next}


def _sibling(code: str, found: Comparison) -> dict[str, Any]:
    return {
        "indicator": code,
        "since_previous": number(found.since_previous),
        "median": number(found.median),
        "apart": _apart(found.outlier),
    }
