"""A cycle's figures on the units of another day (semantics §8): own values go to the successors and up the tree of that day.

Nothing is stored, and no total of the cycle is read: what is asked for is computed from what was entered.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from typing import Any, NamedTuple

from reports.domain.aggregation import Cells, contribution, figure_of, figures, rollup_value
from reports.domain.indicators import Template
from reports.domain.restating import (
    Inheritance,
    NotAttributable,
    Received,
    Sum,
    inheritance,
    is_divisible,
    not_attributable,
    received_sum,
    share_of,
    together,
    with_formulas,
)
from reports.domain.workflow import State
from reports.models import Cycle, Report
from reports.queries.consolidated import RollupRow, Total, rows_of
from reports.queries.predecessors import steps_of
from reports.queries.summing import adjustments_of
from units.bulk import Among
from units.models import Succession, Unit
from units.problems import Problem, Problems, gettext_noop

#: units whose reports are read at once
_CHUNK = 1000


class _Origin(NamedTuple):
    """An old report of which a unit received a share."""

    report_id: int
    share: Decimal


class _Standing(NamedTuple):
    """A unit that is valid on the day."""

    pk: int
    uid: str
    superior: int | None
    level: int | None


@dataclass(slots=True)
class _Node:
    """A unit of the new tree. `depth` counts from the top of what is restated."""

    unit_id: int
    uid: str
    above: _Node | None
    depth: int
    origins: list[_Origin] = field(default_factory=list)
    has_below: bool = False


class Entered(NamedTuple):
    """A report as its unit left it, with the adjustments made in it."""

    state: str
    level: str
    own: Mapping[str, Any]
    adjustments: Sequence[tuple[str, Any]]

    def cells(self, template: Template) -> Cells:
        """What it gives; nothing where it isn't counted. Raises UnreadableFigure."""
        return contribution(template, self.own, self.level, self.adjustments) if self.state == State.ACCEPTED else {}


class Remark(NamedTuple):
    """What is to be said beside the figures: of a unit of the new tree what is estimated, of an old one what is not attributable."""

    kind: str
    unit_uid: str
    indicator: str
    value: str
    reason: str


ESTIMATED, NOT_ATTRIBUTABLE = "estimated", "not_attributable"


