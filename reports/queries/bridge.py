"""The totals of units in cycles from before they began: what their predecessors reported, restated for them (semantics §8).

A report that went to one unit with all that is below it is taken as its stored total; what came in parts, or without some of
what is below it, is added up from what was entered. Both ways give the same, to the last digit.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple, TypeAlias

from reports.domain.aggregation import Cells, UnreadableFigure
from reports.domain.indicators import Template
from reports.domain.restating import WHOLE, Received, Sum, received_sum, share_of, together
from reports.domain.workflow import State
from reports.models import Cycle, Report, Rollup
from reports.queries.consolidated import Total
from reports.queries.predecessors import predecessors_of
from reports.queries.restated import Entered, entered_in
from units.bulk import Among
from units.models import Succession, Unit
from units.tree import heads_of


class _Place(NamedTuple):
    """A report in its cycle's tree: below it are those up to `end`."""

    position: int
    end: int
    report_id: int


#: by report, in the order of its cycle's tree: what a unit received of it, a share for each unit at or below it that received one
_Shares: TypeAlias = Mapping[_Place, Sequence[Decimal]]


class Bridge:
    """From units (none below another) to cycles from before they began: what the predecessors of each, and of all below it,
    reported. `bridge_of` makes one.
    """

    def __init__(self, units: Sequence[Unit]) -> None:
        heads = heads_of(units)
        self._heirs: dict[int, list[tuple[int, Decimal]]] = defaultdict(list)
        for unit_id, head in heads.items():
            self._heirs[unit_id].append((head, WHOLE))
        for unit_id, olds in predecessors_of(heads).items():
            for old, share in olds.items():
                self._heirs[old].append((heads[unit_id], share))

    def total(self, unit: Unit, cycle: Cycle, code: str) -> Total | None:
        """A unit's total of the indicator in that cycle; None where nobody of them reported in it."""
        return total_in(self.sums(cycle, [code]).get(unit.pk))

    def sums(self, cycle: Cycle, codes: Iterable[str] | None = None) -> dict[int, Sum]:
        """By unit, those that have any: what it has of these indicators, or of all, in that cycle, by totals as they are stored.

        Two queries, and two more where not all came whole. A report whose figures can't be read isn't counted.
        """
        template = cycle.version.compiled()
        needed = None if codes is None else template.with_inputs(codes)
        shares = self._shares(cycle)
        parted = {head: _parted(received) for head, received in shares.items()}
        stored = _stored({place.report_id for tops, _ in parted.values() for place in tops}, needed)
        entered = entered_in({place.report_id for _, rest in parted.values() for place in rest})
        sums: dict[int, Sum] = {}
        for head, (tops, rest) in parted.items():
            received = [
                _received(template, place.report_id, share, entered[place.report_id], needed)
                for place in rest
                for share in shares[head][place]
            ]
            whole = [stored[place.report_id] for place in tops]
            sums[head] = together(template, [*whole, received_sum(template, received)]).without_doubles()
        return sums

    def _shares(self, cycle: Cycle) -> Mapping[int, _Shares]:
        """By unit."""
        shares: dict[int, dict[_Place, list[Decimal]]] = defaultdict(lambda: defaultdict(list))
        rows = Report.objects.filter(Among("unit_id", self._heirs), cycle=cycle).order_by("position")
        for unit_id, *place in rows.values_list("unit_id", "position", "end", "pk"):
            for head, share in self._heirs[unit_id]:
                shares[head][_Place(*place)].append(share)
        return shares


def total_in(found: Sum | None) -> Total | None:
    """The same as a total."""
    return Total(found.cells, found.counted, found.expected) if found else None


def bridge_of(units: Iterable[Unit]) -> Bridge | None:
    """One over those of the units that have predecessors; None where none has, and one query."""
    units = list(units)
    rows = Succession.objects.filter(Among("successor_id", [unit.pk for unit in units])).order_by()
    made = set(rows.values_list("successor_id", flat=True))
    return Bridge([unit for unit in units if unit.pk in made]) if made else None


def _parted(shares: _Shares) -> tuple[list[_Place], list[_Place]]:
    """The topmost of those reports with others below them that came whole with all of these; and what is not in them."""
    whole = [place.position for place, parts in shares.items() if parts == [WHOLE]]
    tops: list[_Place] = []
    rest: list[_Place] = []
    covered = 0
    for place in shares:
        if place.position <= covered:
            continue
        came = bisect_right(whole, place.end) - bisect_left(whole, place.position)
        if place.position < place.end and came == place.end - place.position + 1:
            tops.append(place)
            covered = place.end
        else:
            rest.append(place)
    return tops, rest


def _stored(report_ids: Collection[int], needed: Collection[str] | None) -> dict[int, Sum]:
    """By report: its total."""
    if not report_ids:
        return {}
    rows = Rollup.objects.filter(Among("report_id", report_ids)).order_by().values_list("report_id", "cells", "counted", "expected")
    return {report_id: Sum(_of(needed, cells), counted, expected) for report_id, cells, counted, expected in rows}


def _received(template: Template, report_id: int, share: Decimal, entered: Entered, needed: Collection[str] | None) -> Received:
    is_expected = entered.state != State.EXEMPT
    try:
        cells = _of(needed, entered.cells(template))
    except UnreadableFigure:
        return Received(report_id, share, {}, is_counted=False, is_expected=is_expected)
    return Received(report_id, share, share_of(template, cells, share), entered.state == State.ACCEPTED, is_expected)


def _of(needed: Collection[str] | None, cells: Cells) -> Cells:
    return cells if needed is None else {code: cell for code, cell in cells.items() if code in needed}
