from __future__ import annotations

from reports.domain.comparing import Change, compare, redefined
from tests.domain.builders import indicator, template


def test_versions_that_are_alike_differ_in_nothing():
    assert compare([indicator("a"), indicator("b")], [indicator("a"), indicator("b")]).is_same


def test_indicators_are_added_and_removed_by_their_code():
    found = compare([indicator("a"), indicator("b")], [indicator("b"), indicator("c")])
    assert ([each.code for each in found.added], [each.code for each in found.removed], found.changed) == (["c"], ["a"], [])


def test_a_change_is_told_field_by_field_in_the_words_of_the_indicator_file():
    before = indicator("a", decimals=0, rules="error: a >= 0", levels="hamlet")
    after = indicator("a", decimals=2, rules="error: a >= 0; warn: a < 9", levels="commune|hamlet", required=True)
    [(changed, changes)] = compare([before], [after]).changed
    assert changed.code == "a"
    assert changes == [
        Change("levels", "hamlet", "commune|hamlet"),
        Change("rules", "error: a >= 0", "error: a >= 0; warn: a < 9"),
        Change("required", "no", "yes"),
        Change("decimals", "0", "2"),
    ]


def test_one_that_moves_does_not_make_all_others_move():
    a, b, c, d = (indicator(code) for code in "abcd")
    assert [each.code for each in compare([a, b, c, d], [d, a, b, c]).moved] == ["d"]
    assert [each.code for each in compare([a, b, c], [b, indicator("x"), c, a]).moved] == ["a"]


def test_what_a_figure_means_is_told_from_what_only_regards_entering_it() -> None:
    then = template(indicator("a", unit="vụ", decimals=0), indicator("b", required=True), indicator("gone"))
    now = template(indicator("a", "decimal", unit="cuộc", decimals=2), indicator("b", rules="warn: b < 9"), indicator("new"))
    assert redefined(then, now) == {"a": [Change("unit", "vụ", "cuộc"), Change("value_type", "integer", "decimal")]}
    assert redefined(now, now) == {}
