"""Those who act on the site: at the web pages, by calls of the services, by commands. Each is a process (tests/faults/act.py)."""

from __future__ import annotations

import http.client
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from typing import Any

from django.contrib.auth import get_user_model
from django.db import InterfaceError, OperationalError, close_old_connections, connections
from django.db.models import Q
from django.utils import timezone

from reports.models import Report
from reports.policies import Standing
from reports.services import filling, reviewing, submitting
from reports.services.submitting import Declaration
from tests.faults.browser import Browser, NoAnswer
from tests.faults.country import CODE, PASSWORD, TOKEN_CELL
from tests.faults.ledger import Attempt, Outcome
from units.problems import Refused
from units.reach import units_served

DEADLOCK_DETECTED = "40P01"
#: how gladly each action is taken: most reports go up, some come back
LIKING = {
    "save": 6, "submit": 9, "accept": 12, "return": 3, "reopen": 2, "withdraw": 2, "exempt": 1, "unexempt": 3, "extend": 1,
    "propose": 0, "send_back": 0, "appraise": 0,
}  # fmt: skip


class Impossible(Exception):
    """There is nothing to be done just now."""


@contextmanager
def looking_around() -> Iterator[None]:
    """Reads what there is to be done: nothing, where the database is away."""
    close_old_connections()
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        connections.close_all()
        raise Impossible from error


class Client:
    """Chooses what to do; how it is done is a subclass's. Its tokens begin with `mark`, which nobody else has."""

    def __init__(self, name: str, mark: str, seed: str, port: int) -> None:
        self.mark = mark
        self.chance = random.Random(f"{seed} {mark}")
        self.number = 0

    def attempt(self) -> Attempt:
        """Take an action of one's choice. Raises Impossible where there is none."""
        raise NotImplementedError

    def token(self) -> str:
        self.number += 1
        return f"{self.mark} {self.number}"

    def choice(self, actions: set[str]) -> str:
        weights = [LIKING[action] for action in sorted(actions)]
        if not any(weights):
            raise Impossible
        return self.chance.choices(sorted(actions), weights)[0]

    def cells(self, token: str) -> dict[str, Any]:
        return {"a": self.chance.randrange(100), "m": str(self.chance.randrange(100)), TOKEN_CELL: token}


class Pages(Client):
    """An officer at the web pages: does what the page of the own report, or of one directly below, offers."""

    def __init__(self, name: str, mark: str, seed: str, port: int) -> None:
        super().__init__(name, mark, seed, port)
        self.browser = Browser(port, name, PASSWORD)

    def attempt(self) -> Attempt:
        try:
            if not self.browser.is_signed_in:
                self.browser.sign_in()
            with looking_around():
                report_id = self.chance.choice(list(self.units))
            page = f"/reports/{report_id}/"
            shown = self.browser.get(page).body
        except NoAnswer as error:
            raise Impossible from error
        action = self.choice(self._offered(page, shown))
        token, began = self.token(), time.monotonic()
        try:
            answer = self.browser.post(*self._sent(action, page, shown, token))
        except NoAnswer as error:
            outcome, said = Outcome.LOST, str(error)
        else:
            outcome = Outcome.DONE if answer.status == http.client.FOUND and answer.location == page else Outcome.REFUSED
            said = "" if outcome is Outcome.DONE else f"{answer.status} {answer.location}"
        return Attempt(token, action, [self.units[report_id]], outcome, time.monotonic() - began, said)

    @cached_property
    def units(self) -> dict[int, str]:
        """Whose report each is."""
        mine = units_served(get_user_model().objects.get(username=self.browser.name))
        reports = Report.objects.filter(Q(unit__in=mine) | Q(superior__unit__in=mine))
        return dict(reports.order_by("pk").values_list("pk", "unit__uid"))

    def _offered(self, page: str, shown: str) -> set[str]:
        offered = set(re.findall(rf'action="{page}do/(\w+)/"', shown))
        offered |= {"save"} if 'id="report-form"' in shown else set()
        return offered | ({"submit"} if f'href="{page}submit/"' in shown else set())

    def _sent(self, action: str, page: str, shown: str, token: str) -> tuple[str, Mapping[str, object]]:
        seen = re.findall(r'name="(?:version|seen)" value="(\d+)"', shown)[0]
        if action == "save":
            return f"{page}save/", {"version": seen, **{f"cell-{code}": value for code, value in self.cells(token).items()}}
        if action == "submit":
            return f"{page}submit/", {"seen": seen, "reason": token, "confirm_incomplete": "yes"}
        fields: dict[str, object] = {"seen": seen, "reason": token}
        if action == "extend":
            fields["until"] = (timezone.localdate() + timedelta(days=self.chance.randint(2, 9))).strftime("%d/%m/%Y")
        return f"{page}do/{action}/", fields


