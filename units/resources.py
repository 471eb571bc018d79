"""Levels, units and people in the admin's import and export: the formats of docs/interfaces.md, the ways of the services."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from units import tree
from units.importing import OPTIONAL, REQUIRED, bring
from units.locks import hold
from units.models import Level
from units.problems import Problems
from units.reach import User
from units.staging import Staging
from units.tables import levels, people
from units.tables.formats import Sent
from units.tables.laying import Change, Rows
from units.transfer import TableResource


class LevelResource(TableResource):
    name = _("levels")
    required = levels.COLUMNS

    def rows_out(self, queryset: QuerySet[Any]) -> Iterator[Sequence[str]]:
        return levels.level_rows()

    def lay(self, rows: Rows, problems: Problems, *, dry_run: bool, by: User) -> list[Change]:
        return levels.lay_levels(rows, problems)


class UnitResource(TableResource):
    """Exports what `import_units` reads, and imports through the same checks, the same lock and the same bulk load."""

    name = _("units")
    required, optional = REQUIRED, OPTIONAL

    _LOOKUPS = {"level": "level__code", "parent_uid": "parent__uid"}

    def rows_out(self, queryset: QuerySet[Any]) -> Iterator[Sequence[str]]:
        cells = queryset.values_list(*(self._LOOKUPS.get(column, column) for column in self.columns()))
        for row in cells.iterator(chunk_size=tree.BATCH):
            yield [_shown(cell) for cell in row]

    def lay_file(self, sent: Sent, *, dry_run: bool, by: User) -> Iterator[Change]:
        """A row at a time into the staging: a file of all hamlets is never held in memory."""
        unreadable = Problems()
        with Staging() as staging:
            problems = bring(staging, sent.rows(self.required, self.optional, unreadable), unreadable)
            if dry_run:
                with transaction.atomic():
                    hold(tree.LOCK)
                    tree.merge(staging, problems)
            else:
                tree.load(staging, problems)
            codes = dict(Level.objects.values_list("pk", "code"))
            for _line, before, after in staging.differences():
                yield Change(None if before is None else self._row(before, codes), self._row(after, codes))

    def _row(self, content: dict[str, Any], codes: dict[int, str]) -> list[str]:
        shown = content | {"level": codes.get(content["level_id"])}
        return [_shown(shown[column]) for column in self.columns()]


def _shown(cell: object) -> str:
    if isinstance(cell, date):
        return cell.isoformat()
    return "" if cell is None else str(cell)


class PeopleResource(TableResource):
    """Users with their groups, permissions and memberships; no passwords."""

    name = _("users with memberships")
    required = people.COLUMNS

    def rows_out(self, queryset: QuerySet[Any]) -> Iterator[Sequence[str]]:
        return people.people_rows(queryset)

    def lay(self, rows: Rows, problems: Problems, *, dry_run: bool, by: User) -> Iterable[Change]:
        return people.lay_people(rows, problems, by)
