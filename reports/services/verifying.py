"""Holding every stored total against one computed afresh from what was entered (semantics §6)."""

from __future__ import annotations

import json
from collections.abc import Iterator

from reports.models import Cycle, Report, Rollup
from reports.services import rolling_up
from units.problems import Problem, Problems, gettext_noop


def compare(cycle: Cycle, problems: Problems) -> int:
    """Add each difference to `problems`; returns how many totals were compared. The marks have to be drained before."""
    compared = 0
    for right in rolling_up.afresh(cycle):
        compared += 1
        stored = Rollup.objects.filter(pk=right.pk).first()
        uid = ""
        for column, is_stored, has_to_be in _differences(stored, right):
            uid = uid or Report.objects.values_list("unit__uid", flat=True).get(pk=right.pk)
            message = gettext_noop("stored %(stored)s, computed %(computed)s")
            problems.add(Problem(message, {"stored": is_stored, "computed": has_to_be}, column=column, unit_uid=uid))
    return compared


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
