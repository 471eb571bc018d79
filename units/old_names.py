"""Units that go by an old name: made, however many reorganisations ago, of one that was called so (semantics §8)."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import F, Func


class HadName(Func):
    """A condition for `filter`: one of the unit's predecessors, however far back, has `folded` in its search text."""

    output_field = models.BooleanField()
    arity = 1

    def __init__(self, folded: str, field: str = "pk") -> None:
        super().__init__(F(field))
        self.folded = folded

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self._compiled(compiler, "strpos")

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self._compiled(compiler, "instr")

    def _compiled(self, compiler: Any, place_in: str) -> Any:
        sql, params = compiler.compile(self.source_expressions[0])
        unit, succession = (apps.get_model("units", name)._meta.db_table for name in ("Unit", "Succession"))
        heirs = (
            f"WITH RECURSIVE heir(id) AS (SELECT way.successor_id FROM {succession} way JOIN {unit} old ON old.id = way.predecessor_id"
            f" WHERE {place_in}(old.search_text, %s) > 0"
            f" UNION SELECT way.successor_id FROM {succession} way JOIN heir ON heir.id = way.predecessor_id) SELECT id FROM heir"
        )
        return f"({sql} IN ({heirs}))", [*params, self.folded]
