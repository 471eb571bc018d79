"""Many figures from a file into the reports of a cycle, through the same checks as the forms: all of it or nothing."""

from __future__ import annotations

import gc
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import chain, islice
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import TextField
from django.db.models.functions import Cast

from reports.domain.workflow import State
from reports.models import Cycle, Report
from reports.policies import reports_in_reach
from reports.services import filling, reviewing, submitting, transitions
from reports.services.gathering import Figure, Gathered, Run, in_runs
from reports.services.submitting import Declaration
from units.bulk import Among
from units.problems import Problems, Refused
from units.reach import User


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
_BATCH = 2000
#: a file of fewer runs asks for the reports of its own units, and not for the whole cycle's
_FEW = 500
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


def import_figures(cycle: Cycle, figures: Iterable[Figure], problems: Problems, journey: Journey) -> Imported:
    """As `import_runs`, of figures that are read one by one."""
    return import_runs(cycle, in_runs(figures), problems, journey)


@_without_looking_for_garbage()
def import_runs(
    cycle: Cycle, runs: Iterable[Run], problems: Problems, journey: Journey, progress: Callable[[int], None] = lambda done: None
) -> Imported:
    """Write the figures and take their reports through the workflow, deepest first.

    Raises Refused with every problem found, each with its line; nothing is written then.
    """
    runs = iter(runs)
    head = list(islice(runs, _FEW))
    owners = _owners(cycle, journey.by, {run.unit_uid for run in head} if len(head) < _FEW else None)
    gathered = Gathered(cycle.version.compiled(), problems)
    gathered.take(chain(head, runs), owners)
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


def _chunks(gathered: Gathered, owners: dict[str, _Owner]) -> Iterator[Sequence[str]]:
    """The units of the file in chunks of one depth, the deepest first, in the order in which every action locks reports."""
    by_depth: dict[int, list[str]] = {}
    for uid in sorted(gathered.members, key=lambda uid: owners[uid].pk):
        by_depth.setdefault(owners[uid].depth, []).append(uid)
    for depth in sorted(by_depth, reverse=True):
        uids = by_depth[depth]
        for start in range(0, len(uids), _BATCH):
            yield uids[start : start + _BATCH]


def _save(uids: Sequence[str], gathered: Gathered, owners: dict[str, _Owner], journey: Journey) -> None:
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


def _collecting(problems: Problems, gathered: Gathered, write: Callable[[], None]) -> None:
    try:
        write()
    except Refused as refused:
        placed = Problems()
        placed.extend(gathered.line_of(problem) for problem in refused.problems)
        placed.count = refused.problems.count
        problems.include(placed)
