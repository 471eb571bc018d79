from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from reports.domain.aggregation import contribution, figures
from reports.domain.indicators import Template
from reports.domain.restating import (
    WHOLE,
    Inheritance,
    Legacy,
    Received,
    Step,
    Why,
    inheritance,
    not_attributable,
    own_restated,
    received_sum,
    share_of,
    together,
    with_formulas,
)
from tests.domain.builders import indicator

TEMPLATE = Template(
    [
        indicator("s"),
        indicator("d", "decimal", decimals=6),
        indicator("y", "boolean"),
        indicator("most", up="max", time="max"),
        indicator("m", "decimal", up="mean", time="mean"),
        indicator("ratio", "percent", formula="s / d"),
    ]
)
OWN = {"s": 10, "d": "2.5", "y": True, "most": 7, "m": "4"}
CELLS = contribution(TEMPLATE, OWN, "commune")


def heirs(text: str, *, of: int = 1, stands: str = "7 8 9") -> Inheritance:
    """`1>7:0.5 1>8:?` as successions."""
    steps: dict[int, list[Step]] = {}
    for step in text.split():
        way, _, share = step.partition(":")
        old, _, new = way.partition(">")
        steps.setdefault(int(old), []).append(Step(int(new), None if share == "?" else Decimal(share)))
    return inheritance(of, steps, {int(unit) for unit in stands.split()})


def test_a_unit_that_stands_on_the_day_is_its_own_heir() -> None:
    assert heirs("", of=7) == Inheritance({7: WHOLE})


def test_a_unit_that_went_whole_is_inherited_whole_through_several_reorganisations() -> None:
    assert heirs("1>2:1 2>7:1") == Inheritance({7: WHOLE})
    assert heirs("1>2:1 2>7:1").is_whole


def test_shares_multiply_along_a_way_and_add_up_where_two_ways_meet() -> None:
    assert heirs("1>2:0.5 1>3:0.5 2>7:0.5 2>8:0.5 3>8:1").shares == {7: Decimal("0.25"), 8: Decimal("0.75")}
    assert heirs("1>2:0.5 1>3:0.5 2>7:1 3>7:1").is_whole


@pytest.mark.parametrize(
    ("successions", "lost", "why"),
    [
        ("", "1", Why.ENDED),
        ("1>2:1", "1", Why.ENDED),
        ("1>7:? 1>8:?", "1", Why.SHARE_UNKNOWN),
        ("1>7:0.4 1>8:?", "0.6", Why.SHARE_UNKNOWN),
        ("1>7:0.4", "0.6", Why.SHARES_BELOW_ONE),
        ("1>7:0.4 1>2:0.6", "0.6", Why.SHARES_BELOW_ONE),
    ],
)
def test_what_goes_nowhere_is_known_with_the_reason(successions: str, lost: str, why: Why) -> None:
    found = heirs(successions)
    assert (found.lost, found.why_lost) == (Decimal(lost), why)


def test_successions_in_a_circle_lead_nowhere() -> None:
    assert heirs("1>2:1 2>1:1").shares == {}


def test_of_a_share_only_what_can_be_divided_is_received() -> None:
    assert share_of(TEMPLATE, CELLS, Decimal("0.35")) == {"s": {"n": 1, "sum": Fraction(7, 2)}, "d": {"n": 1, "sum": "0.875"}}
    assert share_of(TEMPLATE, CELLS, WHOLE) == CELLS


def test_what_is_received_and_what_is_not_attributable_come_to_what_was_entered() -> None:
    found = heirs("1>7:0.35 1>8:0.6")
    out = {each.code: (each.cell, each.why) for each in not_attributable(TEMPLATE, CELLS, found)}
    assert out == {
        "s": ({"n": 1, "sum": Fraction(1, 2)}, Why.SHARES_BELOW_ONE),
        "d": ({"n": 1, "sum": "0.125"}, Why.SHARES_BELOW_ONE),
        "y": ({"n": 1, "yes": 1}, Why.ONLY_WHOLE),
        "most": ({"n": 1, "value": 7}, Why.ONLY_WHOLE),
        "m": ({"n": 1, "sum": "4"}, Why.ONLY_WHOLE),
    }
    assert not_attributable(TEMPLATE, CELLS, heirs("1>7:1")) == []


def part(share: str) -> Received:
    return Received(1, Decimal(share), share_of(TEMPLATE, CELLS, Decimal(share)), is_counted=True, is_expected=True)


def test_a_report_that_went_to_two_units_counts_once_in_each_and_once_above_them() -> None:
    parts = [received_sum(TEMPLATE, [part(share)]) for share in ("0.4", "0.6")]
    above = together(TEMPLATE, parts)
    assert [(each.without_doubles().counted, each.without_doubles().cells["s"]["n"]) for each in parts] == [(1, 1), (1, 1)]
    once = above.without_doubles()
    assert (once.counted, once.expected, once.cells["s"]["n"]) == (1, 1, 1)
    assert figures(TEMPLATE, once.cells)["s"] == 10
    assert together(TEMPLATE, [above, parts[0]]).without_doubles().counted == 1


def test_where_all_parts_of_a_report_come_together_nothing_is_estimated() -> None:
    few, many = received_sum(TEMPLATE, [part("0.4")]), received_sum(TEMPLATE, [part("0.5"), part("0.1")])
    assert (few.estimated, many.estimated) == ({"s", "d"}, {"s", "d"})
    assert together(TEMPLATE, [few, many]).estimated == set()
    assert together(TEMPLATE, [few, few]).estimated == {"s", "d"}
    assert with_formulas(TEMPLATE, {"d"}) == {"d", "ratio"}


def legacy(share: str = "1", **own: object) -> Legacy:
    return Legacy(TEMPLATE, own, Decimal(share))


def test_own_values_of_predecessors_become_one_units() -> None:
    found = own_restated(
        TEMPLATE, [legacy(s=3, d="0.1", y=True, most=5, m="2"), legacy(s=4, y=True, most=2, m="3"), legacy("0.5", s=1, y=False)]
    )
    assert found.own == {"s": Fraction(15, 2), "d": "0.1", "y": True, "most": 5}
    assert found.estimated == {"s"}


def test_what_predecessors_say_differently_is_left_blank() -> None:
    assert own_restated(TEMPLATE, [legacy(y=True), legacy(y=False)]).own == {}
