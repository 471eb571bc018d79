"""Each reminder once: against a real mail server that refuses, hangs up, falls silent or goes away, and with senders that are killed."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import environ
import pytest
from django.conf import settings as project
from django.core.mail import EmailMessage
from django.db import connection

from reports.models import Reminder
from reports.services import outbox, reminding
from reports.services.outbox import LEASE, PAUSES
from reports.services.reminding import plan_reminders, send_reminders
from tests.builders import Play, at, given_cycle, given_user
from tests.faults.mailbox import TAKEN, HangUp, Letter, Mailbox, mailbox
from tests.processes import Process, wait_until
from tests.worker import database_url

pytestmark = pytest.mark.django_db(transaction=True)

DUE_DAY = at("2025-06-18 08:00")
HAMLETS = [f"H{number:02}" for number in range(40)]
EVERYBODY = sorted(f"{uid.lower()}@example.com" for uid in HAMLETS)


@pytest.fixture
def post(settings: Any) -> Iterator[Mailbox]:
    """A mail server to which this process sends, as EMAIL_URL would have it."""
    with mailbox() as box:
        for name, value in environ.Env.email_url_config(box.url).items():
            setattr(settings, name, value)
        settings.EMAIL_BACKEND = "danvan.mail.EmailBackend"
        yield box


@pytest.fixture
def play(transactional_db: None) -> Play:
    """Forty hamlets, each with an officer who has an address; today they are due."""
    play = given_cycle(outline={"P": {"D": {"C": HAMLETS}}})
    for uid in HAMLETS:
        given_user(uid.lower(), **{uid: "preparer"})
    return play


def remind(moment: datetime = DUE_DAY) -> int:
    plan_reminders(moment)
    return send_reminders(moment)


def waiting() -> int:
    return Reminder.objects.filter(sent_at=None, set_aside_at=None).count()


def each_once(post: Mailbox) -> bool:
    return post.recipients() == EVERYBODY and set(post.by_message_id().values()) == {1}


def only(number: int, then: Callable[[], Any], otherwise: Any = 0) -> Callable[..., Any]:
    """Does `then` at the call of that number, and nothing at every other one."""
    calls = count(1)
    return lambda *_: then() if next(calls) == number else otherwise


def hang_up() -> None:
    raise HangUp


def test_every_officer_gets_one_message_with_an_identity_of_its_own(play: Play, post: Mailbox):
    assert remind() == len(HAMLETS)
    assert each_once(post)
    assert [remind(), remind(DUE_DAY + timedelta(hours=1)), waiting()] == [0, 0, 0]
    assert each_once(post)


def test_the_words_arrive_as_they_were_written(post: Mailbox):
    for text in (".một\n.\n..hai", "một\n.", ".", "kỳ một\n\n", ""):
        EmailMessage("Kỳ", text, to=["lan@example.com"]).send()
        assert post.letters[-1].text.replace("\r\n", "\n").rstrip("\n") == text.rstrip("\n")


def test_senders_at_once_send_each_once(play: Play, post: Mailbox):
    def sender(_: int) -> int:
        try:
            return remind()
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(sender, range(3))) == len(HAMLETS)
    assert each_once(post)


def test_a_server_that_is_away_gets_everything_once_it_is_back(play: Play, post: Mailbox):
    post.stop()
    assert remind() == 0
    assert waiting() == len(HAMLETS)
    post.start()
    assert remind() == len(HAMLETS)
    assert each_once(post)


def test_a_server_that_goes_away_in_the_middle_of_a_run_gets_the_rest_once_it_is_back(play: Play, post: Mailbox):
    post.before_content = only(7, hang_up)
    closing = post.close_for_new_connections
    post.answer = only(6, lambda: (closing(), TAKEN)[1], TAKEN)
    assert remind() == 6
    post.start()
    assert remind() == len(HAMLETS) - 6
    assert each_once(post)


def test_a_connection_that_the_server_ends_between_two_messages_is_opened_anew(play: Play, post: Mailbox):
    post.before_content = only(5, hang_up)
    assert remind() == len(HAMLETS)
    assert each_once(post)


def test_what_the_server_refuses_holds_up_no_other_is_tried_again_and_set_aside_in_the_end(play: Play, post: Mailbox):
    def refuse_the_first(letter: Letter) -> str:
        return "550 no such mailbox" if letter.to == (EVERYBODY[0],) else TAKEN

    post.answer = refuse_the_first
    moment = DUE_DAY
    assert remind(moment) == len(HAMLETS) - 1
    for pause in PAUSES:
        assert send_reminders(moment + pause - timedelta(seconds=1)) == 0
        moment += pause
        assert (reminding.set_aside().count(), send_reminders(moment)) == (0, 0)
    assert reminding.set_aside().count() == 1
    refused = len(PAUSES) + 1
    assert sorted(post.by_message_id().values())[-2:] == [1, refused], "the server read it each time, and took it never"
    post.behave()
    assert outbox.try_again(reminding.set_aside()) == 1
    assert send_reminders(moment) == 1


def test_a_message_whose_answer_is_lost_comes_again_under_the_same_identity(play: Play, post: Mailbox):
    """Nobody can know whether the server took it (RFC 1047): this copy alone may be a second one, and mailboxes drop it."""
    post.answer = only(3, hang_up, TAKEN)
    assert remind() == len(HAMLETS) - 1
    assert send_reminders(DUE_DAY + PAUSES[0]) == 1
    assert sorted(set(post.recipients())) == EVERYBODY
    assert sorted(post.by_message_id().values()) == [1] * (len(HAMLETS) - 1) + [2]


def test_a_server_that_falls_silent_is_left_and_asked_anew(play: Play, post: Mailbox, settings: Any):
    settings.EMAIL_TIMEOUT = 0.3
    post.before_content = only(4, lambda: 1)
    assert remind() == len(HAMLETS)
    assert each_once(post)


def test_a_server_that_thinks_for_long_over_a_whole_message_is_waited_for(play: Play, post: Mailbox, settings: Any):
    settings.EMAIL_TIMEOUT = 0.1
    post.thinks_for = 0.3
    plan_reminders(DUE_DAY)
    Reminder.objects.exclude(report__unit__uid__in=HAMLETS[:3]).delete()
    assert send_reminders(DUE_DAY) == 3
    assert set(post.by_message_id().values()) == {1}


# --- Senders that are killed -----------------------------------------------------------------------


@pytest.fixture
def sender(post: Mailbox, tmp_path: Path) -> Iterator[Process]:
    """A process that sends, once started, the reminders of the due day."""
    environment = os.environ | {
        "DATABASE_URL": database_url(),
        "DJANGO_SETTINGS_MODULE": "danvan.settings",
        "EMAIL_URL": post.url,
        "DEFAULT_FROM_EMAIL": project.DEFAULT_FROM_EMAIL,
    }
    process = Process([sys.executable, "-m", "tests.faults.remind", DUE_DAY.isoformat()], environment, tmp_path / "sender.log")
    yield process
    process.kill()


def run_to_its_end(sender: Process, moment: datetime = DUE_DAY) -> None:
    sender.command[-1] = moment.isoformat()
    sender.start()
    wait_until(lambda: sender.ended_with is not None, "the sender to end", 60, [sender.log_file])
    assert sender.ended_with == 0, sender.log()


def run_until_killed(sender: Process) -> None:
    sender.start()
    wait_until(lambda: sender.ended_with is not None, "the sender to be killed", 60, [sender.log_file])
    assert sender.ended_with == -signal.SIGKILL, sender.log()


def killing(sender: Process, answer: Any) -> Callable[[], Any]:
    """Kills the sender as it waits for this answer."""

    def kill() -> Any:
        sender.kill_at_once()
        return answer

    return kill


def test_a_sender_killed_before_it_may_send_the_content_leaves_the_message_to_the_next_one(
    play: Play, post: Mailbox, sender: Process, chance: random.Random
):
    post.before_content = only(chance.randint(1, len(HAMLETS)), killing(sender, 1))
    run_until_killed(sender)
    run_to_its_end(sender)
    assert each_once(post)


def test_a_sender_killed_while_the_server_thinks_over_its_message_leaves_none_that_is_sent_twice(
    play: Play, post: Mailbox, sender: Process, chance: random.Random
):
    post.thinks_for = 0.2
    post.answer = only(chance.randint(1, 5), killing(sender, TAKEN), TAKEN)
    run_until_killed(sender)
    post.behave()
    run_to_its_end(sender, DUE_DAY + LEASE)
    assert each_once(post)


def test_a_sender_killed_with_a_claim_keeps_others_off_for_the_length_of_a_lease_and_no_longer(play: Play, post: Mailbox):
    [claimed] = Reminder.objects.filter(pk=plan_one(play))
    assert outbox.Run(DUE_DAY).claim(claimed)
    assert (send_reminders(DUE_DAY), send_reminders(DUE_DAY + LEASE - timedelta(seconds=1))) == (0, 0)
    assert send_reminders(DUE_DAY + LEASE + timedelta(seconds=1)) == 1


def plan_one(play: Play) -> int:
    return Reminder.objects.create(report=play.report("H00"), audience="unit", due_on=DUE_DAY.date(), step=0).pk


@pytest.mark.postgresql
def test_senders_killed_at_any_moment_lose_nothing_and_send_at_most_the_last_message_again_under_its_identity(
    play: Play, post: Mailbox, sender: Process, chance: random.Random, rounds: int
):
    twice = kills = 0
    for number in range(rounds):
        Reminder.objects.all().delete()
        post.letters.clear()
        moment = DUE_DAY + timedelta(days=number)
        for goal in (chance.randint(1, 15), chance.randint(16, 30)):
            sender.command[-1] = moment.isoformat()
            sender.start()
            wait_until(partial(has_got, post, goal), "some messages", 60, [sender.log_file])
            time.sleep(chance.uniform(0, 0.01))
            sender.kill()
            kills += 1
        run_to_its_end(sender, moment + 2 * LEASE)
        assert waiting() == 0
        assert sorted(set(post.recipients())) == EVERYBODY
        assert len(post.by_message_id()) == len(HAMLETS)
        twice += len(post.letters) - len(HAMLETS)
    print(f"{kills} senders killed; messages lost: 0; sent again under the same Message-ID: {twice}")
    assert twice <= kills


def has_got(post: Mailbox, goal: int) -> bool:
    return len(post.letters) >= goal
