"""A whole site under fire: hundreds of transitions by people and programs at once, while everything around them fails."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from time import sleep

import psutil
import pytest

from reports.models import RollupMark
from tests.builders import Play
from tests.faults.country import COMMUNES, given_country
from tests.faults.crowd import Crowd
from tests.faults.ledger import Attempt
from tests.faults.quiet import settle, wrong_totals
from tests.faults.site import Site
from tests.faults.told import Told, spread
from tests.worker import publishing_to

# It brings a PostgreSQL of its own, which it restarts; what the rest of the suite runs on doesn't matter, so it is run once.
pytestmark = pytest.mark.postgresql

#: acknowledged transitions between two faults, at least and at most
BETWEEN = (2, 12)
WEEK = timedelta(days=7)


Fault = Callable[["Storm"], None]


class Storm:
    """Breaks something, waits until those who act have got on, breaks something else, as long as they act."""

    def __init__(self, site: Site, crowd: Crowd, chance: random.Random, told: Told) -> None:
        self.site, self.crowd, self.chance, self.told = site, crowd, chance, told

    def rage(self, faults: dict[str, Fault]) -> None:
        while True:
            # each once in a random order, and again: chance alone would leave some out
            for name in self.chance.sample(sorted(faults), len(faults)):
                self.wait_for_progress()
                if not self.crowd.are_acting:
                    return
                faults[name](self)
                self.told.faults[name] += 1
                self.told.until_the_next_answer.append(self.wait_for_progress(1))

    def wait_for_progress(self, transitions: int = 0) -> float:
        goal = self.crowd.done() + (transitions or self.chance.randint(*BETWEEN))
        return self.site.wait_until(lambda: self.crowd.done() >= goal or not self.crowd.are_acting, "those who act to get on")


def kill_the_worker(storm: Storm) -> None:
    storm.site.wait_until(storm.site.worker_is_ready, "the worker to be ready")
    storm.site.worker.kill()
    storm.site.worker.start()


def kill_a_child_of_the_worker(storm: Storm) -> None:
    storm.site.wait_until(storm.site.worker_is_ready, "the worker to be ready")
    storm.chance.choice(psutil.Process(storm.site.worker.pid).children()).kill()


def restart_the_database(mode: str) -> Fault:
    return lambda storm: storm.site.restart_database(mode)


def take_the_broker_away_for_a_while(storm: Storm) -> None:
    storm.site.broker.stop()
    storm.wait_for_progress()
    storm.site.broker.start()


def flush_the_broker(storm: Storm) -> None:
    storm.site.broker.flush()


def run_a_second_scheduler_for_a_while(storm: Storm) -> None:
    storm.site.second_scheduler.start()
    storm.wait_for_progress()
    storm.site.second_scheduler.kill()


def kill_the_web_server(storm: Storm) -> None:
    storm.site.web.kill()
    storm.site.web.start()


FAULTS: dict[str, Fault] = {
    "worker killed": kill_the_worker,
    "a child of the worker killed": kill_a_child_of_the_worker,
    "PostgreSQL restarted (fast)": restart_the_database("fast"),
    "PostgreSQL restarted (immediate)": restart_the_database("immediate"),
    "Redis stopped and started": take_the_broker_away_for_a_while,
    "Redis flushed": flush_the_broker,
    "a second beat": run_a_second_scheduler_for_a_while,
    "web server killed": kill_the_web_server,
}


@pytest.fixture(scope="module")
def play(site: Site) -> Play:
    return given_country()


def test_whatever_fails_around_it_the_site_ends_where_an_undisturbed_one_would(
    site: Site, play: Play, chance: random.Random, seed: str, rounds: int, told: Told
):
    attempts: list[Attempt] = []
    site.start()
    for number in range(rounds):
        with Crowd(site, f"round{number}", f"{seed} {number}") as crowd:
            Storm(site, crowd, chance, told).rage(FAULTS)
        attempts += crowd.attempts()
        told.note(crowd.attempts(), settle(site, play, attempts))
        site.sleep(WEEK)
        site.start()
        told.note([], settle(site, play, attempts))
        assert told.sent_again <= told.faults["worker killed"] + told.faults["a child of the worker killed"]


#: hamlets that are accepted and taken back again and again, in two provinces
BUSY = [f"H{commune[1:]}4" for commune in COMMUNES]


def test_a_worker_killed_at_any_moment_while_it_adds_up_leaves_nothing_that_the_next_one_does_not_finish(
    site: Site, play: Play, chance: random.Random, rounds: int
):
    seconds: list[float] = []
    site.kill()
    site.worker.start()
    site.scheduler.start()
    with publishing_to(site.broker.url):
        for _ in range(2 * rounds):
            site.wait_until(site.worker_is_ready, "the worker to be ready")
            accept_and_reopen(play, site, chance.sample(BUSY, chance.randint(1, len(BUSY))))
            sleep(chance.uniform(0, 0.05))
            site.worker.kill()
            accept_and_reopen(play, site, chance.sample(BUSY, 3))
            site.worker.start()
            seconds.append(site.wait_until(lambda: not RollupMark.objects.exists(), "the next worker to finish"))
            assert wrong_totals(play) == []
    print(f"worker killed {len(seconds)} times; seconds from its start until no total was stale: {spread(seconds)}")


def accept_and_reopen(play: Play, site: Site, uids: list[str]) -> None:
    """Take each of these reports on by what its state allows, one transaction after another."""
    for uid in uids:
        match play.state(uid):
            case "submitted":
                play.accept(uid, at=site.clock)
            case "accepted":
                play.do("reopen", uid, at=site.clock)
            case "exempt":
                play.do("unexempt", uid, at=site.clock)
            case _:
                play.save(uid, a="7", at=site.clock)
                play.submit(uid, at=site.clock)
