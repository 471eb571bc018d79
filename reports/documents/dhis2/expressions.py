"""Formulas of the house as the expressions of DHIS2's indicators: sum first, divide last is what both do.

DHIS2 takes a missing figure for zero as long as another one of the expression is there; here the result would be blank.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from reports.domain.formulas import Arithmetic, Call, Comparison, Junction, Name, Negative, Node, Not, Number
from reports.domain.indicators import Template, ValueType
from reports.domain.numbers import plain

#: letters of an expression: formulas of formulas are written out, and might grow without end
MOST_LETTERS = 10_000
_FUNCTIONS = {"if": "if", "coalesce": "firstNonNull", "min": "least", "max": "greatest"}
_JUNCTIONS = {"and": " && ", "or": " || "}


class Expression(NamedTuple):
    numerator: str
    denominator: str


class Untranslatable(Exception):
    """DHIS2 has no expression for this formula."""


def expression_of(template: Template, code: str, id_of: Callable[[str], str]) -> Expression:
    """The expression of an indicator that is evaluated on totals; `id_of` gives the id of an indicator's data element.

    A percentage is the quotient, which DHIS2's indicator type multiplies by a hundred. Raises Untranslatable.
    """
    writer = _Writer(template, id_of)
    match template.formulas[code].root:
        case Arithmetic(first, (("/", divisor),)):
            expression = Expression(writer.write(first), writer.write(divisor))
        case whole:
            expression = Expression(writer.write(whole), "1")
    if max(map(len, expression)) > MOST_LETTERS:
        raise Untranslatable
    return expression


@dataclass(slots=True)
class _Writer:
    template: Template
    id_of: Callable[[str], str]
    letters: int = 0

    def write(self, node: Node) -> str:
        """A node as an operand that needs no parentheses."""
        text = self._written(node)
        self.letters += len(text)
        if self.letters > 20 * MOST_LETTERS:
            raise Untranslatable
        return text

    def _written(self, node: Node) -> str:
        match node:
            case Number(value):
                return plain(Fraction(value))
            case Name(reference):
                return self._figure(reference.code)
            case Negative(operand):
                return f"(-{self.write(operand)})"
            case Not(operand):
                return f"!({self.write(operand)})"
            case Arithmetic(first, rest):
                return "(" + self.write(first) + "".join(f" {sign} {self.write(each)}" for sign, each in rest) + ")"
            case Comparison(sign, left, right):
                return f"({self.write(left)} {sign} {self.write(right)})"
            case Junction(word, operands):
                return "(" + _JUNCTIONS[word].join(map(self.write, operands)) + ")"
            case Call(function, arguments):
                return f"{_FUNCTIONS[function]}({', '.join(map(self.write, arguments))})"
        raise Untranslatable

    def _figure(self, code: str) -> str:
        """An input: what is entered, or another formula written out; a percentage is its 75 rather than 0.75."""
        indicator = self.template.by_code[code]
        if not indicator.evaluated_on_totals:
            return f"#{{{self.id_of(code)}}}"
        written = self.write(self.template.formulas[code].root)
        return f"({written} * 100)" if indicator.value_type is ValueType.PERCENT else written
