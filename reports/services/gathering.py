"""Figures of a file by unit, before anything is written: read, held against the template, and none there twice."""

from __future__ import annotations

import json
from array import array
from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from reports.domain.indicators import Indicator, Template
from reports.domain.numbers import parse_plain
from reports.models.bulk import as_json
from reports.services.filling import Written
from units.problems import Problem, Problems, Refused, gettext_noop

#: texts of an indicator whose values are remembered: most figures are small numbers, or a few words, that came before
_REMEMBERED, _SHORT = 5000, 100


class Figure(NamedTuple):
    """A figure of a file: where it stands, whose it is, and its value as plain text; or why there is none to be read."""

    line: int
    column: str
    unit_uid: str
    indicator: str
    value: str
    file: str = ""
    problem: Problem | None = None


class Run(NamedTuple):
    """Figures of one unit that stand together in a file, as long columns: a country's file holds millions of figures.

    Each has its line, its indicator and its value; all stand in one column, or each in its indicator's own (then `column` is "").
    """

    unit_uid: str
    lines: Sequence[int]
    indicators: Sequence[str]
    values: Sequence[str]
    column: str
    file: str = ""
    problems: Sequence[Problem | None] = ()

    def figures(self) -> Iterator[Figure]:
        problems = self.problems or [None] * len(self.lines)
        for line, code, value, problem in zip(self.lines, self.indicators, self.values, problems, strict=True):
            yield Figure(line, self.column or code, self.unit_uid, code, value, self.file, problem)


_TOGETHER = itemgetter(*map(Figure._fields.index, ("unit_uid", "file")))


def in_runs(figures: Iterable[Figure]) -> Iterator[Run]:
    """Figures that are read one by one, those of a unit that stand together as one run."""
    for (uid, file), together in groupby(figures, _TOGETHER):
        lines, columns, _uids, codes, values, _files, problems = zip(*together, strict=True)
        yield Run(uid, lines, codes, values, "" if columns[0] == codes[0] else columns[0], file, problems if any(problems) else ())


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


class Gathered:
    """The file's figures by unit. A national file holds millions of them: equal ones are kept once."""

    def __init__(self, template: Template, problems: Problems) -> None:
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
        #: the last unit that was named in vain, or the line of one without a uid
        self._told: str | int = ""

    def take(self, runs: Iterable[Run], known: Container[str]) -> None:
        """Gather all figures of known units; those of others, and what can't be read, go to the problems."""
        for run in runs:
            if run.unit_uid not in known:
                self._refuse_strangers(run)
            elif not self._take_at_once(run):
                self._take_one_by_one(run)

    def _take_at_once(self, run: Run) -> bool:
        """As most runs are: each figure of an indicator of its own that the unit has none of yet, and none refused. Of another nothing."""
        codes = run.indicators
        cells = [self.cells[code] for code in codes if code in self.cells]
        bits = sum([cell.bit for cell in cells])
        seen = self.seen.get(run.unit_uid, 0)
        if run.problems or seen & bits or not len(set(codes)) == len(cells) == len(codes):
            return False
        try:
            members = [cell.known.get(text) or cell.read(text) for cell, text in zip(cells, run.values, strict=True)]
        except Refused:
            return False
        self._keep(run, seen | bits, members, run.lines)
        return True

    def _take_one_by_one(self, run: Run) -> None:
        for figure in run.figures():
            cell = self.cells.get(figure.indicator)
            seen = self.seen.get(run.unit_uid, 0)
            if cell is not None and figure.problem is None and seen & cell.bit:
                self._refuse_second(figure)
            elif (member := self._read(figure)) is not None and cell is not None:
                self._keep(run, seen | cell.bit, [member], [figure.line])

    def _keep(self, run: Run, seen: int, members: Sequence[_Member], lines: Sequence[int]) -> None:
        uid = run.unit_uid
        if run.column:
            self.value_columns[run.file] = run.column
        self.members[uid] = (*self.members.get(uid, ()), *members)
        self.lines.setdefault(uid, []).append((run.file, array("L", lines)))
        self.seen[uid] = seen
        self.count += len(members)

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
            return cell.known.get(figure.value) or cell.read(figure.value)
        except Refused as refused:
            self.problems.extend(problem.at(line=figure.line, column=figure.column, file=figure.file) for problem in refused.problems)
            return None

    def _refuse_strangers(self, run: Run) -> None:
        """Who is named in vain is named once for all rows that stand together; what else is wrong with these is said too."""
        uid = run.unit_uid
        message = gettext_noop("“%(uid)s” has no report in this cycle.") if uid else gettext_noop("The uid is empty.")
        for figure in run.figures():
            if figure.problem is None and self._told != (uid or figure.line):
                self._told = uid or figure.line
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
        """Does the unit have figures of these indicators alone? A blank is none."""
        if codes not in self._bits:
            self._bits[codes] = sum(cell.bit for code, cell in self.cells.items() if code in codes)
        if not self.seen[uid] & ~self._bits[codes]:
            return True
        return all(value is None or code in codes for code, value in self.changes_of(uid).items())

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
