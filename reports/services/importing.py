"""Many figures from a file into the reports of a cycle, through the same checks as the forms: all of it or nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction

from reports.domain.indicators import Template
from reports.domain.numbers import parse_plain
from reports.domain.workflow import State
from reports.models import Cycle, Report
from reports.policies import User
from reports.services import filling, reviewing, submitting, transitions
from reports.services.submitting import Declaration
from units.problems import Problem, Problems, Refused, gettext_noop


class Figure(NamedTuple):
    """A figure of a file: where it stands, whose it is, and its value as plain text."""

    line: int
    column: str
    unit_uid: str
    indicator: str
    value: str


@dataclass(frozen=True, slots=True)
class Journey:
    """How far the reports are taken, by whom, when, and how: draft, submitted or accepted."""

    to: State
    by: User
    at: datetime
    reason: str = ""
    declaration: Declaration = field(default_factory=Declaration)


@dataclass(frozen=True, slots=True)
class Imported:
    reports: int
    figures: int


class _Owner(NamedTuple):
    """What has to be known of a report before its figures are written."""

    pk: int
    depth: int
    has_superior: bool


def import_figures(
    cycle: Cycle, figures: Iterable[Figure], problems: Problems, journey: Journey, progress: Callable[[int], None] = lambda done: None
) -> Imported:
    """Write the figures and take their reports through the workflow, deepest first.

    Raises Refused with every problem found, each with its line; nothing is written then.
    """
    owners = _owners(cycle)
    gathered = _Gathered(cycle.version.compiled(), problems)
    gathered.take(figures, owners)
    problems.refuse_if_any()
    with transaction.atomic():
        for chunk in _chunks(gathered, owners):
            _collecting(problems, gathered, lambda chunk=chunk: _save(chunk, gathered, owners, journey))
            progress(len(chunk))
        problems.refuse_if_any()
        if journey.to in (State.SUBMITTED, State.ACCEPTED):
            for chunk in _chunks(gathered, owners):
                _collecting(problems, gathered, lambda chunk=chunk: _advance(chunk, owners, journey))
        problems.refuse_if_any()
    return Imported(len(gathered.changes), gathered.count)


def _owners(cycle: Cycle) -> dict[str, _Owner]:
    rows = Report.objects.filter(cycle=cycle).order_by("position").values_list("unit__uid", "pk", "depth", "superior_id")
    return {uid: _Owner(pk, depth, superior_id is not None) for uid, pk, depth, superior_id in rows.iterator(chunk_size=5000)}


class _Gathered:
    """The file's figures by unit, as compact text, since a national file holds six million of them."""

    def __init__(self, template: Template, problems: Problems) -> None:
        self.template = template
        self.problems = problems
        self.changes: dict[str, str] = {}
        self.count = 0

    def take(self, figures: Iterable[Figure], owners: dict[str, _Owner]) -> None:
        uid = ""
        cells: dict[str, list[Any]] = {}
        for figure in figures:
            if figure.unit_uid != uid:
                self._keep(uid, cells)
                uid, cells = figure.unit_uid, self._kept(figure.unit_uid)
                if uid not in owners:
                    self.problems.add(
                        Problem(gettext_noop("“%(uid)s” has no report in this cycle."), {"uid": uid}, figure.line, "unit_uid")
                    )
            self._add(cells, figure)
        self._keep(uid, cells)

    def _add(self, cells: dict[str, list[Any]], figure: Figure) -> None:
        indicator = self.template.by_code.get(figure.indicator)
        if indicator is None:
            known = Problem(gettext_noop("The template has no indicator “%(code)s”."), {"code": figure.indicator}, figure.line, "indicator")
            self.problems.add(known)
        elif figure.indicator in cells:
            twice = Problem(
                gettext_noop("This figure is there twice; line %(line)d has it first."),
                {"line": cells[figure.indicator][0]},
                figure.line,
                "indicator",
            )
            self.problems.add(twice)
        else:
            try:
                cells[figure.indicator] = [figure.line, parse_plain(figure.value, indicator)]
                self.count += 1
            except Refused as refused:
                self.problems.extend(problem.at(line=figure.line, column=figure.column) for problem in refused.problems)

    def _keep(self, uid: str, cells: dict[str, list[Any]]) -> None:
        if cells:
            self.changes[uid] = json.dumps(cells, ensure_ascii=False, separators=(",", ":"))

    def _kept(self, uid: str) -> dict[str, list[Any]]:
        return json.loads(self.changes.get(uid, "{}"))

    def changes_of(self, uid: str) -> dict[str, Any]:
        return {code: value for code, (_, value) in self._kept(uid).items()}

    def line_of(self, problem: Problem) -> Problem:
        """The problem at the line of the figure that it is about, or else at the first line of its unit."""
        cells = self._kept(problem.unit_uid)
        if not cells:
            return problem
        line = cells[problem.column][0] if problem.column in cells else min(line for line, _ in cells.values())
        return problem.at(line=line, column=problem.column or "unit_uid")


def _chunks(gathered: _Gathered, owners: dict[str, _Owner]) -> Iterator[Sequence[str]]:
    """The units of the file in chunks of one depth, the deepest first."""
    by_depth: dict[int, list[str]] = {}
    for uid in gathered.changes:
        by_depth.setdefault(owners[uid].depth, []).append(uid)
    for depth in sorted(by_depth, reverse=True):
        uids = by_depth[depth]
        for start in range(0, len(uids), transitions.BATCH):
            yield uids[start : start + transitions.BATCH]


def _save(uids: Sequence[str], gathered: _Gathered, owners: dict[str, _Owner], journey: Journey) -> None:
    reports = transitions.lock(_reports(owners[uid].pk for uid in uids))
    entries = [(report, gathered.changes_of(report.unit.uid)) for report in reports]
    filling.save_locked(entries, by=journey.by, at=journey.at, reason=journey.reason)


def _advance(uids: Sequence[str], owners: dict[str, _Owner], journey: Journey) -> None:
    submitting.submit(
        _reports(owners[uid].pk for uid in uids), by=journey.by, at=journey.at, reason=journey.reason, declaration=journey.declaration
    )
    below = [owners[uid].pk for uid in uids if owners[uid].has_superior]
    if journey.to is State.ACCEPTED and below:
        reviewing.accept(_reports(below), by=journey.by, at=journey.at, reason=journey.reason)


def _reports(ids: Iterable[int]) -> Any:
    return Report.objects.filter(pk__in=list(ids))


def _collecting(problems: Problems, gathered: _Gathered, write: Callable[[], None]) -> None:
    try:
        write()
    except Refused as refused:
        problems.extend(gathered.line_of(problem) for problem in refused.problems)
