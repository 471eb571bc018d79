"""The language of formulas and rules: parsed here, typed here, compiled to closures, and able to reach nothing but figures.

Exact: a number is an `int` or a `Fraction`, never a float. Blank is None (semantics §5).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal, NamedTuple, TypeAlias

from units.problems import Problem, gettext_noop

MAX_LENGTH = 2_000
MAX_DEPTH = 50
#: numerators and denominators of results stay below this many digits, whatever the figures (see `Formula.size_in`)
MAX_DIGITS = 4_000

Source: TypeAlias = Literal["own", "total", "prev", "year_ago"]
SOURCES: tuple[Source, ...] = ("own", "total", "prev", "year_ago")
FUNCTIONS = frozenset({"if", "min", "max", "coalesce"})
RESERVED_WORDS = FUNCTIONS | {"and", "or", "not", "total", "prev", "year_ago"}

Value: TypeAlias = int | Fraction | bool | str | None
Lookup: TypeAlias = Callable[[str], Value]
Environment: TypeAlias = tuple[Lookup, Lookup, Lookup, Lookup]
Evaluator: TypeAlias = Callable[[Environment], Any]

#: "number", "truth", or the choices that a value may be
Type: TypeAlias = Literal["number", "truth"] | frozenset[str]
NUMBER: Type = "number"
TRUTH: Type = "truth"


class Size(NamedTuple):
    """How many digits the numerator and the denominator of a value may have at most."""

    numerator: int
    denominator: int


NO_SIZE = Size(0, 0)


class FormulaError(Exception):
    """A formula is refused. `message` is a msgid for `params`, which hold the position (1-based, in characters)."""

    def __init__(self, message: str, position: int, **params: Any) -> None:
        self.message = message
        self.position = position
        self.params: dict[str, Any] = {"position": position, **params}
        super().__init__(message % self.params)

    @property
    def problem(self) -> Problem:
        return Problem(self.message, self.params)


@dataclass(frozen=True, slots=True)
class Reference:
    """An indicator as a formula names it: its own value, or that of `total(code)`, `prev(code)`, `year_ago(code)`."""

    source: Source
    code: str
    position: int


@dataclass(frozen=True, slots=True)
class Formula:
    """A compiled formula. `codes` are the indicators whose own value it reads; `references` are all of them."""

    text: str
    root: Node
    references: tuple[Reference, ...]
    codes: frozenset[str]
    _run: Evaluator = field(repr=False, compare=False)

    def evaluate(self, own: Lookup, total: Lookup | None = None, prev: Lookup | None = None, year_ago: Lookup | None = None) -> Any:
        """The result: an int or a Fraction, a bool, a choice, or None for blank. A lookup is asked only for what is needed."""
        return self._run((own, total or _nothing, prev or _nothing, year_ago or _nothing))

    def type_in(self, type_of: Callable[[Reference], Type]) -> Type:
        """The type of the result. Raises FormulaError on mixed types, and whatever `type_of` raises."""
        return self.root.type_in(type_of)

    def size_in(self, size_of: Callable[[Reference], Size]) -> Size:
        """The most digits that the result may have. Raises FormulaError where a formula could grow without reason."""
        return self.root.size_in(size_of)

    def with_names(self, names: Mapping[str, str]) -> str:
        """The text for a reader: with names of indicators in place of their codes, and ≤ for <=."""
        parts, end = [], 0
        for reference in sorted(self.references, key=lambda each: each.position):
            start = reference.position - 1
            parts += [_in_print(self.text[end:start]), f"“{names.get(reference.code, reference.code)}”"]
            end = start + len(reference.code)
        return "".join([*parts, _in_print(self.text[end:])])


def _in_print(text: str) -> str:
    for sign, printed in (("<=", "≤"), (">=", "≥"), ("!=", "≠"), ("==", "=")):
        text = text.replace(sign, printed)
    return text


def compile_formula(text: str, *, in_rule: bool = False) -> Formula:
    """Parse and compile. `total`, `prev` and `year_ago` are only for rules. Raises FormulaError on what isn't of the language."""
    if len(text) > MAX_LENGTH:
        raise FormulaError(gettext_noop("The formula is longer than %(most)d characters."), MAX_LENGTH + 1, most=MAX_LENGTH)
    parser = _Parser(list(_tokens(text)), in_rule)
    root = parser.whole()
    codes = frozenset(reference.code for reference in parser.references if reference.source == "own")
    return Formula(text, root, tuple(parser.references), codes, root.compiled())


