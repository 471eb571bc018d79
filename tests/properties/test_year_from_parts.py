"""Random trees, templates, parts and adjustments: what the year would be from its parts equals §7 and §5 read literally."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.domain.aggregation import rollup_value
from reports.domain.indicators import Indicator
from reports.models import Cycle, Report
from reports.queries.from_parts import parts_named, rows_from_parts
from tests.builders import Play, given_cycle, given_template
from tests.domain.builders import indicator
from tests.properties.long_form import ROUNDS
from tests.properties.test_totals import level_sets, outlines
from tests.unit_builders import load_csv

pytestmark = [pytest.mark.django_db, pytest.mark.once]

PERIODS = [("2025-H1", "2025-H2"), ("2025-H2",), ("2025-Q1", "2025-Q2", "2025-H2"), ("2025-Q1", "2025-Q3", "2025-Q4")]
NUMBER_WAYS = ["flow_sum", "flow_sum", "stock_last", "last", "stock_first", "max", "min", "mean", "none"]
figures_of_a_unit = st.fixed_dictionaries(
    {},
    optional={
        "a": st.integers(-9, 9).map(str),
        "d": st.decimals(-99, 99, places=2).map(lambda value: f"{value:f}"),
        "y": st.sampled_from(["yes", "no"]),
        "c": st.sampled_from(["x", "z"]),
    },
)
doings = st.sampled_from(["accept", "accept", "accept", "submit", "save", "exempt", "nothing"])


@st.composite
def templates(draw: st.DrawFn) -> list[Indicator]:
    def way(*ways: str) -> str:
        return draw(st.sampled_from(ways))

    def levels() -> str:
        return draw(level_sets)

    return [
        indicator("a", levels=levels(), up=way("sum", "leaf_sum", "mean"), time=way(*NUMBER_WAYS), negative=True),
        indicator("d", "decimal", levels=levels(), up=way("sum", "min", "max", "mean"), time=way(*NUMBER_WAYS), negative=True),
        indicator("y", "boolean", levels=levels(), time=way("last", "stock_first", "max", "min", "none")),
        indicator("c", "choice", choices="x|z", levels=levels(), time=way("last", "stock_first", "none")),
        indicator("r", "percent", formula="a / d", levels=levels(), time=way("formula", "formula", "none")),
        indicator("e", "boolean", formula="a >= 2", levels=levels(), time=way("formula", "max", "min", "last", "none")),
    ]


@settings(max_examples=15 * ROUNDS, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(rows=outlines(), indicators=templates(), periods=st.sampled_from(PERIODS), data=st.data())
def test_a_year_from_its_parts_is_the_definition_read_literally(
    rows: list[str], indicators: list[Indicator], periods: Sequence[str], data: st.DataObject
) -> None:
    with transaction.atomic():
        load_csv("uid,code,name,level,parent_uid,valid_from,valid_to", *rows)
        roots = [row.split(",")[0] for row in rows if row.split(",")[4] == ""]
        version = given_template(*indicators)
        plays = [given_cycle(version, {}, period=period, under=roots) for period in ("2025-Y", *periods)]
        for play in plays[1:]:
            _fill(play, data)
        year, parts = plays[0].cycle, [play.cycle for play in plays[1:]]
        found = list(rows_from_parts(year, parts_named(year, data.draw(st.permutations([part.code for part in parts])))))
        oracle = _Oracle(year, parts)
        assert found == [row for uid in sorted(oracle.uids) for row in oracle.rows(uid)]
        transaction.set_rollback(True)


def _fill(play: Play, data: st.DataObject) -> None:
    done: dict[str, list[str]] = {}
    for report in Report.objects.filter(cycle=play.cycle).select_related("unit", "level"):
        uid, doing = report.unit.uid, data.draw(doings)
        done.setdefault(doing, []).append(uid)
        if doing not in ("nothing", "exempt"):
            play.save(uid, **{code: text for code, text in data.draw(figures_of_a_unit).items() if _may_hold(play, report, code)})
        if doing not in ("nothing", "exempt") and report.has_reports_below and data.draw(st.booleans()) and _is_sum(play, "a"):
            play.adjust(uid, "a", str(data.draw(st.integers(-5, 5))))
    if done.get("exempt"):
        play.do("exempt", *done["exempt"])
    play.submit(*done.get("accept", []), *done.get("submit", []))
    reviewed = Report.objects.filter(cycle=play.cycle, superior__isnull=False, unit__uid__in=done.get("accept", []))
    play.accept(*reviewed.values_list("unit__uid", flat=True))


def _may_hold(play: Play, report: Report, code: str) -> bool:
    return play.template.by_code[code].may_be_entered(report.level.code, report.levels_below)


def _is_sum(play: Play, code: str) -> bool:
    return play.template.by_code[code].may_be_adjusted


#: semantics §7, line by line
OVER_TIME: Mapping[str, Callable[[list[Any]], Any]] = {
    "flow_sum": sum,
    "stock_last": lambda values: values[-1],
    "last": lambda values: values[-1],
    "stock_first": lambda values: values[0],
    "max": max,
    "min": min,
    "mean": lambda values: sum(values) / Fraction(len(values)),
    "none": lambda values: None,
}


class _Oracle:
    """Everything from every part of every unit, for each cell anew."""

    def __init__(self, year: Cycle, parts: Sequence[Cycle]) -> None:
        self.template = year.version.compiled()
        reports = Report.objects.select_related("unit", "level", "superior__unit").prefetch_related("adjustments")
        self.year = {report.unit.uid: report for report in reports.filter(cycle=year)}
        in_time = sorted(parts, key=lambda part: part.cut_off)
        self.parts = [{report.unit.uid: report for report in reports.filter(cycle=part)} for part in in_time]
        self.uids = list(self.year)

    def counted_parts(self, uid: str) -> list[Report]:
        return [part[uid] for part in self.parts if uid in part and part[uid].state == "accepted"]

    def subtree(self, uid: str) -> list[str]:
        below = [other for other, report in self.year.items() if report.superior and report.superior.unit.uid == uid]
        return [uid, *(each for child in below for each in self.subtree(child))]

    def own(self, uid: str, each: Indicator) -> Any:
        """A unit's value over time."""
        if each.code == "e":
            if self.year[uid].level.code not in each.levels or not self.counted_parts(uid):
                return None
            if each.aggregate_time == "formula":
                value = self.own(uid, self.template.by_code["a"])
                return None if value is None else value >= 2
            in_parts = [part.own.get("a") for part in self.counted_parts(uid)]
            values = [value >= 2 for value in in_parts if value is not None]
        else:
            values = [part.own[each.code] for part in self.counted_parts(uid) if each.code in part.own]
            values = [Fraction(value) if each.is_number else value for value in values]
        return OVER_TIME[each.aggregate_time](values) if values else None

    def adjusted(self, uid: str) -> list[Fraction]:
        """What was adjusted of `a`, over time."""
        parts = self.counted_parts(uid)
        amounts = [[Fraction(made.amount) for made in part.adjustments.all()] for part in parts]
        match self.template.by_code["a"].aggregate_time:
            case "flow_sum":
                return [amount for part in amounts for amount in part]
            case "stock_last" | "last":
                return amounts[-1] if amounts else []
            case "stock_first":
                return amounts[0] if amounts else []
            case "mean":
                return [amount / len(parts) for part in amounts for amount in part]
        return []

    def total(self, uid: str, each: Indicator) -> tuple[Any, int | None]:
        if each.code == "r":
            a, d = (self.total(uid, self.template.by_code[code])[0] for code in "ad")
            is_blank = each.aggregate_time == "none" or a is None or d is None or d == 0
            return (None if is_blank else a / d * 100), None
        values = [value for unit in self.subtree(uid) if (value := self.own(unit, each)) is not None]
        added = [amount for unit in self.subtree(uid) for amount in self.adjusted(unit)] if each.code == "a" else []
        if not values and not (added and each.aggregate_up in ("sum", "leaf_sum")):
            return None, 0
        match each.aggregate_up:
            case "sum" | "leaf_sum":
                return sum([*values, *added], Fraction(0)), len(values)
            case "min":
                return min(values), len(values)
            case "max":
                return max(values), len(values)
            case "mean":
                return sum(values) / Fraction(len(values)), len(values)
            case "count_yes":
                return Fraction(values.count(True)), len(values)
        return {choice: values.count(choice) for choice in each.choices}, len(values)

    def rows(self, uid: str) -> list[tuple[Any, ...]]:
        units = self.subtree(uid)
        counted = sum(bool(self.counted_parts(unit)) for unit in units)
        exempt = sum(all(part[unit].state == "exempt" for part in self.parts if unit in part) for unit in units)
        found = []
        for each in self.template.aggregated:
            value, answered = self.total(uid, each)
            shown = rollup_value(each, value)
            found.append((uid, each.code, shown, "" if answered is None else str(answered), counted, len(units) - exempt))
        return found
