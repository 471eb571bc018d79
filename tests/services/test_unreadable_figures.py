"""A report whose figures can't be added up: tried again, set aside with its error, and nobody else is held up."""

from __future__ import annotations

import pytest

from reports.models import Indicator, Report, Rollup, RollupMark, template
from reports.services import rolling_up, verifying
from tests.builders import Play, given_cycle, given_template
from tests.domain.builders import indicator
from units.problems import Problems

pytestmark = pytest.mark.django_db


@pytest.fixture
def play(db: None) -> Play:
    """Hamlet H1 has no readable figure; it is accepted, as is everybody else's."""
    play = given_cycle(outline={"P": {"D": {"C": ["H1", "H2"], "E": ["I1"]}}, "Q": {"F": {"G": ["J1"]}}})
    for uid in ("H2", "I1", "J1", "H1"):
        play.hand_in(uid, a="3")
    Report.objects.filter(unit__uid="H1").update(own={"a": ["?"]})
    return play


def total(uid: str) -> Rollup:
    return Rollup.objects.get(report__unit__uid=uid)


def test_everybody_elses_totals_are_computed(play: Play):
    assert [play.total(uid, "a") for uid in "EGQ"] == ["3", "3", "3"]
    assert (play.total("P", "a"), total("P").failures) == ("3", 0)  # of E; C as it was last stored


def test_it_is_set_aside_after_its_tries_with_its_error(play: Play):
    rolling_up.drain_all()
    assert not RollupMark.objects.exists()
    assert [each.report.unit.uid for each in rolling_up.set_aside()] == ["C"]
    assert (total("C").failures, total("C").error) == (rolling_up.TRIES, "UnreadableFigure: a: ['?']")


def test_what_was_set_aside_is_tried_again_when_something_below_changes(play: Play):
    rolling_up.drain_all()
    play.do("reopen", "H1")
    assert (play.total("C", "a"), total("C").failures, total("C").error) == ("3", 0, "")
    assert not rolling_up.set_aside().exists()


def test_what_was_set_aside_is_tried_again_by_hand(play: Play):
    rolling_up.drain_all()
    Report.objects.filter(unit__uid="H1").update(own={"a": 4})
    assert rolling_up.try_again(rolling_up.set_aside()) == 1
    assert (play.total("P", "a"), total("C").failures) == ("10", 0)


def test_a_rebuild_computes_all_the_others(play: Play):
    Rollup.objects.update(cells={})
    assert rolling_up.rebuild(play.cycle) == 6  # all but C
    assert (total("C").failures, total("E").failures) == (1, 0)
    assert [play.total(uid, "a") for uid in "EQ"] == ["3", "3"]


def test_the_check_of_totals_names_it(play: Play):
    rolling_up.drain_all()
    problems = Problems()
    verifying.compare(play.cycle, problems)
    assert [(problem.unit_uid, problem.params["error"]) for problem in problems] == [("C", "UnreadableFigure: a: ['?']")]


def test_a_template_that_cannot_be_compiled_holds_up_no_other_cycle(play: Play):
    other = given_cycle(
        given_template(indicator("a", formula="b + 1", levels="hamlet"), indicator("b", levels="hamlet"), code="x"), {}, under=["P"]
    )
    other.hand_in("H2", b="1")
    Indicator.objects.filter(version=other.cycle.version, code="a").update(formula="b +")
    template._compiled.cache_clear()
    play.do("reopen", "I1")
    rolling_up.drain_all()
    assert play.total("P", "a") == ""
    (root,) = Rollup.objects.filter(report__cycle=other.cycle, failures__gt=0)
    assert (root.report.unit.uid, root.error.split(":")[0]) == ("P", "FormulaError")
