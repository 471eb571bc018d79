"""Entering figures: blank and zero, versions, closed cells, adjustments, and what the superior enters (semantics §2, §3, §5)."""

from __future__ import annotations

from typing import Any

import pytest

from reports.models import Adjustment, Report
from reports.services import filling, rolling_up
from reports.services.filling import Conflict
from tests.builders import Play, given_cycle, given_template, given_user
from tests.domain.builders import indicator
from units.problems import Refused

pytestmark = pytest.mark.django_db


def said(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [problem.message % problem.params for problem in refused.value.problems]


# --- Blank and zero --------------------------------------------------------------------------------


def test_zero_is_kept_and_blank_is_no_figure():
    play = given_cycle()
    play.save("H1", a="0")
    play.save("H2", a="")
    assert (play.report("H1").own, play.report("H2").own) == ({"a": 0}, {})
    play.save("H1", a="")
    assert play.report("H1").own == {}


def test_a_total_of_zeros_is_zero_and_a_total_of_blanks_is_blank():
    play = given_cycle()
    play.hand_in("H1", a="")
    assert (play.total("C", "a"), play.answered("C", "a")) == ("", 0)
    play.hand_in("H2", a="0")
    assert (play.total("C", "a"), play.answered("C", "a")) == ("0", 1)
    play.hand_in("H3", a="3")
    assert (play.total("C", "a"), play.answered("C", "a"), play.total("P", "a")) == ("3", 2, "3")


# --- Versions --------------------------------------------------------------------------------------


def test_a_save_over_a_newer_one_is_refused_shows_both_values_and_writes_nothing():
    play = given_cycle(given_template(indicator("a", levels="hamlet"), indicator("b", levels="hamlet")))
    seen = play.report("H1").version
    play.save("H1", a="1", seen=seen)
    with pytest.raises(Conflict) as conflict:
        play.save("H1", a="2", b="5", seen=seen)
    assert conflict.value.version == seen + 1
    assert [(clash.indicator, clash.theirs, clash.mine) for clash in conflict.value.clashes] == [("a", 1, 2), ("b", None, 5)]
    assert play.report("H1").own == {"a": 1}
    assert len(play.journal("H1")) == 1
    play.save("H1", a="2", b="5", seen=conflict.value.version)
    assert play.report("H1").own == {"a": 2, "b": 5}


def test_a_stranger_with_an_old_version_learns_no_figure():
    play = given_cycle()
    play.save("H1", a="1")
    with pytest.raises(Refused) as refused:
        play.save("H1", a="2", seen=0, by=given_user("stranger", H2="preparer"))
    assert not isinstance(refused.value, Conflict)
    assert said(refused) == ["There is no such report in this cycle."]


def test_a_cell_that_is_not_named_stays():
    play = given_cycle(given_template(indicator("a", levels="hamlet"), indicator("b", levels="hamlet")))
    play.save("H1", a="1", b="2")
    play.save("H1", b="3")
    assert play.report("H1").own == {"a": 1, "b": 3}
    assert play.journal("H1")[-1].changes == {"b": [2, 3]}


def test_a_report_that_does_not_exist_is_refused():
    play = given_cycle()
    with pytest.raises(Refused) as refused:
        filling.save(10**9, {}, by=None, at=play.now, seen=0)
    assert said(refused) == ["There is no such report in this cycle."]


# --- Cells that are closed -------------------------------------------------------------------------


@pytest.fixture
def households() -> Play:
    return given_cycle(
        given_template(
            indicator("ho", levels="hamlet|commune|district", up="leaf_sum"),
            indicator("xa", levels="commune"),
            indicator("ty_le", "percent", formula="ho / xa", levels="hamlet|commune"),
        )
    )


def test_what_the_units_below_enter_is_closed_for_those_above(households: Play):
    for uid in ("C", "D"):
        with pytest.raises(Refused) as refused:
            households.save(uid, ho="5")
        assert said(refused) == ["“ho” (ho) is entered by the units below: their figures are added up."]
    households.save("H1", ho="5")
    assert households.report("H1").own == {"ho": 5}


def test_an_exempt_report_below_closes_the_cell_as_well(households: Play):
    households.do("exempt", "H1", "H2", "H3")
    with pytest.raises(Refused):
        households.save("C", ho="5")


def test_without_reports_of_its_levels_below_the_cell_is_open_to_the_lowest_that_reports():
    version = given_template(indicator("ho", levels="hamlet|commune|district", up="leaf_sum"))
    play = given_cycle(version, {"P": {"D": {"C": ["H"], "K": []}}})
    play.save("K", ho="5")
    alone = given_cycle(version, {"P": {}}, levels=["province", "district"])
    alone.save("D", ho="7")
    assert (play.report("K").own, alone.report("D").own) == ({"ho": 5}, {"ho": 7})


def test_a_cell_of_another_level_a_formula_and_an_unknown_one_are_refused_each_by_its_reason(households: Play):
    report = households.report("H1")
    with pytest.raises(Refused) as refused:
        filling.save(report.pk, {"xa": 1, "ty_le": 50, "zzz": 1, "ho": 2}, by=None, at=households.now, seen=report.version)
    assert said(refused) == [
        "“xa” (xa) is not entered at the level hamlet.",
        "“ty_le” (ty_le) is computed and never typed.",
        "There is no indicator “zzz” in this report.",
    ]
    assert households.report("H1").own == {}


# --- Adjustments -----------------------------------------------------------------------------------


@pytest.fixture
def sums() -> Play:
    return given_cycle(
        given_template(
            indicator("s", levels="hamlet"),
            indicator("l", levels="hamlet|commune", up="leaf_sum"),
            indicator("top", levels="hamlet", up="max", time="max"),
            indicator("y", "boolean", levels="hamlet"),
            indicator("f", "decimal", formula="s + l", levels="hamlet"),
            indicator("t", "text", levels="hamlet"),
        )
    )


def test_an_adjustment_gives_a_value_where_all_were_blank_and_is_not_among_the_answered(sums: Play):
    sums.adjust("C", "s", "5")
    assert sums.both("C", "s") == "5"
    sums.submit("C")
    sums.accept("C")
    assert (sums.total("C", "s"), sums.answered("C", "s")) == ("5", 0)
    assert sums.total("P", "s") == "5"


def test_an_adjustment_counts_in_totals_only_with_its_report(sums: Play):
    sums.hand_in("H1", s="10", l="1")
    sums.adjust("C", "s", "-3")
    sums.adjust("C", "l", "2")
    assert (sums.total("C", "s"), sums.both("C", "s")) == ("10", "7")
    sums.submit("C")
    assert (sums.total("C", "s"), sums.total("P", "s")) == ("10", "10")
    sums.accept("C")
    assert (sums.total("C", "s"), sums.total("P", "s"), sums.total("P", "l")) == ("7", "7", "3")
    assert sums.answered("C", "s") == 1
    sums.do("reopen", "C")
    assert (sums.total("C", "s"), sums.both("C", "s"), sums.total("P", "s")) == ("10", "7", "10")


def test_an_adjustment_keeps_its_amount_reason_and_author_and_is_journalled(sums: Play):
    user = given_user("lan", C="preparer")
    report = sums.report("C")
    filling.adjust(report.pk, "s", "-3", " tính trùng ", by=user, at=sums.tick(None), seen=report.version)
    row = Adjustment.objects.get()
    assert (row.indicator, row.amount, row.reason, row.by, row.at) == ("s", "-3", "tính trùng", user, sums.now)
    filling.drop_adjustment(row.pk, by=user, at=sums.tick(None), seen=report.version + 1)
    assert not Adjustment.objects.exists()
    assert [(entry.action, entry.to_state) for entry in sums.journal("C")] == [("save", "draft"), ("save", "draft")]
    with pytest.raises(Refused):
        filling.drop_adjustment(row.pk, by=user, at=sums.tick(None), seen=report.version + 2)


@pytest.mark.parametrize("code", ["top", "y", "f", "t", "zzz"])
def test_only_sums_are_adjusted(sums: Play, code: str):
    with pytest.raises(Refused) as refused:
        sums.adjust("C", code, "1")
    assert said(refused) == [f"“{code}” is no sum: only sums are adjusted."]


def test_an_adjustment_needs_reports_below_a_reason_and_an_amount_that_the_indicator_can_have(sums: Play):
    for uid, amount, reason in (("H1", "1", "x"), ("C", "1", "  "), ("C", "", "x"), ("C", "1.5", "x"), ("C", "1e3", "x")):
        with pytest.raises(Refused):
            sums.adjust(uid, "s", amount, reason)
    assert not Adjustment.objects.exists()
    assert sums.state("C") == "not_started"


def test_an_adjustment_is_refused_over_a_newer_version_and_once_the_report_is_submitted(sums: Play):
    report = sums.report("C")
    sums.save("C")
    with pytest.raises(Refused):
        filling.adjust(report.pk, "s", "1", "x", by=None, at=sums.tick(None), seen=report.version)
    sums.submit("C")
    with pytest.raises(Refused):
        sums.adjust("C", "s", "1")
    assert not Adjustment.objects.exists()


# --- Entered by the superior -----------------------------------------------------------------------


@pytest.fixture
def scored() -> Play:
    play = given_cycle(
        given_template(
            indicator("a", levels="hamlet|commune"),
            indicator("score", levels="hamlet|commune", entered_by="superior", required=True),
            indicator("twice", "decimal", formula="score * 2", levels="hamlet|commune"),
        )
    )
    play.save("H1", a="1")
    return play


def appraise(play: Play, uid: str, by: Any = None, seen: int | None = None, **figures: int | None) -> Report:
    report = play.report(uid)
    return filling.appraise(report.pk, figures, by=by, at=play.tick(None), seen=report.version if seen is None else seen)


def test_the_unit_does_not_enter_what_the_superior_enters_and_is_not_asked_for_it(scored: Play):
    lan = given_user("lan", H1="preparer")
    with pytest.raises(Refused) as refused:
        scored.save("H1", score="9", by=lan)
    assert said(refused) == ["“score” is entered by the superior."]
    scored.submit("H1", by=lan)
    assert scored.state("H1") == "submitted"


def test_a_reviewer_keeps_the_score_on_the_childs_report_and_the_journal_names_the_reviewer(scored: Play):
    hoa = given_user("hoa", C="reviewer")
    scored.submit("H1")
    appraise(scored, "H1", by=hoa, score=9)
    scored.accept("H1", by=hoa)
    entry = scored.journal("H1")[-2]
    assert (entry.action, entry.by, entry.on_behalf, entry.changes) == ("appraise", hoa, False, {"score": [None, 9]})
    assert scored.report("H1").own == {"a": 1, "score": 9}
    assert (scored.total("C", "score"), scored.total("C", "twice"), scored.total("P", "score")) == ("9", "18", "9")
    appraise(scored, "H1", by=hoa, score=8)
    assert scored.total("P", "score") == "8"


def test_a_reviewer_edits_no_figure_but_the_score(scored: Play):
    scored.submit("H1")
    with pytest.raises(Refused) as refused:
        appraise(scored, "H1", by=given_user("hoa", C="reviewer"), score=9, a=2)
    assert said(refused) == ["“a” is entered by the unit: return the report to have it corrected."]
    assert scored.report("H1").own == {"a": 1}


def test_a_score_that_breaks_a_rule_of_its_own_is_refused_since_nobody_submits_it(db: None):
    play = given_cycle(
        given_template(
            indicator("mine", levels="hamlet", rules="error: mine <= 10"),
            indicator("score", levels="hamlet", entered_by="superior", rules="error: score <= 10; warn: score <= mine"),
            indicator("why", "text", levels="hamlet", entered_by="superior"),
        )
    )
    play.save("H1", mine="8")
    play.submit("H1")
    with pytest.raises(Refused) as refused:
        play.appraise("H1", score="11", why="Gọi 0912 345 678")
    assert said(refused) == [
        "“score”: this should hold, and doesn't: “score” ≤ 10",
        "“why” holds what looks like a telephone number. Take it out: no citizen is named here.",
    ]
    play.appraise("H1", score="9")
    assert play.report("H1").own == {"mine": 8, "score": 9}


def test_a_score_over_a_newer_version_is_refused(scored: Play):
    scored.submit("H1")
    seen = scored.report("H1").version
    appraise(scored, "H1", score=9)
    with pytest.raises(Conflict):
        appraise(scored, "H1", seen=seen, score=3)
    assert scored.report("H1").own["score"] == 9


def test_a_score_given_after_the_submission_does_not_change_what_the_unit_declared(scored: Play):
    scored.save("C", a="1")
    scored.submit("H1", "C")
    appraise(scored, "C", score=9)
    scored.accept("C")
    rolling_up.drain_all([scored.cycle.pk])
    scored.sweep(scored.now)
    assert scored.flags("C") == []


def test_a_save_of_what_stands_already_is_no_event(db: None) -> None:
    play = given_cycle()
    play.save("H1", a="1")
    before = play.report("H1").version
    play.save("H1", a="1")
    assert play.report("H1").version == before
    assert len(play.journal("H1")) == 1
