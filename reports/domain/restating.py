"""Restating (semantics §8): figures of old units on the units of another day, through the successions between them.

Exact: shares are decimals, and nothing is rounded. Plain Python; units and reports are known by their keys.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Context, Decimal, Inexact
from enum import StrEnum
from fractions import Fraction
from typing import Any, NamedTuple

from reports.domain.aggregation import Cell, Cells, added, merge
from reports.domain.indicators import AggregateUp, Indicator, Template, ValueType
from reports.domain.numbers import canonical, exact

# 15 digits and 6 decimals, through as many reorganisations as a unit will see.
_EXACTLY = Context(prec=200, traps=[Inexact])
WHOLE = Decimal(1)


class Step(NamedTuple):
    """A succession as seen from its predecessor; a share that nobody has said is None."""

    successor: int
    share: Decimal | None


class Why(StrEnum):
    """Why something of a report is not attributable."""

    ENDED = "ended"
    SHARE_UNKNOWN = "share_unknown"
    SHARES_BELOW_ONE = "shares_below_one"
    ONLY_WHOLE = "only_whole"


@dataclass(frozen=True, slots=True)
class Inheritance:
    """What became of a unit by a day: the share of it that each unit of that day received, and who received one that nobody has said."""

    shares: Mapping[int, Decimal]
    unknown: frozenset[int] = frozenset()

    @property
    def is_whole(self) -> bool:
        return WHOLE in self.shares.values()

    @property
    def lost(self) -> Decimal:
        """The share that went nowhere, or nobody knows where."""
        return max(WHOLE - sum(self.shares.values(), Decimal(0)), Decimal(0))

    @property
    def why_lost(self) -> Why:
        if self.unknown:
            return Why.SHARE_UNKNOWN
        return Why.SHARES_BELOW_ONE if self.shares else Why.ENDED


def inheritance(unit: int, steps: Mapping[int, Sequence[Step]], stands: Collection[int]) -> Inheritance:
    """What became of `unit` on a day on which the units of `stands` are valid, by the successions (`steps`) up to that day.

    A unit that is valid on the day is its own heir. Shares multiply along a way, and add up where two ways meet.
    """
    shares: dict[int, Decimal] = {}
    unknown: set[int] = set()
    ways: list[tuple[int, Decimal | None, frozenset[int]]] = [(unit, WHOLE, frozenset())]
    while ways:
        here, share, behind = ways.pop()
        if here in stands:
            if share is None:
                unknown.add(here)
            else:
                shares[here] = _EXACTLY.add(shares.get(here, Decimal(0)), share)
        elif here not in behind:
            ways += [(step.successor, _times(share, step.share), behind | {here}) for step in steps.get(here, ())]
    return Inheritance(shares, frozenset(unknown - shares.keys()) if shares else frozenset(unknown))


def _times(share: Decimal | None, another: Decimal | None) -> Decimal | None:
    return None if share is None or another is None else _EXACTLY.multiply(share, another)


def is_divisible(indicator: Indicator) -> bool:
    """Whether a share of its value is a value: sums are; yes/no, choice, min, max, means and text move only whole."""
    return indicator.aggregate_up in (AggregateUp.SUM, AggregateUp.LEAF_SUM)


def share_of(template: Template, cells: Cells, share: Decimal) -> Cells:
    """What a successor receives of a report's cells (`aggregation.contribution`): all of them, or the share of what is divisible."""
    if share == WHOLE:
        return cells
    return {code: {**cell, "sum": part_of(cell["sum"], share)} for code, cell in cells.items() if is_divisible(template.by_code[code])}


def part_of(value: Any, share: Decimal) -> Any:
    """The share of a stored number: of a decimal in stored form, of an integer a Fraction, or an integer where it is one."""
    if type(value) is str:
        return canonical(_EXACTLY.multiply(Decimal(value), share))
    part = exact(value) * Fraction(share)
    return part.numerator if part.denominator == 1 else part


class NotAttributable(NamedTuple):
    """Something of a report that stays out of the restated totals: the amount of a divisible figure, or the figure's cell as it is."""

    code: str
    cell: Cell
    why: Why


def not_attributable(template: Template, cells: Cells, heirs: Inheritance) -> list[NotAttributable]:
    """What of a report's cells no unit of the day receives."""
    if heirs.is_whole:
        return []
    lost, found = heirs.lost, []
    for code, cell in cells.items():
        if not is_divisible(template.by_code[code]):
            found.append(NotAttributable(code, cell, Why.ONLY_WHOLE if heirs.shares else heirs.why_lost))
        elif lost:
            found.append(NotAttributable(code, {**cell, "sum": part_of(cell["sum"], lost)}, heirs.why_lost))
    return found


# --- Up the new tree ---------------------------------------------------------------------------------


class Received(NamedTuple):
    """What a unit received of an old report: the share, its cells (none where it isn't counted), and whether it counts."""

    report: int
    share: Decimal
    cells: Cells
    is_counted: bool
    is_expected: bool


@dataclass(frozen=True, slots=True)
class Divided:
    """An old report of which several parts may have come together: how many there are, and what they are of it in all."""

    received: Received
    parts: int
    share: Decimal


