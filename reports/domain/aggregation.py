"""Up the tree (semantics §5): from own values to cells, from cells to figures. Recomputed, never incremented.

A cell holds what makes a total exact, ready for JSON:
sum, leaf_sum `{"n": answered, "sum": …}`, with `"adj"`, the number of adjustments in it, where there are any;
min, max `{"n", "value"}` · mean `{"n", "sum"}` · count_yes `{"n", "yes"}` · distribution `{"n", "of": {choice: count}}`.
Sums are `int` for integers and canonical `str` for decimals. A code is absent where nothing gave a value.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation
from fractions import Fraction
from functools import lru_cache, reduce
from types import MappingProxyType
from typing import Any, TypeAlias

from reports.domain.indicators import AggregateUp, Indicator, Template, ValueType
from reports.domain.numbers import canonical, exact, plain
from reports.domain.own_values import OwnValues, computed_number

Cell: TypeAlias = dict[str, Any]
Cells: TypeAlias = dict[str, Cell]
Figure: TypeAlias = Fraction | dict[str, int] | None

# Wide enough for any sum of figures of 15 digits and 6 decimals; what would be rounded raises instead.
_EXACTLY = Context(prec=100, traps=[Inexact, InvalidOperation, DivisionByZero])
_ZERO = Decimal(0)


class UnreadableFigure(ValueError):
    """What is stored as an own value is none that its indicator may have: somebody wrote past the services."""


class Aggregation:
    """How own values of one indicator become a cell, cells one cell, and a cell a figure."""

    __slots__ = ("_holds",)

    def __init__(self, holds: Callable[[Any], bool]) -> None:
        self._holds = holds

    def cell(self, value: Any) -> Cell:
        """The cell of one unit that answered `value` (stored form). Raises UnreadableFigure where it is no such value."""
        if not self._holds(value):
            raise UnreadableFigure(repr(value))
        return self._cell(value)

    def _cell(self, value: Any) -> Cell:
        raise NotImplementedError

    def merged(self, cells: list[Cell]) -> Cell:
        raise NotImplementedError

    def added_up(self, answered: int, result: Any) -> Cell:
        """The cell of many units, of which `answered` gave a value, from what a database made of their values."""
        raise NotImplementedError

    def figure(self, cell: Cell) -> Figure:
        raise NotImplementedError

    def comparable(self, cell: Cell) -> Any:
        """What is equal for two cells exactly when their figures are."""
        raise NotImplementedError


def added(values: list[Any]) -> Any:
    """The exact sum of stored numbers: of integers an int, of decimals a canonical str. Fractions go with integers."""
    if type(values[0]) is not str:
        return sum(values)
    return canonical(reduce(_EXACTLY.add, map(Decimal, values), _ZERO))


class Sum(Aggregation):
    __slots__ = ()

    def _cell(self, value: Any) -> Cell:
        return {"n": 1, "sum": value}

    def merged(self, cells: list[Cell]) -> Cell:
        merged = {"n": sum([cell["n"] for cell in cells]), "sum": added([cell["sum"] for cell in cells])}
        if adjustments := sum([cell["adj"] for cell in cells if "adj" in cell]):
            merged["adj"] = adjustments
        return merged

    def added_up(self, answered: int, result: Any) -> Cell:
        return {"n": answered, "sum": result}

    def figure(self, cell: Cell) -> Figure:
        return exact(cell["sum"])

    def comparable(self, cell: Cell) -> Any:
        return cell["sum"]


class Mean(Sum):
    __slots__ = ()

    def figure(self, cell: Cell) -> Figure:
        return exact(cell["sum"]) / cell["n"]

    def comparable(self, cell: Cell) -> Any:
        return self.figure(cell)


class Extreme(Aggregation):
    __slots__ = ("_choose",)

    def __init__(self, holds: Callable[[Any], bool], choose: Any) -> None:
        super().__init__(holds)
        self._choose = choose

    def _cell(self, value: Any) -> Cell:
        return {"n": 1, "value": value}

    def merged(self, cells: list[Cell]) -> Cell:
        values = [cell["value"] for cell in cells]
        value = self._choose(values, key=Decimal) if type(values[0]) is str else self._choose(values)
        return {"n": sum([cell["n"] for cell in cells]), "value": value}

    def added_up(self, answered: int, result: Any) -> Cell:
        return {"n": answered, "value": result}

    def figure(self, cell: Cell) -> Figure:
        return exact(cell["value"])

    def comparable(self, cell: Cell) -> Any:
        return cell["value"]


class CountYes(Aggregation):
    __slots__ = ()

    def _cell(self, value: Any) -> Cell:
        return {"n": 1, "yes": int(value)}

    def merged(self, cells: list[Cell]) -> Cell:
        return {"n": sum([cell["n"] for cell in cells]), "yes": sum([cell["yes"] for cell in cells])}

    def added_up(self, answered: int, result: Any) -> Cell:
        return {"n": answered, "yes": result}

    def figure(self, cell: Cell) -> Figure:
        return Fraction(cell["yes"])

    def comparable(self, cell: Cell) -> Any:
        return cell["yes"], cell["n"]


class Distribution(Aggregation):
    __slots__ = ("_none",)

    def __init__(self, choices: tuple[str, ...]) -> None:
        self._none = dict.fromkeys(choices, 0)
        super().__init__(lambda value: type(value) is str and value in self._none)

    def _cell(self, value: Any) -> Cell:
        return {"n": 1, "of": {**self._none, value: 1}}

    def merged(self, cells: list[Cell]) -> Cell:
        of = dict(self._none)
        for cell in cells:
            for choice, count in cell["of"].items():
                of[choice] += count
        return {"n": sum([cell["n"] for cell in cells]), "of": of}

    def added_up(self, answered: int, result: Any) -> Cell:
        return {"n": answered, "of": dict(zip(self._none, result, strict=True))}

    def figure(self, cell: Cell) -> Figure:
        of = cell["of"]
        return {choice: of[choice] for choice in self._none}

    def comparable(self, cell: Cell) -> Any:
        return cell["of"]


def _is_integer(value: Any) -> bool:
    return type(value) is int or type(value) is Fraction


def _is_decimal(value: Any) -> bool:
    return type(value) is Fraction or (type(value) is str and _EXACTLY.create_decimal(value).is_finite())


def _is_yes_or_no(value: Any) -> bool:
    return value is True or value is False


def _aggregation(indicator: Indicator) -> Aggregation | None:
    is_number = _is_integer if indicator.value_type == ValueType.INTEGER else _is_decimal
    match indicator.aggregate_up:
        case AggregateUp.SUM | AggregateUp.LEAF_SUM:
            return Sum(is_number)
        case AggregateUp.MIN:
            return Extreme(is_number, min)
        case AggregateUp.MAX:
            return Extreme(is_number, max)
        case AggregateUp.MEAN:
            return Mean(is_number)
        case AggregateUp.COUNT_YES:
            return CountYes(_is_yes_or_no)
        case AggregateUp.DISTRIBUTION:
            return Distribution(indicator.choices)
    return None


@lru_cache(maxsize=64)
def _aggregations(template: Template) -> Mapping[str, Aggregation]:
    """Of every indicator that has cells, in template order."""
    found = ((indicator.code, _aggregation(indicator)) for indicator in template.aggregated)
    return MappingProxyType({code: aggregation for code, aggregation in found if aggregation is not None})


@lru_cache(maxsize=64)
def entered(template: Template) -> Mapping[str, Aggregation]:
    """The same without formulas: what own values become cells of."""
    return MappingProxyType({code: each for code, each in _aggregations(template).items() if not template.by_code[code].is_formula})


def contribution(template: Template, own: Mapping[str, Any], level: str, adjustments: Iterable[tuple[str, Any]] = ()) -> Cells:
    """What one report gives: its own values (stored form), its yes/no and choice formulas, and the adjustments made in it.

    Own values of codes that the template doesn't hold are left out. An adjustment, a stored number or an integer as text,
    gives a value and is no answer. What was computed from stored numbers may be a Fraction, as long as all reports have
    Fractions there. Raises UnreadableFigure with the code.
    """
    aggregations = entered(template)
    cells: Cells = {}
    for code, value in own.items():
        if value is not None and code in aggregations:
            try:
                cells[code] = aggregations[code].cell(value)
            except (ValueError, ArithmeticError) as error:
                raise UnreadableFigure(f"{code}: {value!r}") from error
    if template.formulas_in_unit:
        cells |= computed_in_unit(template, own, level)
    for code, amount in adjustments:
        if code not in aggregations or not template.by_code[code].may_be_adjusted:
            continue
        is_integer = template.by_code[code].value_type == ValueType.INTEGER
        adjustment: Cell = {"n": 0, "sum": int(amount) if is_integer and type(amount) is str else amount, "adj": 1}
        cells[code] = aggregations[code].merged([cells[code], adjustment]) if code in cells else adjustment
    return cells


def computed_in_unit(template: Template, own: Mapping[str, Any], level: str) -> Cells:
    """The part of a contribution that is the report's yes/no and choice formulas."""
    return {code: cell_of(template, code, value) for code, value in in_unit_values(template, own, level).items()}


