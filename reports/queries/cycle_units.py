"""The units of a cycle with those above them, along today's tree: what has to be known elsewhere before its figures are."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import QuerySet

from reports.models import Report
from units.models import Unit

_CHUNK = 2000


class CycleUnits:
    """The units of these reports, and those above them among `readable`. Two queries, of numbers alone, when it is made."""

    def __init__(self, reports: QuerySet[Report], readable: QuerySet[Unit]) -> None:
        self._readable = readable
        self.reporting: frozenset[int] = frozenset(reports.order_by().values_list("unit_id", flat=True))
        above = dict(self._readable.values_list("pk", "parent_id"))
        self.needed: set[int] = set()
        for unit_id in self.reporting:
            at: int | None = unit_id
            while at is not None and at not in self.needed and (at in above or at in self.reporting):
                self.needed.add(at)
                at = above.get(at)

    def __iter__(self) -> Iterator[Unit]:
        """Each unit after those above it, with its level and its superior. One query."""
        for unit in self._readable.select_related("level", "parent").iterator(chunk_size=_CHUNK):
            if unit.pk in self.needed:
                yield unit
