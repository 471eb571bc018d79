"""Storing totals up the tree (semantics §5, §6): recomputed from direct children, never incremented.

Marks say which totals are stale. Draining takes one tree of a cycle at a time under the lock of its root's total, so it
is safe to run twice, out of order, in parallel, or after a crash. A total that can't be computed stays as it was stored: it
is tried again, then set aside with its error, and holds up nobody else.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial

from django.db import DataError, transaction
from django.db.models import F, Min, QuerySet

from reports.domain.formulas import FormulaError
from reports.domain.indicators import Template
from reports.models import Cycle, Report, Rollup, RollupMark, TemplateVersion
from reports.models.bulk import take, upsert, upsert_select
from reports.queries.stretches import Stretch
from reports.queries.summing import UNREADABLE, Computed, all_nodes, computed, marked_nodes, undecided_nodes
from reports.queries.tree_sums import can_add_up, tree_sums
from reports.services import waking
from units.locks import side_by_side

logger = logging.getLogger(__name__)

#: how many marks the log names
_LOGGED = 5

#: tries to compute a total before it is set aside
TRIES = 3
#: reports whose totals are computed in one transaction, unless a single tree has more
_IN_DATABASE, _IN_MEMORY = 25_000, 10_000
ERROR_LENGTH = 500
_COLUMNS = ["report", "cells", "counted", "expected", "differs_from_declared", "failures", "error"]


def mark(reports: Iterable[Report]) -> None:
    """Mark the totals from these reports up to their roots for recomputing, and wake a worker once this is committed."""
    marks = [RollupMark(cycle_id=report.cycle_id, root_position=report.root_position, report=report) for report in reports]
    RollupMark.objects.bulk_create(marks, batch_size=5000)
    for cycle_id in {mark.cycle_id for mark in marks}:
        waking.for_totals(cycle_id)


def count_marks() -> int:
    """How many marks wait."""
    return RollupMark.objects.count()


def oldest_mark() -> datetime | None:
    """Since when a total has waited to be recomputed; None where none does."""
    oldest: datetime | None = RollupMark.objects.aggregate(since=Min("marked_at"))["since"]
    return oldest


def drain_all(cycle_ids: Sequence[int] | None = None, *, wait: bool = True) -> int:
    """Recompute every marked total, of these cycles or of all. Returns how many marks were taken.

    Without `wait`, a tree that somebody else is draining is left to them: they look again once they are done, so a mark
    that came meanwhile is not forgotten.
    """
    marks = RollupMark.objects.all() if cycle_ids is None else RollupMark.objects.filter(cycle_id__in=cycle_ids)
    version = "cycle__version_id", "cycle__version__published_at"
    trees = marks.order_by("cycle_id", "root_position").values_list("cycle_id", "root_position", *version).distinct()
    drained = 0
    while taken := sum(
        _drain_alone(Stretch(cycle_id, root - 1, root), TemplateVersion(pk=version_id, published_at=published_at), wait=wait)
        for cycle_id, root, version_id, published_at in trees.all()
    ):
        drained += taken
    return drained


def _drain_alone(tree: Stretch, version: TemplateVersion, *, wait: bool) -> int:
    """Drain a tree; where that fails as a whole, such as for a template that can't be compiled, its marks stay and all others go on."""
    try:
        return _drain(tree, version, wait=wait)
    except (*UNREADABLE, FormulaError) as error:
        logger.exception("The totals of cycle %d after %d can't be computed", tree.cycle_id, tree.after)
        root = Rollup.objects.filter(report__cycle_id=tree.cycle_id, report__position=tree.last)
        root.update(failures=F("failures") + 1, error=f"{type(error).__name__}: {error}"[:ERROR_LENGTH])
        return 0


def _drain(tree: Stretch, version: TemplateVersion, *, wait: bool) -> int:
    """Recompute the marked totals of one tree of a cycle. Returns how many marks were taken."""
    with transaction.atomic():
        marked = take(_marks(tree), "report") if _lock(tree, wait=wait) else []
        if marked:
            _store(computed(version.compiled(), marked_nodes(marked)))
            logger.info("Recomputed totals of cycle %d for %d marks, among them %s", tree.cycle_id, len(marked), marked[:_LOGGED])
        return len(marked)


