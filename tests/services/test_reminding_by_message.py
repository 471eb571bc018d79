"""Reminders by chat and SMS: to whoever asked for it, in their language, each once, again with patience, and seen where they fail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core import mail
from django.db import connection
from django.test import Client

from danvan.health import set_aside
from reports.models import Reminder, ReminderMessage, Report
from reports.services import asking, outbox, reminding, reminding_by_message
from reports.services.outbox import LEASE, PAUSES, Run
from reports.services.reminding_by_message import send_messages
from tests.builders import Play, at, given_cycle, given_user
from tests.channels import chat, sms
from tests.contact_ways import given_way
from tests.entrypoints.admin_client import administrator, text_of
from tests.receiver import Receiver, receiving
from units.models import Membership

pytestmark = pytest.mark.django_db
MORNING, LATE = at("2025-06-15 08:00"), at("2025-06-19 08:00")


@pytest.fixture
def gateway(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOKS_TO_PRIVATE = True
    with receiving() as found:
        found.content = b'{"error": 0}'
        settings.CHANNELS = {"sms": sms(found.url), "zalo": chat(found.url)}
        yield found


@pytest.fixture
def play(gateway: Receiver) -> Play:
    """In H1 somebody by SMS and mail, in H2 by Zalo instead of mail and in English; the commune's reviewer by Zalo."""
    play = given_cycle()
    given_way(given_user("h1", H1="preparer approver"), play.now)
    given_way(given_user("h2", H2="approver"), play.now, "zalo", "222", language="en", replaces_mail=True)
    given_way(given_user("c", C="reviewer"), play.now, "zalo", "333")
    given_way(given_user("xem", H1="viewer"), play.now, "zalo", "444")
    given_user("d", D="cycle_manager")
    return play


def told(gateway: Receiver) -> dict[str, str]:
    """What came, by address."""
    found = {}
    for came in gateway.came:
        if came.method == "GET":
            query = parse_qs(urlsplit(came.path).query)
            found[query["phone"][0]] = query["content"][0]
        else:
            said = json.loads(came.content)
            found[said["recipient"]["user_id"]] = said["message"]["text"]
    return found


def remind(moment: Any) -> int:
    reminding.plan_reminders(moment)
    reminding.send_reminders(moment)
    return send_messages(moment)


def mailed() -> list[str]:
    return sorted(address.split("@")[0] for message in mail.outbox for address in message.to)


def test_each_is_told_where_they_want_shortly_and_in_their_language(play: Play, gateway: Receiver):
    assert remind(MORNING) == 2
    texts = told(gateway)
    assert texts["84912345678"].startswith("Dan van: ")
    assert "18/6/2025" in texts["84912345678"].replace("18/06", "18/6")
    assert "not submitted yet" in texts["222"]
    assert max(len(text) for text in texts.values()) <= 160
    assert mailed() == ["h1"], "Who wants messages instead of mail gets no mail."


def test_the_superior_is_told_of_all_in_default_by_name(play: Play, gateway: Receiver):
    remind(LATE)
    text = told(gateway)["333"]
    assert all(f"Đơn vị {uid}" in text for uid in ("H1", "H2", "H3"))
    assert "444" not in told(gateway), "Who only reads is reminded of nothing."


def test_however_often_it_runs_each_is_told_once(play: Play, gateway: Receiver):
    remind(MORNING)
    assert (remind(MORNING), remind(MORNING + timedelta(hours=1)), len(gateway.came)) == (0, 0, 2)


def test_a_reminder_that_is_asked_for_goes_there_too(play: Play, gateway: Receiver):
    asked = asking.ask(Report.objects.filter(unit__uid="H2"), by=None, at=MORNING)
    assert (len(asked.planned), asked.unreachable) == (1, [])
    assert send_messages(MORNING) == 1
    assert list(told(gateway)) == ["222"]


def test_who_was_told_today_is_not_told_again_however_often_it_is_asked_for(play: Play, gateway: Receiver):
    for _time in ("once", "again"):
        asked = asking.ask(Report.objects.filter(unit__uid="H2"), by=None, at=MORNING)
        send_messages(MORNING)
    assert (asked.planned, len(gateway.came)) == ([], 1)


@pytest.mark.parametrize("what", ["submitted", "forgotten", "left", "disabled", "no such channel"])
def test_who_has_not_to_be_told_any_more_is_not(play: Play, gateway: Receiver, settings: Any, what: str):
    reminding.plan_reminders(MORNING)
    user = Membership.objects.get(unit__uid="H2").user
    match what:
        case "submitted":
            play.save("H2", a="1")
            play.submit("H2")
        case "forgotten":
            user.contact_ways.all().delete()
        case "left":
            user.memberships.all().delete()
        case "disabled":
            user.is_active = False
            user.save()
        case _:
            settings.CHANNELS = {"sms": settings.CHANNELS["sms"]}
    send_messages(MORNING + timedelta(minutes=1))
    assert list(told(gateway)) == ["84912345678"]
    assert not reminding_by_message.unsent().exists()


