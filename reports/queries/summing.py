"""Totals as they have to be, computed from direct children (semantics §5): a few reads, however many there are.

Nothing is written here; `services.rolling_up` stores what comes out.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import QuerySet

from reports.domain.aggregation import Cells, contribution, merge, same_figures
from reports.domain.indicators import Template
from reports.domain.workflow import WITH_SUPERIOR, State
from reports.models import Adjustment, Report, Rollup, Submission
from reports.queries.stretches import Stretch
from units.bulk import Among
from units.models import Level

#: superiors whose children are read at once
_CHUNK = 200

#: what comes of adding up what somebody wrote past the services
UNREADABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


class Leaf(NamedTuple):
    """A counted report with none below it."""

    report_id: int
    level: str
    own: dict[str, Any]

    def cells(self, template: Template) -> Cells:
        return contribution(template, self.own, self.level)


@dataclass(slots=True)
class Node:
    """A report with reports below it, while its total is computed.

    `declared` is the *both* that it last submitted, and `declared_own` its own values in that.
    """

    id: int
    superior_id: int | None
    depth: int
    level: str
    state: str
    own: dict[str, Any]
    declared: Cells | None
    declared_own: dict[str, Any] | None
    is_adjusted: bool
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


def marked_nodes(marked: Collection[int]) -> Nodes:
    """The reports whose total has to be computed anew: the marked ones and every superior of theirs."""
    superiors = f"SELECT r.superior_id FROM {_REPORTS} r JOIN up ON up.id = r.id WHERE r.superior_id IS NOT NULL"
    up = f"WITH RECURSIVE up (id) AS (SELECT id FROM {_REPORTS} WHERE id IN ({_places(marked)}) UNION {superiors}) SELECT id FROM up"
    return _nodes(f"r.id IN ({up})", list(marked))


def all_nodes(stretch: Stretch) -> Nodes:
    """Every report of these trees that has a stored total."""
    return _nodes(_IN_STRETCH, list(stretch))


def undecided_nodes(stretch: Stretch) -> Nodes:
    """The reports of these trees for which `tree_sums` left open whether what they declared is still so."""
    undecided = f"EXISTS (SELECT 1 FROM {_ROLLUPS} t WHERE t.report_id = r.id AND t.differs_from_declared)"
    return _nodes(f"{_IN_STRETCH} AND {undecided}", list(stretch))


# By hand, since each acceptance asks these: to compose them anew takes the ORM longer than the database needs to answer.
_REPORTS, _ROLLUPS = f'"{Report._meta.db_table}"', f'"{Rollup._meta.db_table}"'
_IN_STRETCH = "r.cycle_id = %s AND r.root_position > %s AND r.root_position <= %s"


def _nodes(where: str, params: Sequence[Any]) -> Nodes:
    rows = _rows(
        "SELECT r.id, r.superior_id, r.depth, l.code, r.state, r.own, s.declared, s.own,"
        f' EXISTS (SELECT 1 FROM "{Adjustment._meta.db_table}" a WHERE a.report_id = r.id)'
        f' FROM {_REPORTS} r JOIN "{Level._meta.db_table}" l ON l.id = r.level_id'
        f' LEFT JOIN "{Submission._meta.db_table}" s ON s.id = r.last_submission_id WHERE r."end" > r.position AND {where}',
        params,
    )
    nodes = {
        pk: Node(pk, superior_id, depth, level, state, _read(own), _read(declared), _read(declared_own), bool(is_adjusted))
        for pk, superior_id, depth, level, state, own, declared, declared_own, is_adjusted in rows
    }
    for report_id, adjustments in adjustments_of(node.id for node in nodes.values() if node.is_adjusted).items():
        nodes[report_id].adjustments = adjustments
    return nodes


def _rows(sql: str, params: Sequence[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def _places(values: Collection[Any]) -> str:
    return ", ".join(["%s"] * len(values))


def _read(document: Any) -> Any:
    """JSON as it comes from a cursor: text, but PostgreSQL's `json`."""
    return json.loads(document) if isinstance(document, str) else document


def adjustments_of(report_ids: Iterable[int]) -> dict[int, list[tuple[str, Any]]]:
    """The adjustments of each report, as (indicator, amount)."""
    return by_report(Adjustment.objects.filter(Among("report_id", report_ids)))


def by_report(adjustments: QuerySet[Adjustment]) -> dict[int, list[tuple[str, Any]]]:
    """These adjustments by report, as (indicator, amount)."""
    found: dict[int, list[tuple[str, Any]]] = {}
    for report_id, indicator, amount in adjustments.order_by("pk").values_list("report_id", "indicator", "amount"):
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
    if node.state not in WITH_SUPERIOR or node.declared is None:
        return False
    if node.declared_own is not None and node.declared_own != node.own:
        both = _with_own(template, node, below, node.declared_own)
    return not same_figures(template, both, node.declared)


class Prepared(NamedTuple):
    """What a unit sees while it prepares. `unreadable` are reports directly below whose figures can't be read, and are left out."""

    below: Cells
    both: Cells
    unreadable: list[int]


def below_and_both(template: Template, reports: Sequence[Report]) -> dict[int, Prepared]:
    """What is counted strictly below each report, and *both* (semantics §5), from the totals below as they are stored."""
    parts: dict[int, list[Cells]] = {report.pk: [] for report in reports}
    unreadable: dict[int, list[int]] = {report.pk: [] for report in reports}
    adjustments = adjustments_of(report.pk for report in reports if report.has_reports_below)
    for child in _children([report.pk for report in reports if report.has_reports_below]):
        try:
            parts[child.superior_id].append(child.leaf.cells(template) if child.leaf else child.cells)
        except UNREADABLE:
            if child.leaf is None:
                raise
            unreadable[child.superior_id].append(child.leaf.report_id)
    seen: dict[int, Prepared] = {}
    for report in reports:
        below = merge(template, parts[report.pk])
        own = contribution(template, report.own, report.level.code, adjustments.get(report.pk, ()))
        seen[report.pk] = Prepared(below, merge(template, [below, own]), unreadable[report.pk])
    return seen


def both_of(template: Template, reports: Sequence[Report]) -> dict[int, Cells]:
    """What each of these reports' units sees while it prepares: what is counted below, and its own whatever its state (§5)."""
    return {report_id: prepared.both for report_id, prepared in below_and_both(template, reports).items()}


def _children(superior_ids: Sequence[int], besides: Nodes | None = None) -> Iterator[Child]:
    """Every direct child of these reports, but of those in `besides`: a leaf with its figures, the others as stored."""
    skipped = besides or {}
    for start in range(0, len(superior_ids), _CHUNK):
        chunk = superior_ids[start : start + _CHUNK]
        rows = _rows(
            "SELECT r.id, r.superior_id, l.code, r.state, t.cells, t.counted, t.expected,"
            f" CASE WHEN r.state = '{State.ACCEPTED}' AND r.\"end\" = r.position THEN r.own END"
            f' FROM {_REPORTS} r JOIN "{Level._meta.db_table}" l ON l.id = r.level_id'
            f" LEFT JOIN {_ROLLUPS} t ON t.report_id = r.id WHERE r.superior_id IN ({_places(chunk)})",
            chunk,
        )
        for pk, superior_id, level, state, cells, counted, expected, own in rows:
            if pk in skipped:
                continue
            if cells is not None:
                yield Child(superior_id, None, _read(cells), counted, expected)
            elif own is not None:
                yield Child(superior_id, Leaf(pk, level, _read(own)), {}, 1, 1)
            else:
                yield Child(superior_id, None, {}, 0, int(state != State.EXEMPT))
