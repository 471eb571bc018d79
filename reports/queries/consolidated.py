"""Totals as they stand, for files and pages (semantics §5). The marks have to be drained before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import QuerySet

from reports.domain.aggregation import Cells, Figure, UnreadableFigure, answered, contribution, figures, rollup_value
from reports.domain.indicators import Template
from reports.domain.workflow import State
from reports.models import Cycle, Report
from units.problems import Problem, Problems, gettext_noop

_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Total:
    """A report's total with the reports that it counts, out of those that it expects, itself included (exempt ones left out)."""

    cells: Cells
    counted: int
    expected: int
    #: not so where somebody wrote past the services (`shown_total`)
    is_readable: bool = True

    @property
    def is_complete(self) -> bool:
        return self.counted == self.expected


class RollupRow(NamedTuple):
    """A line of "Rollups out" (docs/interfaces.md)."""

    unit_uid: str
    indicator: str
    value: str
    answered: str
    counted: int
    expected: int


def totals(template: Template, reports: Iterable[Report]) -> dict[int, Total]:
    """The total of each report, by its id; reports loaded with `select_related("rollup", "level")` cost no query."""
    return {report.pk: total_of(template, report) for report in reports}


def total_of(template: Template, report: Report) -> Total:
    """A report's total; where nothing reports below, it is its own figures once it is accepted."""
    if report.has_reports_below:
        return Total(report.rollup.cells, report.rollup.counted, report.rollup.expected)
    if report.state == State.ACCEPTED:
        return Total(contribution(template, report.own, report.level.code), 1, 1)
    return Total({}, 0, int(report.state != State.EXEMPT))


def shown_total(template: Template, report: Report) -> Total:
    """`total_of` for a page, which shows what it can: an empty total that says so where the report's own figures can't be read."""
    try:
        return total_of(template, report)
    except UnreadableFigure:
        return Total({}, 0, 1, is_readable=False)


def reports_named(cycle: Cycle, unit_uids: Sequence[str], reach: QuerySet[Report] | None = None) -> dict[int, str]:
    """The cycle's reports of these units, among those in `reach`: uid by report id. Refuses the other units, each by its name."""
    reach = Report.objects.all() if reach is None else reach
    found: dict[int, str] = {}
    for start in range(0, len(unit_uids), _CHUNK):
        chunk = reach.filter(cycle=cycle, unit__uid__in=unit_uids[start : start + _CHUNK])
        found.update(chunk.values_list("pk", "unit__uid"))
    known = set(found.values())
    problems = Problems()
    for uid in dict.fromkeys(unit_uids):
        if uid not in known:
            problems.add(Problem(gettext_noop("This unit has no report in the cycle %(cycle)s."), {"cycle": cycle.code}, unit_uid=uid))
    problems.refuse_if_any()
    return found


def reports_of(cycle: Cycle, unit_uids: Sequence[str] = (), depth: int | None = None) -> list[tuple[str, int]]:
    """(uid, report) of the cycle's reports at and below these units (or its roots), down to `depth` steps, sorted by uid."""
    tops = Report.objects.filter(cycle=cycle)
    tops = tops.filter(pk__in=list(reports_named(cycle, unit_uids))) if unit_uids else tops.filter(superior__isnull=True)
    keys: set[tuple[str, int]] = set()
    if not unit_uids and depth is None:
        keys.update(Report.objects.filter(cycle=cycle).values_list("unit__uid", "pk"))
    else:
        for top in tops:
            part = Report.objects.subtree_of(top)
            keys.update((part if depth is None else part.filter(depth__lte=top.depth + depth)).values_list("unit__uid", "pk"))
    return sorted(keys)


def rollup_rows(cycle: Cycle, keys: Sequence[tuple[str, int]]) -> Iterator[RollupRow]:
    """The totals of these reports (uid, report), in that order and then by indicator in template order."""
    template = cycle.version.compiled()
    for start in range(0, len(keys), _CHUNK):
        chunk = keys[start : start + _CHUNK]
        loaded = Report.objects.select_related("rollup", "level").in_bulk([pk for _, pk in chunk])
        for uid, pk in chunk:
            total = total_of(template, loaded[pk])
            yield from rows_of(template, uid, total, figures(template, total.cells))


def rows_of(template: Template, uid: str, total: Total, values: Mapping[str, Figure]) -> Iterator[RollupRow]:
    """A unit's total, whose figures are `values`, by indicator in template order."""
    for indicator in template.aggregated:
        how_many = answered(indicator, total.cells)
        yield RollupRow(
            uid,
            indicator.code,
            rollup_value(indicator, values[indicator.code]),
            "" if how_many is None else str(how_many),
            total.counted,
            total.expected,
        )
