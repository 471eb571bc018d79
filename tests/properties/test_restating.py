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

from reports.domain.aggregation import answered, figure_of, rollup_value
from reports.domain.restating import Sum, with_formulas
from reports.models import Report
from reports.queries.bridge import Bridge
from reports.queries.restated import Restated
from reports.services import rolling_up
from tests.builders import Play
from tests.properties.brute_force import FORMULAS, IN_UNIT, Oracle, Value
from tests.properties.long_form import ROUNDS
from tests.properties.test_totals import _opened, _take, outlines, reporting_levels, steps, templates
from tests.unit_builders import HEADER, load_csv
from units.models import Succession, Unit

pytestmark = pytest.mark.django_db

DAY = date(2025, 7, 1)
LATER = date(2026, 7, 1)
SHARES = ("1", "0.5", "0.25", "0.333333", "0.000001", None)
Row = tuple[str, str, str | None]


def _tree(draw: st.DrawFn, letter: str, valid_from: str, valid_to: str) -> list[str]:
    return [re.sub(r"\bu(?=\d)", letter, row.rsplit(",", 2)[0]) + f",{valid_from},{valid_to}" for row in draw(outlines())]


def _successions(draw: st.DrawFn, old: list[str], new: list[str]) -> list[Row]:
    """What went where; most units go whole, and the shares of one come to 1 at most."""
    rows: list[Row] = []
    heirs = st.sampled_from([_uid(row) for row in new])
    for uid in map(_uid, old):
        left = Decimal(1)
        for heir in draw(st.lists(heirs, max_size=3, unique=True)):
            share = draw(st.sampled_from(("1", "1", "1", "0.5", "0.5", *SHARES)))
            if share is None or Decimal(share) <= left:
                rows.append((uid, heir, share))
                left -= Decimal(share or 0)
    return rows


def _uid(row: str) -> str:
    return row.split(",", maxsplit=1)[0]


@st.composite
def redrawings(draw: st.DrawFn) -> tuple[list[str], list[str], list[Row]]:
    """The rows of an old and of a new tree, and what went where."""
    old, new = _tree(draw, "u", "", "2025-06-30"), _tree(draw, "n", "2025-07-01", "")
    return old, new, _successions(draw, old, new)


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


def _redraw(new: list[str], successions: list[Row], day: date = DAY) -> None:
    load_csv(HEADER, *new)
    keys = dict(Unit.objects.values_list("uid", "pk"))
    Succession.objects.bulk_create(
        Succession(predecessor_id=keys[old], successor_id=keys[heir], effective_on=day, share=share and Decimal(share))
        for old, heir, share in successions
    )


def _compare(play: Play, successions: list[Row]) -> None:
    restated, definition = Restated(play.cycle, DAY), _Definition(play, successions)
    rows = list(restated.rows())
    assert rows == sorted(rows, key=lambda row: row.unit_uid)
    assert {row.unit_uid for row in rows} >= {heir for old, heir, _ in successions if old in definition.reports}
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
    estimated = {(uid, code) for uid in {row.unit_uid for row in rows} for code in definition.estimated(uid)}
    assert {(remark.unit_uid, remark.indicator) for remark in restated.estimated()} == estimated


@st.composite
def two_redrawings(draw: st.DrawFn) -> tuple[list[str], list[tuple[list[str], list[Row], date]]]:
    """The rows of a tree, and what it was redrawn as, once or twice."""
    trees = [_tree(draw, "u", "", "2025-06-30"), _tree(draw, "n", "2025-07-01", "")]
    if draw(st.booleans()):
        trees.append(_tree(draw, "m", "2026-07-01", ""))
    pairs = zip(trees, trees[1:], (DAY, LATER), strict=False)
    return trees[0], [(new, _successions(draw, old, new), day) for old, new, day in pairs]


