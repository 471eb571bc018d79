"""A cycle freezes its tree: whatever happens to the units later changes nothing in it (semantics §1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from reports.models import Flag, Report, Rollup
from reports.policies import manages_cycle, reports_in_reach
from reports.queries.progress import rates_below
from reports.services import rolling_up
from tests.builders import Play, at, given_cycle, given_user
from tests.unit_builders import HEADER, load_csv
from units import tree
from units.models import Unit
from units.reach import units_in_reach

pytestmark = pytest.mark.django_db
LATER = at("2025-06-25 09:00")


def unit(uid: str) -> Unit:
    return Unit.objects.get(uid=uid)


def move_the_commune_to_another_province() -> None:
    tree.move(unit("C"), unit("E"))


def end_the_district() -> None:
    for uid in ("H1", "H2", "H3", "C", "K", "D"):
        ended = unit(uid)
        ended.valid_to = date(2025, 6, 30)
        tree.save(ended)


def rename_and_recode_all() -> None:
    for each in Unit.objects.all():
        each.name, each.code = f"Mới {each.uid}", "99"
        tree.save(each)


def raise_a_hamlet_to_a_commune() -> None:
    tree.move(unit("H2"), unit("D"))


def add_units() -> None:
    load_csv(HEADER, "X,X,Xã mới,commune,D,,", "Y,Y,Thôn mới,hamlet,C,,")


CHANGES = [move_the_commune_to_another_province, end_the_district, rename_and_recode_all, raise_a_hamlet_to_a_commune, add_units]


@pytest.fixture
def play(db: None) -> Play:
    play = given_cycle(outline={"P": {"D": {"C": ["H1", "H2"], "K": ["H3"]}}, "Q": {"E": {"L": []}}})
    play.hand_in("H1", a="4")
    play.save("H2", a="5")
    play.submit("H2", at=at("2025-06-20 08:00"))
    play.save("C", a="1")
    play.submit("C")
    play.sweep(LATER)
    return play


def picture(play: Play) -> dict[str, Any]:
    """All that the cycle says."""
    rolling_up.rebuild(play.cycle)
    play.sweep(LATER)
    reports = list(Report.objects.filter(cycle=play.cycle).order_by("position").select_related("level"))
    return {
        "tree": [(report.unit_id, report.level_id, report.superior_id, report.position, report.end, report.due_at) for report in reports],
        "totals": list(Rollup.objects.order_by("pk").values_list("pk", "cells", "counted", "expected", "differs_from_declared")),
        "rates": rates_below(reports, LATER),
        "flags": sorted(Flag.objects.filter(cleared_at=None).values_list("report__unit__uid", "kind")),
    }


@pytest.mark.parametrize("change", CHANGES)
def test_no_later_change_of_the_units_alters_a_figure_a_rate_a_flag_or_a_superior(play: Play, change: Callable[[], None]):
    before = picture(play)
    assert before["flags"]
    assert before["totals"]
    change()
    assert picture(play) == before
    play.accept("H2")
    assert play.total("P", "a") == "9"
    assert play.total("Q", "a") == ""


def test_reports_are_read_along_the_frozen_tree_and_units_along_todays(play: Play):
    old, new = given_user("old", D="viewer reviewer"), given_user("new", E="viewer reviewer")
    move_the_commune_to_another_province()
    assert list(reports_in_reach(old).order_by("position").values_list("unit__uid", flat=True)) == ["D", "C", "H1", "H2", "K", "H3"]
    assert sorted(reports_in_reach(new).values_list("unit__uid", flat=True)) == ["E", "L"]
    assert sorted(units_in_reach(old).values_list("uid", flat=True)) == ["D", "H3", "K"]
    assert sorted(units_in_reach(new).values_list("uid", flat=True)) == ["C", "E", "H1", "H2", "L"]
    play.accept("C", by=old)
    assert play.state("C") == "accepted"


def test_a_cycle_is_managed_by_those_above_its_frozen_roots():
    play = given_cycle(under=["D"])
    load_csv(HEADER, "Q,Q,Tỉnh,province,,,")
    old, new = given_user("old", P="cycle_manager"), given_user("new", Q="cycle_manager")
    tree.move(unit("D"), unit("Q"))
    assert manages_cycle(old, play.cycle)
    assert not manages_cycle(new, play.cycle)


def test_the_next_cycle_has_the_new_tree(play: Play):
    move_the_commune_to_another_province()
    following = given_cycle(play.cycle.version, {}, period="2025-H2", under=["P", "Q"])
    assert following.report("C").superior == following.report("E")
    assert play.report("C").superior == play.report("D")
