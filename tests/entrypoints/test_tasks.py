"""The tasks as they are run: a real worker on a real Redis, and what happens when either of them is away."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from danvan.celery import app
from reports.models import Cycle, Flag, Reminder, Rollup, RollupMark
from reports.services import opening, verifying
from tests.builders import Play, given_cycle, given_template, given_user
from tests.servers import OwnRedis
from tests.worker import Worker, publishing_to
from units.problems import Problems

pytestmark = pytest.mark.django_db(transaction=True)


def stored(play: Play, uid: str) -> int:
    """Reports counted in the stored total, whatever is marked."""
    return Rollup.objects.get(report__cycle=play.cycle, report__unit__uid=uid).counted


def all_in(play: Play) -> bool:
    return not RollupMark.objects.exists() and stored(play, "P") == 3


def is_right(play: Play) -> bool:
    problems = Problems()
    return verifying.compare(play.cycle, problems) == 3 and not problems.count


def test_an_acceptance_reaches_district_and_province_through_the_worker(worker: Worker) -> None:
    play = given_cycle()
    for uid in ("H1", "H2", "H3"):
        play.hand_in(uid, a="5")
    worker.wait_until(lambda: all_in(play), "the totals")
    assert is_right(play)


def test_accepting_while_the_broker_is_down_works_and_the_totals_are_there_once_it_is_back(
    worker_on_own_broker: Worker, own_broker: OwnRedis
) -> None:
    play = given_cycle()
    play.hand_in("H1", a="5")
    worker_on_own_broker.wait_until(lambda: stored(play, "P") == 1, "the first total")
    own_broker.stop()
    play.hand_in("H2", a="6")
    play.hand_in("H3", a="7")
    assert play.state("H3") == "accepted"
    assert RollupMark.objects.exists()
    own_broker.start()
    app.send_task("reports.tasks.drain_rollups")  # the scheduler's next tick
    worker_on_own_broker.wait_until(lambda: all_in(play), "the totals of what was accepted meanwhile")
    assert is_right(play)


def test_marks_that_a_killed_worker_left_are_drained_by_the_next_one(worker: Worker) -> None:
    play = given_cycle()
    worker.kill()
    for uid in ("H1", "H2", "H3"):
        play.hand_in(uid, a="5")
    assert stored(play, "P") == 0
    worker.start()
    worker.wait_until(lambda: all_in(play), "the totals")
    assert is_right(play)


def test_the_sweep_task_raises_what_is_missing_as_of_now(worker: Worker) -> None:
    play = given_cycle(due=timezone.localdate() - timedelta(days=3))
    app.send_task("reports.tasks.sweep")
    app.send_task("reports.tasks.sweep")
    worker.wait_until(lambda: Flag.objects.filter(kind="missing").count() == 6, "the flags")
    assert play.flags("P") == ["missing"]


def test_a_planned_cycle_is_opened_by_the_task_once_its_day_has_come(worker: Worker) -> None:
    template = given_template()
    today = timezone.localdate()
    play = given_cycle(template, code="other")
    plans = {
        code: opening.Plan(
            version=template,
            period="2025-H2",
            first_day=today,
            cut_off=today,
            reference_day=today,
            under=["P"],
            due={"hamlet": today},
            code=code,
            opens_on=opens_on,
        )
        for code, opens_on in {"now": today, "later": today + timedelta(days=1)}.items()
    }
    for plan in plans.values():
        opening.set_up(plan)
    app.send_task("reports.tasks.open_due_cycles")
    worker.wait_until(lambda: Cycle.objects.get(code="now").is_open, "the opening")
    assert Cycle.objects.get(code="now").reports.count() == 3
    assert Cycle.objects.get(code="later").state == Cycle.State.PLANNED
    assert play.cycle.reports.count() == 6


def test_the_remind_task_writes_each_reminder_down_and_sends_it_once(worker: Worker) -> None:
    play = given_cycle(due=timezone.localdate())
    given_user("lan", C="preparer")
    app.send_task("reports.tasks.remind")
    app.send_task("reports.tasks.remind")
    worker.wait_until(lambda: Reminder.objects.filter(sent_at__isnull=False).count() == 6, "the reminders")
    assert Reminder.objects.filter(report=play.report("C")).count() == 1
    assert mail.outbox == [], "the worker's process sends, not this one"


def test_without_a_broker_a_mark_waits_in_the_database() -> None:
    with publishing_to(""):
        play = given_cycle()
        play.hand_in("H1", a="5")
    assert RollupMark.objects.count() == 1
    assert stored(play, "P") == 0
    assert play.total("P", "a") == "5"
