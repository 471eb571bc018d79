"""Two thousand acceptances spread over one province: by eight reviewers at once, and one after another; a worker drains."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from benchmarks.country import ACCEPTED_AT, largest_province
from benchmarks.jobs.accepting import evenly, reviewer_above, submitted_again
from benchmarks.measuring import Line, Setting
from reports.models import Cycle, JournalEntry, Report, RollupMark
from reports.services import reviewing, rolling_up, verifying
from units.problems import Problems

ACCEPTANCES = 2000
REVIEWERS = 8
#: samples; each is minutes of everybody's work
MOST_REPEATS = 3


def measured(setting: Setting) -> Iterator[Line]:
    cycle = Cycle.objects.get()
    hamlets = evenly(hamlets_of_largest_province(cycle), ACCEPTANCES)
    samples: dict[int, list[float]] = {REVIEWERS: [], 1: []}
    for _ in range(min(setting.repeat, MOST_REPEATS)):
        for reviewers, kept in samples.items():
            submitted_again(hamlets)
            before = last_entry()
            kept.append(seconds_to_accept(hamlets, reviewers))
            check(cycle, hamlets, before)
    yield Line(
        f"{len(hamlets)} acceptances in one province by {REVIEWERS} reviewers at once, until the last total is stored",
        samples[REVIEWERS],
        samples[1],
        "the same by one reviewer after another",
        most=1,
        reports=Report.objects.count(),
        note="each accepted once, no deadlock, totals equal to those computed afresh",
    )


def hamlets_of_largest_province(cycle: Cycle) -> list[int]:
    below = Report.objects.below(largest_province(cycle)).without_reports_below()
    return list(below.order_by("position").values_list("pk", flat=True))


def last_entry() -> int:
    return JournalEntry.objects.order_by("-pk").values_list("pk", flat=True)[0]


def seconds_to_accept(hamlets: Sequence[int], reviewers: int) -> float:
    """From the word until every acceptance is committed and every total stored. Each reviewer is a process, as is the worker."""
    for report in Report.objects.filter(pk__in=hamlets).select_related("superior__unit"):
        reviewer_above(report)
    with ExitStack() as running:
        desks = [Desk("review", hamlets[number::reviewers]) for number in range(reviewers)]
        worker = Desk("drain", ())
        for desk in [*desks, worker]:
            running.callback(desk.end)
        for desk in [*desks, worker]:
            desk.hear("ready")
        started = time.perf_counter()
        for desk in [*desks, worker]:
            desk.tell("go")
        for desk in desks:
            desk.hear("done")
        while RollupMark.objects.exists():
            time.sleep(0.005)
        return time.perf_counter() - started


class Desk:
    """A process that works on its share once it is told to: `python -m benchmarks.child review` or `drain`."""

    def __init__(self, task: str, share: Sequence[int]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.child", task], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ
        )
        self.tell(json.dumps(list(share)))

    def tell(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def hear(self, word: str) -> None:
        assert self._process.stdout
        heard = self._process.stdout.readline().strip()
        if heard != word:
            raise RuntimeError(f"A process said “{heard}” instead of “{word}”.")

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


def review() -> None:
    """What a reviewer's process does."""
    share = Report.objects.filter(pk__in=json.loads(input())).select_related("superior__unit").order_by("pk")
    waiting = [(report.pk, reviewer_above(report)) for report in share]
    print("ready", flush=True)
    input()
    for pk, reviewer in waiting:
        reviewing.accept(Report.objects.filter(pk=pk), by=reviewer, at=ACCEPTED_AT)
    print("done", flush=True)


def drain() -> None:
    """What the worker does, woken as often as it can be, until it is killed."""
    input()
    print("ready", flush=True)
    input()
    while True:
        if not rolling_up.drain_all(wait=False):
            time.sleep(0.005)


def check(cycle: Cycle, hamlets: Sequence[int], before: int) -> None:
    """Every acceptance took effect once, and every stored total is what it has to be."""
    entries = list(JournalEntry.objects.filter(pk__gt=before).values_list("report_id", flat=True))
    assert sorted(entries) == sorted(hamlets), "An acceptance was lost or doubled."
    problems = Problems()
    verifying.compare(cycle, problems)
    assert not problems, f"{problems.count} totals are wrong."