def _nothing(code: str) -> None:
    return None


# --- Tokens ---------------------------------------------------------------------------------------


class Token(NamedTuple):
    kind: str  # number, choice, name, sign, end
    text: str
    position: int


_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<number>[0-9]+(?:\.[0-9]+)?(?![0-9A-Za-z_.]))"
    r"|(?P<choice>'[^'\n]*')"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<sign>==|!=|<=|>=|[-+*/()<>,])"
)


def _tokens(text: str) -> Iterator[Token]:
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise _stranger(text, place)
        if match.lastgroup != "space":
            yield Token(str(match.lastgroup), match.group(), place + 1)
        place = match.end()
    yield Token("end", "", len(text) + 1)


def _stranger(text: str, place: int) -> FormulaError:
    character = text[place]
    if character == "=":
        message = gettext_noop("At character %(position)d: a single “=”; write == to compare.")
    elif character == "'":
        message = gettext_noop("At character %(position)d: the quote is not closed.")
    elif character in '"“”‘’':
        message = gettext_noop("At character %(position)d: %(found)s; write a choice in single straight quotes, 'like_this'.")
    elif character in "0123456789.":
        message = gettext_noop("At character %(position)d: this is no number; write 3 or 0.5.")
    else:
        message = gettext_noop("At character %(position)d: %(found)s has no meaning in a formula.")
    return FormulaError(message, place + 1, found=character if character.isprintable() else repr(character))


# --- Nodes ----------------------------------------------------------------------------------------


class Node:
    """A part of a formula: it knows its type, how large it may grow, and how to become a closure."""

    position: int

    def type_in(self, type_of: Callable[[Reference], Type]) -> Type:
        raise NotImplementedError

    def size_in(self, size_of: Callable[[Reference], Size]) -> Size:
        raise NotImplementedError

    def compiled(self) -> Evaluator:
        raise NotImplementedError


def _need(node: Node, wanted: Type, type_of: Callable[[Reference], Type]) -> None:
    if node.type_in(type_of) != wanted:
        if wanted == NUMBER:
            raise FormulaError(gettext_noop("At character %(position)d: a number is needed here."), node.position)
        raise FormulaError(gettext_noop("At character %(position)d: a yes/no or a comparison is needed here."), node.position)


def _common(nodes: tuple[Node, ...], type_of: Callable[[Reference], Type]) -> Type:
    """The one type of all; for choices, all that any of them may be."""
    common = nodes[0].type_in(type_of)
    for node in nodes[1:]:
        common = _joined(common, node.type_in(type_of), node.position)
    return common


def _joined(left: Type, right: Type, position: int) -> Type:
    if isinstance(left, frozenset) and isinstance(right, frozenset):
        return left | right
    if left != right:
        raise FormulaError(gettext_noop("At character %(position)d: numbers, yes/no and choices can't be mixed here."), position)
    return left


def _largest(sizes: list[Size]) -> Size:
    return Size(max(size.numerator for size in sizes), max(size.denominator for size in sizes))


@dataclass(frozen=True, slots=True)
class Number(Node):
    value: int | Fraction
    digits: Size
    position: int

    def type_in(self, type_of: Callable[[Reference], Type]) -> Type:
        return NUMBER

    def size_in(self, size_of: Callable[[Reference], Size]) -> Size:
        return self.digits

    def compiled(self) -> Evaluator:
        value = self.value
        return lambda environment: value


@dataclass(frozen=True, slots=True)
class Choice(Node):
    value: str
    position: int

    def type_in(self, type_of: Callable[[Reference], Type]) -> Type:
        return frozenset({self.value})

    def size_in(self, size_of: Callable[[Reference], Size]) -> Size:
        return NO_SIZE

    def compiled(self) -> Evaluator:
        value = self.value
        return lambda environment: value


