"""Holding every stored total against one computed afresh from what was entered (semantics §6)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from reports.models import Cycle, Report, Rollup
from reports.services import rolling_up
from units.problems import Problem, Problems, gettext_noop

#: how many totals are looked up at once
_BATCH = 1000


def compare(cycle: Cycle, problems: Problems) -> int:
    """Add each difference to `problems`; returns how many totals were compared. The marks have to be drained before."""
    compared = 0
    for part in rolling_up.afresh(cycle):
        for start in range(0, len(part.totals), _BATCH):
            _compare(part.totals[start : start + _BATCH], problems)
        for report in Report.objects.filter(pk__in=part.failed).select_related("unit"):
            message = gettext_noop("can't be computed: %(error)s")
            problems.add(Problem(message, {"error": part.failed[report.pk]}, unit_uid=report.unit.uid))
        compared += len(part.totals) + len(part.failed)
    return compared


def _compare(batch: Sequence[Rollup], problems: Problems) -> None:
    ids = [right.pk for right in batch]
    stored = Rollup.objects.in_bulk(ids)
    uids = dict(Report.objects.filter(pk__in=ids).values_list("pk", "unit__uid"))
    for right in batch:
        for column, is_stored, has_to_be in _differences(stored.get(right.pk), right):
            message = gettext_noop("stored %(stored)s, computed %(computed)s")
            problems.add(Problem(message, {"stored": is_stored, "computed": has_to_be}, column=column, unit_uid=uids[right.pk]))


def _differences(stored: Rollup | None, right: Rollup) -> Iterator[tuple[str, str, str]]:
    """What differs, as stored and as it has to be."""
    if stored is None:
        yield "", gettext_noop("nothing"), _shown(right.cells)
        return
    for code in sorted(stored.cells.keys() | right.cells.keys()):
        if stored.cells.get(code) != right.cells.get(code):
            yield code, _shown(stored.cells.get(code)), _shown(right.cells.get(code))
    for name in ("counted", "expected", "differs_from_declared"):
        if getattr(stored, name) != getattr(right, name):
            yield name, str(getattr(stored, name)), str(getattr(right, name))


def _shown(cell: object) -> str:
    return json.dumps(cell, ensure_ascii=False)
