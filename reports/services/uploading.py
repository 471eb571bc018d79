"""What files would change in reports, told before anything is written (semantics §2): new, changed, cleared, or written by both."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Any, NamedTuple

from django.db import transaction

from reports.domain.workflow import Action
from reports.models import Report
from reports.queries.timeline import touched_since, touched_since_each
from reports.services import filling, transitions
from reports.services.transitions import Step
from units.bulk import Among
from units.problems import Problem, Problems, Refused, gettext_noop
from units.reach import User

#: how many reports are held in memory at once
_BATCH = 1000


class SentCell(NamedTuple):
    """A cell of a file: its indicator, where it stands, and its value in stored form; or why it has none.

    `font` is the one of before Unicode that its words were in, and were converted from; empty for none.
    """

    code: str
    address: str
    value: Any = None
    problems: tuple[Problem, ...] = ()
    font: str = ""


class SentRow(NamedTuple):
    """A row of a file: the unit, where it is named, and the version that it was made from, None where the file doesn't say."""

    uid: str
    address: str
    seen: int | None
    cells: Sequence[SentCell]


class Effect(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    CLEARED = "cleared"
    #: changed in the file, and by somebody else since the file was made: a person chooses
    CLASH = "clash"
    #: left as it was in the file, and changed by somebody else since: theirs stays
    THEIRS = "theirs"


@dataclass(frozen=True, slots=True)
class Change:
    """One cell that differs: what stands in the report now, and what the file says. `code` names the indicator."""

    code: str
    address: str
    effect: Effect
    now: Any
    then: Any

    @property
    def is_written(self) -> bool:
        return self.effect is not Effect.THEIRS


def changes_of(report: Report, cells: Iterable[SentCell], seen: int) -> list[Change]:
    """What the cells of a file would change that could be read, and that was made from version `seen` of the report.

    A cell that the file has as it was then is no change, whatever stands there now.
    """
    return _changes(report, cells, touched_since(report, seen))


def _changes(report: Report, cells: Iterable[SentCell], touched: Mapping[str, Any]) -> list[Change]:
    changes = []
    for code, address, value, problems, _font in cells:
        now = report.own.get(code)
        effect = None if problems else _effect(touched.get(code, now), now, value)
        if effect is not None:
            changes.append(Change(code, address, effect, now, value))
    return changes


def _effect(before: Any, now: Any, value: Any) -> Effect | None:
    if _same(value, now):
        return None
    if not _same(before, now):
        return Effect.THEIRS if _same(value, before) else Effect.CLASH
    if now is None:
        return Effect.NEW
    return Effect.CLEARED if value is None else Effect.CHANGED


def _same(one: Any, other: Any) -> bool:
    """Truth is no number, though Python takes True for 1."""
    return type(one) is type(other) and one == other


# --- Many reports -----------------------------------------------------------------------------------


@dataclass(slots=True)
class LookedOver:
    """What a row would change in its report, in the version that it was compared with. `report` is None where it has none.

    `refused` are the cells that are not written: where they stand, the indicator (empty for the whole row), and why.
    """

    uid: str
    report: Report | None = None
    changes: list[Change] = field(default_factory=list)
    refused: list[tuple[str, str, Problem]] = field(default_factory=list)


def look_over(head: Report, rows: Iterable[SentRow], *, by: User, at: datetime) -> Iterator[LookedOver]:
    """What the rows of a file would change in the reports at and below `head`, as this user. Nothing is written.

    A fixed number of queries for every thousand rows.
    """
    step = Step(Action.SAVE, by, at)
    rows = iter(rows)
    seen: dict[str, str] = {}
    while batch := list(islice(rows, _BATCH)):
        yield from _looked_over(head, batch, step, seen)


def _looked_over(head: Report, rows: Sequence[SentRow], step: Step, first: dict[str, str]) -> Iterator[LookedOver]:
    """`first`: where each unit's row stands, of those that came before."""
    reports = _by_unit(head, [row.uid for row in rows])
    made_from = [(reports[row.uid], row.seen) for row in rows if row.seen is not None and row.uid in reports]
    touched = touched_since_each(made_from)
    obstacles = {problem.unit_uid: problem for problem in transitions.obstacles(step, list(reports.values()))}
    for row in rows:
        looked = LookedOver(row.uid, reports.get(row.uid))
        problem = _row_problem(row, looked.report, first)
        first.setdefault(row.uid, row.address)
        if problem is not None or looked.report is None:
            looked.refused = [(row.address, "", problem)] if problem else []
            yield looked
            continue
        _compare(looked, looked.report, row, touched.get(looked.report.pk, {}), step.by)
        if row.uid in obstacles and (looked.changes or looked.refused):
            looked.changes, looked.refused = [], [(row.address, "", obstacles[row.uid])]
        yield looked


def _by_unit(head: Report, uids: Iterable[str]) -> dict[str, Report]:
    """The reports at and below `head` of these units. What they share is loaded once."""
    wanted = [uid for uid in uids if "\0" not in uid]  # which no unit has, and PostgreSQL refuses
    reports = Report.objects.subtree_of(head).filter(unit__uid__in=wanted).select_related("unit")
    return {report.unit.uid: report for report in reports.prefetch_related("cycle__version__template", "level", "superior")}


def _row_problem(row: SentRow, report: Report | None, first: Mapping[str, str]) -> Problem | None:
    if not row.uid:
        return Problem(gettext_noop("The uid is empty.")) if any(cell.value is not None or cell.problems for cell in row.cells) else None
    if row.uid in first:
        return Problem(gettext_noop("The unit is there twice; %(cell)s has it first."), {"cell": first[row.uid]})
    if report is None:
        return Problem(gettext_noop("“%(uid)s” has no report at or below the unit of this page."), {"uid": row.uid})
    if row.seen is not None and row.seen > report.version:
        return Problem(gettext_noop("The row is made from a newer state of the report than there is. Download the workbook again."))
    return None


def _compare(looked: LookedOver, report: Report, row: SentRow, touched: Mapping[str, Any], by: User) -> None:
    looked.refused = [(cell.address, cell.code, problem) for cell in row.cells for problem in cell.problems]
    changes = _changes(report, row.cells, touched)
    entered = {change.code: change.then for change in changes if change.is_written}
    misplaced = {problem.column: problem for problem in filling.misplaced(report.cycle.version.compiled(), report, entered, by)}
    looked.changes = [change for change in changes if change.code not in misplaced]
    looked.refused += [(each.address, each.code, misplaced[each.code]) for each in changes if each.code in misplaced]


def apply(written: Mapping[int, Mapping[str, Any]], seen: Mapping[int, int], *, by: User, at: datetime) -> None:
    """Write these cells of these reports of a cycle (by id), all of them or none, each on the version that was looked over (`seen`).

    Raises Refused with what stands against it, for each unit.
    """
    problems = Problems()
    with transaction.atomic():
        for ids in _in_order(written):
            reports = transitions.lock_many(Report.objects.filter(Among("pk", ids)))
            try:
                filled = filling.filled_in(reports)
                filling.save_locked([(each, {**filled[each.pk], **written[each.pk]}) for each in reports], by=by, at=at, seen=seen)
            except Refused as refused:
                problems.include(refused.problems)
        problems.refuse_if_any()


def _in_order(ids: Collection[int]) -> Iterator[list[int]]:
    """The reports' ids, the deepest first: in the order in which every action locks reports, a thousand at a time."""
    ordered = list(Report.objects.filter(Among("pk", ids)).order_by("cycle_id", "-depth", "pk").values_list("pk", flat=True))
    for start in range(0, len(ordered), _BATCH):
        yield ordered[start : start + _BATCH]
