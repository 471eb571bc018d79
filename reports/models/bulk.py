"""Set-based writes of reports that the ORM has no word for; what units need of it is in `units/bulk.py` (docs/architecture.md)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.db.models import F, Func, Value

from units.bulk import MANY, copy_rows, fields_of, prepared, quoted

_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def insert_select(model: type[models.Model], columns: Sequence[str], rows: models.QuerySet) -> int:
    """`INSERT INTO model (columns) SELECT …`: `rows` is a `values_list` of as many columns. Returns how many were inserted."""
    try:
        sql, params = rows.query.sql_with_params()
    except EmptyResultSet:  # Django knows without asking that there is none
        return 0
    table, *names = quoted(model, *columns)
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({', '.join(names)}) {sql}", params)
        return cursor.rowcount


def upsert_select(model: type[models.Model], fields: Sequence[str], sql: str, params: Mapping[str, Any]) -> int:
    """Write the rows that `sql` gives over those with the same first field, or add them (PostgreSQL). Returns how many were written."""
    table, key, *columns = quoted(model, *fields)
    written = ", ".join(f"{column} = excluded.{column}" for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({', '.join([key, *columns])}) {sql} ON CONFLICT ({key}) DO UPDATE SET {written}", params)
        return cursor.rowcount


def take(rows: models.QuerySet, field: str) -> list[Any]:
    """Delete the rows and return what each had in `field`, in one statement: none that comes meanwhile is lost unseen.

    Only of a model that nothing refers to: no cascade is looked after.
    """
    table, key, column = quoted(rows.model, "pk", field)
    sql, params = rows.order_by().values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE {key} IN ({sql}) RETURNING {column}", params)
        return [value for (value,) in cursor.fetchall()]


def insert_like(rows: Iterable[tuple[models.Model, Sequence[int | str | None]]], varying: Sequence[str]) -> None:
    """Add rows like a sample each, but for these fields, in which each has its own values: integers, or JSON as text.

    Samples are taken apart once: of a country's rows, all but some values are the same.
    """
    samples: dict[int, tuple[Any, ...]] = {}
    rows = iter(rows)
    head = list(islice(rows, MANY))
    if not head:
        return
    model = type(head[0][0])
    own = fields_of(model, *varying)
    same = [field for field in model._meta.concrete_fields if field not in own and not field.primary_key]

    def values() -> Iterator[tuple[Any, ...]]:
        for sample, its_own in chain(head, rows):
            if id(sample) not in samples:
                samples[id(sample)] = tuple(prepared(sample, same))
            yield (*its_own, *samples[id(sample)])

    if connection.vendor == "postgresql" and len(head) == MANY:
        copy_rows(model, [*own, *same], values())
        return
    table, *columns = quoted(model, *(field.name for field in [*own, *same]))
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))})"
    with connection.cursor() as cursor:
        cursor.executemany(statement, list(values()))


def as_json(value: Any) -> str:
    """JSON as the house stores it."""
    return _JSON.encode(value)


def each_its_own(values: Mapping[int, str]) -> Func:
    """An expression that gives each row (by primary key) its own value, which is JSON, for one `update` of many rows.

    `bulk_update` writes one CASE arm a row, which is quadratic work for the planner of either database.
    """
    document = "{" + ",".join([f'"{pk}":{value}' for pk, value in values.items()]) + "}"
    return _EachItsOwn(Value(document, output_field=models.TextField()), F("pk"))


class _EachItsOwn(Func):
    output_field = models.JSONField()
    template = "(%(expressions)s)"

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="(%(expressions)s::text)", arg_joiner="::jsonb -> ", **context)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="json_extract(%(expressions)s || '\"')", arg_joiner=", '$.\"' || ", **context)


def upsert(rows: Sequence[models.Model], key: str, fields: Sequence[str]) -> None:
    """Write the rows over those with the same `key`, or add them: one statement, whatever their number.

    On PostgreSQL they travel as one JSON text: quoted one by one, as `bulk_create` does, a country's totals take longer to
    quote than to compute.
    """
    if not rows:
        return
    model = type(rows[0])
    if connection.vendor != "postgresql":
        model._default_manager.bulk_create(rows, batch_size=2000, update_conflicts=True, unique_fields=[key], update_fields=list(fields))
        return
    table, *columns = quoted(model, key, *fields)
    attributes = fields_of(model, key, *fields)
    types = ", ".join(f"{column} {field.db_type(connection)}" for column, field in zip(columns, attributes, strict=True))
    values = [{field.column: getattr(row, field.attname) for field in attributes} for row in rows]
    written = ", ".join(f"{column} = excluded.{column}" for column in columns[1:])
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(columns)} FROM jsonb_to_recordset(%s::jsonb) AS new({types})"
            f" ON CONFLICT ({columns[0]}) DO UPDATE SET {written}",
            [json.dumps(values, ensure_ascii=False)],
        )
