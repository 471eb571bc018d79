"""Figures that leave their unit's own history or their siblings', robustly: by median and MAD, the most striking first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from reports.domain.aggregation import figures
from reports.domain.indicators import Indicator, Template, ValueType
from reports.domain.outliers import Outlier, outliers
from reports.models import Cycle, Report, ReportQuerySet
from reports.queries.bridge import bridge_of, total_in
from reports.queries.consolidated import Total, total_of
from reports.queries.lineage import children_of
from reports.queries.ranking import measures_of
from reports.queries.trends import cycles_alike, number, reports_in, unlike

#: what differs by less from the usual is told apart from chance by nobody: cases, percentage points
_LEAST = {ValueType.INTEGER: 3, ValueType.PERCENT: 5, ValueType.BOOLEAN: 3}
#: a total that lacks more than a tenth of its reports is low because of that
_MOST_LACKING = 10
#: a unit has few figures of its own, which vary by chance: of independent ones about one in a hundred lies so many times as
#: far from their median as the farthest of the others
_FARTHER = 3

#: indicator → report → figure
Table: TypeAlias = Mapping[str, Mapping[int, Fraction]]


@dataclass(frozen=True, slots=True)
class EarlyWarning:
    """A unit's figure with the one of the period before. `among` compares it with its siblings' figures, `own` with the
    unit's own of the periods before, `change` its change with the siblings' changes. `is_restated`: the unit was not there in
    the period before, and its predecessors' is shown (semantics §8)."""

    report: Report
    indicator: Indicator
    value: Fraction
    before: Fraction | None
    total: Total
    among: Outlier | None
    own: Outlier | None
    change: Outlier | None
    is_restated: bool = False

    @property
    def score(self) -> Fraction:
        return max(abs(each.score) for each in (self.among, self.own, self.change) if each is not None)


def early_warnings(report: Report, reach: ReportQuerySet) -> list[EarlyWarning]:
    """What stands apart among the units directly below `report`, the most striking first.

    Three queries, one more where a unit wasn't there in the period before, and a few where some of these were made of others.

    A figure that stood apart on the same side in the period before, and has not changed strikingly, is no news.
    """
    template = report.cycle.version.compiled()
    children = children_of(report)
    totals = {child.pk: total_of(template, child) for child in children}
    complete = [child for child in children if _is_nearly_complete(totals[child.pk])]
    past = cycles_alike(report.cycle)[:-1]
    earlier = reports_in(reach, past, [child.unit_id for child in children]) if past else {}
    indicators = measures_of(template)
    now = _table(template, indicators, ((child.pk, totals[child.pk]) for child in complete))
    newest = past[-1] if past else None
    restated = _restated(newest, indicators, [each for each in complete if newest and (newest.pk, each.unit_id) not in earlier])
    history = [_table_before(indicators, cycle, complete, earlier, restated if cycle is newest else {}) for cycle in past]
    by_pk = {child.pk: child for child in children}
    found = [
        EarlyWarning(by_pk[pk], each, now[each.code][pk], _before(history, each).get(pk), totals[pk], *apart, pk in restated)
        for each in indicators
        for pk, apart in _striking(each, now[each.code], [table[each.code] for table in history]).items()
    ]
    return sorted(found, key=lambda warning: -warning.score)


def _before(history: Sequence[Table], indicator: Indicator) -> Mapping[int, Fraction]:
    return history[-1][indicator.code] if history else {}


def _striking(
    indicator: Indicator, now: Mapping[int, Fraction], history: Sequence[Mapping[int, Fraction]]
) -> dict[int, tuple[Outlier | None, Outlier | None, Outlier | None]]:
    """By report: what stands apart among the siblings, from the unit's own figures, and as a change."""
    before = history[-1] if history else {}
    among, usual = _apart(indicator, now), _apart(indicator, before)
    changes = _apart(indicator, {pk: now[pk] - before[pk] for pk in now.keys() & before.keys()})
    news = {pk: one for pk, one in among.items() if pk in changes or pk not in usual or usual[pk].is_high != one.is_high}
    own = {pk: one for pk, value in now.items() if (one := _apart_from_itself(indicator, value, _of(pk, history)))}
    return {pk: (news.get(pk), own.get(pk), changes.get(pk)) for pk in {**news, **own, **changes}}


def _of(pk: int, history: Sequence[Mapping[int, Fraction]]) -> list[Fraction]:
    return [figures[pk] for figures in history if pk in figures]


def _apart_from_itself(indicator: Indicator, value: Fraction, earlier: Sequence[Fraction]) -> Outlier | None:
    """How a unit's figure stands apart from all that it had before; None where it had the like, or too few."""
    if not earlier or min(earlier) <= value <= max(earlier):
        return None
    found = _apart(indicator, dict(enumerate([value, *earlier]))).get(0)
    if found is None or abs(value - found.median) <= _FARTHER * max(abs(each - found.median) for each in earlier):
        return None
    return found


def _apart(indicator: Indicator, values: Mapping[int, Fraction]) -> dict[int, Outlier]:
    least = _LEAST.get(indicator.value_type, 0)
    return {pk: found for pk, found in outliers(values).items() if abs(found.value - found.median) >= least}


def _table(template: Template, indicators: Iterable[Indicator], totals: Iterable[tuple[int, Total]]) -> Table:
    table: dict[str, dict[int, Fraction]] = {each.code: {} for each in indicators}
    for pk, total in totals:
        values = figures(template, total.cells)
        for code, row in table.items():
            if (value := number(values.get(code))) is not None:
                row[pk] = value
    return table


def _restated(cycle: Cycle | None, indicators: Iterable[Indicator], children: Sequence[Report]) -> dict[int, Total]:
    """By report: what the predecessors of these units came to in the period before, of these indicators."""
    bridge = bridge_of(child.unit for child in children) if cycle and children else None
    sums = bridge.sums(cycle, [each.code for each in indicators]) if cycle and bridge else {}
    return {child.pk: total for child in children if (total := total_in(sums.get(child.unit_id)))}


def _table_before(
    indicators: list[Indicator],
    cycle: Cycle,
    children: list[Report],
    earlier: Mapping[tuple[int, int], Report],
    restated: Mapping[int, Total],
) -> Table:
    """Of those children whose totals were nearly complete then too; only what can be read as a figure of now."""
    then = cycle.version.compiled()
    table: dict[str, dict[int, Fraction]] = {each.code: {} for each in indicators}
    readable = {each.code for each in indicators if each.continues(then.by_code.get(each.code))}
    for child in children:
        report = earlier.get((cycle.pk, child.unit_id))
        total = total_of(then, report) if report else restated.get(child.pk)
        if total is None or not _is_nearly_complete(total):
            continue
        values = figures(then, total.cells)
        for code in readable - (unlike(then, child, report) if report else set()):
            if (value := number(values.get(code))) is not None:
                table[code][child.pk] = value
    return table


def _is_nearly_complete(total: Total) -> bool:
    return total.counted > 0 and (total.expected - total.counted) * _MOST_LACKING <= total.expected
