"""Two who act at once: one effect, one clear refusal, never two journal entries (semantics §2, §6). Real threads."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier, Event
from typing import Any

import pytest
from django.core import mail
from django.db import connection, transaction

from reports.models import Cycle, Flag, Report, RollupMark
from reports.services import closing, filling, flagging, opening, reminding, reviewing, rolling_up, submitting, verifying
from reports.services.filling import Conflict
from reports.services.opening import Plan
from reports.services.submitting import Declaration
from tests.builders import NOON, Play, at, given_cycle, given_template, given_user
from tests.domain.builders import indicator
from tests.properties.brute_force import Oracle
from tests.unit_builders import tree
from units.problems import Problems, Refused

pytestmark = pytest.mark.django_db(transaction=True)
HAMLETS = [f"H{number}" for number in range(8)]
WIDE = {"P": {"D": {"C": HAMLETS}}}
LATER = NOON + timedelta(days=1)


def at_once(*jobs: Callable[[], Any]) -> list[str]:
    """Run the jobs in threads of their own that start together; what each ended in: `done`, or the refusal."""
    start = Barrier(len(jobs))

    def run(job: Callable[[], Any]) -> str:
        try:
            connection.ensure_connection()
            start.wait()
            job()
        except Refused as refused:
            return type(refused).__name__ + ": " + "; ".join(problem.message % problem.params for problem in refused.problems)
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


def one_report(uid: str) -> Any:
    return Report.objects.filter(unit__uid=uid)


def accept(uid: str) -> Callable[[], None]:
    return lambda: reviewing.accept(one_report(uid), by=None, at=LATER)


def give_back(uid: str) -> Callable[[], None]:
    return lambda: reviewing.return_for_correction(one_report(uid), by=None, at=LATER, reason="sai")


def submit(*uids: str) -> Callable[[], None]:
    declaration = Declaration(confirm_incomplete=True)
    return lambda: submitting.submit(Report.objects.filter(unit__uid__in=uids), by=None, at=LATER, declaration=declaration)


def withdraw(uid: str) -> Callable[[], None]:
    return lambda: submitting.withdraw(one_report(uid), by=None, at=LATER)


def exempt(uid: str) -> Callable[[], None]:
    return lambda: reviewing.exempt(one_report(uid), by=None, at=LATER, reason="vì sao")


def save(uid: str, seen: int, value: int) -> Callable[[], Any]:
    report = one_report(uid).get()
    return lambda: filling.save(report.pk, {"a": value}, by=None, at=LATER, seen=seen)


def assert_whole(play: Play, uid: str) -> None:
    """Each journal entry goes on from where the one before ended, each write left one, and the report is where the last one ended."""
    journal, report = play.journal(uid), play.report(uid)
    assert [entry.from_state for entry in journal] == ["not_started", *(entry.to_state for entry in journal)][: len(journal)]
    assert journal[-1].to_state == report.state
    assert report.version == len(journal)
    assert report.submissions.count() == sum(entry.action == "submit" for entry in journal)


@pytest.fixture
def play(transactional_db: None) -> Play:
    return given_cycle(outline=WIDE)


def submitted(play: Play) -> Play:
    for uid in HAMLETS:
        play.save(uid, a="1")
    play.submit(*HAMLETS)
    return play


@pytest.mark.parametrize(
    "pair",
    [(accept, give_back), (accept, accept), (give_back, give_back), (withdraw, accept), (withdraw, give_back), (withdraw, withdraw)],
    ids=lambda pair: " and ".join(each.__name__ for each in pair),
)
def test_of_two_actions_on_a_submitted_report_one_is_done_and_one_refused(play: Play, pair: tuple[Any, Any]):
    submitted(play)
    for uid in HAMLETS:
        first, second = at_once(pair[0](uid), pair[1](uid))
        assert sorted([first == "done", second == "done"]) == [False, True]
        refusal = second if first == "done" else first
        assert refusal.startswith("Refused: The report is in the state “")
        assert len(play.journal(uid)) == 3
        assert_whole(play, uid)


def test_a_report_submitted_by_two_at_once_is_submitted_once(play: Play):
    for uid in HAMLETS:
        play.save(uid, a="1")
        ends = at_once(submit(uid), submit(uid))
        assert sorted(ends) == ["Refused: The report is in the state “submitted”, where “submit” can't be done.", "done"]
        assert_whole(play, uid)
        assert play.report(uid).submissions.count() == 1


def test_a_report_exempted_and_submitted_at_once_is_one_of_both(play: Play):
    for uid in HAMLETS:
        play.save(uid, a="1")
        assert sorted(ended == "done" for ended in at_once(submit(uid), exempt(uid))) == [False, True]
        assert_whole(play, uid)


def test_of_two_saves_that_saw_the_same_version_one_is_kept_and_one_sees_both_values(play: Play):
    for uid in HAMLETS:
        ends = at_once(save(uid, 0, 1), save(uid, 0, 2))
        assert sorted(end.split(":")[0] for end in ends) == ["Conflict", "done"]
        assert play.report(uid).own == {"a": 1 if ends[0] == "done" else 2}
        assert_whole(play, uid)


def test_a_conflict_shows_what_stands_there_now(play: Play):
    play.save("H0", a="1")
    with pytest.raises(Conflict) as conflict:
        save("H0", 0, 2)()
    assert [(clash.theirs, clash.mine) for clash in conflict.value.clashes] == [(1, 2)]


def test_a_save_and_a_submission_at_once_never_submit_what_nobody_saw(play: Play):
    for uid in HAMLETS:
        play.save(uid, a="1")
        at_once(save(uid, 1, 2), submit(uid))
        report = play.report(uid)
        assert report.state == "submitted"
        assert report.last_submission is not None
        assert report.last_submission.own == report.own
        assert_whole(play, uid)


def test_a_cycle_opened_twice_at_once_is_opened_once():
    version = given_template()
    tree({"P": {"D": {"C": HAMLETS}}})
    for number in range(4):
        days = {"first_day": date(2024, 12, 15), "cut_off": date(2025, 6, 14), "reference_day": date(2025, 6, 14)}
        due = dict.fromkeys(("province", "district", "commune", "hamlet"), date(2025, 6, 18))
        cycle = opening.set_up(Plan(version=version, period="2025-H1", under=["P"], due=due, code=f"c{number}", **days))  # type: ignore[arg-type]

        def open_it(cycle: Cycle = cycle) -> None:
            opening.open_cycle(Cycle.objects.get(pk=cycle.pk), NOON)

        assert sorted(at_once(open_it, open_it)) == [f"Refused: The cycle “c{number}” is open already.", "done"]
        assert Report.objects.filter(cycle=cycle).count() == 11


def test_a_cycle_closed_twice_at_once_is_closed_once(play: Play):
    def close() -> None:
        closing.close_cycle(Cycle.objects.get(pk=play.cycle.pk), by=None, at=LATER)

    assert sorted(end == "done" for end in at_once(close, close)) == [False, True]


def test_sweeps_at_once_raise_each_flag_once(play: Play):
    moment = at("2025-06-19 00:00")
    assert at_once(*[lambda: flagging.sweep(moment)] * 3) == ["done"] * 3
    assert sorted(Flag.objects.values_list("report__unit__uid", "kind")) == [(uid, "missing") for uid in ["C", "D", *HAMLETS, "P"]]


def test_a_sweep_beside_submissions_leaves_no_flag_that_a_submission_made_untrue(play: Play):
    for round_, uid in enumerate(HAMLETS):
        play.save(uid, a="1")
        moment = at("2025-06-19 00:00") + timedelta(minutes=round_)
        Flag.objects.filter(report__unit__uid=uid).delete()
        ends = at_once(
            lambda moment=moment: flagging.sweep(moment),  # type: ignore[misc]
            lambda uid=uid, moment=moment: submitting.submit(one_report(uid), by=None, at=moment),  # type: ignore[misc]
        )
        assert ends == ["done", "done"]
        assert "missing" not in play.flags(uid)


def test_reports_of_several_ranks_submitted_at_once_wait_for_each_other_and_never_for_ever():
    play = given_cycle(outline={"P": {"D": {f"C{n}": [f"H{n}"] for n in range(6)}}})
    communes = [f"C{n}" for n in range(6)]
    for uid in [*communes, "D"]:
        play.save(uid, a="1")
    for uid in [f"H{n}" for n in range(6)]:
        play.hand_in(uid, a="1")
    ends = at_once(submit(*communes, "D"), submit("D"), submit("C0"), submit("C5"), rolling_up.drain_all)
    assert {end.split(":")[0] for end in ends} <= {"done", "Refused"}
    assert play.state("D") == "submitted"
    for uid in ("D", "C0", "C5"):
        assert_whole(play, uid)


@pytest.mark.parametrize("seed", [1, 2])
def test_drains_and_acceptances_at_once_leave_every_total_equal_to_the_definition(seed: int):
    version = given_template(
        indicator("a", levels="hamlet|commune|district"),
        indicator("l", "decimal", levels="hamlet|commune", up="leaf_sum"),
        indicator("m", "decimal", levels="hamlet", up="mean", time="mean"),
        indicator("y", "boolean", levels="hamlet"),
    )
    outline = {"P": {f"D{d}": {f"C{d}{c}": [f"H{d}{c}{h}" for h in range(4)] for c in range(2)} for d in range(2)}}
    play = given_cycle(version, outline)
    hamlets = [f"H{d}{c}{h}" for d in range(2) for c in range(2) for h in range(4)]
    choices = random.Random(seed)
    for uid in hamlets:
        play.save(uid, a=str(choices.randrange(9)), l="0.1", m=f"{choices.randrange(9)}", y=choices.choice(["yes", "no", ""]))
    play.submit(*hamlets)
    choices.shuffle(hamlets)

    def accepting(mine: list[str]) -> Callable[[], None]:
        def work() -> None:
            for number, uid in enumerate(mine):
                accept(uid)()
                if number % 3 == 0:
                    reviewing.reopen(one_report(uid), by=None, at=LATER, reason="sai")
                if number % 2 == 0:
                    rolling_up.drain_all([play.cycle.pk], wait=number % 4 == 0)

        return work

    def draining() -> None:
        for _ in range(8):
            rolling_up.drain_all()

    assert at_once(accepting(hamlets[:8]), accepting(hamlets[8:]), draining, draining) == ["done"] * 4
    rolling_up.drain_all()
    assert not RollupMark.objects.exists()
    problems = Problems()
    assert verifying.compare(play.cycle, problems) == 7
    assert list(problems) == []
    oracle = Oracle(play.cycle)
    for uid in ("P", "D0", "D1", "C00", "C11"):
        expected = oracle.total(oracle.reports[play.report(uid).pk])["a"]
        assert play.total(uid, "a") == ("" if expected is None else str(expected))


@pytest.mark.postgresql
def test_two_senders_at_once_send_each_reminder_once(play: Play):
    for uid in HAMLETS:
        given_user(uid.lower(), **{uid: "preparer"})
    moment = at("2025-06-18 08:00")

    def remind() -> None:
        reminding.plan_reminders(moment)
        reminding.send_reminders(moment)

    assert at_once(remind, remind, remind) == ["done"] * 3
    assert sorted(message.to[0] for message in mail.outbox) == [f"{uid.lower()}@example.com" for uid in HAMLETS]


@pytest.mark.postgresql
def test_closing_waits_for_an_action_that_is_under_way_and_the_next_one_is_refused() -> None:
    play = given_cycle()
    for uid in ("H1", "H2"):
        play.save(uid, a="1")
        play.submit(uid)
    accepted, closing_began = Event(), Event()

    def accept_slowly() -> None:
        with transaction.atomic():
            accept("H1")()
            accepted.set()
            closing_began.wait(5)
            time.sleep(0.3)
            assert Cycle.objects.get(pk=play.cycle.pk).is_open

    def close_and_accept_another() -> None:
        accepted.wait(5)
        closing_began.set()
        closing.close_cycle(play.cycle, by=None, at=LATER)
        accept("H2")()

    assert at_once(accept_slowly, close_and_accept_another) == [
        "done",
        f"Refused: The cycle {play.cycle.code} is not open; a cycle manager can reopen it.",
    ]
    assert (play.state("H1"), play.state("H2")) == ("accepted", "submitted")


@pytest.mark.postgresql
def test_an_action_that_read_the_cycle_as_open_is_refused_once_it_was_closed_meanwhile() -> None:
    play = given_cycle()
    play.save("H1", a="1")
    play.submit("H1")
    closing_is_held, acceptance_began = Event(), Event()

    def close_slowly() -> None:
        with transaction.atomic():
            closing.close_cycle(play.cycle, by=None, at=LATER)
            closing_is_held.set()
            acceptance_began.wait(5)
            time.sleep(0.3)

    def accept_meanwhile() -> None:
        closing_is_held.wait(5)
        acceptance_began.set()
        accept("H1")()

    outcome = at_once(close_slowly, accept_meanwhile)
    assert outcome[0] == "done"
    assert outcome[1].startswith("Refused: ")
    assert play.state("H1") == "submitted"
