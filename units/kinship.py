"""What a unit was made of, and what became of it: what pages show beside its name (semantics §8)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

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
    """By unit, those that have any: its predecessors, for whoever seeks an old name. One query."""
    found: dict[int, list[Unit]] = {}
    rows = Succession.objects.filter(successor_id__in=list(unit_ids)).select_related("predecessor")
    for row in rows.order_by("effective_on", "predecessor__sort_key"):
        found.setdefault(row.successor_id, []).append(row.predecessor)
    return found
