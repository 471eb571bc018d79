"""What is known of the processes that run by themselves: the broker, and when each of the scheduler's tasks last ended well."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import redis
from django.conf import settings

from danvan import ticks

#: a task that missed so many of its turns, and half a minute, is late
TURNS_MISSED, GRACE = 3, timedelta(seconds=30)
#: seconds for the broker to answer
PATIENCE = 0.5


@dataclass(frozen=True, slots=True)
class Broker:
    """Whether there is one, how many messages wait in it, and what it says instead of an answer."""

    is_there: bool
    waiting: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """A task of the scheduler. `last` is None where nothing is known of it."""

    name: str
    every: timedelta
    last: datetime | None
    is_late: bool


def broker() -> Broker:
    """The broker as it answers now."""
    if not settings.REDIS_URL:
        return Broker(is_there=False)
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE) as client:
            return Broker(is_there=True, waiting=sum(int(client.llen(queue.name)) for queue in settings.CELERY_TASK_QUEUES))
    except redis.RedisError as error:
        return Broker(is_there=True, error=str(error))


def jobs(at: datetime) -> list[Job]:
    """The scheduler's tasks, and when each last ended well. One of which nothing is known yet is late where no other is known either."""
    known = ticks.last(task_names())
    found = []
    for name, entry in _schedule().items():
        every, last = timedelta(seconds=entry["schedule"]), known.get(entry["task"])
        is_late = at - last > TURNS_MISSED * every + GRACE if last else not known
        found.append(Job(name, every, last, is_late))
    return found


def last_heard() -> datetime | None:
    """When a worker last ended a task of the scheduler's well."""
    return max(ticks.last(task_names()).values(), default=None)


def task_names() -> list[str]:
    """What Celery calls the scheduler's tasks."""
    return [entry["task"] for entry in _schedule().values()]


def turns() -> dict[str, timedelta]:
    """The scheduler's tasks, and how often each has its turn."""
    return {name: timedelta(seconds=entry["schedule"]) for name, entry in _schedule().items()}


def _schedule() -> dict[str, dict[str, Any]]:
    schedule: dict[str, dict[str, Any]] = settings.CELERY_BEAT_SCHEDULE
    return schedule
