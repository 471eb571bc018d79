"""Totals and where they come from; narratives gathered from below (semantics §5)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Schema

from reports.api import reach
from reports.api.door import Resource
from reports.api.form import AdjustmentShown, adjustment_shown
from reports.api.problems import not_found
from reports.api.words import Code, Id, Shown, UnitShown, figure, unit_shown
from reports.domain.indicators import AggregateUp, Indicator
from reports.domain.workflow import State
from reports.queries.consolidated_sheet import section_by_unit, totals_sheet
from reports.queries.lineage import Entered, Part, is_pending, lineage
from reports.queries.narratives import digest, narratives

totals = Resource("Totals")


class TotalShown(Schema):
    """`declared` is what the last submission said, where the live total differs from it."""

    indicator: str
    value: Shown
    answered: int | None
    declared: Shown


class TotalsShown(Schema):
    """`counted` reports of `expected`, itself included. `is_pending`: a total is being recomputed."""

    counted: int
    expected: int
    is_pending: bool
    is_readable: bool
    totals: list[TotalShown]


class UnitTotals(Schema):
    report_id: int
    unit: UnitShown
    counted: int
    expected: int
    figures: dict[str, Shown]


@totals.get("/reports/{report_id}/totals", TotalsShown)
def whole(request: HttpRequest, report_id: Id) -> dict[str, Any]:
    """The unit's totals, as they stand."""
    report = reach.report(request, report_id, timezone.now())
    sheet = totals_sheet(report)
    rows = [row for section in sheet.sections for row in section.rows]
    return {
        "counted": sheet.total.counted,
        "expected": sheet.total.expected,
        "is_readable": sheet.total.is_readable,
        "is_pending": is_pending(report),
        "totals": [
            {
                "indicator": row.indicator.code,
                "value": figure(row.indicator, row.value),
                "answered": row.answered,
                "declared": figure(row.indicator, row.declared) if sheet.shows_declared else None,
            }
            for row in rows
        ],
    }


@totals.get("/reports/{report_id}/totals-by-unit", list[UnitTotals])
def by_unit(request: HttpRequest, report_id: Id) -> list[dict[str, Any]]:
    """The same of every unit directly below."""
    report = reach.report(request, report_id, timezone.now())
    found: dict[int, dict[str, Any]] = {}
    for section in totals_sheet(report).sections:
        for row in section_by_unit(report, section):
            shown = {"report_id": row.report.pk, "unit": unit_shown(row.report.unit), "figures": {}}
            shown |= {"counted": row.total.counted, "expected": row.total.expected}
            figures = found.setdefault(row.report.pk, shown)["figures"]
            figures.update({each.code: figure(each, value) for each, value, _answered in row.values})
    return list(found.values())


class EnteredShown(Schema):
    """A unit's own cell with who wrote it last; `by` is empty for the system."""

    value: Shown
    by: str
    at: datetime | None
    is_readable: bool


class PartShown(Schema):
    """A child's share. `value` is what it gives to the total; `entered` its own cell, counted or not."""

    report_id: int
    unit: UnitShown
    state: State
    is_counted: bool
    value: Shown
    counted: int
    expected: int
    entered: EnteredShown


class LineageShown(Schema):
    indicator: str
    value: Shown
    counted: int
    expected: int
    is_pending: bool
    own: EnteredShown
    adjustments: list[AdjustmentShown]
    parts: list[PartShown]


@totals.get("/reports/{report_id}/totals/{code}", LineageShown)
def one(request: HttpRequest, report_id: Id, code: Code) -> dict[str, Any]:
    """Where a total comes from: the children that make it up, down to the entered cell."""
    report = reach.report(request, report_id, timezone.now())
    indicator = reach.indicator(report, code)
    if indicator.aggregate_up == AggregateUp.NONE:
        raise not_found()
    found = lineage(report, indicator)
    return {
        "indicator": code,
        "value": figure(indicator, found.value),
        "counted": found.total.counted,
        "expected": found.total.expected,
        "is_pending": is_pending(report),
        "own": _entered(indicator, found.own),
        "adjustments": [adjustment_shown(each) for each in found.adjustments],
        "parts": [_part(indicator, part) for part in found.parts],
    }


def _entered(indicator: Indicator, entered: Entered) -> dict[str, Any]:
    return {"value": figure(indicator, entered.value), "by": entered.by, "at": entered.at, "is_readable": entered.is_readable}


def _part(indicator: Indicator, part: Part) -> dict[str, Any]:
    return {
        "report_id": part.report.pk,
        "unit": unit_shown(part.report.unit),
        "state": part.report.state,
        "is_counted": part.is_counted,
        "value": figure(indicator, part.value),
        "counted": part.total.counted,
        "expected": part.total.expected,
        "entered": _entered(indicator, part.entered),
    }


class PassageShown(Schema):
    """What a unit directly below wrote: `words` of a narrative, `rows` of a table."""

    report_id: int
    unit: UnitShown
    is_counted: bool
    words: str
    rows: list[list[str]]


@totals.get("/reports/{report_id}/narratives/{code}", list[PassageShown])
def gathered(request: HttpRequest, report_id: Id, code: Code) -> list[dict[str, Any]]:
    """A narrative or table of the units directly below, each with its unit."""
    report = reach.report(request, report_id, timezone.now())
    indicator = reach.indicator(report, code)
    if indicator not in narratives(report):
        raise not_found()
    return [
        {
            "report_id": passage.report.pk,
            "unit": unit_shown(passage.report.unit),
            "is_counted": passage.is_counted,
            "words": passage.words,
            "rows": passage.rows,
        }
        for passage in digest(report, indicator)
    ]
