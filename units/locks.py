"""One at a time: a named lock for the length of a transaction. Here the two databases truly differ."""

from __future__ import annotations

import hashlib

from django.db import DEFAULT_DB_ALIAS, transaction
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
