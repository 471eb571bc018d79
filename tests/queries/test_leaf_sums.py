"""PostgreSQL's way of adding leaves up says what Python's does, to the last digit."""

from __future__ import annotations

import pytest

from reports.queries.leaf_sums import leaf_sums
from reports.queries.summing import all_nodes, computed
from reports.services import rolling_up
from tests.builders import Play, given_cycle, given_template
from tests.domain.builders import indicator

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]


def play_of_every_kind() -> Play:
    version = given_template(
        indicator("s", negative=True),
        indicator("d", "decimal", decimals=6, negative=True),
        indicator("l", "decimal", up="leaf_sum", decimals=6),
        indicator("lo", "decimal", up="min", time="min", decimals=6),
        indicator("hi", up="max", time="max"),
        indicator("m", "decimal", up="mean", time="mean", decimals=6),
        indicator("y", "boolean"),
        indicator("c", "choice", choices="x|100%|z"),
        indicator("grade", "choice", choices="a|b", formula="if(hi >= 10, 'a', 'b')", levels="hamlet"),
        indicator("any", "boolean", formula="coalesce(s, 0) + coalesce(hi, 0) >= 1", levels="hamlet|commune"),
        indicator("order", "text"),
        indicator("ratio", "percent", formula="s / d"),
    )
    play = given_cycle(version, {"P": {"D": {"C": ["H1", "H2", "H3", "H4"], "E": ["I1"], "F": []}}})
    big = "999999999999999.999999"
    play.hand_in("H1", s="999999999999999", d=big, l=big, lo="0.1", hi="12", m="0.000001", y="yes", c="100%", order="lời")
    play.hand_in("H2", s="-3", d="0.000001", l=big, lo="0", hi="3", m="2", y="no", c="x")
    play.hand_in("H3")
    play.save("H4", s="5")
    play.do("exempt", "I1")
    play.hand_in("F", s="7", y="yes")
    return play


def test_both_ways_give_the_same_totals() -> None:
    play = play_of_every_kind()
    root = play.report("P")
    by_python = {total.pk: total for total in computed(play.template, all_nodes(root))}
    by_database = {total.pk: total for total in computed(play.template, all_nodes(root), leaf_sums(play.template, root))}
    assert by_python.keys() == by_database.keys()
    for pk, total in by_python.items():
        other = by_database[pk]
        assert (total.cells, total.counted, total.expected) == (other.cells, other.counted, other.expected)


def test_a_rebuild_stores_what_the_marks_would_have_stored() -> None:
    play = play_of_every_kind()
    codes = [each.code for each in play.template.aggregated]
    drained = [play.total(uid, code) for uid in ("P", "D", "C", "E", "F") for code in codes]
    assert rolling_up.rebuild(play.cycle) == 4
    assert [play.total(uid, code) for uid in ("P", "D", "C", "E", "F") for code in codes] == drained


def test_a_template_of_more_indicators_than_a_statement_has_columns_is_added_up_all_the_same():
    play = given_cycle(given_template(*[indicator(f"a{number}", levels="hamlet") for number in range(900)]))
    play.hand_in("H1", a0="1", a899="4")
    play.hand_in("H2", a899="5")
    assert rolling_up.rebuild(play.cycle) == 3
    assert (play.total("P", "a0"), play.total("P", "a1"), play.total("P", "a899")) == ("1", "", "9")
