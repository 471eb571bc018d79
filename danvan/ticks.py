"""When each of the scheduler's tasks last ended well: in the cache, which the worker and the pages share where there is a broker."""

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


def _key(task: str) -> str:
    return f"tick:{task}"
