"""Reminders: the ladder, to whom, and each once (semantics §4)."""

from __future__ import annotations

from datetime import UTC, date

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend

from reports.models import Reminder
from reports.services import closing, reminding
from reports.services.reminding import plan_reminders, send_reminders, step_reached
from tests.builders import Play, at, given_cycle, given_user

pytestmark = pytest.mark.django_db
DUE = date(2025, 6, 18)


@pytest.fixture
def play(db: None) -> Play:
    """Accounts: one in each hamlet but the third, a reviewer and a preparer in the commune, a manager in the district."""
    play = given_cycle()
    given_user("h1", H1="preparer approver")
    given_user("h2", H2="approver")
    given_user("xem", H1="viewer")
    given_user("c", C="reviewer")
    given_user("lap", C="preparer")
    given_user("d", D="cycle_manager")
    return play


def sent(moment: str) -> list[tuple[str, str]]:
    """Plan and send; to whom, about what, of this run."""
    mail.outbox.clear()
    plan_reminders(at(moment))
    send_reminders(at(moment))
    return sorted((message.to[0].split("@")[0], str(message.subject)) for message in mail.outbox)


def addressees(moment: str) -> list[str]:
    return [to for to, _ in sent(moment)]


def planned() -> set[tuple[str, int]]:
    return set(Reminder.objects.values_list("audience", "step"))


@pytest.mark.parametrize(
    ("today", "step"),
    [
        *((date(2025, 6, 14), None), (date(2025, 6, 15), -3), (date(2025, 6, 17), -3), (date(2025, 6, 18), 0), (date(2025, 6, 19), 1)),
        *((date(2025, 6, 20), 1), (date(2025, 6, 21), 3), (date(2025, 6, 25), 7), (date(2026, 6, 25), 7)),
    ],
)
def test_the_ladders_newest_step_that_is_reached(today: date, step: int | None):
    assert step_reached(DUE, today, [-3, 0, 1, 3, 7]) == step


def test_units_are_reminded_before_on_and_after_the_due_day_by_the_cycles_calendar(play: Play):
    units = ["h1", "h2", "lap"]
    assert addressees("2025-06-14 23:59:59") == []
    assert addressees("2025-06-15 00:00") == units
    assert addressees("2025-06-17 23:59") == []
    assert addressees("2025-06-18 00:00") == units
    assert addressees("2025-06-18 23:59") == []
    assert addressees("2025-06-19 00:00") == ["c", "d", *units]
    assert addressees("2025-06-20 08:00") == []
    assert addressees("2025-06-21 08:00") == ["c", "d", *units]
    assert addressees("2025-06-25 08:00") == ["c", "d", *units]
    assert addressees("2025-08-25 08:00") == []


def test_a_moment_in_another_time_zone_is_read_in_the_cycles(play: Play):
    assert plan_reminders(at("2025-06-14 23:59").astimezone(UTC)) == 0
    assert plan_reminders(at("2025-06-15 00:01").astimezone(UTC)) == 6


def test_the_cycles_own_ladder_is_climbed():
    given_cycle(reminders=[5, -10])
    plan_reminders(at("2025-06-20 08:00"))
    assert planned() == {("unit", -10)}
    plan_reminders(at("2025-06-23 08:00"))
    assert planned() == {("unit", -10), ("unit", 5), ("superior", 5)}


def test_after_a_week_of_sleep_each_gets_the_latest_step_alone(play: Play):
    assert addressees("2025-06-22 08:00") == ["c", "d", "h1", "h2", "lap"]
    assert planned() == {("unit", 3), ("superior", 3)}


def test_however_often_the_job_runs_each_reminder_is_sent_once(play: Play):
    assert len(sent("2025-06-19 08:00")) == 5
    assert sent("2025-06-19 08:00") == sent("2025-06-19 09:00") == sent("2025-06-20 09:00") == []
    assert set(Reminder.objects.values_list("sent_at", flat=True)) == {at("2025-06-19 08:00")}


def test_nobody_who_has_submitted_is_reminded_whatever_came_of_it(play: Play):
    for uid in ("H1", "H2"):
        play.save(uid, a="1")
        play.submit(uid)
    play.do("return_for_correction", "H1")
    assert addressees("2025-06-15 08:00") == ["lap"]


