"""Set-based reading and writing that the ORM has no word for. SQLite and PostgreSQL truly differ here (docs/architecture.md)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, connections, models
from django.db.models import F, Func

#: rows from which on a COPY is worth its preparation
MANY = 100


class Among(Func):
    """A condition for `filter`: the field is one of these ids, or of these texts.

    They travel as one parameter. Of a thousand in a row, as `__in` has them, taking the statement apart costs more than running it.
    """

    output_field = models.BooleanField()
    arity = 1

    def __init__(self, field: str, ids: Iterable[int] | Iterable[str]) -> None:
        super().__init__(F(field))
        self.ids = list(ids)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        sql, params = compiler.compile(self.source_expressions[0])
        kind = "text" if any(isinstance(each, str) for each in self.ids[:1]) else "bigint"
        return f"({sql} = ANY(%s::{kind}[]))", [*params, self.ids]

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        sql, params = compiler.compile(self.source_expressions[0])
        return f"({sql} IN (SELECT value FROM json_each(%s)))", [*params, json.dumps(self.ids)]


def reserve_ids(model: type[models.Model], count: int) -> list[int]:
    """As many ids as rows are to be added in this transaction, for rows that refer to each other. Nobody else gets them.

    Who has got some holds the lock of somebody who adds rows, as if they were being added already (`units.locks.writers_ended`).
    """
    table, key = quoted(model, "pk")
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"LOCK TABLE {table} IN ROW EXCLUSIVE MODE")
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
                [table, model._meta.pk.column, count],
            )
            return [row[0] for row in cursor.fetchall()]
        cursor.execute(f"SELECT coalesce(max({key}), 0) FROM {table}")
        last = cursor.fetchone()[0]
        return list(range(last + 1, last + 1 + count))


def add_many(rows: Sequence[models.Model]) -> None:
    """Add the rows, and give them their ids: by COPY on PostgreSQL where they are many, which takes no statement apart."""
    if not rows:
        return
    model = type(rows[0])
    if connection.vendor != "postgresql" or len(rows) < MANY:
        model._default_manager.bulk_create(rows, batch_size=2000)
        return
    for row, pk in zip(rows, reserve_ids(model, len(rows)), strict=True):
        row.pk = pk
    fields = model._meta.concrete_fields
    copy_rows(model, fields, (prepared(row, fields) for row in rows))


def copy_rows(model: type[models.Model], fields: Sequence[models.Field[Any, Any]], rows: Iterable[Sequence[Any]]) -> None:
    """COPY these fields of rows into the model's table (PostgreSQL)."""
    table, *columns = quoted(model, *(field.name for field in fields))
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def prepared(row: models.Model, fields: Sequence[models.Field[Any, Any]]) -> list[Any]:
    """The row's values as the database takes them."""
    database = connections[connection.alias]  # itself: each look through its proxy would cost more than what is looked for
    return [field.get_db_prep_save(getattr(row, field.attname), database) for field in fields]


def quoted(model: type[models.Model], *fields: str) -> list[str]:
    """The table and the columns of these fields, quoted for SQL."""
    return [connection.ops.quote_name(str(name)) for name in (model._meta.db_table, *(field.column for field in fields_of(model, *fields)))]


def fields_of(model: type[models.Model], *names: str) -> list[models.Field[Any, Any]]:
    """The model's fields with these names; `pk` is one."""
    return [model._meta.pk if name == "pk" else model._meta.get_field(name) for name in names]  # type: ignore[misc]
