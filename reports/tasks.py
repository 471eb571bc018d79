"""Celery's side: each task reads the clock or takes an id, and makes one service call. Running one twice changes nothing."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from reports.services import flagging, opening, reminding, rolling_up

#: seconds after which the scheduler has drained what a wake was for, so that an absent worker leaves no heap of them
WAKE_EXPIRES = 60


@shared_task(name="reports.tasks.open_due_cycles")
def open_due_cycles() -> None:
    """Open the planned cycles whose day has come."""
    opening.open_due(timezone.now())


@shared_task(name="reports.tasks.sweep")
def sweep() -> None:
    """Raise and clear flags."""
    flagging.sweep(timezone.now())


@shared_task(name="reports.tasks.drain_rollups")
def drain_rollups(cycle_id: int | None = None) -> None:
    """Recompute marked totals, of one cycle or of all. A tree that another worker is draining is left to it."""
    rolling_up.drain_all(None if cycle_id is None else [cycle_id], wait=False)


@shared_task(name="reports.tasks.remind")
def remind() -> None:
    """Plan the reminders that are due, and send those that wait."""
    now = timezone.now()
    reminding.plan_reminders(now)
    reminding.send_reminders(now)


def wake(cycle_id: int) -> None:
    """Ask a worker to drain a cycle's marks now rather than at the scheduler's next turn."""
    drain_rollups.apply_async((cycle_id,), expires=WAKE_EXPIRES)
