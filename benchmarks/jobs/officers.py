"""Two hundred officers with a form open, each saving every few seconds, on the whole site: web server, worker, scheduler, Redis."""

from __future__ import annotations

import json
import os
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from benchmarks.jobs.accepting import evenly
from benchmarks.jobs.newest_province import someone
from benchmarks.measuring import Line, Setting
from danvan import embedded
from reports.domain.validation import enterable
from reports.models import Cycle, Report
from reports.services import reviewing
from tests import servers
from tests.faults.browser import Browser, NoAnswer
from tests.processes import Process, wait_until
from units.models import Membership

OFFICERS = 200
#: seconds between two saves of one officer, drawn anew each time
PAUSE = (5.0, 10.0)
#: seconds in which all of them open their forms, one after the other, and in which then all of them save
ARRIVAL, EVENING = 60.0, 90.0
BAR = 0.500
_FIGURES_AT_MOST = 3
_STARTS_WITHIN = 60.0


def measured(setting: Setting) -> Iterator[Line]:
    if connection.vendor != "postgresql":
        return
    call_command("collectstatic", interactive=False, verbosity=0)
    officers = given_officers()
    with ExitStack() as site:
        port = site.enter_context(_site(setting.folder))
        for officer in officers:
            officer.browser = signed_in(officer.user, port)
        for _ in range(setting.repeat):
            yield from _evening(officers)


@dataclass
class Officer:
    """Somebody at a form: what was typed, what the server acknowledged, and how long each answer took."""

    user: User
    report_id: int
    codes: list[str]
    dice: random.Random
    browser: Browser = field(init=False)
    version: int = 0
    acknowledged: dict[str, int] = field(default_factory=dict)
    opened: list[float] = field(default_factory=list)
    saved: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def work(self, since: float, until: float) -> None:
        """Open the form, and save until the end; what is counted are the saves since all have opened theirs."""
        time.sleep(self.dice.uniform(0, ARRIVAL))
        self._timed(self.opened, self._open)
        while time.monotonic() < until:
            time.sleep(self.dice.uniform(*PAUSE))
            self._timed(self.saved if time.monotonic() >= since else [], self._save)

    def _timed(self, samples: list[float], act: Callable[[], None]) -> None:
        started = time.perf_counter()
        try:
            act()
        except (NoAnswer, AssertionError, ValueError) as error:
            self.errors.append(repr(error))
        samples.append(time.perf_counter() - started)

    def _open(self) -> None:
        answer = self.browser.get(f"/reports/{self.report_id}/")
        assert answer.status == 200, answer.status

    def _save(self) -> None:
        typed = {code: self.dice.randrange(1000) for code in self.dice.sample(self.codes, self.dice.randint(1, _FIGURES_AT_MOST))}
        fields: dict[str, object] = {"version": self.version, **{f"cell-{code}": value for code, value in typed.items()}}
        answer = self.browser.post(f"/reports/{self.report_id}/save/", fields, {"Accept": "application/json"})
        assert answer.status == 200, f"{answer.status}: {answer.body[:300]}"
        self.version = json.loads(answer.body)["version"]
        self.acknowledged |= typed


def given_officers() -> list[Officer]:
    """Communes all over the country whose accepted reports were opened again, each with an officer."""
    cycle = Cycle.objects.get()
    template = cycle.version.compiled()
    communes = Report.objects.filter(cycle=cycle, level__code="commune").order_by("position")
    chosen = evenly(list(communes.values_list("pk", flat=True)), OFFICERS)
    reviewing.reopen(Report.objects.filter(pk__in=chosen), by=None, at=timezone.now(), reason="đo")
    officers = []
    for report in communes.filter(pk__in=chosen).select_related("unit", "level"):
        user = someone(f"officer-{report.pk}", report, (Membership.Role.PREPARER, Membership.Role.APPROVER))
        entered = enterable(template, report.level.code, frozenset(report.levels_below))
        codes = [code for code in entered if template.by_code[code].value_type == "integer"]
        officers.append(Officer(user, report.pk, codes, random.Random(report.pk), version=report.version))
    return officers


def signed_in(user: User, port: int) -> Browser:
    """A browser with the user's session: passwords are slow on purpose, and nobody signs in every few seconds."""
    client = Client()
    client.force_login(user, backend="accounts.passwords.Backend")
    browser = Browser(port, user.username, "")
    browser.keep_cookie("sessionid", client.cookies["sessionid"].value)
    browser.get("/")
    return browser


@contextmanager
def _site(folder: Path) -> Iterator[int]:
    """The port of the whole site on this database, as the demo starts it."""
    with servers.redis_server() as server, servers.redis_database(server.url) as redis_url, ExitStack() as running:
        environment = {**os.environ, "REDIS_URL": redis_url}
        port = embedded.free_port()
        for name, command in {
            "web": [*embedded.python("gunicorn"), "danvan.wsgi", *embedded.gunicorn_options(port)],
            "worker": [*embedded.python("celery"), "-A", "danvan", "worker", *embedded.WORKER_OPTIONS],
            "scheduler": [*embedded.python("celery"), "-A", "danvan", "beat", "--pidfile=", f"--schedule={folder / 'schedule'}"],
        }.items():
            process = Process(command, environment, folder / f"{name}.log")
            process.start()
            running.callback(process.kill)
        wait_until(lambda: embedded.answers(port), "the pages", _STARTS_WITHIN, [folder / "web.log"])
        yield port


def _evening(officers: Sequence[Officer]) -> Iterator[Line]:
    """All of them at once. Raises where a save was lost, or anything but answered."""
    for officer in officers:
        officer.opened.clear()
        officer.saved.clear()
    since = time.monotonic() + ARRIVAL
    desks = [threading.Thread(target=officer.work, args=(since, since + EVENING), daemon=True) for officer in officers]
    for desk in desks:
        desk.start()
    for desk in desks:
        desk.join()
    _check(officers)
    saves = sorted(seconds for officer in officers for seconds in officer.saved)
    opened = sorted(seconds for officer in officers for seconds in officer.opened)
    note = f"{len(saves)} saves in {EVENING:g} s, every one there afterwards; half of them within {median(saves) * 1000:.0f} ms"
    reports = Report.objects.count()
    yield Line(
        f"{len(officers)} officers at their forms: 95 of 100 saves take less",
        [_percentile_95(saves)],
        most_seconds=BAR,
        reports=reports,
        note=note,
    )
    yield Line(
        f"{len(officers)} officers open their forms in {ARRIVAL:g} s: 95 of 100 take less",
        [_percentile_95(opened)],
        reports=reports,
    )


def _check(officers: Sequence[Officer]) -> None:
    errors = [error for officer in officers for error in officer.errors]
    assert not errors, f"{len(errors)} answers were no success, the first: {errors[0]}"
    stored = dict(Report.objects.filter(pk__in=[officer.report_id for officer in officers]).values_list("pk", "own"))
    lost = [
        (officer.user.username, code)
        for officer in officers
        for code, value in officer.acknowledged.items()
        if stored[officer.report_id].get(code) != value
    ]
    assert not lost, f"{len(lost)} saved figures are not there: {lost[:3]}"


def _percentile_95(samples: Sequence[float]) -> float:
    return quantiles(samples, n=100)[94]