def test_who_submits_between_planning_and_sending_is_not_reminded(play: Play):
    plan_reminders(at("2025-06-19 08:00"))
    play.save("H1", a="1")
    play.submit("H1", at=at("2025-06-19 08:01"))
    send_reminders(at("2025-06-19 08:02"))
    to = sorted(message.to[0].split("@")[0] for message in mail.outbox)
    assert to == ["c", "d", "h2", "lap"]
    assert not Reminder.objects.filter(sent_at=None).exists()
    [summary] = [message for message in mail.outbox if message.to == ["c@example.com"]]
    assert "Đơn vị H1" not in summary.body


def test_an_exempt_report_is_not_reminded_nor_named(play: Play):
    play.do("exempt", "H1")
    assert "h1" not in addressees("2025-06-19 08:00")
    [summary] = [message for message in mail.outbox if message.to == ["c@example.com"]]
    assert "Đơn vị H1" not in summary.body


def test_the_superiors_reviewers_get_one_summary_of_all_that_are_in_default_directly_below(play: Play):
    play.save("H2", a="1")
    play.submit("H2")
    sent("2025-06-19 08:00")
    [summary] = [message for message in mail.outbox if message.to == ["c@example.com"]]
    assert [f"Đơn vị {uid}" in summary.body for uid in ("H1", "H2", "H3")] == [True, False, True]
    [above] = [message for message in mail.outbox if message.to == ["d@example.com"]]
    assert "Đơn vị C" in above.body
    assert "Đơn vị H1" not in above.body


def test_there_is_no_summary_before_a_report_is_overdue(play: Play):
    sent("2025-06-18 08:00")
    assert {audience for audience, _ in planned()} == {"unit"}


def test_an_extension_begins_a_new_ladder(play: Play):
    assert "h1" in addressees("2025-06-18 08:00")
    play.do("extend", "H1", until=date(2025, 6, 30), at=at("2025-06-18 09:00"))
    assert "h1" not in addressees("2025-06-19 08:00")
    assert "h1" in addressees("2025-06-27 08:00")
    assert set(Reminder.objects.filter(report__unit__uid="H1").values_list("due_on", "step")) == {(DUE, 0), (date(2025, 6, 30), -3)}


def test_a_closed_cycle_reminds_nobody(play: Play):
    closing.close_cycle(play.cycle, by=None, at=play.now)
    assert sent("2025-06-19 08:00") == []


def test_a_cycle_that_is_closed_between_planning_and_sending_reminds_nobody(play: Play):
    plan_reminders(at("2025-06-19 08:00"))
    closing.close_cycle(play.cycle, by=None, at=play.now)
    assert send_reminders(at("2025-06-19 08:01")) == 0


def test_a_disabled_account_and_one_without_an_address_get_nothing(play: Play):
    for user in (given_user("x", H3="preparer"), given_user("y", H3="approver")):
        user.is_active, user.email = user.username == "y", ""
        user.save()
    assert addressees("2025-06-15 08:00") == ["h1", "h2", "lap"]
    assert not Reminder.objects.filter(sent_at=None).exists()


class Picky(EmailBackend):
    """Refuses one addressee, as a mail server does."""

    def send_messages(self, messages):
        if any(message.to == ["h1@example.com"] for message in messages):
            raise OSError("mailbox unavailable")
        return super().send_messages(messages)


def test_a_message_that_cannot_be_sent_holds_up_no_other_and_is_tried_again(play: Play, settings):
    settings.EMAIL_BACKEND = f"{__name__}.Picky"
    assert addressees("2025-06-15 08:00") == ["h2", "lap"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert addressees("2025-06-15 08:05") == ["h1"]
    assert addressees("2025-06-15 08:10") == []


def test_what_is_due_is_found_in_a_few_queries_whatever_the_size(django_assert_max_num_queries):
    given_cycle(outline={"P": {"D": {f"C{c}": [f"H{c}{h}" for h in range(8)] for c in range(8)}}})
    with django_assert_max_num_queries(12):
        assert reminding.plan_reminders(at("2025-06-19 08:00")) == 74 + 10