@dataclass(frozen=True, slots=True)
class Name(Node):
    reference: Reference
    position: int

    def type_in(self, type_of: Callable[[Reference], Type]) -> Type:
        return type_of(self.reference)

    def size_in(self, size_of: Callable[[Reference], Size]) -> Size:
        return size_of(self.reference)

    def compiled(self) -> Evaluator:
        code, index = self.reference.code, SOURCES.index(self.reference.source)
        return lambda environment: environment[index](code)


@dataclass(frozen=True, slots=True)
class Negative(Node):
    operand: Node
    position: int

    def type_in(self, type_of: Callable[[Reference], Type]) -> Type:
        _need(self.operand, NUMBER, type_of)
        return NUMBER

    def size_in(self, size_of: Callable[[Reference], Size]) -> Size:
        return self.operand.size_in(size_of)

    def compiled(self) -> Evaluator:
        operand = self.operand.compiled()

        def run(environment: Environment) -> Any:
            value = operand(environment)
            return None if value is None else -value

        return run


@dataclass(frozen=True, slots=True)
class Not(Node):
    operand: Node
    position: int

    def type_in(self, type_of: Callable[[Reference], Type]) -> Type:
        _need(self.operand, TRUTH, type_of)
        return TRUTH

    def size_in(self, size_of: Callable[[Reference], Size]) -> Size:
        self.operand.size_in(size_of)
        return NO_SIZE

    def compiled(self) -> Evaluator:
        operand = self.operand.compiled()

        def run(environment: Environment) -> Any:
            value = operand(environment)
            return None if value is None else not value

        return run


def _divide(left: int | Fraction, right: int | Fraction) -> Fraction | None:
    return Fraction(left, right) if right else None


_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": _divide}


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    """A run of additions and subtractions, or of multiplications and divisions, from left to right.

    One node for the whole run, so that a long sum is no deeper than a short one.
    """

    first: Node
    rest: tuple[tuple[str, Node], ...]
    position: int

    def type_in(self, type_of: Callable[[Reference], Type]) -> Type:
        _need(self.first, NUMBER, type_of)
        for _sign, operand in self.rest:
            _need(operand, NUMBER, type_of)
        return NUMBER

    def size_in(self, size_of: Callable[[Reference], Size]) -> Size:
        up, down = self.first.size_in(size_of)
        for sign, operand in self.rest:
            other_up, other_down = operand.size_in(size_of)
            if sign == "*":
                up, down = up + other_up, down + other_down
            elif sign == "/":
                up, down = up + other_down, down + other_up
            else:
                up, down = max(up + other_down, other_up + down) + 1, down + other_down
            if max(up, down) > MAX_DIGITS:
                raise FormulaError(
                    gettext_noop("At character %(position)d: the result could have thousands of digits; multiply and divide less."),
                    operand.position,
                )
        return Size(up, down)

    def compiled(self) -> Evaluator:
        first = self.first.compiled()
        rest = tuple((_ARITHMETIC[sign], operand.compiled()) for sign, operand in self.rest)

        def run(environment: Environment) -> Any:
            result = first(environment)
            for operate, operand in rest:
                if result is None:
                    return None
                right = operand(environment)
                if right is None:
                    return None
                result = operate(result, right)
            return result

        return run


_COMPARING: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    sign: str
    left: Node
    right: Node
    position: int

    def type_in(self, type_of: Callable[[Reference], Type]) -> Type:
        if self.sign not in ("==", "!="):
            _need(self.left, NUMBER, type_of)
            _need(self.right, NUMBER, type_of)
            return TRUTH
        left, right = self.left.type_in(type_of), self.right.type_in(type_of)
        _joined(left, right, self.right.position)
        if isinstance(left, frozenset) and isinstance(right, frozenset) and not (left <= right or right <= left):
            raise FormulaError(
                gettext_noop("At character %(position)d: %(choices)s is not among the choices compared with."),
                self.position,
                choices=", ".join(f"'{choice}'" for choice in sorted(min(left, right, key=len) - max(left, right, key=len))),
            )
        return TRUTH

    def size_in(self, size_of: Callable[[Reference], Size]) -> Size:
        self.left.size_in(size_of)
        self.right.size_in(size_of)
        return NO_SIZE

    def compiled(self) -> Evaluator:
        compare, left, right = _COMPARING[self.sign], self.left.compiled(), self.right.compiled()

        def run(environment: Environment) -> Any:
            left_value = left(environment)
            if left_value is None:
                return None
            right_value = right(environment)
            return None if right_value is None else compare(left_value, right_value)

        return run


