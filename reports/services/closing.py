"""Closing a cycle for entry, and opening it again (semantics §2). Missing stays missing."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from reports.models import Cycle, Report
from reports.policies import manages_cycle
from units.problems import Problem, Refused, gettext_noop
from units.reach import User


def close_cycle(cycle: Cycle, *, by: User, at: datetime) -> None:
    """Refuse every action on the cycle's reports from now on. Actions that are under way are waited for."""
    with transaction.atomic():
        for _ in Report.objects.filter(cycle=cycle).select_for_update(no_key=True).order_by("pk").values_list("pk").iterator():
            pass
        _move(cycle, Cycle.State.OPEN, Cycle.State.CLOSED, by=by, closed_at=at)


def reopen_cycle(cycle: Cycle, *, by: User) -> None:
    """Take actions on the cycle's reports again."""
    _move(cycle, Cycle.State.CLOSED, Cycle.State.OPEN, by=by, closed_at=None)


def _move(cycle: Cycle, source: Cycle.State, to: Cycle.State, *, by: User, closed_at: datetime | None) -> None:
    refuse_other_than_manager(cycle, by)
    if not Cycle.objects.filter(pk=cycle.pk, state=source).update(state=to, closed_at=closed_at):
        cycle.refresh_from_db()
        raise Refused(in_another_state(cycle))
    cycle.refresh_from_db()


def refuse_other_than_manager(cycle: Cycle, by: User) -> None:
    """Raises Refused."""
    if not manages_cycle(by, cycle):
        raise Refused(Problem(gettext_noop("Only a cycle manager of the units at the top opens and closes a cycle.")))


def in_another_state(cycle: Cycle) -> Problem:
    """Why nothing was done to a cycle."""
    message = gettext_noop("The cycle “%(code)s” is in the state “%(state)s”: nothing was done.")
    return Problem(message, {"code": cycle.code, "state": cycle.state})
