"""Storing totals up the tree (semantics §5, §6): recomputed from direct children, never incremented.

Marks say which totals are stale. Draining takes one tree of a cycle at a time under the lock of its root's total, so it
is safe to run twice, out of order, in parallel, or after a crash.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import transaction

from reports.models import Cycle, Report, Rollup, RollupMark, TemplateVersion
from reports.models.bulk import upsert
from reports.queries.leaf_sums import can_add_up, leaf_sums
from reports.queries.summing import all_nodes, computed, marked_nodes

_BATCH = 2000


def drain_all(cycle_ids: Sequence[int] | None = None, *, wait: bool = True) -> int:
    """Recompute every marked total, of these cycles or of all. Returns how many marks were taken.

    Without `wait`, a tree that somebody else is draining is left to them: they look again once they are done, so a mark
    that came meanwhile is not forgotten.
    """
    marks = RollupMark.objects.all() if cycle_ids is None else RollupMark.objects.filter(cycle_id__in=cycle_ids)
    trees = marks.order_by("cycle_id", "root_position").values_list("cycle_id", "root_position").distinct()
    drained = 0
    while taken := sum(drain_tree(cycle_id, root_position, wait=wait) for cycle_id, root_position in trees.all()):
        drained += taken
    return drained


def drain_tree(cycle_id: int, root_position: int, *, wait: bool = True) -> int:
    """Recompute the marked totals of one tree of a cycle. Returns how many marks were taken."""
    with transaction.atomic():
        if not _lock_tree(cycle_id, root_position, wait=wait):
            return 0
        marks = list(RollupMark.objects.filter(cycle_id=cycle_id, root_position=root_position).values_list("pk", flat=True))
        if marks:
            template = TemplateVersion.objects.get(cycles=cycle_id).compiled()
            _store(computed(template, marked_nodes(cycle_id, root_position)))
            for start in range(0, len(marks), _BATCH):
                RollupMark.objects.filter(pk__in=marks[start : start + _BATCH]).delete()
        return len(marks)


def rebuild(cycle: Cycle) -> int:
    """Recompute every total of the cycle from what was entered. Returns how many totals were written."""
    template = cycle.version.compiled()
    written = 0
    for root in _roots(cycle):
        with transaction.atomic():
            _lock_tree(cycle.pk, root.position, wait=True)
            RollupMark.objects.filter(cycle=cycle, root_position=root.position).delete()
            leaves = leaf_sums(template, root) if can_add_up() else None
            written += _store(computed(template, all_nodes(root), leaves))
    return written


def afresh(cycle: Cycle) -> Iterable[Rollup]:
    """Every total of the cycle as it has to be, computed from what was entered, unsaved (for `verify_rollups`)."""
    template = cycle.version.compiled()
    for root in _roots(cycle):
        yield from computed(template, all_nodes(root))


def _lock_tree(cycle_id: int, root_position: int, *, wait: bool) -> bool:
    root = Rollup.objects.filter(report__cycle_id=cycle_id, report__position=root_position)
    return bool(root.select_for_update(of=("self",), skip_locked=not wait).values_list("pk", flat=True))


def _roots(cycle: Cycle) -> list[Report]:
    return list(Report.objects.filter(cycle=cycle, superior__isnull=True).with_reports_below().defer("own").order_by("position"))


def _store(totals: Sequence[Rollup]) -> int:
    upsert(totals, "report", ["cells", "counted", "expected", "differs_from_declared"])
    return len(totals)
