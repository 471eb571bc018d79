"""Formulas of the house as a spreadsheet's, so that a workbook computes while it is filled in (semantics §5).

A blank is the error #N/A inside a formula, since spreadsheets hand errors on as the house hands blanks on: through
arithmetic, comparisons, `and`, `or`, min, max and the condition of an `if`, and not out of the branch that it doesn't take.
Division by zero is an error of its own. At the top whatever is an error shows as an empty cell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from reports.domain.formulas import Arithmetic, Call, Choice, Comparison, Formula, Junction, Name, Negative, Node, Not, Number
from reports.domain.indicators import Indicator, ValueType

#: characters and nested functions that a spreadsheet takes
MOST_LETTERS, MOST_DEEP = 8_000, 60
#: decimals to which numbers are compared: a spreadsheet counts in binary, where 0.1 + 0.2 isn't 0.3
_COMPARED_DECIMALS = 9
_BLANK = "NA()"


@dataclass(frozen=True, slots=True)
class Words:
    """How a workbook writes truths and choices."""

    yes: str
    no: str
    choice: Callable[[str], str]


class TooLong(Exception):
    """A formula is longer or deeper than a spreadsheet takes."""


def spreadsheet_formula(
    indicator: Indicator, formula: Formula, cell_of: Callable[[str], str | None], indicator_of: Callable[[str], Indicator], words: Words
) -> str:
    """The formula of a computed cell, with `=`. `cell_of` gives the cell of an indicator, None where it is blank.

    Raises TooLong.
    """
    writer = _Writer(cell_of, indicator_of, words, in_unit=indicator.evaluated_in_unit)
    text = writer.write(formula.root, 1)
    if indicator.value_type is ValueType.PERCENT:
        text = f"100*{text}"
    elif indicator.value_type is ValueType.BOOLEAN:
        text = f"IF({text},{quoted(words.yes)},{quoted(words.no)})"
    whole = f'=IFERROR({text},"")'
    if len(whole) > MOST_LETTERS:
        raise TooLong
    return whole


def quoted(text: str) -> str:
    """A text inside of a formula."""
    return '"' + text.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True)
class _Writer:
    cell_of: Callable[[str], str | None]
    indicator_of: Callable[[str], Indicator]
    words: Words
    in_unit: bool

    def write(self, node: Node, depth: int) -> str:
        """A node as an operand that needs no parentheses. `depth` is how many functions stand around it."""
        if depth > MOST_DEEP:
            raise TooLong
        match node:
            case Number(value):
                return _digits(value)
            case Choice(value):
                return quoted(self.words.choice(value))
            case Name(reference):
                return self._cell(reference.code)
            case Negative(operand):
                return f"(-{self.write(operand, depth)})"
            case Not(operand):
                return f"NOT({self.write(operand, depth + 1)})"
            case Arithmetic(first, rest):
                return "(" + self.write(first, depth) + "".join(sign + self.write(each, depth) for sign, each in rest) + ")"
            case Comparison():
                return self._compare(node, depth + 1)
            case Junction(word, operands):
                return f"{word.upper()}({','.join(self.write(each, depth + 1) for each in operands)})"
            case Call():
                return self._call(node, depth + 1)
        raise TypeError(node)

    def _cell(self, code: str) -> str:
        cell, indicator = self.cell_of(code), self.indicator_of(code)
        if cell is None:
            return _BLANK
        if indicator.value_type is ValueType.BOOLEAN:
            yes, no = ("TRUE()", "FALSE()") if self.in_unit else ("1", "0")
            return f"IF({cell}={quoted(self.words.yes)},{yes},IF({cell}={quoted(self.words.no)},{no},{_BLANK}))"
        if indicator.value_type is ValueType.CHOICE:
            return f'IF({cell}="",{_BLANK},{cell})'
        return f"IF(ISNUMBER({cell}),{cell},{_BLANK})"

    def _compare(self, node: Comparison, depth: int) -> str:
        left, right = self.write(node.left, depth), self.write(node.right, depth)
        if _is_words(node.left, self.indicator_of) or _is_words(node.right, self.indicator_of):
            same = f"EXACT({left},{right})"
            return same if node.sign == "==" else f"NOT({same})"
        if _is_truth(node.left, self.indicator_of, self.in_unit):
            left, right = f"IF({left},1,0)", f"IF({right},1,0)"
        sign = {"==": "=", "!=": "<>"}.get(node.sign, node.sign)
        return f"(ROUND({left}-{right},{_COMPARED_DECIMALS}){sign}0)"

    def _call(self, node: Call, depth: int) -> str:
        if node.function == "coalesce":
            first, *rest = node.arguments
            if not rest:
                return self.write(first, depth)
            return f"IFERROR({self.write(first, depth)},{self.write(Call('coalesce', tuple(rest), node.position), depth)})"
        return f"{node.function.upper()}({','.join(self.write(each, depth) for each in node.arguments)})"


def _is_words(node: Node, indicator_of: Callable[[str], Indicator]) -> bool:
    match node:
        case Choice():
            return True
        case Name(reference):
            return indicator_of(reference.code).value_type is ValueType.CHOICE
        case Call("if", arguments):
            return _is_words(arguments[1], indicator_of)
        case Call("coalesce", arguments):
            return _is_words(arguments[0], indicator_of)
    return False


def _is_truth(node: Node, indicator_of: Callable[[str], Indicator], in_unit: bool) -> bool:
    match node:
        case Not() | Comparison() | Junction():
            return True
        case Name(reference):
            return in_unit and indicator_of(reference.code).value_type is ValueType.BOOLEAN
        case Call("if", arguments):
            return _is_truth(arguments[1], indicator_of, in_unit)
        case Call("coalesce", arguments):
            return _is_truth(arguments[0], indicator_of, in_unit)
    return False


def _digits(value: int | Fraction) -> str:
    return str(value) if isinstance(value, int) else format(Decimal(value.numerator) / Decimal(value.denominator), "f")
