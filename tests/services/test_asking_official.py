"""Estimated figures first, official ones later: a second submission of every report, opened for all at once (semantics §2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from reports.domain.deadlines import Timeliness
from reports.models import CycleLevel, JournalEntry, Report, Rollup, RollupMark
from reports.queries.progress import rates_below
from reports.services import reminding, verifying
from reports.services.asking_official import ask_for_official
from tests.builders import LEVELS, Play, at, given_cycle, given_user
from units.problems import Problems, Refused

pytestmark = pytest.mark.django_db

ASKED = at("2025-06-25 09:00")
OFFICIAL = date(2025, 7, 15)
DUE = dict.fromkeys(LEVELS, OFFICIAL)


def given_estimates(**plan: Any) -> Play:
    return given_cycle(official_due={}, **plan)


def ask(play: Play, due: Mapping[str, date] = DUE, by: Any = None, moment: datetime = ASKED) -> int:
    count = ask_for_official(play.cycle, due, by=by, at=moment)
    play.now = moment
    return count


def refused(play: Play, *args: Any, **kwargs: Any) -> list[str]:
    with pytest.raises(Refused) as info:
        ask(play, *args, **kwargs)
    return [problem.message % problem.params for problem in info.value.problems]


def timeliness(uid: str, moment: datetime) -> str:
    return Report.objects.with_timeliness(moment).get(unit__uid=uid).timeliness


def test_every_report_becomes_a_draft_of_what_was_entered_and_keeps_the_facts_of_the_first_round():
    play = given_estimates()
    play.hand_in("H1", a="1")
    play.save("H2", a="2")
    first = play.report("H1").first_submitted_at
    assert ask(play) == 6
    one, two, three = (play.report(uid) for uid in ("H1", "H2", "H3"))
    assert [(each.state, each.own) for each in (one, two, three)] == [("draft", {"a": 1}), ("draft", {"a": 2}), ("not_started", {})]
    assert (one.due_on, one.due_at, one.first_submitted_at) == (OFFICIAL, at("2025-07-15 23:59:59.999999"), None)
    assert [each.estimated_at for each in (one, two, three)] == [first, None, None]
    assert {each.estimated_due_at for each in (one, two, three)} == {at("2025-06-18 23:59:59.999999")}


def test_it_needs_no_fault_and_sets_no_day_of_correction():
    play = given_estimates()
    play.save("H1", a="1")
    play.submit("H1")
    play.do("return_for_correction", "H1")
    ask(play)
    report = play.report("H1")
    assert (report.state, report.in_correction, report.correct_by_at, report.review_due_at) == ("draft", False, None, None)


def test_an_exempt_report_stays_so_and_is_due_with_the_others_should_its_exemption_end():
    play = given_estimates()
    play.save("H1", a="1")
    play.do("exempt", "H1")
    assert ask(play) == 5
    assert play.state("H1") == "exempt"
    play.do("unexempt", "H1")
    assert (play.state("H1"), play.report("H1").due_on) == ("draft", OFFICIAL)


def test_timeliness_rates_and_flags_speak_of_the_official_figures():
    play = given_estimates()
    play.sweep(at("2025-06-20 08:00"))
    assert play.flags("H1") == ["missing"]
    play.hand_in("H1", a="1")
    assert timeliness("H1", ASKED) == Timeliness.ON_TIME
    play.sweep(at("2025-06-20 08:00"))
    ask(play)
    assert play.flags("H1") == play.flags("H2") == []
    assert timeliness("H1", ASKED) == Timeliness.PENDING
    assert rates_below([play.report("C")], ASKED)[play.report("C").pk][""].received == 0
    late = at("2025-07-16 00:00")
    assert timeliness("H1", late) == Timeliness.MISSING
    play.sweep(late)
    assert play.flags("H1") == ["missing"]
    play.submit("H1", at=late)
    assert timeliness("H1", late) == Timeliness.LATE
    assert play.report("H1").estimated_at is not None


def test_nothing_is_counted_until_it_is_accepted_anew_and_totals_are_right_at_once():
    play = given_estimates()
    play.hand_in("H1", a="1")
    play.hand_in("C", a="10")
    assert play.total("P", "a") == "11"
    ask(play)
    assert not RollupMark.objects.exists()
    verifying.compare(play.cycle, problems := Problems())
    assert (play.total("P", "a"), problems.count) == ("", 0)
    play.hand_in("H1", a="3")
    assert play.total("P", "a") == "3"


def test_the_official_submission_stands_beside_the_estimated_one():
    play = given_estimates()
    play.hand_in("H1", a="1")
    ask(play)
    play.hand_in("H1", a="2")
    submissions = play.report("H1").submissions.order_by("number")
    assert [(each.number, each.is_official, each.own) for each in submissions] == [(1, False, {"a": 1}), (2, True, {"a": 2})]


def test_the_journal_says_who_asked_and_from_where_each_report_came():
    play = given_estimates()
    boss = given_user("tinh", P="cycle_manager")
    play.save("H1", a="1")
    play.submit("H1")
    ask(play, by=boss)
    entry = play.journal("H1")[-1]
    assert (entry.action, entry.by, entry.from_state, entry.to_state, entry.at) == ("ask_official", boss, "submitted", "draft", ASKED)
    assert JournalEntry.objects.filter(action="ask_official").count() == 6


def test_planned_days_are_taken_move_to_working_days_and_may_be_changed():
    play = given_cycle(official_due={"hamlet": date(2025, 7, 12), "commune": date(2025, 7, 16)})
    assert refused(play, {"district": OFFICIAL}) == ["Say by when the level province owes its official figures."]
    ask(play, {"district": OFFICIAL, "province": OFFICIAL, "commune": date(2025, 7, 17)})
    days = dict(CycleLevel.objects.values_list("level__code", "official_due_on"))
    assert days == {"hamlet": date(2025, 7, 14), "commune": date(2025, 7, 17), "district": OFFICIAL, "province": OFFICIAL}
    assert play.report("H1").due_on == date(2025, 7, 14)


def test_reminders_begin_anew_from_the_official_due_day():
    play = given_estimates()
    given_user("thon", H1="preparer")
    ask(play)
    reminding.plan_reminders(at("2025-07-15 08:00"))
    assert set(play.report("H1").reminders.values_list("due_on", "step")) == {(OFFICIAL, 0)}


def test_who_may_not_and_what_can_not_be_asked_is_said():
    play = given_estimates()
    assert refused(play, by=given_user("xa", C="reviewer cycle_manager")) == [
        "Only a cycle manager of the units at the top asks for official figures."
    ]
    assert refused(play, DUE | {"hamlet": date(2025, 6, 18), "ward": OFFICIAL}) == [
        "The level ward doesn't report in this cycle.",
        "hamlet: official figures are due after the estimated ones, that is after 18/06/2025.",
    ]
    play.save("H1", a="1", at=ASKED + timedelta(hours=1))
    assert "lies before the last journal entry of the cycle" in refused(play)[0]


def test_it_is_asked_once_of_an_open_cycle_that_asks_for_both():
    other = given_cycle(period="2025-H2")
    assert refused(other) == [f"The cycle “{other.cycle.code}” doesn't ask for estimated and official figures."]
    play = given_estimates()
    ask(play)
    later = dict.fromkeys(LEVELS, date(2025, 8, 15))
    assert refused(play, later) == [f"The official figures of the cycle “{play.cycle.code}” are asked for already."]


def test_the_number_of_statements_does_not_grow_with_the_reports(django_assert_max_num_queries: Any):
    few, many = (
        given_estimates(),
        given_estimates(outline={"Q": {f"QD{d}": {f"QC{d}{c}": [f"QH{d}{c}{h}" for h in range(4)] for c in range(3)} for d in range(2)}}),
    )
    for play in (few, many):
        with django_assert_max_num_queries(34):
            ask(play)
    assert Rollup.objects.filter(counted__gt=0).count() == 0
