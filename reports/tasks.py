"""Celery's side: each task reads the clock or takes an id, and makes one service call. Running one twice changes nothing."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from reports.documents.makers import MAKERS
from reports.services import background_jobs, flagging, opening, reminding, reminding_by_message, rolling_up, telling

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


@shared_task(name="reports.tasks.send_messages")
def send_messages() -> None:
    """Send the reminders that go by chat or SMS."""
    reminding_by_message.send_messages(timezone.now())


@shared_task(name="reports.tasks.run_background_jobs")
def run_background_jobs() -> None:
    """Do the job that waits longest, and wake a worker for the next one: none is kept from other work by a long queue."""
    if background_jobs.run_next(MAKERS, timezone.now()):
        wake_for_background_jobs()


@shared_task(name="reports.tasks.expire_background_jobs")
def expire_background_jobs() -> None:
    """Forget what was made and not fetched in time."""
    background_jobs.expire(timezone.now())


@shared_task(name="reports.tasks.tell_webhooks")
def tell_webhooks() -> None:
    """Tell other systems what the journal says, and try again what did not get through."""
    telling.collect()
    telling.send(timezone.now())


def wake(cycle_id: int) -> None:
    """Ask a worker to drain a cycle's marks now rather than at the scheduler's next turn."""
    drain_rollups.apply_async((cycle_id,), expires=WAKE_EXPIRES)


def wake_for_background_jobs() -> None:
    """Ask a worker to do what was ordered now rather than at the scheduler's next turn."""
    run_background_jobs.apply_async(expires=WAKE_EXPIRES)
