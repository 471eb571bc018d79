"""Tasks that come back to be answered (semantics §11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reports.domain.sources import AnswerTable
from reports.domain.tasks import to_answer
from reports.domain.validation import enterable
from reports.models import Report
from reports.queries import history
from reports.queries.past import Past


def tasks_to_answer(
    reports: Sequence[Report], sources: Mapping[str, AnswerTable], past: Past | None = None
) -> dict[int, dict[str, list[list[str]]]]:
    """What each of these reports of one cycle has to answer, by report id and code: what `prev` would read of its tables (§7).

    That is what the accepted report of the period before set, and of what it answered what it left open. One query; none where
    these reports hold no answers. `past` is that of their units, where it is known already.
    """
    cycle = reports[0].cycle
    template = cycle.version.compiled()
    reports = [each for each in reports if sources.keys() & enterable(template, each.level.code, frozenset(each.levels_below))]
    past = past or Past(cycle, [report.unit_id for report in reports])
    before = past.previous_reports if reports else {}
    found: dict[int, dict[str, list[list[str]]]] = {}
    for report in reports:
        own = history.declared(before[report.unit_id], cycle) if report.unit_id in before else {}
        rows = {code: to_answer(own.get(source.tasks) or [], own.get(code) or []) for code, source in sources.items()}
        found[report.pk] = {code: asked for code, asked in rows.items() if asked}
    return found