def test_what_is_refused_holds_up_no_other_is_tried_again_and_set_aside_in_the_end(play: Play, gateway: Receiver):
    reminding.plan_reminders(MORNING)
    moment = MORNING
    gateway.answers = [400, 200]
    assert send_messages(moment) == 1, "The other channel's."
    for pause in PAUSES:
        gateway.answers = [400]
        assert send_messages(moment + pause - timedelta(seconds=1)) == 0
        moment += pause
        assert (reminding_by_message.set_aside().count(), send_messages(moment)) == (0, 0)
    [row] = reminding_by_message.set_aside()
    assert (row.attempts, row.last_error.split()[0]) == (len(PAUSES) + 1, "400")
    keys = {parse_qs(urlsplit(came.path).query)["request"][0] for came in gateway.came if came.method == "GET"}
    assert len(keys) == 1, "The same with each try, so that a gateway knows a repetition."
    assert set_aside()["messages set aside"] == 1
    assert "messages set aside: 1" in Client().get("/healthz").content.decode()
    boss = administrator()
    page = text_of(boss.get("/admin/reports/remindermessage/?set_aside_at__isempty=0"))
    assert "h1" in page
    assert "912345678" not in page
    boss.post("/admin/reports/remindermessage/", {"action": "try_again", "_selected_action": [row.pk]})
    assert send_messages(moment) == 1


def test_a_gateway_that_is_away_leaves_the_others_to_be_told_and_is_asked_with_the_next_run(play: Play, gateway: Receiver, settings: Any):
    reminding.plan_reminders(MORNING)
    settings.CHANNELS = {"sms": sms("http://127.0.0.1:9/"), "zalo": settings.CHANNELS["zalo"]}
    assert send_messages(MORNING) == 1
    [row] = reminding_by_message.unsent()
    assert row.attempts == 0
    settings.CHANNELS = {"sms": sms(gateway.url), "zalo": settings.CHANNELS["zalo"]}
    assert send_messages(MORNING + timedelta(seconds=1)) == 1


def test_a_gateway_that_takes_nothing_is_left_alone_after_three(gateway: Receiver, settings: Any):
    settings.CHANNELS = {"zalo": settings.CHANNELS["zalo"]}
    play = given_cycle(outline={"P": {"D": {"C": [f"H{number}" for number in range(6)]}}})
    for number in range(6):
        given_way(given_user(f"u{number}", **{f"H{number}": "preparer"}), play.now, "zalo", str(number))
    reminding.plan_reminders(MORNING)
    gateway.answers = [429] * 6
    assert send_messages(MORNING) == 0
    assert len(gateway.came) == outbox.HUNG_UP_IN_A_ROW
    gateway.answers = []
    assert send_messages(MORNING + PAUSES[0]) == 6


def test_who_dies_with_a_claim_keeps_others_off_for_a_lease_and_no_longer(play: Play, gateway: Receiver):
    reminding.plan_reminders(MORNING)
    for row in reminding_by_message.unsent():
        assert Run(MORNING).claim(row)
    assert (send_messages(MORNING), send_messages(MORNING + LEASE - timedelta(seconds=1))) == (0, 0)
    assert send_messages(MORNING + LEASE + timedelta(seconds=1)) == 2


@pytest.mark.django_db(transaction=True)
def test_senders_at_once_tell_each_once(play: Play, gateway: Receiver):
    reminding.plan_reminders(MORNING)

    def sender(_: int) -> int:
        try:
            return send_messages(MORNING)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(sender, range(3))) == 2
    assert len(gateway.came) == 2


def test_how_many_sms_it_takes_is_noted(play: Play, gateway: Receiver):
    remind(MORNING)
    assert dict(ReminderMessage.objects.values_list("way__channel", "parts")) == {"sms": 1, "zalo": 1}


def test_on_a_site_without_channels_nothing_is_planned(settings: Any):
    settings.CHANNELS = {}
    play = given_cycle()
    given_way(given_user("h1", H1="preparer"), play.now, replaces_mail=True)
    assert (remind(MORNING), ReminderMessage.objects.count(), mailed()) == (0, 0, ["h1"])
    assert Reminder.objects.exists()


def test_what_is_sent_is_found_in_a_few_queries_whatever_the_number(gateway: Receiver, django_assert_max_num_queries: Any):
    play = given_cycle(outline={"P": {"D": {"C": [f"H{number}" for number in range(20)]}}})
    for number in range(20):
        given_way(given_user(f"u{number}", **{f"H{number}": "preparer"}), play.now, "zalo", str(number))
    reminding.plan_reminders(MORNING)
    with django_assert_max_num_queries(16 + 2 * 20):  # a claim and a tick for each
        assert send_messages(MORNING) == 20