class Restated:
    """A cycle on the tree of a day. It is read once; rows come as they are asked for."""

    def __init__(self, cycle: Cycle, day: date) -> None:
        self.cycle, self.day = cycle, day
        self.template: Template = cycle.version.compiled()
        reports = Report.objects.filter(cycle=cycle).order_by("position").values_list("pk", "unit_id")
        self._units_of: dict[int, int] = dict(reports)
        self._nodes: list[_Node] = []
        self._heirs: dict[int, Inheritance] = {}
        self._plant()

    def _plant(self) -> None:
        """Find every unit's heirs, and the part of the day's tree that they make with their superiors of the cycle's levels."""
        columns = "pk", "uid", "parent_id", "level_id"
        standing = {row[0]: _Standing(*row) for row in Unit.objects.valid_on(self.day).values_list(*columns)}
        steps = steps_of(Succession.objects.filter(effective_on__lte=self.day))
        self._heirs = {unit_id: inheritance(unit_id, steps, standing) for unit_id in self._units_of.values()}
        nodes = self._planted(standing)
        for report_id, unit_id in self._units_of.items():
            for heir, share in self._heirs[unit_id].shares.items():
                nodes[heir].origins.append(_Origin(report_id, share))
        self._nodes = list(nodes.values())

    def _planted(self, standing: Mapping[int, _Standing]) -> dict[int, _Node]:
        """The heirs, those of unknown shares among them, and their superiors, in the order of the tree: superiors come first."""
        shown = {heir for heirs in self._heirs.values() for heir in (*heirs.shares, *heirs.unknown)}
        levels = set(self.cycle.levels.values_list("level_id", flat=True))
        for unit_id in list(shown):
            shown.update(above.pk for above in _superiors(unit_id, standing) if above.level in levels)
        nodes: dict[int, _Node] = {}
        for unit in standing.values():
            if unit.pk in shown:
                above = next((nodes[each.pk] for each in _superiors(unit.pk, standing) if each.pk in nodes), None)
                nodes[unit.pk] = _Node(unit.pk, unit.uid, above, above.depth + 1 if above else 0)
                if above:
                    above.has_below = True
        return nodes

    # --- Rows ------------------------------------------------------------------------------------------

    def rows(self, unit_uids: Sequence[str] = (), depth: int | None = None) -> Iterator[RollupRow]:
        """The rows of "Rollups out": of these units of the new tree and those below them (or of all), in order. Raises Refused."""
        wanted = self._wanted(unit_uids, depth)
        return self._rows(sorted(wanted, key=lambda node: node.uid))

    def _rows(self, wanted: Sequence[_Node]) -> Iterator[RollupRow]:
        for node, found in self._sums(wanted):
            total = Total(found.cells, found.counted, found.expected)
            yield from rows_of(self.template, node.uid, total, figures(self.template, total.cells))

    def estimated(self) -> Iterator[Remark]:
        """The figures of the new tree with a share other than 1 in them, in the order of the rows."""
        for node, found in self._sums(sorted(self._nodes, key=lambda node: node.uid)):
            codes = with_formulas(self.template, found.estimated)
            for indicator in self.template.aggregated if codes else ():
                if indicator.code in codes:
                    value = rollup_value(indicator, figure_of(self.template, found.cells, indicator.code))
                    yield Remark(ESTIMATED, node.uid, indicator.code, value, "share")

    def _sums(self, wanted: Sequence[_Node]) -> Iterator[tuple[_Node, Sum]]:
        """Each of these nodes with its sum. Those with nodes below are kept, the many without computed anew as they come."""
        for chunk in _chunks(wanted):
            alone = self._received([node for node in chunk if not node.has_below])
            for node in chunk:
                found = self._inner[node.unit_id] if node.has_below else received_sum(self.template, alone[node.unit_id])
                yield node, found.without_doubles()

    @property
    def _inner(self) -> dict[int, Sum]:
        if self._kept is None:
            self._kept = self._add_up()
        return self._kept

    _kept: dict[int, Sum] | None = None

    def _add_up(self) -> dict[int, Sum]:
        below: dict[int, list[Sum]] = defaultdict(list)
        sums: dict[int, Sum] = {}
        for chunk in _chunks(list(reversed(self._nodes))):
            received = self._received(chunk)
            for node in chunk:
                found = received_sum(self.template, received[node.unit_id])
                if node.has_below:
                    found = sums[node.unit_id] = together(self.template, [*below.pop(node.unit_id), found])
                if node.above:
                    below[node.above.unit_id].append(found)
        return sums

    def _wanted(self, unit_uids: Sequence[str], depth: int | None) -> list[_Node]:
        if not unit_uids:
            return [node for node in self._nodes if depth is None or node.depth <= depth]
        by_uid = {node.uid: node for node in self._nodes}
        problems = Problems()
        for uid in dict.fromkeys(unit_uids):
            if uid not in by_uid:
                message = gettext_noop("Nothing of the cycle %(cycle)s goes to this unit on %(day)s.")
                problems.add(Problem(message, {"cycle": self.cycle.code, "day": self.day.isoformat()}, unit_uid=uid))
        problems.refuse_if_any()
        tops = {by_uid[uid].unit_id for uid in unit_uids}
        return [node for node in self._nodes if any(depth is None or steps <= depth for steps in _steps_below(node, tops))]

    # --- Reports ---------------------------------------------------------------------------------------

    def _received(self, nodes: Sequence[_Node]) -> dict[int, list[Received]]:
        """What each of these units received itself. Two queries."""
        found = self._contributions({origin.report_id for node in nodes for origin in node.origins})
        return {node.unit_id: [self._receive(origin, *found[origin.report_id]) for origin in node.origins] for node in nodes}

    def _receive(self, origin: _Origin, state: str, cells: Cells) -> Received:
        shared = share_of(self.template, cells, origin.share)
        return Received(origin.report_id, origin.share, shared, state == State.ACCEPTED, state != State.EXEMPT)

    def _contributions(self, report_ids: Collection[int]) -> dict[int, tuple[str, Cells]]:
        """State and cells of each report."""
        return {pk: (each.state, each.cells(self.template)) for pk, each in entered_in(report_ids).items()}

    # --- What stays out --------------------------------------------------------------------------------

    def not_attributable(self) -> Iterator[tuple[str, NotAttributable]]:
        """What of each old report no unit of the day receives, with the old unit's uid, in its order and that of the template."""
        without = {pk: heirs for pk, unit_id in self._units_of.items() if not (heirs := self._heirs[unit_id]).is_whole}
        uids = sorted(Report.objects.filter(Among("pk", without)).order_by().values_list("unit__uid", "pk"))
        order = {each.code: place for place, each in enumerate(self.template.indicators)}
        for chunk in _chunks(uids):
            found = self._contributions([pk for _uid, pk in chunk])
            for uid, pk in chunk:
                lost = not_attributable(self.template, found[pk][1], without[pk])
                yield from ((uid, each) for each in sorted(lost, key=lambda each: order[each.code]))

    def left_out(self) -> Iterator[Remark]:
        """The same, as it is written."""
        for uid, lost in self.not_attributable():
            value = rollup_value(self.template.by_code[lost.code], figure_of(self.template, {lost.code: lost.cell}, lost.code))
            yield Remark(NOT_ATTRIBUTABLE, uid, lost.code, value, lost.why.value)

    def amounts(self, left_out: Iterable[Remark]) -> dict[str, Fraction]:
        """How much of each divisible figure that is, in template order."""
        amounts: dict[str, Fraction] = defaultdict(Fraction)
        for remark in left_out:
            amounts[remark.indicator] += Fraction(remark.value) if is_divisible(self.template.by_code[remark.indicator]) else 0
        return {each.code: amounts[each.code] for each in self.template.indicators if amounts.get(each.code)}


def entered_in(report_ids: Collection[int]) -> dict[int, Entered]:
    """These reports by key. Two queries; none where there are none."""
    if not report_ids:
        return {}
    rows = Report.objects.filter(Among("pk", report_ids)).order_by().values_list("pk", "state", "level__code", "own")
    adjustments = adjustments_of(report_ids)
    return {pk: Entered(state, level, own, adjustments.get(pk, ())) for pk, state, level, own in rows}


def _steps_below(node: _Node, tops: Collection[int]) -> Iterator[int]:
    """How many steps the node lies below each of these."""
    here: _Node | None = node
    steps = 0
    while here is not None:
        if here.unit_id in tops:
            yield steps
        steps, here = steps + 1, here.above


def _superiors(unit_id: int, standing: Mapping[int, _Standing]) -> Iterator[_Standing]:
    """The units above one on the day, the nearest first."""
    above = standing[unit_id].superior
    while above is not None and above in standing:
        yield standing[above]
        above = standing[above].superior


def _chunks(items: Iterable[Any]) -> Iterator[list[Any]]:
    rest = iter(items)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk
