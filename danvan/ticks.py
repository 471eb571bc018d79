"""When each of the scheduler's tasks last ended well, and how often one failed.

It stands in the cache, which the worker and the pages share where there is a broker.
"""

from __future__ import annotations

from datetime import datetime

from django.core.cache import cache
from django.utils import timezone

#: what is older than a week is as good as never
KEPT = 7 * 24 * 3600


def note(task: str) -> None:
    """The task with this name has just ended well."""
    cache.set(_key(task), timezone.now(), KEPT)


def last(tasks: list[str]) -> dict[str, datetime]:
    """When these tasks last ended well; one of which nothing is known is left out."""
    found = cache.get_many([_key(task) for task in tasks])
    return {task: found[_key(task)] for task in tasks if _key(task) in found}


def note_failure(task: str) -> None:
    """The task with this name has just ended with an error."""
    cache.add(_failures(task), 0, None)
    cache.incr(_failures(task))


def failures(tasks: list[str]) -> dict[str, int]:
    """How often each of these tasks has failed since the cache began."""
    found = cache.get_many([_failures(task) for task in tasks])
    return {task: found.get(_failures(task), 0) for task in tasks}


def _failures(task: str) -> str:
    return f"failures:{task}"


def _key(task: str) -> str:
    return f"tick:{task}"