def rebuild(cycle: Cycle) -> int:
    """Recompute every total of the cycle from what was entered. Returns how many totals were written."""
    template = cycle.version.compiled()
    if can_add_up(template):
        return sum(side_by_side(partial(_add_up_in_database, template), _stretches(cycle, _IN_DATABASE)))
    return sum(_add_up_in_memory(template, stretch) for stretch in _stretches(cycle, _IN_MEMORY))


def forget(cycle: Cycle) -> None:
    """Make every total of the cycle that of no counted report, where none is counted any more. The reports have to be locked."""
    totals = Rollup.objects.filter(report__cycle=cycle)
    totals.update(cells={}, counted=0, differs_from_declared=False, failures=0, error="")
    RollupMark.objects.filter(cycle=cycle).delete()


def afresh(cycle: Cycle) -> Iterator[Computed]:
    """Every total of the cycle as it has to be, computed from what was entered (for `verify_rollups`), in parts."""
    template = cycle.version.compiled()
    for stretch in _stretches(cycle, _IN_MEMORY):
        yield computed(template, all_nodes(stretch))


def set_aside() -> QuerySet[Rollup]:
    """The totals that could not be computed, and are not tried again by themselves."""
    return Rollup.objects.filter(failures__gte=TRIES)


def try_again(totals: QuerySet[Rollup]) -> int:
    """Mark those of them that can't be computed for another try. Returns how many."""
    reports = list(Report.objects.filter(rollup__in=totals.filter(failures__gt=0)))
    mark(reports)
    return len(reports)


def _add_up_in_database(template: Template, stretch: Stretch) -> int:
    try:
        with transaction.atomic():
            _take_over(stretch)
            written = upsert_select(Rollup, _COLUMNS, *tree_sums(template, stretch))
            _store(computed(template, undecided_nodes(stretch)))
            return written
    except DataError:
        logger.exception("A figure can't be read; each total of cycle %d after %d is computed by itself", stretch.cycle_id, stretch.after)
        return _add_up_in_memory(template, stretch)


def _add_up_in_memory(template: Template, stretch: Stretch) -> int:
    with transaction.atomic():
        _take_over(stretch)
        return _store(computed(template, all_nodes(stretch)))


def _stretches(cycle: Cycle, most: int) -> Iterator[Stretch]:
    """The cycle's trees in order, as many together as are computed at once."""
    roots = Report.objects.filter(cycle=cycle, superior__isnull=True).with_reports_below()
    together: Stretch | None = None
    for root in roots.defer("own").order_by("position"):
        if together and root.end - together.after > most:
            yield together
            together = None
        together = together._replace(last=root.end) if together else Stretch.from_top(root)
    if together:
        yield together


def _take_over(stretch: Stretch) -> None:
    """Lock the trees' totals; what marked them is answered by computing all of them."""
    _lock(stretch, wait=True)
    _marks(stretch).delete()


def _marks(stretch: Stretch) -> QuerySet[RollupMark]:
    return RollupMark.objects.filter(cycle_id=stretch.cycle_id, root_position__gt=stretch.after, root_position__lte=stretch.last)


def _lock(stretch: Stretch, *, wait: bool) -> bool:
    """Lock the totals of the trees' roots for the rest of the transaction: they stand for their trees."""
    roots = Rollup.objects.filter(
        report__cycle_id=stretch.cycle_id,
        report__position__gt=stretch.after,
        report__position__lte=stretch.last,
        report__superior__isnull=True,
    )
    locked = roots.select_for_update(of=("self",), skip_locked=not wait).order_by("report__position")
    return bool(locked.values_list("pk"))


def _store(result: Computed) -> int:
    upsert(result.totals, "report", _COLUMNS[1:])
    if result.failed:
        _note_failures(result.failed)
    return len(result.totals)


def _note_failures(failed: Mapping[int, str]) -> None:
    for report_id, error in failed.items():
        logger.error("The total of report %d can't be computed: %s", report_id, error)
        Rollup.objects.filter(pk=report_id).update(failures=F("failures") + 1, error=error[:ERROR_LENGTH])
    mark(Report.objects.filter(pk__in=failed, rollup__failures__lt=TRIES))
