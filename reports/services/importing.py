"""Many figures from a file into the reports of a cycle, through the same checks as the forms: all of it or nothing."""

from __future__ import annotations

import gc
import json
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import chain, groupby, islice
from operator import itemgetter
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import TextField
from django.db.models.functions import Cast

from reports.domain.indicators import Indicator, Template
from reports.domain.numbers import parse_plain
from reports.domain.workflow import State
from reports.models import Cycle, Report
from reports.models.bulk import as_json
from reports.policies import reports_in_reach
from reports.services import filling, reviewing, submitting, transitions
from reports.services.filling import Written
from reports.services.submitting import Declaration
from units.bulk import Among
from units.problems import Problem, Problems, Refused, gettext_noop
from units.reach import User


class Figure(NamedTuple):
    """A figure of a file: where it stands, whose it is, and its value as plain text; or why there is none to be read."""

    line: int
    column: str
    unit_uid: str
    indicator: str
    value: str
    file: str = ""
    problem: Problem | None = None


_UID = itemgetter(Figure._fields.index("unit_uid"))


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
_BATCH = 1000
#: a file of fewer figures asks for the reports of its own units, and not for the whole cycle's
_SMALL = 5000
#: texts of an indicator whose values are remembered: most figures are small numbers that came before
_REMEMBERED, _SHORT = 5000, 20
#: what was refused below is a problem of its own, and not one more of each superior
_DESPITE_THOSE_BELOW = Declaration(confirm_incomplete=True)


class _Owner(NamedTuple):
    """What has to be known of a report before its figures are written. Reports of one `kind` differ in nothing that a figure is held to."""

    pk: int
    depth: int
    has_superior: bool
    kind: tuple[int, str]


@contextmanager
def _without_looking_for_garbage() -> Iterator[None]:
    """A country's figures are millions of objects, none of them garbage: going through them again and again is a sixth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@_without_looking_for_garbage()
def import_figures(
    cycle: Cycle, figures: Iterable[Figure], problems: Problems, journey: Journey, progress: Callable[[int], None] = lambda done: None
) -> Imported:
    """Write the figures and take their reports through the workflow, deepest first.

    Raises Refused with every problem found, each with its line; nothing is written then.
    """
    figures = iter(figures)
    head = list(islice(figures, _SMALL))
    owners = _owners(cycle, journey.by, {figure.unit_uid for figure in head} if len(head) < _SMALL else None)
    gathered = _Gathered(cycle.version.compiled(), problems)
    gathered.take(chain(head, figures), owners)
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
    return Imported(len(gathered.members), gathered.count)


def _owners(cycle: Cycle, by: User, uids: Collection[str] | None) -> dict[str, _Owner]:
    """The reports in the user's reach, of these units or of all, by unit."""
    reports = reports_in_reach(by).filter(cycle=cycle)
    if uids is not None:
        reports = reports.filter(unit__uid__in=[uid for uid in uids if "\0" not in uid])  # which no unit has, and PostgreSQL refuses
    rows = reports.order_by("position").values_list(
        "unit__uid", "pk", "depth", "superior_id", "level_id", Cast("levels_below", TextField())
    )
    kinds: dict[tuple[int, str], tuple[int, str]] = {}
    return {
        uid: _Owner(pk, depth, superior_id is not None, kinds.setdefault(kind := (level, below), kind))
        for uid, pk, depth, superior_id, level, below in rows.iterator(chunk_size=5000)
    }


class _Member(NamedTuple):
    """A figure as a member of JSON objects: as it is, and as what changes where there was none; a blank changes nothing."""

    figure: str
    change: str


class _Cell:
    """An indicator's column: its bit among a unit's figures, and its values as JSON by what stood in the file."""

    __slots__ = ("bit", "indicator", "known")

    def __init__(self, place: int, indicator: Indicator) -> None:
        self.indicator = indicator
        self.bit = 1 << place
        self.known: dict[str, _Member] = {}

    def read(self, text: str) -> _Member:
        """The value of a text. Raises Refused."""
        value = as_json(parse_plain(text, self.indicator))
        code = self.indicator.code
        member = _Member(f'"{code}":{value}', "" if value == "null" else f'"{code}":[null,{value}]')
        if len(text) <= _SHORT and len(self.known) < _REMEMBERED:
            self.known[text] = member
        return member


