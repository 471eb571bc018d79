"""A workbook for many that was sent: looked over in the background, kept as what it would change, and written when its sender says so.

What it would change is the job's file, a line for each report, which nobody fetches; how many of each kind, what is refused and
what is to be known stand in the job's result.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from django.core.files import File
from django.db import transaction
from django.utils import timezone

from reports import policies
from reports.documents.units_workbook_in import UnitsFile
from reports.models import BackgroundJob, Report
from reports.models.bulk import as_json
from reports.services import background_jobs, uploading
from reports.services.background_jobs import Work
from reports.services.uploading import Effect, LookedOver
from units.hostile_files import kind_of_table
from units.problems import Problem, Refused, gettext_noop
from units.reach import User

#: cells that are refused, and cells that both changed, that a page names; the rest is counted
MOST_NAMED = 200
#: in the result of a job: what was written of it
SAVED = "saved"
ALL = "all"
GONE = gettext_noop("What was looked over can't be written any more. Send the workbook again.")
_STEP = 100

Kind = BackgroundJob.Kind


class CellChange(NamedTuple):
    """What a file would change in a cell of a report, in the version that it was compared with."""

    report: int
    version: int
    code: str
    address: str
    effect: str
    now: Any
    then: Any


#: the cells, by report and code, that are written though both changed them; or all of them
Mine = Collection[tuple[int, str]] | str


def order_to_look_over(head: Report, content: File, *, by: User, at: datetime) -> BackgroundJob:
    """Have a workbook for the reports at and below `head` looked over. Raises Refused: at once where the file is no table at all."""
    source: Any = content.file
    kind_of_table(source)
    return background_jobs.order(Kind.LOOK_OVER, {"name": (content.name or "")[:200]}, by=by, at=at, report=head, source=content)


def order_to_write(looked_over: BackgroundJob, mine: Mine, *, by: User, at: datetime) -> BackgroundJob:
    """Have what was looked over written; where both changed a cell, the file's value if it is `mine`. Raises Refused."""
    arguments = {"job": looked_over.pk, "mine": mine if isinstance(mine, str) else [[*cell] for cell in mine]}
    return background_jobs.order(Kind.APPLY, arguments, by=by, at=at, report=looked_over.report)


def look_over(work: Work) -> None:
    """Say what the workbook that was sent would change in the reports at and below the job's."""
    head = policies.reports_in_reach(work.job.owner).for_display().filter(pk=work.job.report_id or 0).first()
    if head is None:
        raise Refused(Problem(gettext_noop("There is no such report in this cycle.")))
    tally = _Tally()
    with background_jobs.source_of(work.job).open("rb") as source, work.path.open("w", encoding="utf-8") as lines:
        file = UnitsFile(source, head)
        work.step(0, file.height)
        for number, looked in enumerate(uploading.look_over(head, file.rows(), by=work.job.owner, at=timezone.now()), 1):
            tally.take(looked)
            if looked.report is not None and looked.changes:
                changes = [(each.code, each.address, each.effect, each.now, each.then) for each in looked.changes]
                lines.write(as_json([looked.report.pk, looked.report.version, changes]) + "\n")
            if number % _STEP == 0:
                work.step(min(number, file.height), file.height)
        work.problems = file.notices()
    work.step(file.height, file.height)
    work.file_name, work.result = "changes.jsonl", tally.result()


class _Tally:
    """Counts what is found, and keeps what a page names."""

    def __init__(self) -> None:
        self.effects: Counter[str] = Counter()
        self.units = self.refused = 0
        self.named: list[dict[str, Any]] = []

    def take(self, looked: LookedOver) -> None:
        self.units += bool(looked.changes)
        self.effects.update([change.effect for change in looked.changes])
        self.refused += len(looked.refused)
        for address, code, problem in looked.refused[: MOST_NAMED - len(self.named)]:
            self.named.append({"uid": looked.uid, "address": address, "code": code, "problem": background_jobs.kept(problem)})

    def result(self) -> dict[str, Any]:
        return {"effects": dict(self.effects), "units": self.units, "refused": self.refused, "named": self.named}


def changes_in(job: BackgroundJob) -> Iterator[CellChange]:
    """What the workbook of a finished job would change, in the order of the file."""
    path = background_jobs.file_of(job)
    if path is None:
        return
    with path.open(encoding="utf-8") as lines:
        for report, version, changes in map(json.loads, lines):
            yield from (CellChange(report, version, *change) for change in changes)


def clashes_in(job: BackgroundJob) -> list[CellChange]:
    """The first cells that both changed, as many as a page names."""
    if not job.result["effects"].get(Effect.CLASH):
        return []
    return list(islice((change for change in changes_in(job) if change.effect == Effect.CLASH), MOST_NAMED))


def apply(work: Work) -> None:
    """Write what was looked over: all of it or nothing, and once, however often the job is begun.

    Where both changed a cell, the file's value is written if `mine` of the job's arguments names the cell, or is `ALL`.
    """
    work.step(0, 1)
    with transaction.atomic():
        found = BackgroundJob.objects.select_for_update(of=("self",)).filter(pk=work.job.arguments["job"], owner_id=work.job.owner_id)
        looked_over = found.first()
        if looked_over is None:
            raise Refused(Problem(GONE))
        if SAVED not in looked_over.result:
            looked_over.result[SAVED] = _write(work, list(changes_in(looked_over)))
            looked_over.save(update_fields=["result"])
        work.result = looked_over.result[SAVED]
        work.ours(done=1)


def _write(work: Work, changes: list[CellChange]) -> dict[str, int]:
    if not changes:
        raise Refused(Problem(GONE))
    mine = work.job.arguments["mine"]
    chosen = None if mine == ALL else {(report, code) for report, code in mine}
    written: dict[int, dict[str, Any]] = defaultdict(dict)
    for change in changes:
        is_chosen = chosen is None or (change.report, change.code) in chosen
        if change.effect != Effect.THEIRS and (change.effect != Effect.CLASH or is_chosen):
            written[change.report][change.code] = change.then
    seen = {change.report: change.version for change in changes}
    uploading.apply(written, seen, by=work.job.owner, at=timezone.now())
    return {"units": len(written), "figures": sum(len(cells) for cells in written.values())}