@dataclass(slots=True)
class Sum:
    """What came together at a unit of the new tree from itself and from below. `divided`: by report, those of which parts are in it."""

    cells: Cells = field(default_factory=dict)
    counted: int = 0
    expected: int = 0
    divided: Mapping[int, Divided] = field(default_factory=dict)

    @property
    def estimated(self) -> set[str]:
        """The codes with a share other than 1 in them: where all parts of a report came together, nothing was estimated."""
        return {code for each in self.divided.values() if each.share != WHOLE for code in each.received.cells}

    def without_doubles(self) -> Sum:
        """The same, with every old report counted once (semantics §8)."""
        cells = dict(self.cells)
        counted, expected = self.counted, self.expected
        for each in self.divided.values():
            doubles, received = each.parts - 1, each.received
            counted -= doubles * received.is_counted
            expected -= doubles * received.is_expected
            for code, cell in received.cells.items() if doubles else ():
                cells[code] = {**cells[code], "n": cells[code]["n"] - doubles * cell["n"]}
        return replace(self, cells=cells, counted=counted, expected=expected)


def received_sum(template: Template, received: Iterable[Received]) -> Sum:
    """What a unit has received itself."""
    found = list(received)
    return Sum(
        merge(template, (each.cells for each in found)),
        sum(each.is_counted for each in found),
        sum(each.is_expected for each in found),
        _gathered(Divided(each, 1, each.share) for each in found if each.share != WHOLE),
    )


def together(template: Template, sums: Sequence[Sum]) -> Sum:
    """The sum of a unit and of those directly below it."""
    return Sum(
        merge(template, (each.cells for each in sums)),
        sum(each.counted for each in sums),
        sum(each.expected for each in sums),
        _gathered(divided for each in sums for divided in each.divided.values()),
    )


def _gathered(parts: Iterable[Divided]) -> dict[int, Divided]:
    found: dict[int, Divided] = {}
    for each in parts:
        key, other = each.received.report, found.get(each.received.report)
        found[key] = each if other is None else Divided(each.received, other.parts + each.parts, _EXACTLY.add(other.share, each.share))
    return found


def with_formulas(template: Template, estimated: Collection[str]) -> set[str]:
    """The codes of estimated figures with those of the formulas on totals that read them."""
    found = set(estimated)
    for code, formula in template.formulas.items():
        if template.by_code[code].evaluated_on_totals and not found.isdisjoint(formula.codes):
            found.add(code)
    return found


# --- Own values of one unit --------------------------------------------------------------------------


class Legacy(NamedTuple):
    """The own values of a predecessor (stored form), by the template that they were entered by, and the share that is inherited."""

    template: Template
    own: Mapping[str, Any]
    share: Decimal


@dataclass(frozen=True, slots=True)
class OwnRestated:
    """What a unit would have entered had it stood then, in stored form, integers exact as Fractions where a share made them so.

    `estimated` are the codes with a share other than 1 in them.
    """

    own: Mapping[str, Any]
    estimated: frozenset[str] = frozenset()


def figure_restated(indicator: Indicator, figures: Sequence[Fraction]) -> Fraction | None:
    """What the predecessors' figures of one indicator, each of them whole, are as one unit's; None where they can't be one.

    Counts of yes are counts: they add up.
    """
    if not figures:
        return None
    return sum(figures, Fraction(0)) if indicator.aggregate_up is AggregateUp.COUNT_YES else _combined(indicator, list(figures))


def own_restated(now: Template, legacies: Sequence[Legacy]) -> OwnRestated:
    """The predecessors' own values as one unit's, read by the template `now` (semantics §8).

    Sums are added up, with their shares; the least and the greatest are kept; what moves only whole and can't be added (yes/no,
    choice, mean, text) is there where all whole predecessors say the same.
    """
    values: dict[str, list[Any]] = {}
    estimated: set[str] = set()
    for legacy in legacies:
        for code, value in legacy.own.items():
            indicator = now.by_code.get(code)
            then = legacy.template.by_code.get(code)
            if value is None or indicator is None or indicator.is_formula or not indicator.continues(then):
                continue
            if indicator.value_type == ValueType.CHOICE and value not in indicator.choices:
                continue
            if legacy.share != WHOLE:
                if not is_divisible(indicator):
                    continue
                estimated.add(code)
            values.setdefault(code, []).append(part_of(_read_as(indicator, value), legacy.share) if indicator.is_number else value)
    combined = {code: _combined(now.by_code[code], found) for code, found in values.items()}
    own = {code: value for code, value in combined.items() if value is not None}
    return OwnRestated(own, frozenset(estimated & own.keys()))


def _read_as(indicator: Indicator, value: Any) -> Any:
    """Integers and decimals are stored in two ways."""
    if indicator.value_type == ValueType.DECIMAL:
        return str(value)
    number = exact(value)
    return number.numerator if number.denominator == 1 else number


def _combined(indicator: Indicator, values: list[Any]) -> Any:
    match indicator.aggregate_up:
        case AggregateUp.SUM | AggregateUp.LEAF_SUM:
            return added(values)
        case AggregateUp.MIN:
            return min(values, key=exact)
        case AggregateUp.MAX:
            return max(values, key=exact)
    return values[0] if all(value == values[0] for value in values) else None
