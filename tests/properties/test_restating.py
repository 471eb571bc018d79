"""Random countries redrawn at random: every restated figure equals semantics §8 read literally, and nothing is lost unseen."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.domain.aggregation import rollup_value
from reports.models import Report
from reports.queries.restated import Restated
from tests.builders import Play
from tests.properties.brute_force import FORMULAS, IN_UNIT, Oracle, Value
from tests.properties.long_form import ROUNDS
from tests.properties.test_totals import _opened, _take, outlines, reporting_levels, steps, templates
from tests.unit_builders import HEADER, load_csv
from units.models import Succession, Unit

pytestmark = pytest.mark.django_db

DAY = date(2025, 7, 1)
SHARES = ("1", "0.5", "0.25", "0.333333", "0.000001", None)
Row = tuple[int, int, str | None]


@st.composite
def redrawings(draw: st.DrawFn) -> tuple[list[str], list[str], list[Row]]:
    """The rows of an old and of a new tree, and what went where, by number: the shares of one unit come to 1 at most."""
    old = [f"{row.rsplit(',', 2)[0]},,2025-06-30" for row in draw(outlines())]
    new = [re.sub(r"\bu(?=\d)", "n", row.rsplit(",", 2)[0]) + ",2025-07-01," for row in draw(outlines())]
    successions: list[Row] = []
    for unit in range(len(old)):
        left = Decimal(1)
        for heir in draw(st.lists(st.integers(0, len(new) - 1), max_size=3, unique=True)):
            share = draw(st.sampled_from(SHARES))
            if share is None or Decimal(share) <= left:
                successions.append((unit, heir, share))
                left -= Decimal(share or 0)
    return old, new, successions


@settings(max_examples=15 * ROUNDS, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(redrawing=redrawings(), indicators=templates(), reporting=reporting_levels, sequence=st.lists(steps(), min_size=6, max_size=12))
def test_every_restated_figure_equals_the_definition(
    redrawing: tuple[list[str], list[str], list[Row]],
    indicators: list[Any],
    reporting: tuple[str, ...],
    sequence: list[tuple[str, int, dict[str, str]]],
) -> None:
    old, new, successions = redrawing
    with transaction.atomic():
        play = _opened(old, indicators, reporting)
        if play is not None:
            uids = sorted(Report.objects.filter(cycle=play.cycle).values_list("unit__uid", flat=True))
            for action, number, own in sequence:
                _take(play, action, uids[number % len(uids)], own, {})
            _redraw(new, successions)
            _compare(play, successions)
        transaction.set_rollback(True)


def _redraw(new: list[str], successions: list[Row]) -> None:
    load_csv(HEADER, *new)
    keys = dict(Unit.objects.values_list("uid", "pk"))
    Succession.objects.bulk_create(
        Succession(predecessor_id=keys[f"u{old}"], successor_id=keys[f"n{heir}"], effective_on=DAY, share=share and Decimal(share))
        for old, heir, share in successions
    )


def _compare(play: Play, successions: list[Row]) -> None:
    restated, definition = Restated(play.cycle, DAY), _Definition(play, successions)
    rows = list(restated.rows())
    assert rows == sorted(rows, key=lambda row: row.unit_uid)
    assert {row.unit_uid for row in rows} >= {f"n{heir}" for old, heir, _ in successions if f"u{old}" in definition.reports}
    for row in rows:
        indicator = play.template.by_code[row.indicator]
        value, answered, counted, expected = definition.at(row.unit_uid, row.indicator)
        figure = Fraction(value[0]) if isinstance(value, tuple) else value
        assert row.value == rollup_value(indicator, figure), row
        assert (row.answered, row.counted, row.expected) == ("" if answered is None else str(answered), counted, expected), row
    left_out = list(restated.left_out())
    amounts = restated.amounts(left_out)
    for code in ("s", "l"):
        tops = [Fraction(row.value or 0) for row in restated.rows(depth=0) if row.indicator == code]
        before = definition.oracle.over(each for each in definition.oracle.reports.values() if each.state == "accepted")[code]
        assert sum(tops, Fraction(0)) + amounts.get(code, 0) == (before or 0)
    assert {(remark.unit_uid, remark.indicator) for remark in restated.estimated()} >= definition.estimated()


class _Definition:
    """Semantics §8 read literally: for a unit, what the old reports give to it and to all below it."""

    def __init__(self, play: Play, successions: list[Row]) -> None:
        self.oracle = Oracle(play.cycle)
        self.template = play.template
        self.reports = {report.unit.uid: report for report in self.oracle.reports.values()}
        self.shares = [(f"u{old}", f"n{heir}", Fraction(share)) for old, heir, share in successions if share and f"u{old}" in self.reports]
        self.above = dict(Unit.objects.values_list("uid", "parent__uid"))

    def at(self, uid: str, code: str) -> tuple[Value, int | None, int, int]:
        received = [(self.reports[old], share) for old, heir, share in self.shares if uid in self._path(heir)]
        there = {report.pk: report for report, _ in received}.values()
        counted = [report for report in there if report.state == "accepted"]
        expected = [report for report in there if report.state != "exempt"]
        values = {each.code: self._value(each, received) for each in self.template.aggregated if each.code not in FORMULAS}
        for name, formula in FORMULAS.items():
            values[name] = formula(values.get)
        answered = None
        if code not in FORMULAS:
            moved = {report.pk: report for report, share in received if share == 1 or code in self._divisible()}
            answered = sum(report.state == "accepted" and self._own(code, report) is not None for report in moved.values())
        return values[code], answered, len(counted), len(expected)

    def _value(self, indicator: Any, received: list[tuple[Report, Fraction]]) -> Value:
        counted = [(report, share) for report, share in received if report.state == "accepted"]
        if indicator.code not in self._divisible():
            return self.oracle.over(report for report, share in counted if share == 1)[indicator.code]
        given = [(value * share) for report, share in counted for value in self._amounts(indicator.code, report)]
        return sum(given, Fraction(0)) if given else None

    def _amounts(self, code: str, report: Report) -> list[Fraction]:
        adjusted = [amount for name, amount in self.oracle.adjustments.get(report.pk, ()) if name == code]
        return [Fraction(value) for value in [report.own.get(code)] if value is not None] + adjusted

    def _own(self, code: str, report: Report) -> Any:
        if code in IN_UNIT:
            return IN_UNIT[code](report.own) if report.level.code in self.template.by_code[code].levels else None
        return report.own.get(code)

    def _divisible(self) -> set[str]:
        return {each.code for each in self.template.aggregated if each.aggregate_up in ("sum", "leaf_sum")}

    def _path(self, uid: str | None) -> list[str]:
        path = []
        while uid:
            path.append(uid)
            uid = self.above[uid]
        return path

    def estimated(self) -> set[tuple[str, str]]:
        found = set()
        for old, heir, share in self.shares:
            if share != 1 and self.reports[old].state == "accepted":
                found |= {(heir, code) for code in self._divisible() if self._amounts(code, self.reports[old])}
        return found
