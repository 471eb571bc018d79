"""Many figures from a file into the reports of a cycle, through the same checks as the forms: all of it or nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from django.db import transaction

from reports.domain.indicators import Template
from reports.domain.numbers import parse_plain
from reports.domain.workflow import State
from reports.models import Cycle, Report
from reports.policies import reports_in_reach
from reports.services import filling, reviewing, submitting, transitions
from reports.services.submitting import Declaration
from units.problems import Problem, Problems, Refused, gettext_noop
from units.reach import User


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


#: how many reports are held in memory at once, with all that they declare
_BATCH = 500
#: what was refused below is a problem of its own, and not one more of each superior
_DESPITE_THOSE_BELOW = Declaration(confirm_incomplete=True)


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
    owners = _owners(cycle, journey.by)
    gathered = _Gathered(cycle.version.compiled(), problems)
    gathered.take(figures, owners)
    with transaction.atomic():
        done = 0
        for chunk in _chunks(gathered, owners):
            _collecting(problems, gathered, partial(_save, chunk, gathered, owners, journey))
            done += len(chunk)
            progress(done)
        problems.refuse_if_any()
        if journey.to in (State.SUBMITTED, State.ACCEPTED):
            for chunk in _chunks(gathered, owners):
                onward = replace(journey, declaration=_DESPITE_THOSE_BELOW) if problems else journey
                _collecting(problems, gathered, partial(_advance, chunk, owners, onward))
        problems.refuse_if_any()
    return Imported(len(gathered.changes), gathered.count)


def _owners(cycle: Cycle, by: User) -> dict[str, _Owner]:
    rows = reports_in_reach(by).filter(cycle=cycle).order_by("position").values_list("unit__uid", "pk", "depth", "superior_id")
    return {uid: _Owner(pk, depth, superior_id is not None) for uid, pk, depth, superior_id in rows.iterator(chunk_size=5000)}


class _Gathered:
    """The file's figures by unit, as compact text, since a national file holds six million of them."""

    def __init__(self, template: Template, problems: Problems) -> None:
        self.template = template
        self.problems = problems
        self.places = {code: place for place, code in enumerate(template.by_code)}
        #: for each unit its figures, `[code,line,value],` one after the other
        self.changes: dict[str, str] = {}
        #: for each unit a bit for each indicator that it has a figure of
        self.seen: dict[str, int] = {}
        self.count = 0
        #: the column of all figures, where they don't stand in one of their indicator's own
        self.value_column = ""

    def take(self, figures: Iterable[Figure], owners: dict[str, _Owner]) -> None:
        stranger: str | int | None = None
        for figure in figures:
            if figure.unit_uid in owners:
                stranger = None
            elif stranger != (figure.unit_uid or figure.line):
                stranger = figure.unit_uid or figure.line
                self._refuse_stranger(figure)
            self._add(figure, keep=stranger is None)

    def _refuse_stranger(self, figure: Figure) -> None:
        message = gettext_noop("“%(uid)s” has no report in this cycle.") if figure.unit_uid else gettext_noop("The uid is empty.")
        self.problems.add(Problem(message, {"uid": figure.unit_uid}, figure.line, "unit_uid"))

    def _add(self, figure: Figure, *, keep: bool) -> None:
        place = self.places.get(figure.indicator)
        if place is None:
            unknown = gettext_noop("The template has no indicator “%(code)s”.")
            self.problems.add(Problem(unknown, {"code": figure.indicator}, figure.line, "indicator"))
            return
        seen = self.seen.get(figure.unit_uid, 0)
        if seen >> place & 1:
            first = self._figures(figure.unit_uid)[figure.indicator][0]
            twice = gettext_noop("This figure is there twice; line %(line)d has it first.")
            column = figure.column if figure.column == figure.indicator else "indicator"
            self.problems.add(Problem(twice, {"line": first}, figure.line, column))
            return
        try:
            value = parse_plain(figure.value, self.template.by_code[figure.indicator])
        except Refused as refused:
            self.problems.extend(problem.at(line=figure.line, column=figure.column) for problem in refused.problems)
            return
        if keep:
            if figure.column != figure.indicator:
                self.value_column = figure.column
            kept = json.dumps([figure.indicator, figure.line, value], ensure_ascii=False, separators=(",", ":"))
            self.changes[figure.unit_uid] = f"{self.changes.get(figure.unit_uid, '')}{kept},"
            self.seen[figure.unit_uid] = seen | 1 << place
            self.count += 1

    def _figures(self, uid: str) -> dict[str, tuple[int, Any]]:
        """The unit's figures by indicator, each with its line."""
        return {code: (line, value) for code, line, value in json.loads(f"[{self.changes.get(uid, '')[:-1]}]")}

    def changes_of(self, uid: str) -> dict[str, Any]:
        return {code: value for code, (_line, value) in self._figures(uid).items()}

    def line_of(self, problem: Problem) -> Problem:
        """The problem at the line of the figure that it is about, or else at the first line of its unit."""
        figures = self._figures(problem.unit_uid)
        if problem.column in figures:
            return problem.at(line=figures[problem.column][0], column=self.value_column or problem.column)
        if figures:
            return problem.at(line=min(line for line, _value in figures.values()), column="unit_uid")
        return problem


def _chunks(gathered: _Gathered, owners: dict[str, _Owner]) -> Iterator[Sequence[str]]:
    """The units of the file in chunks of one depth, the deepest first, in the order in which every action locks reports."""
    by_depth: dict[int, list[str]] = {}
    for uid in sorted(gathered.changes, key=lambda uid: owners[uid].pk):
        by_depth.setdefault(owners[uid].depth, []).append(uid)
    for depth in sorted(by_depth, reverse=True):
        uids = by_depth[depth]
        for start in range(0, len(uids), _BATCH):
            yield uids[start : start + _BATCH]


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
        placed = Problems()
        placed.extend(gathered.line_of(problem) for problem in refused.problems)
        placed.count = refused.problems.count
        problems.include(placed)
