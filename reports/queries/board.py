"""The board of the units directly below one: how each stands, what is looked for among them, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction
from typing import Any

from reports.domain.deadlines import Timeliness, days_past
from reports.domain.rates import Rates
from reports.domain.workflow import State
from reports.models import Reminder, Report, ReportQuerySet
from reports.queries.form_sheet import enterable
from reports.queries.progress import rates_below
from reports.queries.reminders import unit_is_reached
from reports.queries.timeline import name_of
from units.kinship import former_names
from units.names import fold


@dataclass(frozen=True, slots=True)
class Reminded:
    """How often a unit was told of its report, when last, and who asked for that; `by` is empty for the cycle's own ladder."""

    times: int
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class BoardRow:
    """A direct child on its superior's board, with the rates of what is below the child.

    `answered` of the `entered` cells of its own form hold a value; `days_late` is 0 where nothing is late.
    `formerly` are names of its predecessors that somebody seeks.
    """

    report: Report
    rates: dict[str, Rates]
    flags: list[str]
    answered: int
    entered: int
    days_late: int
    reminded: Reminded | None = None
    formerly: list[str] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        return self.answered == self.entered

    @property
    def completeness(self) -> Fraction:
        return Fraction(self.answered, self.entered) if self.entered else Fraction(1)

    @property
    def accepted_below(self) -> Fraction:
        below = self.rates[""]
        return Fraction(below.accepted, below.expected) if below.expected else Fraction(1)


@dataclass(frozen=True, slots=True)
class Sought:
    """Which children a reader wants to see on the board, and in which order; what is empty doesn't narrow."""

    text: str = ""
    state: str = ""
    timeliness: str = ""
    flag: str = ""
    sort: str = ""

    def admits(self, row: BoardRow) -> bool:
        report = row.report
        return (
            (fold(self.text) in report.unit.search_text or bool(row.formerly))
            and self.state in ("", report.state)
            and self.timeliness in ("", report.timeliness)
            and (not self.flag or self.flag in row.flags)
        )

    def among(self, rows: Iterable[BoardRow]) -> list[BoardRow]:
        """The rows that are sought; in the order of the tree where none is asked for. A minus before the order turns it."""
        found = [row for row in self._with_old_names(rows) if self.admits(row)]
        key = ORDERS.get(self.sort.removeprefix("-"))
        return sorted(found, key=key, reverse=self.sort.startswith("-")) if key else found

    def _with_old_names(self, rows: Iterable[BoardRow]) -> Iterable[BoardRow]:
        """The rows, each with the predecessors' names that are sought. One query where a name is."""
        if not self.text:
            return rows
        rows, text = list(rows), fold(self.text)
        former = former_names(row.report.unit_id for row in rows)
        return [replace(row, formerly=[old.name for old in former.get(row.report.unit_id, ()) if text in old.search_text]) for row in rows]


_STATES = [State.RETURNED, State.NOT_STARTED, State.DRAFT, State.PROPOSED, State.SUBMITTED, State.ACCEPTED, State.EXEMPT]

_FARTHEST_FIRST = [State.ACCEPTED, State.SUBMITTED, State.RETURNED, State.PROPOSED, State.DRAFT, State.NOT_STARTED, State.EXEMPT]

#: what a board may be sorted by
ORDERS: dict[str, Callable[[BoardRow], Any]] = {
    "unit": lambda row: row.report.unit.sort_key,
    "state": lambda row: _STATES.index(State(row.report.state)),
    "deadline": lambda row: (-row.days_late, row.report.due_at),
    "submitted": lambda row: (row.report.submitted_at is None, row.report.submitted_at or row.report.due_at),
    "complete": lambda row: row.completeness,
    "below": lambda row: row.accepted_below,
}


def board(report: Report, at: datetime) -> list[BoardRow]:
    """The reports directly below `report`, in the order of the tree. Five queries, whatever the size."""
    children = _children(report, at)
    below = rates_below(children, at)
    told = _reminded(Report.objects.filter(superior=report))
    cells = _Cells()
    return [
        BoardRow(
            child,
            below[child.pk],
            [flag.kind for flag in child.open_flags],
            *cells.filled(child),
            days_late(child, at),
            told.get(child.pk),
        )
        for child in children
    ]


def _children(report: Report, at: datetime) -> list[Report]:
    """They share their cycle and their superior, which are read once."""
    children = Report.objects.filter(superior=report).with_timeliness(at).with_open_flags().select_related("unit", "level")
    found = list(children.order_by("position"))
    for child in found:
        child.cycle, child.superior = report.cycle, report
    return found


def days_late(report: Report, at: datetime) -> int:
    """By how many days the report, loaded with its timeliness, is or was late; 0 where it isn't."""
    if report.timeliness not in (Timeliness.LATE, Timeliness.MISSING):
        return 0
    return days_past(report.due_at, report.first_submitted_at or at, report.cycle.zone)


def owing(reports: ReportQuerySet, at: datetime) -> list[Report]:
    """Those of the reports that were never submitted, exempt ones left out, in the order of the tree. At most five queries."""
    shared = reports.owing().select_related("unit").prefetch_related("cycle", "level", "superior__unit")
    return list(shared.with_timeliness(at).defer("own", "levels_below").order_by("position"))


def who_is_in(report: Report) -> list[tuple[str, list[Report]]]:
    """The reports directly below by state, from accepted to not begun, each in the order of the tree. One query."""
    children = list(Report.objects.filter(superior=report).select_related("unit").defer("own").order_by("position"))
    return [(state.value, [child for child in children if child.state == state]) for state in _FARTHEST_FIRST]


class _Cells:
    """How many cells of its own form a report has filled, looked up once for each kind of form."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, tuple[str, ...]], frozenset[str]] = {}

    def filled(self, report: Report) -> tuple[int, int]:
        kind = report.level.code, tuple(report.levels_below)
        if kind not in self._codes:
            self._codes[kind] = frozenset(indicator.code for indicator in enterable(report))
        codes = self._codes[kind]
        return sum(value is not None and code in codes for code, value in report.own.items()), len(codes)


def _reminded(reports: ReportQuerySet) -> dict[int, Reminded]:
    """By report; none where nobody of the unit has an address, since such a reminder is ticked off unsent."""
    sent = Reminder.objects.filter(unit_is_reached(), report__in=reports, audience=Reminder.Audience.UNIT.value)
    told: dict[int, Reminded] = {}
    for reminder in sent.select_related("asked_by").order_by("sent_at", "pk"):
        if reminder.sent_at is not None:
            before = told.get(reminder.report_id)
            told[reminder.report_id] = Reminded(before.times + 1 if before else 1, reminder.sent_at, name_of(reminder.asked_by))
    return told
