from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.domain.aggregation import Cells, answered, contribution, figure_of, figures, merge, rollup_value, same_figures
from reports.domain.indicators import Template
from reports.domain.numbers import exact
from tests.domain.builders import indicator, template

# --- The worked example of semantics §5 ---------------------------------------------------------------

MEDIATION = template(
    indicator("hg_tiep_nhan", up="leaf_sum"),
    indicator("hg_thanh", up="leaf_sum"),
    indicator("ty_le_hg_thanh", "percent", formula="hg_thanh / hg_tiep_nhan"),
    indicator("co_to_dan_van", "boolean", levels="hamlet"),
    indicator("so_thon", levels="commune", time="stock_last"),
    indicator("diem_thon", "decimal", levels="hamlet", up="mean", time="last"),
)
HAMLETS: list[dict[str, Any]] = [
    {"hg_tiep_nhan": 4, "hg_thanh": 3, "co_to_dan_van": True, "diem_thon": "82.5"},
    {"hg_tiep_nhan": 0, "co_to_dan_van": False},
    {"hg_tiep_nhan": 10, "hg_thanh": 1, "co_to_dan_van": True, "diem_thon": "90"},
]
COMMUNE = {"so_thon": 3}


def shown(of: Template, cells: Cells) -> dict[str, str]:
    found = figures(of, cells)
    return {each.code: rollup_value(each, found[each.code]) for each in of.aggregated}


def counts(of: Template, cells: Cells) -> dict[str, int | None]:
    return {each.code: answered(each, cells) for each in of.aggregated}


def test_the_worked_example() -> None:
    hamlets = [contribution(MEDIATION, own, "hamlet") for own in HAMLETS]
    commune = contribution(MEDIATION, COMMUNE, "commune")
    assert [shown(MEDIATION, hamlet)["ty_le_hg_thanh"] for hamlet in hamlets] == ["75", "", "10"]

    total_of_draft = merge(MEDIATION, hamlets[:2])
    assert shown(MEDIATION, total_of_draft) == {
        "hg_tiep_nhan": "4",
        "hg_thanh": "3",
        "ty_le_hg_thanh": "75",
        "co_to_dan_van": "1",
        "so_thon": "",
        "diem_thon": "82.5",
    }
    assert counts(MEDIATION, total_of_draft) == {
        "hg_tiep_nhan": 2,
        "hg_thanh": 1,
        "ty_le_hg_thanh": None,
        "co_to_dan_van": 2,
        "so_thon": 0,
        "diem_thon": 1,
    }

    both_of_draft = merge(MEDIATION, [total_of_draft, commune])
    assert shown(MEDIATION, both_of_draft) == shown(MEDIATION, total_of_draft) | {"so_thon": "3"}

    total_once_accepted = merge(MEDIATION, [*hamlets, commune])
    assert shown(MEDIATION, total_once_accepted) == {
        "hg_tiep_nhan": "14",
        "hg_thanh": "4",
        "ty_le_hg_thanh": "28.571428571429",
        "co_to_dan_van": "2",
        "so_thon": "3",
        "diem_thon": "86.25",
    }
    assert counts(MEDIATION, total_once_accepted)["co_to_dan_van"] == 3


# --- Blank, zero, exact ---------------------------------------------------------------------------------

EVERYTHING = template(
    indicator("n", negative=True),
    indicator("d", "decimal", negative=True, decimals=6),
    indicator("low", up="min"),
    indicator("high", "decimal", up="max", negative=True),
    indicator("avg", up="mean"),
    indicator("y", "boolean"),
    indicator("g", "choice", choices="tot|kha|yeu"),
    indicator("t", "text"),
    indicator("m", "table", columns="k"),
    indicator("busy", "boolean", formula="n > 0 or y", levels="hamlet"),
    indicator("grade", "choice", formula="if(share >= 50, 'tot', 'yeu')", choices="tot|yeu", levels="hamlet"),
    indicator("share", "percent", formula="d / n"),
    indicator("some", formula="coalesce(n, 0) + coalesce(y, 0) + busy"),
    indicator("mid", "decimal", formula="avg * 3"),
)


def test_nothing_gives_blanks_and_formulas_follow_from_their_inputs_alone() -> None:
    nothing = merge(EVERYTHING, [])
    assert nothing == {}
    assert set(shown(EVERYTHING, nothing).values()) == {""}
    anything = template(indicator("n"), indicator("f", formula="coalesce(n, 0)"))
    assert shown(anything, {}) == {"n": "", "f": "0"}


