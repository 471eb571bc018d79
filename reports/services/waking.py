"""How committed work reaches the worker: a port that the entry points fill, since services know no message broker.

A wake that gets lost delays a total or a file and loses nothing: marks and jobs are rows, and the scheduler looks for them as well.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from django.db import transaction

_for_totals: list[Callable[[int], None]] = []
_for_background_jobs: list[Callable[[], None]] = []


def install(*, for_totals: Callable[[int], None], for_background_jobs: Callable[[], None]) -> None:
    """Say how to wake a worker for a cycle's marks, and for what waits to be made in the background."""
    _for_totals[:] = [for_totals]
    _for_background_jobs[:] = [for_background_jobs]


def for_totals(cycle_id: int) -> None:
    """Wake a worker once the open transaction is committed; a failure to do so never fails what was committed."""
    for wake in _for_totals:
        transaction.on_commit(partial(wake, cycle_id), robust=True)


def for_background_jobs() -> None:
    """The same, for a job that was ordered."""
    for wake in _for_background_jobs:
        transaction.on_commit(wake, robust=True)
