from __future__ import annotations

from typing import Any

import pytest

from reports.queries.lineage import lineage
from reports.services import rolling_up
from tests.builders import given_cycle, given_user

pytestmark = pytest.mark.django_db


def test_the_parts_of_a_total_with_the_adjustment_add_up_to_it():
    play = given_cycle()
    for uid, figure in (("H1", "4"), ("H2", "0")):
        play.hand_in(uid, a=figure)
    play.save("C", a="3")
    play.adjust("C", "a", "-2")
    play.submit("C")
    play.accept("C")
    rolling_up.drain_all()
    found: Any = lineage(play.report("C"), play.template.by_code["a"])
    assert [(part.report.unit.uid, part.value, part.total.counted) for part in found.parts] == [("H1", 4, 1), ("H2", 0, 1), ("H3", None, 0)]
    assert [each.amount for each in found.adjustments] == ["-2"]
    assert (found.own.value, found.value) == (3, 5)


def test_the_entered_cell_names_who_wrote_it_last():
    play = given_cycle()
    lan, mai = given_user("lan", H1="preparer"), given_user("mai", H1="preparer")
    play.save("H1", by=lan, a="1")
    play.save("H1", by=mai, a="2")
    last = play.now
    play.save("H1", by=lan)
    entered = lineage(play.report("C"), play.template.by_code["a"]).parts[0].entered
    assert (entered.value, entered.by, entered.at) == (2, "mai", last)


def test_a_lineage_takes_three_queries(django_assert_num_queries):
    play = given_cycle(outline={"P": {"D": {"C": [f"H{number}" for number in range(1, 21)]}}})
    play.save("H1", a="1")
    report = play.report("C")
    report = type(report).objects.for_display().select_related("rollup").get(pk=report.pk)
    with django_assert_num_queries(3):
        lineage(report, play.template.by_code["a"])
