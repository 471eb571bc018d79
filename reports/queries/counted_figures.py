"""What each counted report gives to the totals above it, unit by unit (semantics §5): for whoever adds up by themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

from django.db.models import QuerySet

from reports.domain.aggregation import in_unit_values
from reports.domain.indicators import Template
from reports.domain.numbers import exact, stored
from reports.domain.workflow import State
from reports.models import Adjustment, Cycle, Report
from reports.queries import summing

_CHUNK = 2000


class UnitFigures(NamedTuple):
    """Of one unit: its figures in stored form by indicator, the codes of those that hold an adjustment, and when it submitted them."""

    unit_uid: str
    submitted_on: date
    figures: dict[str, Any]
    adjusted: frozenset[str]


def counted_figures(cycle: Cycle, reports: QuerySet[Report]) -> Iterator[UnitFigures]:
    """The accepted ones of these reports of the cycle, in the order of its tree. Two queries, however many, and a chunk in memory.

    A figure is what the unit entered, its adjustments with it; yes/no and choice formulas are there too. Blank ones are not.
    """
    template = cycle.version.compiled()
    counted = reports.filter(cycle=cycle, state=State.ACCEPTED.value)
    adjustments = summing.by_report(Adjustment.objects.filter(report__in=counted.order_by()))
    rows: Any = counted.order_by("position").values_list("pk", "unit__uid", "level__code", "submitted_at", "own")
    for pk, uid, level, submitted_at, own in rows.iterator(chunk_size=_CHUNK):
        figures = {code: value for code, value in own.items() if value is not None and code in template.by_code}
        figures |= in_unit_values(template, own, level)
        adjusted = _adjust(template, figures, adjustments.get(pk, ()))
        yield UnitFigures(uid, submitted_at.astimezone(cycle.zone).date(), figures, adjusted)


def _adjust(template: Template, figures: dict[str, Any], adjustments: Sequence[tuple[str, Any]]) -> frozenset[str]:
    """Add the adjustments to the figures; the codes of those that changed."""
    changed = set()
    for code, amount in adjustments:
        if code in template.by_code and template.by_code[code].may_be_adjusted:
            figures[code] = stored(exact(figures.get(code, 0)) + exact(amount), template.by_code[code])
            changed.add(code)
    return frozenset(changed)