class _Gathered:
    """The file's figures by unit. A national file holds six million of them: equal ones are kept once."""

    def __init__(self, template: Template, problems: Problems) -> None:
        self.template = template
        self.problems = problems
        self.cells = {code: _Cell(place, indicator) for place, (code, indicator) in enumerate(template.by_code.items())}
        #: for each unit its figures, in the order of the file
        self.members: dict[str, tuple[_Member, ...]] = {}
        #: for each unit the lines of these, in stretches of one file
        self.lines: dict[str, list[tuple[str, array[int]]]] = {}
        #: for each unit a bit for each indicator that it has a figure of
        self.seen: dict[str, int] = {}
        self._bits: dict[frozenset[str], int] = {}
        self.count = 0
        #: of each file the column of its figures, where they don't stand in one of their indicator's own
        self.value_columns: dict[str, str] = {}

    def take(self, figures: Iterable[Figure], owners: Mapping[str, _Owner]) -> None:
        """Gather all figures. A unit's mostly stand together, so those of a run are added at once."""
        for uid, run in groupby(figures, _UID):
            if uid in owners:
                self._take_run(uid, run)
            else:
                self._refuse_strangers(uid, run)

    def _take_run(self, uid: str, run: Iterable[Figure]) -> None:
        cells = self.cells
        seen = self.seen.get(uid, 0)
        members: list[_Member] = []
        lines: list[int] = []
        at: tuple[str | None, str] = (None, "")
        for figure in run:
            line, column, _uid, code, text, file, problem = figure
            if file is not at[0]:
                self._keep(uid, seen, at, members, lines)
                at = (file, "" if column == code else column)
            cell = cells.get(code)
            if cell is None or problem is not None:
                self._read(figure)
            elif seen & cell.bit:
                self._keep(uid, seen, at, members, lines)
                self._refuse_second(figure)
            elif (member := cell.known.get(text) or self._read(figure)) is not None:
                seen |= cell.bit
                members.append(member)
                lines.append(line)
        self._keep(uid, seen, at, members, lines)

    def _keep(self, uid: str, seen: int, at: tuple[str | None, str], members: list[_Member], lines: list[int]) -> None:
        file, column = at
        if members and file is not None:
            if column:
                self.value_columns[file] = column
            self.members[uid] = (*self.members.get(uid, ()), *members)
            self.lines.setdefault(uid, []).append((file, array("L", lines)))
            self.seen[uid] = seen
            self.count += len(members)
            members.clear()
            lines.clear()

    def _read(self, figure: Figure) -> _Member | None:
        """The figure's value; None where it is refused."""
        if figure.problem is not None:
            self.problems.add(figure.problem.at(file=figure.file))
            return None
        cell = self.cells.get(figure.indicator)
        if cell is None:
            unknown = gettext_noop("The template has no indicator “%(code)s”.")
            self.problems.add(Problem(unknown, {"code": figure.indicator}, figure.line, "indicator", file=figure.file))
            return None
        try:
            return cell.read(figure.value)
        except Refused as refused:
            self.problems.extend(problem.at(line=figure.line, column=figure.column, file=figure.file) for problem in refused.problems)
            return None

    def _refuse_strangers(self, uid: str, run: Iterable[Figure]) -> None:
        """Who is named in vain is named once in a run of rows; what else is wrong with these is said too."""
        message = gettext_noop("“%(uid)s” has no report in this cycle.") if uid else gettext_noop("The uid is empty.")
        told: str | int | None = None
        for figure in run:
            if figure.problem is None and told != (uid or figure.line):
                told = uid or figure.line
                self.problems.add(Problem(message, {"uid": uid}, figure.line, "unit_uid", file=figure.file))
            self._read(figure)

    def _refuse_second(self, figure: Figure) -> None:
        first, line = self._places(figure.unit_uid)[figure.indicator]
        if first == figure.file:
            twice = Problem(gettext_noop("This figure is there twice; line %(line)d has it first."), {"line": line})
        else:
            twice = Problem(
                gettext_noop("This figure is there twice; %(file)s has it first, in line %(line)d."), {"file": first, "line": line}
            )
        column = figure.column if figure.column == figure.indicator else "indicator"
        self.problems.add(twice.at(line=figure.line, column=column, file=figure.file))

    def changes_of(self, uid: str) -> dict[str, Any]:
        """The unit's figures by indicator."""
        return json.loads("{" + ",".join([member.figure for member in self.members.get(uid, ())]) + "}")

    def first_of(self, uid: str) -> Written:
        """The unit's figures where it had none, as they are stored."""
        members = [member for member in self.members[uid] if member.change]
        return Written(
            "{" + ",".join([member.figure for member in members]) + "}", "{" + ",".join([member.change for member in members]) + "}"
        )

    def are_all_of(self, uid: str, codes: frozenset[str]) -> bool:
        """Does the unit have figures of these indicators alone?"""
        if codes not in self._bits:
            self._bits[codes] = sum(cell.bit for code, cell in self.cells.items() if code in codes)
        return not self.seen[uid] & ~self._bits[codes]

    def _places(self, uid: str) -> dict[str, tuple[str, int]]:
        """Where the unit's figures stand, by indicator: the file, and the line."""
        places = [(file, line) for file, lines in self.lines.get(uid, ()) for line in lines]
        return dict(zip(self.changes_of(uid), places, strict=True))

    def line_of(self, problem: Problem) -> Problem:
        """The problem at the line of the figure that it is about, or else at the first line of its unit."""
        places = self._places(problem.unit_uid)
        if problem.column in places:
            file, line = places[problem.column]
            return problem.at(line=line, column=self.value_columns.get(file, problem.column), file=file)
        if places:
            file, line = next(iter(places.values()))
            return problem.at(line=line, column="unit_uid", file=file)
        return problem