def cell_of(template: Template, code: str, value: Any) -> Cell:
    """The cell of one unit whose value of `code`, entered or computed, is this one. Raises UnreadableFigure where it can't be."""
    return _aggregations(template)[code].cell(value)


def in_unit_values(template: Template, own: Mapping[str, Any], level: str) -> dict[str, Any]:
    """The yes/no and choice formulas of a report of `level`, evaluated on its own values; blank ones are left out."""
    values = OwnValues(template, own.get, level, template.formulas_in_unit)
    found = {code: values.value(code) for code in template.formulas_in_unit if template.by_code[code].evaluated_in_unit}
    return {code: value for code, value in found.items() if value is not None}


def merge(template: Template, parts: Iterable[Cells]) -> Cells:
    """The cells of all parts together, in whatever order and grouping they come. Cells may be shared: nobody changes one."""
    kept = [part for part in parts if part]
    if len(kept) == 1:
        return dict(kept[0])
    merged: Cells = {}
    for code, aggregation in _aggregations(template).items():
        if cells := [part[code] for part in kept if code in part]:
            merged[code] = cells[0] if len(cells) == 1 else aggregation.merged(cells)
    return merged


def figures(template: Template, cells: Cells, blank: Collection[str] = ()) -> dict[str, Figure]:
    """The figure of every indicator whose aggregate_up isn't none, in template order; None is blank.

    A count_yes is its number of yes, a distribution a count for each choice, a percent 75 for 75 %.
    A formula follows from its inputs' totals alone; those among `blank` have no figure.
    """
    found = {code: aggregation.figure(cells[code]) if code in cells else None for code, aggregation in _aggregations(template).items()}
    for code, formula in template.formulas.items():
        if template.by_code[code].evaluated_on_totals:
            result = None if code in blank else formula.evaluate(found.__getitem__)  # type: ignore[arg-type]
            found[code] = _as_figure(template.by_code[code], result)
    return {indicator.code: found[indicator.code] for indicator in template.aggregated}


