"""Totals as they have to be, computed from direct children (semantics §5): a few reads, however many there are.

Nothing is written here; `services.rolling_up` stores what comes out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db.models import Case, Exists, F, JSONField, OuterRef, Q, When

from reports.domain.aggregation import Cells, contribution, merge, same_figures
from reports.domain.indicators import Template
from reports.domain.workflow import WITH_SUPERIOR, State
from reports.models import Adjustment, Report, ReportQuerySet, Rollup, RollupMark
from reports.models.documents import Document

_CHUNK = 2000
_IS_LEAF = Q(end=F("position"))


#: what comes of adding up what somebody wrote past the services
UNREADABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Neighbouring trees of a cycle: every report from one position to another."""

    cycle_id: int
    first: int
    last: int


class Leaf(NamedTuple):
    """A counted report with none below it."""

    level: str
    own: dict[str, Any]

    def cells(self, template: Template) -> Cells:
        return contribution(template, self.own, self.level)


@dataclass(slots=True)
class Node:
    """A report with reports below it, while its total is computed.

    `declared` is the *both* that it last submitted, and `declared_own` its own values in that, while they stand.
    """

    id: int
    superior_id: int | None
    depth: int
    level: str
    state: str
    own: dict[str, Any]
    declared: Cells | None
    declared_own: dict[str, Any] | None
    adjustments: list[tuple[str, Any]] = field(default_factory=list)
    leaves: list[Leaf] = field(default_factory=list)
    parts: list[Cells] = field(default_factory=list)
    counted: int = 0
    expected: int = 0

    def add(self, child: Child) -> None:
        """Take a child's total in."""
        if child.leaf is not None:
            self.leaves.append(child.leaf)
        elif child.cells:
            self.parts.append(child.cells)
        self.counted += child.counted
        self.expected += child.expected


class Child(NamedTuple):
    """A direct child's total, as its superior takes it in: a counted leaf's figures, or cells."""

    superior_id: int
    leaf: Leaf | None
    cells: Cells
    counted: int
    expected: int


Nodes = dict[int, Node]


@dataclass(slots=True)
class Computed:
    """Totals, unsaved; and of the reports whose total can't be computed, why."""

    totals: list[Rollup] = field(default_factory=list)
    failed: dict[int, str] = field(default_factory=dict)


def marked_nodes(cycle_id: int, root_position: int) -> Nodes:
    """The reports of one tree of a cycle whose total is marked: every superior of a marked report, and itself."""
    marks = RollupMark.objects.filter(
        cycle_id=cycle_id,
        root_position=root_position,
        report__position__gte=OuterRef("position"),
        report__position__lte=OuterRef("end"),
    )
    return _nodes(Report.objects.filter(Exists(marks), cycle_id=cycle_id, root_position=root_position))


def all_nodes(stretch: Stretch) -> Nodes:
    """Every report of these trees that has a stored total."""
    return _nodes(_in_stretch(stretch))


def undecided_nodes(stretch: Stretch) -> Nodes:
    """The reports of these trees for which `tree_sums` left open whether what they declared is still so."""
    return _nodes(_in_stretch(stretch).filter(rollup__differs_from_declared=True))


def _in_stretch(stretch: Stretch) -> ReportQuerySet:
    return Report.objects.filter(cycle_id=stretch.cycle_id, position__gte=stretch.first, position__lte=stretch.last)


def _nodes(reports: ReportQuerySet) -> Nodes:
    stands = Q(state__in=[state.value for state in WITH_SUPERIOR])
    declared = Case(When(stands, then=F("last_submission__declared")), output_field=Document())
    declared_own = Case(When(stands, then=F("last_submission__own")), output_field=JSONField())
    columns = ("pk", "superior_id", "depth", "level__code", "state", "own", declared, declared_own)
    nodes = {row[0]: Node(*row) for row in reports.with_reports_below().order_by().values_list(*columns)}
    for report_id, adjustments in adjustments_of(nodes).items():
        nodes[report_id].adjustments = adjustments
    return nodes


def adjustments_of(report_ids: Iterable[int]) -> dict[int, list[tuple[str, Any]]]:
    """The adjustments of each report, as (indicator, amount)."""
    found: dict[int, list[tuple[str, Any]]] = {}
    rows = Adjustment.objects.filter(report_id__in=list(report_ids)).order_by("pk")
    for report_id, indicator, amount in rows.values_list("report_id", "indicator", "amount"):
        found.setdefault(report_id, []).append((indicator, amount))
    return found


