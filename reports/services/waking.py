"""How a committed mark reaches the worker: a port that the entry points fill, since services know no message broker.

A wake that gets lost delays a total and loses nothing: the marks are rows, and the scheduler drains them as well.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from django.db import transaction

_wakers: list[Callable[[int], None]] = []


def install(wake: Callable[[int], None]) -> None:
    """Say how to wake a worker for a cycle's marks."""
    _wakers[:] = [wake]


def after_commit(cycle_id: int) -> None:
    """Wake a worker once the open transaction is committed; a failure to do so never fails what was committed."""
    for wake in _wakers:
        transaction.on_commit(partial(wake, cycle_id), robust=True)