def figure_of(template: Template, cells: Cells, code: str) -> Figure:
    """One of `figures`; of a formula, no more is computed than its inputs."""
    formula = template.formulas.get(code)
    if formula is None or not template.by_code[code].evaluated_on_totals:
        aggregation = _aggregations(template).get(code)
        return aggregation.figure(cells[code]) if aggregation is not None and code in cells else None
    result = formula.evaluate(lambda each: figure_of(template, cells, each))  # type: ignore[arg-type, return-value]
    return _as_figure(template.by_code[code], result)


def _as_figure(indicator: Indicator, result: Any) -> Figure:
    number = computed_number(indicator.value_type, result)
    return None if number is None else Fraction(number)


def answered(indicator: Indicator, cells: Cells) -> int | None:
    """How many counted reports gave a value; None where aggregate_up is formula."""
    if indicator.aggregate_up == AggregateUp.FORMULA:
        return None
    cell = cells.get(indicator.code)
    return cell["n"] if cell else 0


def same_figures(template: Template, a: Cells, b: Cells) -> bool:
    """Whether both give the same figures, blank for blank: what the flag figures_changed asks (semantics §4).

    Formulas follow from what is compared here. A yes/no also compares how many answered.
    """
    for code, aggregation in _aggregations(template).items():
        one, other = a.get(code), b.get(code)
        if one is None or other is None:
            if one is not other:
                return False
        elif one != other and aggregation.comparable(one) != aggregation.comparable(other):
            return False
    return True


def rollup_value(indicator: Indicator, figure: Figure) -> str:
    """The column `value` of "Rollups out": exact digits, empty when blank, `a=2|b=0` for a distribution."""
    if figure is None:
        return ""
    if isinstance(figure, dict):
        return "|".join(f"{choice}={figure[choice]}" for choice in indicator.choices)
    return plain(figure)