def computed(template: Template, nodes: Nodes) -> Computed:
    """The totals of these nodes, each from its children: those among `nodes` as computed here, the others as stored.

    One that can't be computed holds up nobody else: its superior takes it as it is stored.
    """
    for child in _children(list(nodes), besides=nodes):
        nodes[child.superior_id].add(child)
    result = Computed()
    for node in sorted(nodes.values(), key=lambda node: -node.depth):
        try:
            total = _total(template, node)
        except UNREADABLE as error:
            result.failed[node.id] = f"{type(error).__name__}: {error}"
            total = Rollup.objects.get(pk=node.id)
        else:
            result.totals.append(total)
        superior = nodes.get(node.superior_id) if node.superior_id is not None else None
        if superior is not None:
            superior.add(Child(superior.id, None, total.cells, total.counted, total.expected))
        node.parts, node.leaves = [], []
    return result


def _total(template: Template, node: Node) -> Rollup:
    counted = node.state == State.ACCEPTED
    below = merge(template, [*node.parts, *(leaf.cells(template) for leaf in node.leaves)])
    both = _with_own(template, node, below, node.own)
    return Rollup(
        report_id=node.id,
        cells=both if counted else below,
        counted=node.counted + counted,
        expected=node.expected + (node.state != State.EXEMPT),
        differs_from_declared=_differs(template, node, below, both),
    )


def _with_own(template: Template, node: Node, below: Cells, own: Mapping[str, Any]) -> Cells:
    return merge(template, [below, contribution(template, own, node.level, node.adjustments)])


def _differs(template: Template, node: Node, below: Cells, both: Cells) -> bool:
    """Whether a declaration that stands is overtaken by what is counted below.

    What the superior entered on the report itself came after its declaration, and is no part of what that is held against.
    """
    if node.declared is None:
        return False
    if node.declared_own is not None and node.declared_own != node.own:
        both = _with_own(template, node, below, node.declared_own)
    return not same_figures(template, both, node.declared)


def below_and_both(template: Template, reports: Sequence[Report]) -> dict[int, tuple[Cells, Cells]]:
    """What is counted strictly below each report, and *both* (semantics §5), from the totals below as they are stored."""
    parts: dict[int, list[Cells]] = {report.pk: [] for report in reports}
    adjustments = adjustments_of(report.pk for report in reports if report.has_reports_below)
    for child in _children([report.pk for report in reports if report.has_reports_below]):
        parts[child.superior_id].append(child.leaf.cells(template) if child.leaf else child.cells)
    seen: dict[int, tuple[Cells, Cells]] = {}
    for report in reports:
        below = merge(template, parts[report.pk])
        own = contribution(template, report.own, report.level.code, adjustments.get(report.pk, ()))
        seen[report.pk] = below, merge(template, [below, own])
    return seen


def both_of(template: Template, reports: Sequence[Report]) -> dict[int, Cells]:
    """What each of these reports' units sees while it prepares: what is counted below, and its own whatever its state (§5)."""
    return {report_id: both for report_id, (_, both) in below_and_both(template, reports).items()}


def _children(superior_ids: Sequence[int], besides: Nodes | None = None) -> Iterator[Child]:
    """Every direct child of these reports, but of those in `besides`: a leaf with its figures, the others as stored."""
    skipped = besides or {}
    counted_leaf = _IS_LEAF & Q(state=State.ACCEPTED.value)
    own = Case(When(counted_leaf, then=F("own")), output_field=JSONField())
    columns = ("pk", "superior_id", "level__code", "state", own, "rollup__cells", "rollup__counted", "rollup__expected")
    for start in range(0, len(superior_ids), _CHUNK):
        rows = Report.objects.filter(superior_id__in=superior_ids[start : start + _CHUNK]).order_by().values_list(*columns)
        for pk, superior_id, level, state, figures, cells, counted, expected in rows.iterator(chunk_size=_CHUNK):
            if pk in skipped:
                continue
            if cells is not None:
                yield Child(superior_id, None, cells, counted, expected)
            elif figures is not None:
                yield Child(superior_id, Leaf(level, figures), {}, 1, 1)
            else:
                yield Child(superior_id, None, {}, 0, int(state != State.EXEMPT))
