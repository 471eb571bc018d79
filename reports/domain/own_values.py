"""The values of one unit as its formulas and rules read them (semantics §5): entered ones, and those computed from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reports.domain.formulas import Formula, Value
from reports.domain.indicators import Template, ValueType
from reports.domain.numbers import exact


class OwnValues:
    """Own values of a report of `level`, read through `read` (stored form or None), with `formulas` computed from them.

    `formulas` come after their inputs, as `Template.formulas` has them.
    """

    __slots__ = ("_read", "_template", "_values")

    def __init__(self, template: Template, read: Callable[[str], Any], level: str, formulas: Mapping[str, Formula]) -> None:
        self._template = template
        self._read = read
        self._values: dict[str, Value] = {}
        for code, formula in formulas.items():
            indicator = template.by_code[code]
            if indicator.evaluated_in_unit:
                self._values[code] = formula.evaluate(self.value) if level in indicator.levels else None
            else:
                self._values[code] = computed_number(indicator.value_type, formula.evaluate(self.number))

    def value(self, code: str) -> Value:
        """As a formula in the unit or a rule reads it: yes/no is truth, a choice itself."""
        if code in self._values:
            return self._values[code]
        value: Value = self._read(code)
        if type(value) is str and self._template.by_code[code].is_number:
            value = exact(value)
        self._values[code] = value
        return value

    def number(self, code: str) -> Value:
        """As a formula on totals reads it: yes is 1, no is 0."""
        value = self.value(code)
        return int(value) if isinstance(value, bool) else value


def computed_number(value_type: ValueType, result: Any) -> Any:
    """The figure that a formula's result stands for: a percent is its formula times 100."""
    return result * 100 if result is not None and value_type == ValueType.PERCENT else result