def test_zero_is_a_figure_and_blank_is_none() -> None:
    zero, blank = contribution(EVERYTHING, {"n": 0, "y": False}, "commune"), contribution(EVERYTHING, {"n": None}, "commune")
    assert shown(EVERYTHING, zero)["n"] == "0"
    assert counts(EVERYTHING, zero)["n"] == 1
    assert shown(EVERYTHING, zero)["y"] == "0"
    assert blank == {}
    assert not same_figures(EVERYTHING, zero, blank)


def test_own_values_of_unknown_and_computed_indicators_are_left_out() -> None:
    assert contribution(EVERYTHING, {"old": 3, "share": "5", "some": 4, "t": "lời"}, "commune") == {}


def test_yes_no_and_choice_formulas_are_evaluated_in_the_units_of_their_levels_only() -> None:
    own = {"n": 4, "d": "1.5", "y": False}
    assert contribution(EVERYTHING, own, "hamlet")["busy"] == {"n": 1, "yes": 1}
    assert contribution(EVERYTHING, own, "hamlet")["grade"] == {"n": 1, "of": {"tot": 0, "yeu": 1}}
    assert contribution(EVERYTHING, own, "commune").keys() == {"n", "d", "y"}
    assert "busy" not in contribution(EVERYTHING, {"n": 4}, "hamlet")


def test_a_mean_goes_into_a_formula_as_its_exact_quotient() -> None:
    cells = merge(EVERYTHING, [contribution(EVERYTHING, {"avg": value}, "hamlet") for value in (1, 1, 2)])
    assert figures(EVERYTHING, cells)["avg"] == Fraction(4, 3)
    assert shown(EVERYTHING, cells)["mid"] == "4"


def test_a_distribution_lists_every_choice_in_their_order() -> None:
    cells = merge(EVERYTHING, [contribution(EVERYTHING, {"g": choice}, "hamlet") for choice in ("yeu", "tot", "yeu")])
    assert shown(EVERYTHING, cells)["g"] == "tot=1|kha=0|yeu=2"
    assert counts(EVERYTHING, cells)["g"] == 3


def test_decimals_are_exact_to_the_last_digit() -> None:
    parts = [contribution(EVERYTHING, {"d": value}, "hamlet") for value in ("0.1", "0.2", "999999999999999.999999", "-0.3")]
    assert merge(EVERYTHING, parts)["d"] == {"n": 4, "sum": "999999999999999.999999"}
    assert merge(EVERYTHING, parts[:2])["d"] == {"n": 2, "sum": "0.3"}


def test_least_and_greatest_compare_numbers_and_not_texts() -> None:
    parts = [contribution(EVERYTHING, {"low": low, "high": high}, "hamlet") for low, high in ((10, "9.5"), (9, "10.25"), (11, "-3"))]
    assert shown(EVERYTHING, merge(EVERYTHING, parts)) | {"low": "9", "high": "10.25"} == shown(EVERYTHING, merge(EVERYTHING, parts))


# --- Adjustments ----------------------------------------------------------------------------------------


def test_an_adjustment_gives_a_value_where_all_were_blank_and_is_no_answer() -> None:
    cells = contribution(EVERYTHING, {}, "commune", [("n", 5), ("d", "-0.5")])
    assert cells == {"n": {"n": 0, "sum": 5, "adj": 1}, "d": {"n": 0, "sum": "-0.5", "adj": 1}}
    assert shown(EVERYTHING, cells)["n"] == "5"
    assert counts(EVERYTHING, cells)["n"] == 0


def test_adjustments_add_to_what_is_there_and_are_counted_apart() -> None:
    cells = contribution(EVERYTHING, {"n": 7}, "commune", [("n", "-2"), ("n", 1), ("avg", 3), ("gone", 3)])
    assert cells == {"n": {"n": 1, "sum": 6, "adj": 2}}
    assert merge(EVERYTHING, [cells, cells, contribution(EVERYTHING, {"n": 1}, "hamlet")])["n"] == {"n": 3, "sum": 13, "adj": 4}


# --- The same figures -------------------------------------------------------------------------------------


def test_one_figure_is_the_same_as_among_all_of_them() -> None:
    cells = merge(MEDIATION, [contribution(MEDIATION, own, "hamlet") for own in HAMLETS])
    for some in (cells, {}):
        assert {code: figure_of(MEDIATION, some, code) for code in figures(MEDIATION, some)} == figures(MEDIATION, some)


