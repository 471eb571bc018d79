"""Set-based writes that the ORM has no word for, and the only place where SQLite and PostgreSQL are told apart."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection, models


def insert_select(model: type[models.Model], columns: Sequence[str], rows: models.QuerySet) -> int:
    """`INSERT INTO model (columns) SELECT …`: `rows` is a `values_list` of as many columns. Returns how many were inserted."""
    sql, params = rows.query.sql_with_params()
    table, *names = _quoted(model, *columns)
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({', '.join(names)}) {sql}", params)
        return cursor.rowcount


def update_json(model: type[models.Model], field: str, values: Mapping[int, Any]) -> int:
    """Give each row (by primary key) its own JSON value of `field` in one statement. Returns how many rows were updated.

    `bulk_update` writes one CASE arm a row, which is quadratic work for the planner of either database.
    """
    if not values:
        return 0
    table, column, key = _quoted(model, field, "pk")
    pairs = [[pk, json.dumps(value, ensure_ascii=False)] for pk, value in values.items()]
    if connection.vendor == "postgresql":
        source = "SELECT (pair->>0)::bigint AS pk, (pair->>1)::jsonb AS value FROM jsonb_array_elements(%s::jsonb) AS pair"
    else:
        source = "SELECT json_extract(pair.value, '$[0]') AS pk, json_extract(pair.value, '$[1]') AS value FROM json_each(%s) AS pair"
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {column} = new.value FROM ({source}) AS new WHERE {table}.{key} = new.pk",  # noqa: S608 names are quoted
            [json.dumps(pairs, ensure_ascii=False)],
        )
        return cursor.rowcount


def _quoted(model: type[models.Model], *fields: str) -> list[str]:
    """The table and the columns of these fields, quoted for SQL."""
    meta = model._meta
    columns = [(meta.pk if name == "pk" else meta.get_field(name)).column for name in fields]  # type: ignore[union-attr]
    return [connection.ops.quote_name(str(name)) for name in (meta.db_table, *columns)]
