"""Set-based writes that the ORM has no word for. SQLite and PostgreSQL truly differ here (docs/architecture.md)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from django.db import connection, connections, models
from django.db.models import F, Func, Value

_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
#: rows from which on a COPY is worth its preparation
_MANY = 100


def insert_select(model: type[models.Model], columns: Sequence[str], rows: models.QuerySet) -> int:
    """`INSERT INTO model (columns) SELECT …`: `rows` is a `values_list` of as many columns. Returns how many were inserted."""
    sql, params = rows.query.sql_with_params()
    table, *names = _quoted(model, *columns)
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({', '.join(names)}) {sql}", params)
        return cursor.rowcount


def upsert_select(model: type[models.Model], fields: Sequence[str], sql: str, params: Mapping[str, Any]) -> int:
    """Write the rows that `sql` gives over those with the same first field, or add them (PostgreSQL). Returns how many were written."""
    table, key, *columns = _quoted(model, *fields)
    written = ", ".join(f"{column} = excluded.{column}" for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({', '.join([key, *columns])}) {sql} ON CONFLICT ({key}) DO UPDATE SET {written}", params)
        return cursor.rowcount


def take(rows: models.QuerySet, field: str) -> list[Any]:
    """Delete the rows and return what each had in `field`, in one statement: none that comes meanwhile is lost unseen.

    Only of a model that nothing refers to: no cascade is looked after.
    """
    table, key, column = _quoted(rows.model, "pk", field)
    sql, params = rows.order_by().values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE {key} IN ({sql}) RETURNING {column}", params)
        return [value for (value,) in cursor.fetchall()]


def reserve_ids(model: type[models.Model], count: int) -> list[int]:
    """As many ids as rows are to be added, for rows that refer to each other. Nobody else gets them."""
    table, key = _quoted(model, "pk")
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
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
    if connection.vendor != "postgresql" or len(rows) < _MANY:
        model._default_manager.bulk_create(rows, batch_size=2000)
        return
    for row, pk in zip(rows, reserve_ids(model, len(rows)), strict=True):
        row.pk = pk
    fields = model._meta.concrete_fields
    _copy(model, fields, (_prepared(row, fields) for row in rows))


def insert_like(rows: Iterable[tuple[models.Model, Sequence[int | str | None]]], varying: Sequence[str]) -> None:
    """Add rows like a sample each, but for these fields, in which each has its own values: integers, or JSON as text.

    Samples are taken apart once: of a country's rows, all but some values are the same.
    """
    samples: dict[int, tuple[Any, ...]] = {}
    rows = iter(rows)
    head = list(islice(rows, _MANY))
    if not head:
        return
    model = type(head[0][0])
    own = _fields(model, *varying)
    same = [field for field in model._meta.concrete_fields if field not in own and not field.primary_key]

    def values() -> Iterator[tuple[Any, ...]]:
        for sample, its_own in chain(head, rows):
            if id(sample) not in samples:
                samples[id(sample)] = tuple(_prepared(sample, same))
            yield (*its_own, *samples[id(sample)])

    if connection.vendor == "postgresql" and len(head) == _MANY:
        _copy(model, [*own, *same], values())
        return
    table, *columns = _quoted(model, *(field.name for field in [*own, *same]))
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))})"
    with connection.cursor() as cursor:
        cursor.executemany(statement, list(values()))


def _copy(model: type[models.Model], fields: Sequence[models.Field[Any, Any]], rows: Iterable[Sequence[Any]]) -> None:
    table, *columns = _quoted(model, *(field.name for field in fields))
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _prepared(row: models.Model, fields: Sequence[models.Field[Any, Any]]) -> list[Any]:
    database = connections[connection.alias]  # itself: each look through its proxy would cost more than what is looked for
    return [field.get_db_prep_save(getattr(row, field.attname), database) for field in fields]


def as_json(value: Any) -> str:
    """JSON as the house stores it."""
    return _JSON.encode(value)


def each_its_own(values: Mapping[int, str]) -> Func:
    """An expression that gives each row (by primary key) its own value, which is JSON, for one `update` of many rows.

    `bulk_update` writes one CASE arm a row, which is quadratic work for the planner of either database.
    """
    document = "{" + ",".join([f'"{pk}":{value}' for pk, value in values.items()]) + "}"
    return _EachItsOwn(Value(document, output_field=models.TextField()), F("pk"))


class Among(Func):
    """A condition for `filter`: the field is one of these ids.

    They travel as one parameter. Of a thousand in a row, as `__in` has them, taking the statement apart costs more than running it.
    """

    output_field = models.BooleanField()
    arity = 1

    def __init__(self, field: str, ids: Iterable[int]) -> None:
        super().__init__(F(field))
        self.ids = list(ids)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        sql, params = compiler.compile(self.source_expressions[0])
        return f"({sql} = ANY(%s::bigint[]))", [*params, self.ids]

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        sql, params = compiler.compile(self.source_expressions[0])
        return f"({sql} IN (SELECT value FROM json_each(%s)))", [*params, json.dumps(self.ids)]


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
    table, *columns = _quoted(model, key, *fields)
    attributes = _fields(model, key, *fields)
    types = ", ".join(f"{column} {field.db_type(connection)}" for column, field in zip(columns, attributes, strict=True))
    values = [{field.column: getattr(row, field.attname) for field in attributes} for row in rows]
    written = ", ".join(f"{column} = excluded.{column}" for column in columns[1:])
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(columns)} FROM jsonb_to_recordset(%s::jsonb) AS new({types})"
            f" ON CONFLICT ({columns[0]}) DO UPDATE SET {written}",
            [json.dumps(values, ensure_ascii=False)],
        )


def _quoted(model: type[models.Model], *fields: str) -> list[str]:
    """The table and the columns of these fields, quoted for SQL."""
    return [connection.ops.quote_name(str(name)) for name in (model._meta.db_table, *(field.column for field in _fields(model, *fields)))]


def _fields(model: type[models.Model], *names: str) -> list[models.Field[Any, Any]]:
    return [model._meta.pk if name == "pk" else model._meta.get_field(name) for name in names]  # type: ignore[misc]
