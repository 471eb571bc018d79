"""Deadlines under a clock that jumps: sweeps at every boundary, in any order, and while a due day is being moved. Real transactions."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from threading import Event
from typing import Any

import pytest
from django.db import connection, transaction

from reports.models import Flag, Report
from reports.services import flagging, reviewing
from tests.builders import Play, at, given_cycle
from tests.processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

DUE, CORRECTION, REVIEW = date(2025, 6, 18), date(2025, 6, 20), date(2025, 6, 24)
TICK = timedelta(microseconds=1)
#: for each boundary: moments before it, on its last instant, and after it
AROUND = [-timedelta(days=1), -timedelta(seconds=1), -TICK, timedelta(), TICK, timedelta(seconds=1), timedelta(days=1)]


def end_of(day: date) -> datetime:
    """23:59:59.999999 in Viet Nam."""
    return at(f"{day} 23:59:59.999999")


MOMENTS = sorted({end_of(day) + off for day in (DUE, CORRECTION, REVIEW) for off in AROUND})


@pytest.fixture
def play(transactional_db: None) -> Play:
    """Each hamlet waits for another day: H1 for its due day, H2 for its correction (and it was late), H3 for its review; H4 is exempt."""
    play = given_cycle(outline={"P": {"D": {"C": ["H1", "H2", "H3", "H4", "H5"]}}}, due=DUE, review_days=4, correction_days=1)
    play.do("exempt", "P", "D", "C", "H4")
    for uid in ("H2", "H3", "H5"):
        play.save(uid, a="1")
    play.submit("H5", at=end_of(DUE))
    play.accept("H5", at=end_of(DUE) + TICK)
    play.submit("H3", at=end_of(DUE))
    play.submit("H2", at=end_of(DUE) + TICK)
    play.do("return_for_correction", "H2", at=at("2025-06-19 08:00"))
    return play


def deserved(moment: datetime) -> set[tuple[str, str]]:
    """The table of semantics §4, read for these hamlets."""
    found = {("H2", "late")}
    if moment > end_of(DUE):
        found.add(("H1", "missing"))
    if moment > end_of(CORRECTION):
        found.add(("H2", "correction_overdue"))
    if moment > end_of(REVIEW):
        found.add(("H3", "review_overdue"))
    return found


def open_flags() -> set[tuple[str, str]]:
    return set(Flag.objects.filter(cleared_at=None).values_list("report__unit__uid", "kind"))


def test_the_flags_are_right_at_every_boundary_second_and_microsecond(play: Play):
    for moment in MOMENTS:
        flagging.sweep(moment)
        assert open_flags() == deserved(moment), moment


def test_a_clock_that_is_set_back_and_forth_leaves_the_flags_of_the_moment(play: Play, chance: random.Random):
    for moment in chance.sample(MOMENTS, len(MOMENTS)):
        flagging.sweep(moment.astimezone(chance.choice([UTC, moment.tzinfo])))
        assert open_flags() == deserved(moment), moment


def test_a_first_sweep_at_a_boundary_finds_what_sweeps_before_it_would_have(play: Play):
    for moment in MOMENTS:
        Flag.objects.all().delete()
        flagging.sweep(moment)
        assert open_flags() == deserved(moment), moment


# --- A due day that is moved while a sweep runs ---------------------------------------------------


@contextmanager
def another_session() -> Iterator[Callable[[Callable[[], Any]], Future[Any]]]:
    """Runs what it is given in a thread with a connection of its own; it has ended with the block."""

    def run(job: Callable[[], Any]) -> Any:
        try:
            return job()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        yield lambda job: pool.submit(run, job)


def wait_until_it_waits(other: Future[Any]) -> None:
    """Until the other session waits for a lock of ours. SQLite doesn't tell who waits: there it has all it needs to begin."""
    if connection.vendor == "postgresql":
        wait_until(lambda: other.done() or waiting_sessions() == 1, "the other session to wait for a lock", 10)
    assert not other.done(), "it didn't wait"


def waiting_sessions() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # or a transaction would see the same answer for ever
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
        return int(cursor.fetchone()[0])


class PausedOnceItHasFlagged:
    """Stops the session's sweep within its transaction, as soon as it has written its first flags."""

    def __init__(self) -> None:
        self.reached, self.goes_on = Event(), Event()

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if "INSERT INTO" in sql and "reports_flag" in sql and not self.reached.is_set():
            self.reached.set()
            self.goes_on.wait(10)
        return result

    def sweep(self, moment: datetime) -> None:
        with connection.execute_wrapper(self):
            flagging.sweep(moment)


def extend_h1(until: date) -> None:
    reviewing.extend(Report.objects.filter(unit__uid="H1"), by=None, at=end_of(DUE) + TICK, until=until, reason="vì sao")


JUST_AFTER = end_of(DUE) + TICK
LATER = date(2025, 6, 30)


def test_a_sweep_that_meets_a_due_day_being_moved_does_not_flag_the_report(play: Play):
    with another_session() as session:
        with transaction.atomic():
            extend_h1(LATER)
            sweep = session(lambda: flagging.sweep(JUST_AFTER))
            if connection.vendor == "postgresql":
                sweep.result(20)  # on SQLite it waits for the end of this transaction
        sweep.result(20)
    assert open_flags() == {("H2", "late")}
    flagging.sweep(JUST_AFTER)
    assert open_flags() == {("H2", "late")}


def test_a_due_day_moved_in_the_middle_of_a_sweep_waits_and_clears_what_the_sweep_raised(play: Play):
    pause = PausedOnceItHasFlagged()
    with another_session() as session, another_session() as other:
        sweep = session(lambda: pause.sweep(JUST_AFTER))
        assert pause.reached.wait(10)
        extension = other(lambda: extend_h1(LATER))
        try:
            wait_until_it_waits(extension)
        finally:
            pause.goes_on.set()
        sweep.result(20)
        extension.result(20)
    assert open_flags() == {("H2", "late")}
    assert Flag.objects.filter(report__unit__uid="H1", kind="missing").exclude(cleared_at=None).count() == 1


def test_a_moved_due_day_that_is_taken_back_leaves_the_flag_to_the_next_sweep(play: Play):
    with another_session() as session:
        with transaction.atomic():
            extend_h1(LATER)
            sweep = session(lambda: flagging.sweep(JUST_AFTER))
            if connection.vendor == "postgresql":
                sweep.result(20)
            transaction.set_rollback(True)
        sweep.result(20)
    flagging.sweep(JUST_AFTER)
    assert open_flags() == deserved(JUST_AFTER)


def test_whichever_comes_first_of_sweeps_and_extensions_the_flags_are_those_of_the_last_due_day(play: Play, chance: random.Random):
    moment = JUST_AFTER
    for days in range(1, 9):
        until = DUE + timedelta(days=days)
        with another_session() as one, another_session() as two, another_session() as three:
            jobs = [lambda: flagging.sweep(moment), lambda: flagging.sweep(moment), lambda: extend_h1(until)]  # noqa: B023 - ended in the loop
            chance.shuffle(jobs)
            for running in [session(job) for session, job in zip((one, two, three), jobs, strict=True)]:
                running.result(20)
        assert open_flags() == {("H2", "late")}
        flagging.sweep(end_of(until))
        assert ("H1", "missing") not in open_flags()
        flagging.sweep(end_of(until) + TICK)
        assert ("H1", "missing") in open_flags()
        flagging.sweep(moment)