@dataclass(frozen=True, slots=True)
class Junction(Node):
    """`a and b and c`, or the same with `or`: blank where any of them is, `true or blank` too."""

    word: str
    operands: tuple[Node, ...]
    position: int

    def type_in(self, type_of: Callable[[Reference], Type]) -> Type:
        for operand in self.operands:
            _need(operand, TRUTH, type_of)
        return TRUTH

    def size_in(self, size_of: Callable[[Reference], Size]) -> Size:
        for operand in self.operands:
            operand.size_in(size_of)
        return NO_SIZE

    def compiled(self) -> Evaluator:
        operands = tuple(operand.compiled() for operand in self.operands)
        join = all if self.word == "and" else any

        def run(environment: Environment) -> Any:
            values = [operand(environment) for operand in operands]
            return None if None in values else join(values)

        return run


@dataclass(frozen=True, slots=True)
class Call(Node):
    function: str
    arguments: tuple[Node, ...]
    position: int

    def type_in(self, type_of: Callable[[Reference], Type]) -> Type:
        if self.function == "if":
            _need(self.arguments[0], TRUTH, type_of)
            return _common(self.arguments[1:], type_of)
        if self.function == "coalesce":
            return _common(self.arguments, type_of)
        for argument in self.arguments:
            _need(argument, NUMBER, type_of)
        return NUMBER

    def size_in(self, size_of: Callable[[Reference], Size]) -> Size:
        return _largest([argument.size_in(size_of) for argument in self.arguments])

    def compiled(self) -> Evaluator:
        arguments = tuple(argument.compiled() for argument in self.arguments)
        if self.function == "if":
            return _compiled_if(*arguments)
        if self.function == "coalesce":
            return _compiled_coalesce(arguments)
        choose = min if self.function == "min" else max

        def run(environment: Environment) -> Any:
            values = [argument(environment) for argument in arguments]
            return None if None in values else choose(values)

        return run


def _compiled_if(condition: Evaluator, then: Evaluator, otherwise: Evaluator) -> Evaluator:
    def run(environment: Environment) -> Any:
        truth = condition(environment)
        if truth is None:
            return None
        return then(environment) if truth else otherwise(environment)

    return run


def _compiled_coalesce(arguments: tuple[Evaluator, ...]) -> Evaluator:
    def run(environment: Environment) -> Any:
        for argument in arguments:
            value = argument(environment)
            if value is not None:
                return value
        return None

    return run


# --- Parser ---------------------------------------------------------------------------------------

_PRECEDENCE = {"or": 1, "and": 2, **dict.fromkeys(_COMPARING, 4), "+": 5, "-": 5, "*": 6, "/": 6}
_NOT, _COMPARED, _UNARY = 3, 4, 7