def test_figures_are_the_same_by_value() -> None:
    def of(**own: Any) -> Cells:
        return merge(EVERYTHING, [contribution(EVERYTHING, own, "commune")])

    def twice(**own: Any) -> Cells:
        return merge(EVERYTHING, [of(**own), of(**own)])

    assert same_figures(EVERYTHING, of(n=4), twice(n=2))
    assert same_figures(EVERYTHING, of(avg=4), twice(avg=4))
    assert same_figures(EVERYTHING, of(n=3), contribution(EVERYTHING, {}, "commune", [("n", 3)]))
    assert not same_figures(EVERYTHING, of(n=4), of(n=5))
    assert not same_figures(EVERYTHING, of(n=0), of())
    assert not same_figures(EVERYTHING, of(avg=4), merge(EVERYTHING, [of(avg=4), of(avg=5)]))
    assert not same_figures(EVERYTHING, of(y=True), merge(EVERYTHING, [of(y=True), of(y=False)]))
    assert not same_figures(EVERYTHING, of(g="tot"), of(g="kha"))


# --- Against brute force ------------------------------------------------------------------------------------

_DECIMALS = st.decimals(-(10**9), 10**9, places=6).map(lambda value: format(value.normalize() + 0, "f"))
OWN = st.fixed_dictionaries(
    {},
    optional={
        "n": st.integers(-(10**15) + 1, 10**15 - 1),
        "d": _DECIMALS,
        "low": st.integers(0, 9),
        "high": _DECIMALS,
        "avg": st.integers(0, 10**15 - 1),
        "y": st.booleans(),
        "g": st.sampled_from(["tot", "kha", "yeu"]),
    },
)


def brute(reports: list[Mapping[str, Any]]) -> dict[str, Any]:
    """A plain reading of semantics §5, in fractions."""

    def given_for(code: str) -> list[Any]:
        return [report[code] for report in reports if report.get(code) is not None]

    def numbers(code: str) -> list[Fraction]:
        return [exact(value) for value in given_for(code)]

    found: dict[str, Any] = {code: sum(numbers(code)) if numbers(code) else None for code in ("n", "d")}
    found["low"] = min(numbers("low"), default=None)
    found["high"] = max(numbers("high"), default=None)
    found["avg"] = sum(numbers("avg")) / len(numbers("avg")) if numbers("avg") else None
    found["y"] = sum(given_for("y")) if given_for("y") else None
    found["g"] = {choice: given_for("g").count(choice) for choice in ("tot", "kha", "yeu")} if given_for("g") else None
    busy = [report["n"] > 0 or report["y"] for report in reports if {"n", "y"} <= report.keys()]
    grades = [
        "tot" if exact(report["d"]) / report["n"] >= Fraction(1, 2) else "yeu" for report in reports if report.get("n") and "d" in report
    ]
    found["busy"] = sum(busy) if busy else None
    found["grade"] = {choice: grades.count(choice) for choice in ("tot", "yeu")} if grades else None
    found["share"] = found["d"] / found["n"] * 100 if found["n"] and found["d"] is not None else None
    found["some"] = (found["n"] or 0) + (found["y"] or 0) + found["busy"] if busy else None
    found["mid"] = found["avg"] * 3 if found["avg"] is not None else None
    return found


@settings(max_examples=60, deadline=None)
@given(st.lists(OWN, max_size=12), st.data())
def test_merging_in_any_grouping_and_order_equals_brute_force(reports: list[Mapping[str, Any]], data: st.DataObject) -> None:
    parts = [contribution(EVERYTHING, own, "hamlet") for own in reports]
    while len(parts) > 1:
        size = data.draw(st.integers(1, len(parts)))
        parts = data.draw(st.permutations([merge(EVERYTHING, parts[:size]), *parts[size:]])) if size > 1 else parts[::-1]
        if size == 1:
            parts = [merge(EVERYTHING, parts[:2]), *parts[2:]]
    cells = json.loads(json.dumps(merge(EVERYTHING, parts)))
    assert figures(EVERYTHING, cells) == brute(reports)
    flat = merge(EVERYTHING, [contribution(EVERYTHING, own, "hamlet") for own in reports])
    assert cells == flat
    assert same_figures(EVERYTHING, cells, flat)


@pytest.mark.parametrize("n", [1, 3, 7, 100_000])
def test_a_sum_of_many_stays_exact(n: int) -> None:
    cells = merge(EVERYTHING, [{"n": {"n": 1, "sum": 10**15 - 1}, "d": {"n": 1, "sum": "0.000001"}}] * n)
    assert figures(EVERYTHING, cells)["n"] == n * (10**15 - 1)
    assert figures(EVERYTHING, cells)["d"] == Fraction(n, 10**6)
