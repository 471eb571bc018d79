"""Flags: when each is raised and cleared, and what a sweep does (semantics §4)."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from reports.models import Flag
from reports.services import flagging, rolling_up, verifying
from tests.builders import Play, at, given_cycle, given_template
from tests.domain.builders import indicator
from units.problems import Problems

pytestmark = pytest.mark.django_db
DUE = at("2025-06-18 23:59:59.999999")
AFTER = DUE + timedelta(microseconds=1)


@pytest.fixture
def play(db: None) -> Play:
    return given_cycle()


def test_a_report_is_flagged_missing_from_the_first_moment_after_due(play: Play):
    play.sweep(DUE)
    assert play.flags("H1") == []
    play.sweep(AFTER)
    assert play.flags("H1") == ["missing"]
    assert Flag.objects.get(report__unit__uid="H1").raised_at == AFTER


def test_missing_is_cleared_by_the_submission_itself_and_late_raised_by_the_next_sweep(play: Play):
    play.sweep(AFTER)
    play.save("H1", a="1", at=at("2025-06-20 08:00"))
    assert play.flags("H1") == ["missing"]
    play.submit("H1", at=at("2025-06-20 09:00"))
    assert play.flags("H1") == []
    assert Flag.objects.get(report__unit__uid="H1").cleared_at == at("2025-06-20 09:00")
    play.sweep(at("2025-06-20 09:01"))
    assert play.flags("H1") == ["late"]


@pytest.mark.parametrize(("first", "flags"), [(DUE, []), (AFTER, ["late"])])
def test_a_report_is_flagged_late_by_its_first_submission_alone(play: Play, first: datetime, flags: list[str]):
    play.save("H1", a="1")
    play.submit("H1", at=first)
    play.do("return_for_correction", "H1", at=at("2025-06-23 08:00"), until=date(2025, 6, 30))
    play.submit("H1", at=at("2025-06-24 08:00"))
    play.do("withdraw", "H1")
    play.submit("H1")
    play.accept("H1")
    play.do("reopen", "H1", until=date(2025, 6, 30))
    play.sweep(at("2025-06-25 08:00"))
    assert play.report("H1").first_submitted_at == first
    assert play.flags("H1") == flags


def test_late_is_cleared_by_an_extension_that_makes_it_timely_and_by_no_shorter_one(play: Play):
    play.save("H1", a="1")
    play.submit("H1", at=at("2025-06-20 08:00"))
    play.sweep(at("2025-06-20 09:00"))
    play.do("extend", "H1", until=date(2025, 6, 19))
    assert play.flags("H1") == ["late"]
    play.do("extend", "H1", until=date(2025, 6, 20))
    assert play.flags("H1") == []
    play.sweep(at("2025-06-23 09:00"))
    assert play.flags("H1") == []


def test_an_extension_and_an_exemption_clear_missing_at_once(play: Play):
    play.sweep(AFTER)
    play.do("extend", "H1", until=date(2025, 6, 30), at=at("2025-06-20 08:00"))
    play.do("exempt", "H2", at=at("2025-06-20 08:00"))
    assert (play.flags("H1"), play.flags("H2"), play.flags("H3")) == ([], [], ["missing"])
    play.do("unexempt", "H2", at=at("2025-06-20 09:00"))
    play.sweep(at("2025-07-01 00:00"))
    assert (play.flags("H1"), play.flags("H2")) == (["missing"], ["missing"])


def test_an_exemption_clears_late(play: Play):
    play.save("H1", a="1")
    play.submit("H1", at=at("2025-06-20 08:00"))
    play.do("withdraw", "H1")
    play.sweep(at("2025-06-20 09:00"))
    assert play.flags("H1") == ["late"]
    play.do("exempt", "H1", at=at("2025-06-20 10:00"))
    assert play.flags("H1") == []


def test_a_correction_is_overdue_after_its_day_until_it_is_submitted(play: Play):
    play.save("H1", a="1")
    play.submit("H1", at=at("2025-06-12 08:00"))
    play.do("return_for_correction", "H1", until=date(2025, 6, 16))
    play.sweep(at("2025-06-16 23:59:59.999999"))
    assert play.flags("H1") == []
    play.sweep(at("2025-06-17 00:00"))
    assert play.flags("H1") == ["correction_overdue"]
    play.save("H1", a="2", at=at("2025-06-17 08:00"))
    assert play.flags("H1") == ["correction_overdue"]
    play.submit("H1", at=at("2025-06-17 09:00"))
    assert play.flags("H1") == []
    play.do("withdraw", "H1", at=at("2025-06-17 10:00"))
    play.sweep(at("2025-06-30 10:00"))
    assert play.flags("H1") == []


@pytest.mark.parametrize("end", ["accept", "return_for_correction", "withdraw"])
def test_a_review_is_overdue_after_the_review_days_until_it_is_accepted_returned_or_withdrawn(end: str):
    play = given_cycle(review_days=2)
    play.save("H1", a="1")
    play.submit("H1", at=at("2025-06-12 08:00"))  # a Thursday: two working days later is Monday the 16th
    play.sweep(at("2025-06-16 23:59:59.999999"))
    assert play.flags("H1") == []
    play.sweep(at("2025-06-17 00:00"))
    assert play.flags("H1") == ["review_overdue"]
    if end == "accept":
        play.accept("H1", at=at("2025-06-17 08:00"))
    else:
        play.do(end, "H1", at=at("2025-06-17 08:00"))
    assert play.flags("H1") == []
    play.sweep(at("2025-06-17 09:00"))
    assert play.flags("H1") == []


def test_a_roots_report_has_no_review_to_be_overdue():
    play = given_cycle(review_days=0)
    play.save("P", a="1")
    play.submit("P", at=at("2025-06-12 08:00"))
    play.sweep(at("2025-06-17 09:00"))
    assert play.flags("P") == []


@pytest.fixture
def declared(db: None) -> Play:
    """A commune that has submitted with one hamlet of three in."""
    play = given_cycle(given_template(indicator("a", levels="hamlet|commune")))
    play.hand_in("H1", a="4")
    play.save("H2", a="0")
    play.save("H3", a="7")
    play.submit("H2", "H3")
    play.save("C", a="1")
    play.submit("C")
    play.sweep(play.now)
    assert play.flags("C") == []
    return play


def test_a_figure_accepted_below_after_the_declaration_is_flagged_and_a_blank_one_is_not(declared: Play):
    declared.do("withdraw", "H2")
    declared.save("H2", a="")
    declared.submit("H2")
    declared.accept("H2")
    declared.sweep(declared.now)
    assert declared.flags("C") == []
    declared.accept("H3")
    declared.sweep(declared.now)
    assert declared.flags("C") == ["figures_changed"]
    assert declared.flags("P") == declared.flags("D") == []


def test_an_accepted_report_is_flagged_as_well_and_the_flag_goes_when_the_figures_are_equal_again(declared: Play):
    declared.accept("C")
    declared.accept("H3")
    declared.sweep(declared.now)
    assert declared.flags("C") == ["figures_changed"]
    declared.do("reopen", "H3")
    declared.sweep(declared.now)
    assert declared.flags("C") == []


def test_a_score_that_the_superior_entered_is_flagged_where_it_comes_from_below_and_not_on_its_own_report(db: None):
    play = given_cycle(given_template(indicator("diem", levels="hamlet|commune", entered_by="superior")))
    play.save("H1", diem="8")
    play.save("C")
    play.submit("H1", "C")
    play.appraise("C", diem="5")
    play.sweep(play.now)
    assert play.flags("C") == []
    play.accept("H1")
    play.sweep(play.now)
    assert play.flags("C") == ["figures_changed"]


@pytest.mark.parametrize("way", [["withdraw"], ["return_for_correction"]])
def test_submitting_anew_declares_the_new_figures(declared: Play, way: list[str]):
    declared.accept("H3")
    declared.sweep(declared.now)
    assert declared.flags("C") == ["figures_changed"]
    for action in way:
        declared.do(action, "C")
    assert declared.flags("C") == []
    declared.submit("C")
    assert declared.flags("C") == []
    declared.sweep(declared.now)
    assert declared.flags("C") == []


def test_stored_totals_still_equal_the_definition_once_a_changed_declaration_is_given_back(declared: Play):
    declared.accept("H3")
    declared.sweep(declared.now)
    declared.do("return_for_correction", "C")
    rolling_up.drain_all([declared.cycle.pk])
    problems = Problems()
    assert verifying.compare(declared.cycle, problems) == 3
    assert list(problems) == []


def test_a_flag_of_a_kind_is_open_once(play: Play):
    play.sweep(AFTER)
    open_flag = Flag.objects.get(report__unit__uid="H1")
    with pytest.raises(IntegrityError), transaction.atomic():
        Flag.objects.create(report=open_flag.report, kind="missing", raised_at=AFTER)
    play.do("exempt", "H1", at=at("2025-06-20 08:00"))
    play.do("unexempt", "H1")
    play.sweep(at("2025-06-21 08:00"))
    assert [flag.cleared_at is None for flag in Flag.objects.filter(report__unit__uid="H1").order_by("pk")] == [False, True]


def test_a_sweep_counts_what_it_raised_and_cleared_and_running_it_twice_changes_nothing(play: Play):
    first = flagging.sweep(AFTER)
    rows = list(Flag.objects.order_by("pk").values())
    again = flagging.sweep(AFTER)
    assert (first.raised["missing"], sum(first.cleared.values())) == (6, 0)
    assert set(again.raised.values()) == set(again.cleared.values()) == {0}
    assert set(first.raised) == {"missing", "late", "correction_overdue", "review_overdue", "figures_changed"}
    assert list(Flag.objects.order_by("pk").values()) == rows


def test_a_sweep_of_one_cycle_leaves_the_others_alone(play: Play):
    other = given_cycle(play.cycle.version, period="2025-Q1")
    play.sweep(AFTER)
    assert (play.flags("H1"), other.flags("H1")) == (["missing"], [])
    flagging.sweep(AFTER)
    assert other.flags("H1") == ["missing"]


def test_a_transition_dated_before_a_flag_was_raised_leaves_what_is_still_true(play: Play):
    play.sweep(AFTER)
    play.save("H1", a="1", at=at("2025-06-12 08:00"))
    assert play.flags("H1") == ["missing"]
    play.submit("H1", at=at("2025-06-12 09:00"))
    assert play.flags("H1") == []
    assert Flag.objects.get(report__unit__uid="H1").cleared_at == AFTER


def test_a_sweep_takes_as_many_queries_for_a_large_cycle_as_for_a_small_one():
    small = given_cycle(outline={"P": {"D": {"C": ["H1"]}}})
    wide = {f"E{d}": {f"K{d}{c}": [f"T{d}{c}{h}" for h in range(4)] for c in range(4)} for d in range(4)}
    large = given_cycle(small.cycle.version, {"Q": wide})
    counts = []
    for play in (small, large):
        with CaptureQueriesContext(connection) as queries:
            swept = flagging.sweep(AFTER, [play.cycle.pk])
        counts.append((len(queries), swept.raised["missing"]))
    assert (counts[0][1], counts[1][1]) == (4, 85)
    assert counts[0][0] == counts[1][0] < 25


def test_a_flag_that_a_sweep_of_an_earlier_moment_clears_is_never_cleared_before_it_was_raised(play: Play):
    play.sweep(AFTER)
    play.sweep(DUE)
    flag = Flag.objects.get(report__unit__uid="H1")
    assert (flag.raised_at, flag.cleared_at) == (AFTER, AFTER)