class _Parser:
    """Precedence climbing; the floor is the weakest operator that the present expression may take."""

    def __init__(self, tokens: list[Token], in_rule: bool) -> None:
        self.tokens = tokens
        self.place = 0
        self.depth = 0
        self.in_rule = in_rule
        self.references: list[Reference] = []

    @property
    def token(self) -> Token:
        return self.tokens[self.place]

    def take(self) -> Token:
        token = self.token
        self.place += 1
        return token

    def expect(self, sign: str) -> None:
        if self.token.text != sign or self.token.kind != "sign":
            raise self.unexpected(sign)
        self.place += 1

    def unexpected(self, wanted: str = "") -> FormulaError:
        token = self.token
        if token.kind == "end" and wanted:
            message = gettext_noop("At character %(position)d: the formula ends where “%(wanted)s” is due.")
        elif token.kind == "end":
            message = gettext_noop("At character %(position)d: the formula ends too early.")
        elif wanted:
            message = gettext_noop("At character %(position)d: “%(found)s” stands where “%(wanted)s” is due.")
        else:
            message = gettext_noop("At character %(position)d: “%(found)s” can't stand here.")
        return FormulaError(message, token.position, found=token.text, wanted=wanted)

    def whole(self) -> Node:
        root = self.expression(1)
        if self.token.kind != "end":
            raise self.unexpected()
        return root

    def expression(self, floor: int) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise FormulaError(
                gettext_noop("At character %(position)d: nested more than %(most)d deep."), self.token.position, most=MAX_DEPTH
            )
        left = self.operand(floor)
        while (strength := self.strength()) >= floor:
            left = self.comparison(left) if strength == _COMPARED else self.run_of(left, strength)
        self.depth -= 1
        return left

    def strength(self) -> int:
        """How strongly the operator at hand binds; 0 where there is none."""
        return _PRECEDENCE.get(self.token.text, 0) if self.token.kind in ("sign", "name") else 0

    def comparison(self, left: Node) -> Node:
        sign = self.take()
        right = self.expression(_COMPARED + 1)
        if self.strength() == _COMPARED:
            raise FormulaError(
                gettext_noop("At character %(position)d: comparisons can't be chained; write a < b and b < c."), self.token.position
            )
        return Comparison(sign.text, left, right, sign.position)

    def run_of(self, left: Node, strength: int) -> Node:
        rest: list[tuple[str, Node]] = []
        while self.strength() == strength:
            sign = self.take()
            rest.append((sign.text, self.expression(strength + 1)))
        if strength < _NOT:
            return Junction(rest[0][0], (left, *(operand for _word, operand in rest)), left.position)
        return Arithmetic(left, tuple(rest), left.position)

    def operand(self, floor: int) -> Node:
        token = self.token
        if token.kind == "sign" and token.text == "-":
            self.place += 1
            return Negative(self.expression(_UNARY), token.position)
        if token.kind == "sign" and token.text == "(":
            self.place += 1
            inner = self.expression(1)
            self.expect(")")
            return inner
        if token.kind == "number":
            self.place += 1
            return _number(token)
        if token.kind == "choice":
            self.place += 1
            return Choice(token.text[1:-1], token.position)
        if token.text == "not" and floor <= _NOT:
            self.place += 1
            return Not(self.expression(_NOT), token.position)
        if token.kind == "name" and token.text not in ("and", "or", "not"):
            return self.named()
        raise self.unexpected()

    def named(self) -> Node:
        token = self.take()
        if token.text in FUNCTIONS:
            return self.call(token)
        if token.text in SOURCES and token.text != "own":
            return self.elsewhere(token)
        if self.token.text == "(":
            raise FormulaError(gettext_noop("At character %(position)d: there is no function %(found)s."), token.position, found=token.text)
        return self.name("own", token)

    def name(self, source: Source, token: Token) -> Name:
        reference = Reference(source, token.text, token.position)
        self.references.append(reference)
        return Name(reference, token.position)

    def call(self, function: Token) -> Node:
        self.expect("(")
        arguments = [self.expression(1)]
        while self.token.text == ",":
            self.place += 1
            arguments.append(self.expression(1))
        self.expect(")")
        if function.text == "if" and len(arguments) != 3:
            raise FormulaError(gettext_noop("At character %(position)d: write if(condition, then, otherwise)."), function.position)
        return Call(function.text, tuple(arguments), function.position)

    def elsewhere(self, function: Token) -> Node:
        """`total(code)`, `prev(code)`, `year_ago(code)`."""
        if not self.in_rule:
            raise FormulaError(
                gettext_noop("At character %(position)d: %(found)s(…) is only for rules."), function.position, found=function.text
            )
        self.expect("(")
        if self.token.kind != "name" or self.token.text in RESERVED_WORDS:
            message = gettext_noop("At character %(position)d: %(found)s(…) takes the code of one indicator.")
            raise FormulaError(message, self.token.position, found=function.text)
        name = self.name(function.text, self.take())  # type: ignore[arg-type]
        self.expect(")")
        return name


def _number(token: Token) -> Number:
    whole, _point, decimals = token.text.partition(".")
    digits = Size(len(whole) + len(decimals), len(decimals))
    return Number(Fraction(token.text) if decimals else int(whole), digits, token.position)