@settings(max_examples=25 * ROUNDS, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(
    redrawing=two_redrawings(),
    indicators=templates(),
    reporting=reporting_levels,
    sequence=st.lists(steps(), min_size=6, max_size=12),
    is_rebuilt=st.booleans(),
)
def test_what_a_units_predecessors_came_to_equals_the_definition_by_stored_totals_too(
    redrawing: tuple[list[str], list[tuple[list[str], list[Row], date]]],
    indicators: list[Any],
    reporting: tuple[str, ...],
    sequence: list[tuple[str, int, dict[str, str]]],
    is_rebuilt: bool,
) -> None:
    old, redrawn = redrawing
    with transaction.atomic():
        play = _opened(old, indicators, reporting)
        if play is not None:
            uids = sorted(Report.objects.filter(cycle=play.cycle).values_list("unit__uid", flat=True))
            for action, number, own in sequence:
                _take(play, action, uids[number % len(uids)], own, {})
            rolling_up.rebuild(play.cycle) if is_rebuilt else rolling_up.drain_all([play.cycle.pk])
            for new, successions, day in redrawn:
                _redraw(new, successions, day)
            _compare_bridges(play, _ways(redrawn), [_uid(row) for row in redrawn[-1][0]])
        transaction.set_rollback(True)


def _ways(redrawn: list[tuple[list[str], list[Row], date]]) -> list[Row]:
    """What became of each unit of the first tree in the last one: shares multiply along a way, and add up where ways meet."""
    (_, first, _), *later = redrawn
    shares = [(old, heir, Fraction(share)) for old, heir, share in first if share]
    for _, successions, _ in later:
        found: dict[tuple[str, str], Fraction] = {}
        for old, between, share in shares:
            for predecessor, heir, further in successions:
                if predecessor == between and further:
                    found[old, heir] = found.get((old, heir), Fraction(0)) + share * Fraction(further)
        shares = [(*ends, share) for ends, share in found.items()]
    return [(old, heir, str(share)) for old, heir, share in shares]


def _compare_bridges(play: Play, ways: list[Row], uids: list[str]) -> None:
    definition = _Definition(play, ways)
    units = {unit.uid: unit for unit in Unit.objects.filter(uid__in=uids)}
    roots = [unit for unit in units.values() if unit.parent_id is None]
    together = Bridge(roots).sums(play.cycle)
    for uid, unit in units.items():
        found = Bridge([unit]).sums(play.cycle).get(unit.pk)
        if unit in roots:
            assert together.get(unit.pk) == found
        assert (found is not None) == definition.has(uid)
        if found is not None:
            _compare_sum(play, definition, uid, found)
            of_some = Bridge([unit]).sums(play.cycle, ["plus", "y"])[unit.pk]
            assert [figure_of(play.template, of_some.cells, code) for code in ("plus", "y")] == [
                figure_of(play.template, found.cells, code) for code in ("plus", "y")
            ]


def _compare_sum(play: Play, definition: _Definition, uid: str, found: Sum) -> None:
    for indicator in play.template.aggregated:
        value, count, counted, expected = definition.at(uid, indicator.code)
        figure = Fraction(value[0]) if isinstance(value, tuple) else value
        assert figure_of(play.template, found.cells, indicator.code) == figure, (uid, indicator.code)
        assert (answered(indicator, found.cells), found.counted, found.expected) == (count, counted, expected), (uid, indicator.code)
    assert with_formulas(play.template, found.estimated) == definition.estimated(uid)


class _Definition:
    """Semantics §8 read literally: for a unit, what the old reports give to it and to all below it."""

    def __init__(self, play: Play, successions: list[Row]) -> None:
        self.oracle = Oracle(play.cycle)
        self.template = play.template
        self.reports = {report.unit.uid: report for report in self.oracle.reports.values()}
        self.shares = [(old, heir, Fraction(share)) for old, heir, share in successions if share and old in self.reports]
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

    def has(self, uid: str) -> bool:
        """Did the unit, or one below it, receive anything?"""
        return any(uid in self._path(heir) for _, heir, _ in self.shares)

    def estimated(self, uid: str) -> set[str]:
        """The codes with a share other than 1 of an old report in them, there and below, and what is computed from these."""
        came: dict[str, Fraction] = {}
        for old, heir, share in self.shares:
            if uid in self._path(heir):
                came[old] = came.get(old, Fraction(0)) + share
        parted = [self.reports[old] for old, share in came.items() if share != 1 and self.reports[old].state == "accepted"]
        found = {code for report in parted for code in self._divisible() if self._amounts(code, report)}
        for code, formula in self.template.formulas.items():
            if code in FORMULAS and found & formula.codes:
                found.add(code)
        return found
