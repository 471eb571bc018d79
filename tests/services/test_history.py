"""Which earlier report `prev` and `year_ago` read (semantics §7)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from reports.queries.past import Past
from tests.builders import NOON, Play, given_cycle, given_template
from tests.domain.builders import indicator
from units.problems import Refused

pytestmark = pytest.mark.django_db
OUTLINE = {"P": {"D": {"C": ["H1", "H2"]}}}


@pytest.fixture
def version(db: None) -> Any:
    return given_template(indicator("a", levels="hamlet"))


def declared(version: Any, period: str, figure: str, later: int = 0, **plan: Any) -> Play:
    play = given_cycle(version, OUTLINE, period=period, opened=NOON + timedelta(days=later), **plan)
    play.hand_in("H1", a=figure)
    return play


def previous(play: Play) -> dict[str, Any]:
    return dict(Past.of(play.report("H1")).previous.get(play.report("H1").unit_id, {}))


def year_ago(play: Play) -> dict[str, Any]:
    return dict(Past.of(play.report("H1")).year_ago.get(play.report("H1").unit_id, {}))


def test_the_period_before_ends_the_day_before_this_one_begins(version: Any):
    declared(version, "2024-H1", "1")
    declared(version, "2024-H2", "2")
    assert previous(given_cycle(version, OUTLINE, period="2025-H1")) == {"a": 2}


def test_nothing_before_is_nothing(version: Any):
    play = given_cycle(version, OUTLINE, period="2025-H1")
    assert (previous(play), year_ago(play)) == ({}, {})


def test_among_several_the_same_kind_of_period_comes_first_then_the_shorter_then_the_cycle_opened_last(version: Any):
    play = given_cycle(version, OUTLINE, period="2025-H1")
    declared(version, "2020..2024", "5")
    assert previous(play) == {"a": 5}
    declared(version, "2024-Y", "1")
    assert previous(play) == {"a": 1}
    declared(version, "2024-Q4", "3")
    assert previous(play) == {"a": 3}
    declared(version, "2024-M12", "4")
    assert previous(play) == {"a": 4}
    declared(version, "2024-H2", "6", later=9)
    assert previous(play) == {"a": 6}
    declared(version, "2024-H2", "7", later=3)
    assert previous(play) == {"a": 6}
    declared(version, "2024-H2", "8", later=20)
    assert previous(play) == {"a": 8}


def test_a_newer_version_of_the_template_is_the_same_template_and_another_template_is_not(version: Any):
    declared(version, "2024-H2", "2")
    newer = given_template(indicator("a", levels="hamlet"), indicator("b", levels="hamlet"))
    assert (newer.template_id, newer.number) == (version.template_id, 2)
    assert previous(given_cycle(newer, OUTLINE, period="2025-H1")) == {"a": 2}
    assert previous(given_cycle(given_template(indicator("a", levels="hamlet"), code="other"), OUTLINE, period="2025-H1")) == {}


def test_a_number_of_an_earlier_version_is_read_as_a_number_and_a_choice_as_none(db: None):
    earlier = given_template(indicator("a", "decimal", levels="hamlet"), indicator("g", "choice", choices="tot|yeu", levels="hamlet"))
    given_cycle(earlier, OUTLINE, period="2024-H2").hand_in("H1", a="2.5", g="tot")
    newer = given_template(
        indicator("a", levels="hamlet", rules="error: a > prev(a)"), indicator("g", levels="hamlet", rules="error: prev(g) > 1")
    )
    play = given_cycle(newer, OUTLINE, period="2025-H1")
    assert previous(play) == {"a": "2.5"}
    play.save("H1", a="2")
    with pytest.raises(Refused, match="this should hold"):
        play.submit("H1")
    play.save("H1", a="3")
    play.submit("H1")
    assert play.state("H1") == "submitted"


@pytest.mark.parametrize("action", ["reopen", None])
def test_only_an_accepted_report_is_read(version: Any, action: str | None):
    before = given_cycle(version, OUTLINE, period="2024-H2")
    before.save("H1", a="2")
    before.submit("H1")
    if action:
        before.accept("H1")
        before.do(action, "H1")
    play = given_cycle(version, OUTLINE, period="2025-H1")
    assert previous(play) == {}
    if action is None:
        before.accept("H1")
        assert previous(play) == {"a": 2}


def test_it_is_the_declared_value_of_the_last_submission_that_is_read(version: Any):
    before = declared(version, "2024-H2", "2")
    before.do("reopen", "H1")
    before.save("H1", a="3")
    before.submit("H1")
    before.accept("H1")
    assert previous(given_cycle(version, OUTLINE, period="2025-H1")) == {"a": 3}


def test_each_unit_reads_its_own(version: Any):
    before = declared(version, "2024-H2", "2")
    before.hand_in("H2", a="9")
    play = given_cycle(version, OUTLINE, period="2025-H1")
    ids = {uid: play.report(uid).unit_id for uid in ("H1", "H2", "C")}
    assert Past(play.cycle, list(ids.values())).previous == {ids["H1"]: {"a": 2}, ids["H2"]: {"a": 9}}


def test_a_year_ago_is_the_same_kind_of_period_of_the_year_before_and_of_two_cycles_the_one_opened_last(version: Any):
    declared(version, "2024-H1", "1", later=5)
    declared(version, "2024-H1", "2", later=2)
    declared(version, "2024-H2", "3")
    declared(version, "2024-Y", "4")
    assert year_ago(given_cycle(version, OUTLINE, period="2025-H1")) == {"a": 1}
    assert year_ago(given_cycle(version, OUTLINE, period="2025-Y")) == {"a": 4}
    assert year_ago(given_cycle(version, OUTLINE, period="2025-Q1")) == {}
    assert year_ago(given_cycle(version, OUTLINE, period="2021..2025")) == {}


def test_days_of_the_cycles_count_and_not_their_names(version: Any):
    declared(version, "2024-H2", "2")
    late = given_cycle(version, OUTLINE, period="2025-H1", first_day=NOON.date() - timedelta(days=30))
    assert previous(late) == {}
