"""JSON that is written and read whole."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


class Document(models.JSONField):
    """A JSON document that nobody searches in: PostgreSQL's `json`, which is text, and not `jsonb`.

    A country's totals are written so in a quarter of the time. What passes through jsonb on its way gets its order of keys,
    so that equal documents mostly are equal text too (`queries/tree_sums.py` counts on no more than mostly).
    """

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        return "json" if connection.vendor == "postgresql" else super().db_type(connection)

    def from_db_value(self, value: Any, expression: Any, connection: BaseDatabaseWrapper) -> Any:
        return super().from_db_value(value, expression, connection) if isinstance(value, str) else value
