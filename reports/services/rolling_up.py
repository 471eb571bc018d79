"""Totals up the tree (semantics §5, §6): recomputed from direct children, never incremented.

Marks say which totals are stale. Draining takes one tree of a cycle at a time under the lock of its root's total, so it
is safe to run twice, out of order, in parallel, or after a crash.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from reports.domain.aggregation import Cells, contribution, merge, same_figures
from reports.domain.indicators import EnteredBy, Template
from reports.domain.workflow import WITH_SUPERIOR, State
from reports.models import Adjustment, Cycle, Report, ReportQuerySet, Rollup, RollupMark, Submission

_BATCH = 2000


@dataclass(slots=True)
class Node:
    """A report with reports below it, while its total is recomputed."""

    id: int
    position: int
    superior_id: int | None
    depth: int
    level: str
    state: str
    own: dict[str, Any]
    last_submission_id: int | None
    adjustments: list[tuple[str, Any]] = field(default_factory=list)
    parts: list[Cells] = field(default_factory=list)
    counted: int = 0
    expected: int = 0


def drain_all(cycle_ids: Sequence[int] | None = None, *, wait: bool = True) -> int:
    """Recompute every marked total, of these cycles or of all. Returns how many marks were taken.

    Without `wait`, a tree that somebody else is draining is left to them: they look again once they are done, so a mark
    that came meanwhile is not forgotten.
    """
    marks = RollupMark.objects.all() if cycle_ids is None else RollupMark.objects.filter(cycle_id__in=cycle_ids)
    trees = marks.order_by("cycle_id", "root_position").values_list("cycle_id", "root_position").distinct()
    drained = 0
    while taken := sum(drain_tree(cycle_id, root_position, wait=wait) for cycle_id, root_position in list(trees)):
        drained += taken
    return drained


def drain_tree(cycle_id: int, root_position: int, *, wait: bool = True) -> int:
    """Recompute the marked totals of one tree of a cycle. Returns how many marks were taken."""
    with transaction.atomic():
        if not _lock_tree(cycle_id, root_position, wait=wait):
            return 0
        marks = list(RollupMark.objects.filter(cycle_id=cycle_id, root_position=root_position).values_list("pk", "report_id"))
        if not marks:
            return 0
        nodes = _inner_nodes(cycle_id, root_position)
        stale = _paths({report_id for _, report_id in marks}, nodes)
        _recompute(Cycle.objects.select_related("version").get(pk=cycle_id).version.compiled(), stale)
        for start in range(0, len(marks), _BATCH):
            RollupMark.objects.filter(pk__in=[pk for pk, _ in marks[start : start + _BATCH]]).delete()
        return len(marks)


def rebuild(cycle: Cycle) -> int:
    """Recompute every total of the cycle from what was entered. Returns how many totals were written."""
    template = cycle.version.compiled()
    written = 0
    for root_position in _root_positions(cycle):
        with transaction.atomic():
            _lock_tree(cycle.pk, root_position, wait=True)
            RollupMark.objects.filter(cycle=cycle, root_position=root_position).delete()
            nodes = _inner_nodes(cycle.pk, root_position)
            _recompute(template, nodes)
            written += len(nodes)
    return written


def afresh(cycle: Cycle) -> Iterable[Rollup]:
    """Every total of the cycle as it has to be, computed from what was entered, unsaved (for `verify_rollups`)."""
    template = cycle.version.compiled()
    for root_position in _root_positions(cycle):
        yield from _computed(template, _inner_nodes(cycle.pk, root_position))


def both_of(template: Template, reports: Sequence[Report]) -> dict[int, Cells]:
    """What each of these reports' units sees while it prepares: what is counted below, and its own whatever its state (§5).

    The totals below have to be drained.
    """
    return {report_id: both for report_id, (_, both) in below_and_both(template, reports).items()}


def below_and_both(template: Template, reports: Sequence[Report]) -> dict[int, tuple[Cells, Cells]]:
    """What is counted strictly below each report, and *both* (semantics §5), from the totals below as they are stored."""
    parts: dict[int, list[Cells]] = {report.pk: [] for report in reports}
    adjustments = adjustments_of(parts)
    inner = [report.pk for report in reports if report.has_reports_below]
    for superior_id, cells, _, _ in _children(template, inner):
        parts[superior_id].append(cells)
    seen: dict[int, tuple[Cells, Cells]] = {}
    for report in reports:
        below = merge(template, parts[report.pk])
        own = contribution(template, report.own, report.level.code, adjustments.get(report.pk, ()))
        seen[report.pk] = below, merge(template, [below, own])
    return seen


def adjustments_of(report_ids: Iterable[int]) -> dict[int, list[tuple[str, Any]]]:
    """The adjustments of each report, as (indicator, amount)."""
    found: dict[int, list[tuple[str, Any]]] = {}
    rows = Adjustment.objects.filter(report_id__in=list(report_ids)).order_by("pk")
    for report_id, indicator, amount in rows.values_list("report_id", "indicator", "amount"):
        found.setdefault(report_id, []).append((indicator, amount))
    return found


def _lock_tree(cycle_id: int, root_position: int, *, wait: bool) -> bool:
    root = Rollup.objects.filter(report__cycle_id=cycle_id, report__position=root_position)
    return root.select_for_update(of=("self",), skip_locked=not wait).first() is not None


def _root_positions(cycle: Cycle) -> list[int]:
    roots = cycle.reports.filter(superior__isnull=True).with_reports_below()
    return list(roots.order_by("position").values_list("position", flat=True))


def _inner_nodes(cycle_id: int, root_position: int) -> dict[int, Node]:
    rows = Report.objects.filter(cycle_id=cycle_id, root_position=root_position).with_reports_below()
    columns = ("pk", "position", "superior_id", "depth", "level__code", "state", "own", "last_submission_id")
    return {row[0]: Node(*row) for row in rows.values_list(*columns)}


def _paths(report_ids: set[int], nodes: dict[int, Node]) -> dict[int, Node]:
    """The nodes at and above these reports."""
    leaves = report_ids - nodes.keys()
    above = Report.objects.filter(pk__in=leaves).values_list("superior_id", flat=True) if leaves else ()
    stale: dict[int, Node] = {}
    for start in (report_ids & nodes.keys()) | set(above):
        node = nodes.get(start)
        while node is not None and node.id not in stale:
            stale[node.id] = node
            node = nodes.get(node.superior_id) if node.superior_id is not None else None
    return stale


def _recompute(template: Template, stale: dict[int, Node]) -> None:
    Rollup.objects.bulk_create(
        _computed(template, stale),
        batch_size=_BATCH,
        update_conflicts=True,
        unique_fields=["report"],
        update_fields=["cells", "counted", "expected", "differs_from_declared"],
    )


def _computed(template: Template, stale: dict[int, Node]) -> list[Rollup]:
    """The totals of these nodes, each from its children: those in `stale` as computed here, the others as stored."""
    for superior_id, cells, counted, expected in _children(template, list(stale), without=stale.keys()):
        node = stale[superior_id]
        node.parts.append(cells)
        node.counted += counted
        node.expected += expected
    for report_id, adjustments in adjustments_of(stale).items():
        stale[report_id].adjustments = adjustments
    declared = _declared(stale.values())
    totals = []
    for node in sorted(stale.values(), key=lambda node: -node.depth):
        total = _total(template, node, declared.get(node.id))
        totals.append(total)
        superior = stale.get(node.superior_id) if node.superior_id is not None else None
        if superior is not None:
            superior.parts.append(total.cells)
            superior.counted += total.counted
            superior.expected += total.expected
        node.parts = []
    return totals


def _total(template: Template, node: Node, declared: Cells | None) -> Rollup:
    counted = node.state == State.ACCEPTED
    own = contribution(template, node.own, node.level, node.adjustments)
    below = merge(template, node.parts)
    both = merge(template, [below, own])
    return Rollup(
        report_id=node.id,
        cells=both if counted else below,
        counted=node.counted + counted,
        expected=node.expected + (node.state != State.EXEMPT),
        differs_from_declared=declared is not None and not same_figures(template, both, declared, _appraised(template)),
    )


def _appraised(template: Template) -> frozenset[str]:
    """Indicators that the superior enters: they come after the submission, so no unit declared them."""
    return frozenset(indicator.code for indicator in template.indicators if indicator.entered_by is EnteredBy.SUPERIOR)


def _declared(nodes: Iterable[Node]) -> dict[int, Cells]:
    """What the last submission declared, of those nodes that are submitted or accepted."""
    ids = [node.last_submission_id for node in nodes if node.last_submission_id and State(node.state) in WITH_SUPERIOR]
    return dict(Submission.objects.filter(pk__in=ids).values_list("report_id", "declared"))


def _children(template: Template, superior_ids: list[int], without: Iterable[int] = ()) -> Iterable[tuple[int, Cells, int, int]]:
    """Superior, total, counted and expected of every direct child of these reports, but of those in `without`."""
    skipped = set(without)
    for start in range(0, len(superior_ids), _BATCH):
        chunk = superior_ids[start : start + _BATCH]
        children = Report.objects.filter(superior_id__in=chunk)
        yield from _stored_children(children.with_reports_below(), skipped)
        yield from _leaf_children(template, children)


def _stored_children(children: ReportQuerySet, skipped: set[int]) -> Iterable[tuple[int, Cells, int, int]]:
    columns = ("pk", "superior_id", "rollup__cells", "rollup__counted", "rollup__expected")
    for pk, superior_id, cells, counted, expected in children.values_list(*columns):
        if pk not in skipped:
            yield superior_id, cells, counted, expected


def _leaf_children(template: Template, children: ReportQuerySet) -> Iterable[tuple[int, Cells, int, int]]:
    leaves = children.without_reports_below()
    accepted = leaves.filter(state=State.ACCEPTED.value)
    for superior_id, level, own in accepted.values_list("superior_id", "level__code", "own").iterator(chunk_size=_BATCH):
        yield superior_id, contribution(template, own, level), 1, 1
    for superior_id in leaves.exclude(state__in=[State.ACCEPTED.value, State.EXEMPT.value]).values_list("superior_id", flat=True):
        yield superior_id, {}, 0, 1
