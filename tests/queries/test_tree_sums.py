"""PostgreSQL's way of adding whole trees up says what Python's does, to the last digit."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from reports.models import Report, Rollup
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
    play.do("reopen", "H2")
    play.adjust("D", "s", "-4")
    play.adjust("D", "d", "0.5")
    play.adjust("D", "d", "0.5")
    play.hand_in("D")
    play.save("P")
    play.submit("P")
    in_database = rebuilt(play)
    assert computed_here(play) == in_database
    play.do("reopen", "D")
    rolling_up.drain_all()
    assert computed_here(play) == rebuilt(play) != in_database


def rebuilt(play: Play) -> dict[int, tuple]:
    Rollup.objects.update(cells={}, counted=0, expected=0, differs_from_declared=True, failures=1)
    rolling_up.rebuild(play.cycle)
    return {total.pk: as_compared(total) for total in Rollup.objects.all()}


def computed_here(play: Play) -> dict[int, tuple]:
    (part,) = rolling_up.afresh(play.cycle)
    return {total.pk: as_compared(total) for total in part.totals}


def as_compared(total: Rollup) -> tuple:
    return total.cells, total.counted, total.expected, total.differs_from_declared, total.failures


def test_a_rebuild_stores_what_the_marks_would_have_stored() -> None:
    play = play_of_every_kind()
    codes = [each.code for each in play.template.aggregated]
    drained = [play.total(uid, code) for uid in ("P", "D", "C", "E", "F") for code in codes]
    assert rolling_up.rebuild(play.cycle) == 4
    assert [play.total(uid, code) for uid in ("P", "D", "C", "E", "F") for code in codes] == drained


def test_a_template_of_more_indicators_than_a_statement_has_columns_is_added_up_all_the_same():
    play = given_cycle(given_template(*[indicator(f"a{number}", levels="hamlet") for number in range(1000)]))
    play.hand_in("H1", a0="1", a999="4")
    play.hand_in("H2", a999="5")
    assert rolling_up.rebuild(play.cycle) == 3
    assert (play.total("P", "a0"), play.total("P", "a1"), play.total("P", "a999")) == ("1", "", "9")


def test_a_sum_beyond_64_bits_is_added_up_one_by_one():
    hamlets = [f"H{number}" for number in range(3)]
    play = given_cycle(outline={"P": {"D": {"C": hamlets}}})
    for uid in hamlets:
        play.hand_in(uid, a="1")
    Report.objects.filter(unit__uid__in=hamlets).update(own={"a": 9 * 10**18})
    assert rolling_up.rebuild(play.cycle) == 3
    assert play.total("P", "a") == str(27 * 10**18)


@pytest.mark.parametrize("own", [{"d": "NaN"}, {"d": "Infinity"}, {"c": "nothing of the kind"}])
def test_what_is_no_figure_though_a_database_reads_it_is_set_aside_by_a_rebuild_too(own: dict[str, str]) -> None:
    play = play_of_every_kind()
    Report.objects.filter(unit__uid="H1").update(own=own)
    rolling_up.rebuild(play.cycle)
    assert [total.report.unit.uid for total in Rollup.objects.filter(failures__gt=0)] == ["C"]


@pytest.mark.parametrize(
    "indicators",
    [
        [indicator("words", "text", levels="hamlet|commune")],
        [indicator("a"), indicator("always", "boolean", formula="1 == 1", levels="hamlet")],
    ],
    ids=["nothing is added up", "a formula reads nothing"],
)
def test_a_template_that_leaves_the_database_nothing_to_read_is_rebuilt_all_the_same(indicators: list[Any]) -> None:
    play = given_cycle(given_template(*indicators))
    play.hand_in("H1")
    assert rolling_up.rebuild(play.cycle) == 3
    assert computed_here(play) == {total.pk: as_compared(total) for total in Rollup.objects.all()}


def test_what_is_declared_by_many_at_once_is_written_as_the_database_writes_totals() -> None:
    hamlets = [f"H{number}" for number in range(120)]
    indicators = [indicator(code, up="sum") for code in ("zz", "a", "bb")]
    play = given_cycle(given_template(*indicators), {"P": {"D": {f"C{uid}": [uid] for uid in hamlets}}})
    communes = [f"C{uid}" for uid in hamlets]
    for uid in (*hamlets, *communes):
        play.save(uid, zz="1", a="2", bb="3")
    for uids in (hamlets, communes):
        play.submit(*uids)
        play.accept(*uids)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(*) FILTER (WHERE declared::text = declared::jsonb::text) FROM reports_submission")
        written, in_order = cursor.fetchone()
    assert (written, in_order) == (240, 240)