class Services(Client):
    """A program that calls the services, as the system."""

    def attempt(self) -> Attempt:
        with looking_around():
            report = self.chance.choice(list(Report.objects.for_display().order_by("pk")))
            action = self.choice({each.value for each in Standing(None).allowed(report)})
        token, began, outcome, said = self.token(), time.monotonic(), Outcome.DONE, ""
        try:
            self._take(action, report, token)
        except Refused as refused:
            outcome, said = Outcome.REFUSED, str(refused)
        except (OperationalError, InterfaceError) as error:
            outcome = Outcome.DEADLOCK if getattr(error.__cause__, "sqlstate", "") == DEADLOCK_DETECTED else Outcome.LOST
            said = str(error)
            connections.close_all()
        return Attempt(token, action, [report.unit.uid], outcome, time.monotonic() - began, said)

    def _take(self, action: str, report: Any, token: str) -> None:
        if action == "save":
            filling.save(report.pk, self.cells(token), by=None, at=timezone.now(), seen=report.version)
            return
        steps: dict[str, Callable[..., object]] = {
            "submit": submitting.submit, "withdraw": submitting.withdraw, "accept": reviewing.accept, "reopen": reviewing.reopen,
            "return": reviewing.return_for_correction, "exempt": reviewing.exempt, "unexempt": reviewing.unexempt,
            "extend": reviewing.extend,
        }  # fmt: skip
        more: dict[str, object] = {}
        if action == "submit":
            more["declaration"] = Declaration(confirm_incomplete=True)
        if action == "extend":
            more["until"] = report.due_on + timedelta(days=self.chance.randint(1, 5))
        if self.chance.random() < 0.5:
            more["seen"] = {report.pk: report.version}
        steps[action](Report.objects.filter(pk=report.pk), by=None, at=timezone.now(), reason=token, **more)


class Commands(Client):
    """An administrator's script: `manage.py transition`, on up to three reports at once."""

    def attempt(self) -> Attempt:
        action, states = self.chance.choice([("submit", ("draft", "returned")), ("accept", ("submitted",)), ("withdraw", ("submitted",))])
        with looking_around():
            units = list(Report.objects.filter(state__in=states).order_by("pk").values_list("unit__uid", flat=True))
        if not units:
            raise Impossible
        named = self.chance.sample(units, min(len(units), 3))
        token, began = self.token(), time.monotonic()
        words = [sys.executable, "manage.py", "transition", CODE, action, "--unit", *named, "--reason", token, "--confirm-incomplete"]
        ran = subprocess.run(words, capture_output=True, text=True, check=False)
        if ran.returncode == 0:
            outcome = Outcome.DONE
        elif "Traceback" not in ran.stderr:
            outcome = Outcome.REFUSED
        else:
            outcome = Outcome.DEADLOCK if "deadlock detected" in ran.stderr else Outcome.LOST
        return Attempt(token, action, named, outcome, time.monotonic() - began, ran.stderr[-300:])
