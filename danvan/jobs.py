"""The state of what runs by itself, for an administrator: scheduler and worker, broker, what waits, what was set aside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import redis
from django.conf import settings
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from danvan import ticks
from danvan.health import set_aside
from reports.models import Cycle, Reminder, RollupMark

#: what each of the scheduler's tasks does
WHAT = {
    "open_due_cycles": _("Opening planned cycles whose day has come"),
    "sweep": _("Raising and clearing flags"),
    "drain_rollups": _("Recomputing marked totals"),
    "remind": _("Planning and sending reminders"),
    "run_background_jobs": _("Making the files that were ordered"),
    "expire_background_jobs": _("Deleting files that were not fetched in time"),
}
#: a task that missed so many of its turns, and half a minute, is said to be late
TURNS_MISSED, GRACE = 3, timedelta(seconds=30)
#: how many cycles are named
NAMED = 5
#: seconds for the broker to answer
PATIENCE = 0.5
#: where the celery worker finds its messages
QUEUE = "celery"


@dataclass(frozen=True, slots=True)
class Job:
    """A task of the scheduler. `last` is None where nothing is known of it."""

    what: str
    every: timedelta
    last: datetime | None
    is_late: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to know, with where to look; `is_well` None is neither good nor bad."""

    what: str
    found: str
    is_well: bool | None
    address: str = ""


def broker_state() -> tuple[bool | None, str]:
    """Whether the broker answers (None: there is none), and what it says."""
    if not settings.REDIS_URL:
        return None, gettext("There is none: commands and pages do the work themselves.")
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE) as client:
            return True, gettext("It answers; messages that wait: %(count)d.") % {"count": client.llen(QUEUE)}
    except redis.RedisError as error:
        return False, gettext("It doesn't answer: %(error)s") % {"error": error}


def jobs(at: datetime, *, broker_answers: bool) -> list[Job]:
    """The scheduler's tasks, and when each last ended well. One of which nothing is known yet is late where no other is known either."""
    schedule: dict[str, dict[str, Any]] = settings.CELERY_BEAT_SCHEDULE
    known = ticks.last([entry["task"] for entry in schedule.values()]) if broker_answers else {}
    found = []
    for name, entry in schedule.items():
        every, last = timedelta(seconds=entry["schedule"]), known.get(entry["task"])
        is_late = at - last > TURNS_MISSED * every + GRACE if last else not known
        found.append(Job(str(WHAT[name]), every, last, is_late))
    return found


def waiting(at: datetime) -> list[Line]:
    """What waits for a job or for a person. Five queries."""
    reminders = reverse("admin:reports_reminder_changelist")
    totals = reverse("admin:reports_rollup_changelist")
    cycles = reverse("admin:reports_cycle_changelist")
    unsent = Reminder.objects.filter(sent_at__isnull=True, set_aside_at__isnull=True).count()
    planned = Cycle.objects.filter(state=Cycle.State.PLANNED, opens_on__lt=timezone.localdate(at))
    unopened = ", ".join(planned.values_list("code", flat=True)[:NAMED])
    aside = set_aside()
    failed, refused = aside["totals set aside"], aside["reminders set aside"]
    return [
        Line(gettext("Totals marked for recomputing"), str(RollupMark.objects.count()), None),
        Line(gettext("Reminders that wait to be sent"), str(unsent), None, f"{reminders}?sent_at__isempty=1"),
        Line(gettext("Totals set aside after failing"), str(failed), not failed, f"{totals}?error__isempty=0"),
        Line(gettext("Reminders set aside after refusals"), str(refused), not refused, f"{reminders}?set_aside_at__isempty=0"),
        Line(gettext("Cycles whose day of opening is past"), unopened or "0", not unopened, f"{cycles}?state__exact=planned"),
    ]


def database_state() -> str:
    """Which database answers, and its version."""
    connection.ensure_connection()
    version = ".".join(str(part) for part in connection.get_database_version())
    return gettext("It answers: %(name)s %(version)s.") % {"name": connection.display_name, "version": version}
