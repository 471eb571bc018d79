"""What the sources of indicators say of units (semantics §10): figures that are filled in, and explained where they differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from reports.domain.sources import AnswerTable, RegisterCount, ReportedFigure, Source
from reports.models import Report
from reports.queries.past import Past
from reports.queries.reported_figures import reported_figures
from reports.queries.skilful_models import counted_models
from reports.queries.tasks import tasks_to_answer

#: by report id and code, in stored form; what a source doesn't know is left out
Sourced = dict[int, dict[str, Any]]
#: gives for reports of one cycle what the sources (by code, all of one kind) say, of the cells that may be entered in each
Reader = Callable[[Sequence[Report], Mapping[str, Any]], Sourced]


def sourced_figures(reports: Sequence[Report], past: Past | None = None) -> Sourced:
    """What the sources say of these reports of one cycle, of the cells that their units enter. No query where none has a source.

    `past` is that of the reports' units, where it is known already.
    """
    readers: Mapping[type[Source], Reader] = {
        RegisterCount: counted_models,
        AnswerTable: partial(tasks_to_answer, past=past),
        ReportedFigure: reported_figures,
    }
    found: Sourced = {report.pk: {} for report in reports}
    sources = reports[0].cycle.version.compiled().sources if reports else {}
    for kind, read in readers.items():
        of_kind = {code: source for code, source in sources.items() if type(source) is kind}
        if of_kind:
            for report_id, figures in read(reports, of_kind).items():
                found[report_id].update(figures)
    return found