def _chunks(gathered: _Gathered, owners: dict[str, _Owner]) -> Iterator[Sequence[str]]:
    """The units of the file in chunks of one depth, the deepest first, in the order in which every action locks reports."""
    by_depth: dict[int, list[str]] = {}
    for uid in sorted(gathered.members, key=lambda uid: owners[uid].pk):
        by_depth.setdefault(owners[uid].depth, []).append(uid)
    for depth in sorted(by_depth, reverse=True):
        uids = by_depth[depth]
        for start in range(0, len(uids), _BATCH):
            yield uids[start : start + _BATCH]


def _save(uids: Sequence[str], gathered: _Gathered, owners: dict[str, _Owner], journey: Journey) -> None:
    """Write the figures of reports that were never begun without a look at each, and those of all others one by one."""
    units = {owners[uid].pk: uid for uid in uids}
    untouched = transitions.lock_untouched(_reports(units)) if journey.by is None else set()
    by_kind: dict[tuple[int, str], list[int]] = {}
    for pk, uid in units.items():
        if pk in untouched:
            by_kind.setdefault(owners[uid].kind, []).append(pk)
    saved: set[int] = set()
    for pks in by_kind.values():
        like = transitions.lock(_reports(pks[:1]))[0]
        codes = filling.enterable_at_first(like, journey.by)
        first = {pk: gathered.first_of(units[pk]) for pk in pks if gathered.are_all_of(units[pk], codes)}
        if first:
            filling.save_first(like, first, by=journey.by, at=journey.at, reason=journey.reason)
            saved.update(first)
    others = transitions.lock_many(_reports(units.keys() - saved))
    entries = [(report, gathered.changes_of(units[report.pk])) for report in others]
    filling.save_locked(entries, by=journey.by, at=journey.at, reason=journey.reason)


def _advance(uids: Sequence[str], owners: dict[str, _Owner], journey: Journey) -> None:
    submitting.submit(
        _reports(owners[uid].pk for uid in uids), by=journey.by, at=journey.at, reason=journey.reason, declaration=journey.declaration
    )
    below = [owners[uid].pk for uid in uids if owners[uid].has_superior]
    if journey.to is State.ACCEPTED and below:
        reviewing.accept(_reports(below), by=journey.by, at=journey.at, reason=journey.reason)


def _reports(ids: Iterable[int]) -> Any:
    return Report.objects.filter(Among("pk", ids))


def _collecting(problems: Problems, gathered: _Gathered, write: Callable[[], None]) -> None:
    try:
        write()
    except Refused as refused:
        placed = Problems()
        placed.extend(gathered.line_of(problem) for problem in refused.problems)
        placed.count = refused.problems.count
        problems.include(placed)
