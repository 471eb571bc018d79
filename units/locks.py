"""One at a time: a named lock for the length of a transaction; or two at a time. Here the two databases truly differ."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, transaction
from django.db.transaction import TransactionManagementError


def hold(name: str, using: str = DEFAULT_DB_ALIAS) -> None:
    """Wait for the lock called `name` and hold it until the transaction ends.

    PostgreSQL has advisory locks for it. On SQLite every transaction is IMMEDIATE and so excludes all other writers.
    Raises TransactionManagementError outside a transaction, where a lock would protect nothing.
    """
    connection = transaction.get_connection(using)
    if not connection.in_atomic_block:
        raise TransactionManagementError(f"The lock {name!r} needs a transaction to live in.")
    if connection.vendor == "postgresql":
        key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])


Part = TypeVar("Part")
Result = TypeVar("Result")


def side_by_side(work: Callable[[Part], Result], parts: Iterable[Part]) -> list[Result]:
    """The work on each part, two parts at once, in transactions of their own: a statement that writes keeps one core busy.

    One after the other within an open transaction, whose work is to be seen and may be taken back, and on SQLite.
    """
    if connection.vendor != "postgresql" or connection.in_atomic_block:
        return [work(part) for part in parts]

    def alone(part: Part) -> Result:
        try:
            return work(part)
        finally:
            connection.close()  # this thread's own

    with ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(alone, parts))
