from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest

from reports.domain.aggregation import figures, merge, rollup_value
from reports.domain.indicators import Template
from reports.domain.over_time import Part, contribution_over_time, own_over_time, without_figure
from tests.domain.builders import indicator, template

WAYS = ("flow_sum", "stock_last", "last", "stock_first", "max", "min", "mean")
EACH_WAY = template(*(indicator(f"n_{way}", time=way, negative=True) for way in WAYS))
YES = template(*(indicator(f"y_{way}", "boolean", time=way) for way in ("last", "stock_first", "max", "min", "none")))


def halves(of: Template, *owns: Mapping[str, Any]) -> list[Part]:
    return [Part(of, "hamlet", own) for own in owns]


def year(of: Template, *owns: Mapping[str, Any]) -> dict[str, Any]:
    return own_over_time(of, halves(of, *owns))


@pytest.mark.parametrize(
    ("of_halves", "of_year"),
    [
        ((4, -7), [-3, -7, -7, 4, 4, -7, Fraction(-3, 2)]),
        ((4, None), [4] * 7),
        ((None, 0), [0] * 7),
        ((None, None), [None] * 7),
    ],
)
def test_the_table_of_semantics_7(of_halves: tuple[int | None, int | None], of_year: list[Any]) -> None:
    found = year(EACH_WAY, *(dict.fromkeys(EACH_WAY.by_code, value) for value in of_halves))
    assert [found.get(code) for code in EACH_WAY.by_code] == of_year


def test_decimals_stay_exact_and_are_compared_as_numbers() -> None:
    of = template(indicator("s", "decimal", decimals=6), indicator("hi", "decimal", time="max"), indicator("m", "decimal", time="mean"))
    found = year(of, {"s": "999999999999999.999999", "hi": "9.5", "m": "1"}, {"s": "0.000001", "hi": "10", "m": "0.5"}, {"m": "0.5"})
    assert found == {"s": "1000000000000000", "hi": "10", "m": Fraction(2, 3)}


def test_yes_at_any_time_is_a_maximum() -> None:
    codes = YES.by_code
    assert year(YES, dict.fromkeys(codes, True), dict.fromkeys(codes, False)) == {
        "y_last": False, "y_stock_first": True, "y_max": True, "y_min": False,
    }  # fmt: skip


def test_a_mean_of_thirds_is_added_up_the_tree_exactly() -> None:
    of = template(indicator("m", time="mean"))
    units = [contribution_over_time(of, "hamlet", halves(of, {"m": 1}, {"m": 0}, {"m": 0})) for _ in range(3)]
    assert figures(of, merge(of, units)) == {"m": 1}


def test_a_ratio_is_computed_from_what_the_year_has_of_its_inputs() -> None:
    of = template(indicator("a"), indicator("b"), indicator("r", "percent", formula="a / b"))
    cells = contribution_over_time(of, "hamlet", halves(of, {"a": 1, "b": 10}, {"a": 2, "b": 2}))
    assert rollup_value(of.by_code["r"], figures(of, cells)["r"]) == "25"


def test_a_formula_that_has_nothing_over_time_is_blank_and_so_is_what_reads_it() -> None:
    of = template(
        indicator("a"),
        indicator("b", formula="a * 2", time="none"),
        indicator("c", formula="b + 1"),
        indicator("d", formula="coalesce(b, 5)"),
    )
    cells = contribution_over_time(of, "hamlet", halves(of, {"a": 1}))
    assert figures(of, cells, without_figure(of)) == {"a": 1, "b": None, "c": None, "d": 5}


def test_a_yes_or_no_formula_is_evaluated_on_the_years_values_or_carried_from_the_parts_as_it_says() -> None:
    enough = {way: indicator(f"enough_{way}", "boolean", formula="a >= 10", time=way) for way in ("formula", "last", "max", "none")}
    of = template(indicator("a"), *enough.values())
    cells = contribution_over_time(of, "hamlet", halves(of, {"a": 10}, {"a": 1}))
    assert {code: cell.get("yes") for code, cell in cells.items() if code != "a"} == {
        "enough_formula": 1,
        "enough_last": 0,
        "enough_max": 1,
    }


def test_figures_follow_their_code_across_versions_and_what_reads_in_another_way_is_left_out() -> None:
    words = indicator("t", "text", time="last")
    then = template(indicator("a"), indicator("b", "decimal"), indicator("c", "choice", choices="x|y"), words, indicator("gone"))
    now = template(indicator("a", "decimal"), indicator("b"), indicator("c", "choice", choices="y|z"), indicator("t", "boolean"))
    earlier = Part(then, "hamlet", {"a": 1, "b": "2.5", "c": "x", "t": "chữ", "gone": 9})
    later = Part(now, "hamlet", {"a": "0.5", "b": 1, "t": True})
    assert own_over_time(now, [earlier, later]) == {"a": "1.5", "b": Fraction(7, 2), "t": True}


def test_adjustments_go_with_the_figures_that_they_were_made_for() -> None:
    made = [Part(EACH_WAY, "commune", {}, [(code, str(amount)) for code in EACH_WAY.by_code]) for amount in (6, 2)]
    cells = contribution_over_time(EACH_WAY, "commune", made)
    assert {code: cell["sum"] for code, cell in cells.items()} == {
        "n_flow_sum": 8, "n_stock_last": 2, "n_last": 2, "n_stock_first": 6, "n_mean": 4,
    }  # fmt: skip
    assert {cell["n"] for cell in cells.values()} == {0}


def test_a_unit_without_a_counted_part_gives_nothing() -> None:
    of = template(indicator("a"), indicator("any", "boolean", formula="coalesce(a, 0) >= 0"))
    assert contribution_over_time(of, "hamlet", []) == {}
