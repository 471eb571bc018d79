"""What a unit was made of, and what became of it: what pages show beside its name (semantics §8)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import F, Func

from units.bulk import Among
from units.models import Succession, Unit


@dataclass(frozen=True, slots=True)
class Kinship:
    """A unit's successions from its predecessors, and those to its successors, each with its units and their superiors."""

    origins: list[Succession]
    successions: list[Succession]


def kinship(unit: Unit) -> Kinship:
    """Two queries."""
    rows = Succession.objects.order_by("effective_on", "predecessor__sort_key", "successor__sort_key")
    return Kinship(
        list(rows.filter(successor=unit).select_related("predecessor__parent", "predecessor__level")),
        list(rows.filter(predecessor=unit).select_related("successor__parent", "successor__level")),
    )


def former_names(unit_ids: Iterable[int]) -> dict[int, list[Unit]]:
    """By unit, those that have any: its predecessors, the nearest first, for whoever seeks an old name.

    A query for each time that the tree was redrawn, and one more.
    """
    heirs: dict[int, set[int]] = {unit_id: {unit_id} for unit_id in unit_ids}  # of each unit reached, those that it became
    found: dict[int, dict[int, Unit]] = {}
    while heirs:
        before: dict[int, set[int]] = {}
        rows = Succession.objects.filter(Among("successor_id", heirs)).select_related("predecessor")
        for row in rows.order_by("-effective_on", "predecessor__sort_key"):
            for heir in heirs[row.successor_id]:
                if row.predecessor_id not in found.setdefault(heir, {}):
                    found[heir][row.predecessor_id] = row.predecessor
                    before.setdefault(row.predecessor_id, set()).add(heir)
        heirs = before
    return {heir: list(olds.values()) for heir, olds in found.items()}


class LeadsTo(Func):
    """A condition for `filter` of successions: by them these units (keys) came to be, however many reorganisations ago."""

    output_field = models.BooleanField()
    arity = 1

    def __init__(self, unit_ids: Iterable[int]) -> None:
        super().__init__(F("pk"))
        self.unit_ids = list(unit_ids)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self._compiled(compiler, "= ANY(%s::bigint[])", self.unit_ids)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self._compiled(compiler, "IN (SELECT value FROM json_each(%s))", json.dumps(self.unit_ids))

    def _compiled(self, compiler: Any, is_one: str, unit_ids: object) -> Any:
        sql, params = compiler.compile(self.source_expressions[0])
        table = Succession._meta.db_table
        ways = (
            f"WITH RECURSIVE way(id, origin) AS (SELECT s.id, s.predecessor_id FROM {table} s WHERE s.successor_id {is_one}"
            f" UNION SELECT s.id, s.predecessor_id FROM {table} s JOIN way ON s.successor_id = way.origin) SELECT id FROM way"
        )
        return f"({sql} IN ({ways}))", [*params, unit_ids]
