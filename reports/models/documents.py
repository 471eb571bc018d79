"""JSON that is written and read whole."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


class Document(models.JSONField):
    """A JSON document that nobody searches in: PostgreSQL's `json`, which is text, and not `jsonb`.

    A country's totals are written so in a quarter of the time. Keys are written in jsonb's order, whether a document passes
    through jsonb on its way or not, so that equal documents are equal text (which saves `queries/tree_sums.py` a second look).
    """

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        return super().get_db_prep_value(_in_order(value), connection, prepared)

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        return "json" if connection.vendor == "postgresql" else super().db_type(connection)

    def from_db_value(self, value: Any, expression: Any, connection: BaseDatabaseWrapper) -> Any:
        return super().from_db_value(value, expression, connection) if isinstance(value, str) else value


def _in_order(value: Any) -> Any:
    """The same document with its keys as jsonb has them: the shorter ones first."""
    if not isinstance(value, dict):
        return value
    return {key: _in_order(value[key]) for key in sorted(value, key=place_in_jsonb)}


def place_in_jsonb(key: str) -> tuple[int, bytes]:
    """Where a key stands in a jsonb object."""
    text = key.encode()
    return len(text), text
