"""Selections of units as those read them who choose, and those who freeze what was chosen."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Count, Prefetch, Q, QuerySet

from reports.models import Selection, SelectionCandidate, SelectionChoice


@dataclass(frozen=True, slots=True)
class Progress:
    """A selection, and how many of the choices looked at are made."""

    selection: Selection
    asked: int
    made: int

    @property
    def waiting(self) -> int:
        return self.asked - self.made


def progress_of(choices: QuerySet[SelectionChoice]) -> list[Progress]:
    """How far these choices are, for each of their selections, the newest first. One query."""
    asked = Count("choices", filter=Q(choices__in=choices))
    made = Count("choices", filter=Q(choices__in=choices, choices__made_at__isnull=False))
    rows = Selection.objects.filter(choices__in=choices).select_related("level").annotate(asked=asked, made=made)
    return [Progress(row, row.asked, row.made) for row in rows]


def with_chosen(choices: QuerySet[SelectionChoice]) -> QuerySet[SelectionChoice]:
    """The choices in the order of the tree, each with its `chosen` units. Two queries."""
    chosen = SelectionCandidate.objects.filter(is_chosen=True).select_related("unit").order_by("pk")
    rows = choices.select_related("unit", "selection__level", "made_by").order_by("unit__tree_id", "unit__lft")
    return rows.prefetch_related(Prefetch("units_below", chosen, to_attr="chosen"))


def choices_to_make(units: Collection[int]) -> QuerySet[SelectionChoice]:
    """What these units have still to choose, the most urgent first."""
    waiting = SelectionChoice.objects.filter(unit_id__in=units, made_at__isnull=True, selection__state=Selection.State.OPEN)
    return waiting.select_related("unit", "selection__level").order_by("selection__choose_by", "pk")
