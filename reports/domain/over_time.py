"""Over time (semantics §7): what a unit entered in the parts of a year becomes what the year has of it.

Up the tree that goes as ever (§5, `domain.aggregation`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

from reports.domain.aggregation import Cells, added, cell_of, contribution, in_unit_values
from reports.domain.indicators import AggregateTime, Indicator, Template, ValueType
from reports.domain.numbers import exact


class Part(NamedTuple):
    """A counted report of a unit in one part of the year, by the template that it had. Values are in stored form."""

    template: Template
    level: str
    own: Mapping[str, Any]
    adjustments: Sequence[tuple[str, Any]] = ()


def _mean(values: list[Any]) -> Fraction:
    return sum(map(exact, values), Fraction(0)) / len(values)


#: of the values of the parts that have one, in the order of time
_OF_VALUES: Mapping[AggregateTime, Callable[[list[Any]], Any]] = {
    AggregateTime.FLOW_SUM: added,
    AggregateTime.STOCK_LAST: lambda values: values[-1],
    AggregateTime.LAST: lambda values: values[-1],
    AggregateTime.STOCK_FIRST: lambda values: values[0],
    AggregateTime.MAX: lambda values: max(values, key=_size),
    AggregateTime.MIN: lambda values: min(values, key=_size),
    AggregateTime.MEAN: _mean,
}


def _size(value: Any) -> Any:
    return exact(value) if type(value) is str else value


def combined(indicator: Indicator, values: Sequence[Fraction]) -> Fraction | None:
    """What the figures of all the parts of a year, in the order of time, come to; None where that is nothing."""
    of_values = _OF_VALUES.get(indicator.aggregate_time)
    return None if of_values is None else exact(of_values(list(values)))


def own_over_time(template: Template, parts: Sequence[Part]) -> dict[str, Any]:
    """What a unit has over these parts, in the order of time, of each indicator of `template` that is entered: blank ones left out.

    In stored form, but for a mean, which is a Fraction, and a decimal that has become an integer.
    """
    values: dict[str, list[Any]] = {}
    for part in parts:
        for code, now in _continued(template, part.template):
            value = _read_as(now, part.own.get(code))
            if value is not None:
                values.setdefault(code, []).append(value)
    return {code: _OF_VALUES[template.by_code[code].aggregate_time](found) for code, found in values.items()}


def contribution_over_time(template: Template, level: str, parts: Sequence[Part]) -> Cells:
    """What a unit, which reports at `level`, gives to the totals of the whole: the counterpart of `aggregation.contribution`."""
    if not parts:
        return {}
    cells = contribution(template, own_over_time(template, parts), level, _adjustments(template, parts))
    if carried := _carried(template):
        computed = [in_unit_values(part.template, part.own, part.level) for part in parts]
        for code, indicator in carried.items():
            cells.pop(code, None)
            found = (_read_as(indicator, values.get(code)) for values in computed)
            if (values := [value for value in found if value is not None]) and not _is_nothing(indicator):
                cells[code] = cell_of(template, code, _OF_VALUES[indicator.aggregate_time](values))
    return cells


@lru_cache(maxsize=64)
def without_figure(template: Template) -> frozenset[str]:
    """The formulas on totals of which nothing is left over time."""
    return frozenset(each.code for each in template.aggregated if each.evaluated_on_totals and _is_nothing(each))


def _is_nothing(indicator: Indicator) -> bool:
    return indicator.aggregate_time == AggregateTime.NONE


@lru_cache(maxsize=64)
def _continued(now: Template, then: Template) -> tuple[tuple[str, Indicator], ...]:
    """The entered indicators of `now` that have something over time, and whose figures `then` has too."""
    entered = (each for each in now.indicators if not each.is_formula and not _is_nothing(each))
    return tuple((each.code, each) for each in entered if each.continues(then.by_code.get(each.code)))


@lru_cache(maxsize=64)
def _carried(template: Template) -> Mapping[str, Indicator]:
    """The yes/no and choice formulas that are not evaluated anew for the whole: what they were in the parts is aggregated."""
    in_unit = {code: template.by_code[code] for code in template.formulas_in_unit if template.by_code[code].evaluated_in_unit}
    return {code: each for code, each in in_unit.items() if each.aggregate_time != AggregateTime.FORMULA}


def _read_as(now: Indicator, value: Any) -> Any:
    """A stored value as one of the indicator that it is now; None where it is none.

    Integers and decimals are stored in two ways, and a choice may be gone.
    """
    match now.value_type:
        case ValueType.DECIMAL if type(value) is int:
            return str(value)
        case ValueType.INTEGER if type(value) is str:
            return exact(value)
        case ValueType.CHOICE if value not in now.choices:
            return None
    return value


def _adjustments(template: Template, parts: Sequence[Part]) -> list[tuple[str, Any]]:
    """What a superior adjusted in the parts, as it adjusts the whole: it goes with the figures that it was made for."""
    found: list[tuple[str, Any]] = []
    for number, part in enumerate(parts, 1):
        for code, amount in part.adjustments:
            indicator = template.by_code.get(code)
            if indicator is None or not indicator.may_be_adjusted:
                continue
            match indicator.aggregate_time:
                case AggregateTime.FLOW_SUM:
                    found.append((code, amount))
                case AggregateTime.MEAN:
                    found.append((code, exact(amount) / len(parts)))
                case AggregateTime.STOCK_LAST | AggregateTime.LAST if number == len(parts):
                    found.append((code, amount))
                case AggregateTime.STOCK_FIRST if number == 1:
                    found.append((code, amount))
    return found
