"""One at a time: a named lock for the length of a transaction; or two at a time. Here the two databases truly differ."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, transaction
from django.db.transaction import TransactionManagementError
from django.utils import timezone


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


def clock() -> datetime:
    """The database's clock, with which it tells when transactions began."""
    if connection.vendor != "postgresql":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
        return moment


def writers_ended(table: str, moment: datetime) -> bool:
    """Has every transaction of others ended that was adding rows to the table at this moment of `clock`? On SQLite one writer excludes all.

    Ids are given out before rows are seen: from then on none can come that is smaller than the greatest which was seen at that moment.
    Whoever adds a row holds ROW EXCLUSIVE on its table from before the id is given out (`units.bulk.reserve_ids` sees to it) until the
    end, so this looks for those locks, as CREATE INDEX CONCURRENTLY does. Who reads, as a backup does for hours, is not waited for.
    A holder of whom it isn't known since when is: a prepared transaction, or an account of whose sessions we may see the locks alone.
    """
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT NOT EXISTS (SELECT FROM pg_locks LEFT JOIN pg_stat_activity AS session USING (pid)"
            " WHERE locktype = 'relation' AND relation = %s::regclass AND mode = 'RowExclusiveLock'"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            " AND pid IS DISTINCT FROM pg_backend_pid() AND (xact_start IS NULL OR xact_start <= %s))",
            [connection.ops.quote_name(table), moment],
        )
        return bool(cursor.fetchone()[0])


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
