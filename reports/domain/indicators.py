"""Indicators, and the template that they make: what may be defined, and in which order its formulas are computed (semantics §5)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter
from types import MappingProxyType
from typing import Literal

from reports.domain.formulas import (
    NUMBER,
    RESERVED_WORDS,
    TRUTH,
    Formula,
    FormulaError,
    Reference,
    Size,
    Type,
    compile_formula,
)
from reports.domain.privacy import is_a_person_field, names_a_person_field
from reports.domain.sources import AnswerTable, RegisterCount, ReportedFigure, Source, SourceError, TaskTable, TaskTally, parse_source
from reports.domain.tasks import ANSWER_COLUMNS, TASK_COLUMNS, TaskCount
from units.problems import Problem, gettext_noop

MAX_DECIMALS = 6
MAX_LENGTHS = {"section": 200, "name_vi": 300, "name_en": 300, "unit": 60, "source": 200}
CODE = re.compile(r"[a-z][a-z0-9_]{0,59}")
CHOICE = re.compile(r"[^|='\"\x00-\x1f]{1,100}")


class ValueType(StrEnum):
    INTEGER = "integer"
    DECIMAL = "decimal"
    PERCENT = "percent"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    TEXT = "text"
    TABLE = "table"


class AggregateUp(StrEnum):
    SUM = "sum"
    LEAF_SUM = "leaf_sum"
    MIN = "min"
    MAX = "max"
    MEAN = "mean"
    COUNT_YES = "count_yes"
    DISTRIBUTION = "distribution"
    FORMULA = "formula"
    NONE = "none"


class AggregateTime(StrEnum):
    FLOW_SUM = "flow_sum"
    STOCK_LAST = "stock_last"
    LAST = "last"
    STOCK_FIRST = "stock_first"
    MAX = "max"
    MIN = "min"
    MEAN = "mean"
    FORMULA = "formula"
    NONE = "none"


class EnteredBy(StrEnum):
    UNIT = "unit"
    SUPERIOR = "superior"


@dataclass(frozen=True, slots=True)
class Rule:
    severity: Literal["error", "warn"]
    expression: str


class RuleError(Exception):
    """A text is no list of rules."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem.message % problem.params)


def parse_rules(text: str) -> tuple[Rule, ...]:
    """The rules in `error: EXPRESSION; warn: EXPRESSION`, their expressions not yet looked into. Raises RuleError."""
    rules = []
    for part in filter(None, (part.strip() for part in _RULE.findall(text))):
        severity, colon, expression = (word.strip() for word in part.partition(":"))
        if severity not in ("error", "warn") or not colon or not expression:
            message = gettext_noop("“%(found)s” is no rule; write error: EXPRESSION or warn: EXPRESSION, with ; between two rules.")
            raise RuleError(Problem(message, {"found": part[:60]}, column="rules"))
        rules.append(Rule("error" if severity == "error" else "warn", expression))
    return tuple(rules)


def written_rules(rules: Iterable[Rule]) -> str:
    """The inverse of `parse_rules`."""
    return "; ".join(f"{rule.severity}: {rule.expression}" for rule in rules)


#: up to a semicolon that stands outside of quotes
_RULE = re.compile(r"(?:[^;']|'[^']*'?)+")


@dataclass(frozen=True, slots=True)
class Indicator:
    """One figure: what it is, who enters it, how it aggregates up the tree and over time.

    `source` says where it is filled in from (domain/sources.py), empty where it is only typed.
    """

    code: str
    section: str
    name_vi: str
    name_en: str
    unit: str
    value_type: ValueType
    choices: tuple[str, ...]
    columns: tuple[str, ...]
    levels: frozenset[str]
    aggregate_up: AggregateUp
    aggregate_time: AggregateTime
    formula: str
    rules: tuple[Rule, ...]
    required: bool
    decimals: int
    negative: bool
    entered_by: EnteredBy
    note: str
    source: str

    @property
    def is_formula(self) -> bool:
        return bool(self.formula)

    @property
    def is_tallied(self) -> bool:
        """Counted of a table of the same report with every save (semantics §11)."""
        return self.source.startswith("count:")

    @property
    def evaluated_in_unit(self) -> bool:
        """A yes/no or choice formula: evaluated in each unit on its own values, and then counted."""
        return bool(self.formula) and self.value_type in (ValueType.BOOLEAN, ValueType.CHOICE)

    @property
    def evaluated_on_totals(self) -> bool:
        return bool(self.formula) and self.value_type not in (ValueType.BOOLEAN, ValueType.CHOICE)

    @property
    def is_number(self) -> bool:
        return self.value_type in (ValueType.INTEGER, ValueType.DECIMAL, ValueType.PERCENT)

    @property
    def known_source(self) -> Source | None:
        """Where it is filled in from; None where that is nowhere, or can't be read."""
        try:
            return parse_source(self.source) if self.source else None
        except SourceError:
            return None

    def continues(self, earlier: Indicator | None) -> bool:
        """Whether a figure of this code in an earlier version of the template can be read as one of this indicator."""
        if earlier is None:
            return False
        return self.value_type == earlier.value_type or (self.is_number and earlier.is_number)

    @property
    def splits_in_halves(self) -> bool:
        """Whether a year's figure is that of its first half and that of its second together (semantics §7)."""
        return self.is_number and not self.is_formula and self.aggregate_time == AggregateTime.FLOW_SUM

    @property
    def may_be_adjusted(self) -> bool:
        """Whether a superior may add an adjustment to its total (semantics §5)."""
        return self.aggregate_up in (AggregateUp.SUM, AggregateUp.LEAF_SUM)

    def may_be_entered(self, level: str, levels_below: Collection[str]) -> bool:
        """Whether a report of `level` may hold an own value, with reports of `levels_below` somewhere below it in its cycle.

        A leaf_sum is closed by a report below, exempt or not, whose level is in the indicator's levels (semantics §5).
        """
        if self.is_formula or self.is_tallied or level not in self.levels:
            return False
        return self.aggregate_up != AggregateUp.LEAF_SUM or self.levels.isdisjoint(levels_below)


@dataclass(frozen=True, slots=True)
class CompiledRule:
    rule: Rule
    formula: Formula


class Template:
    """Indicators whose formulas are compiled and ordered. Made only from what `problems_of_template` finds nothing wrong with.

    Immutable. `formulas` holds every formula after its inputs; `formulas_in_unit` those that the counted yes/no and
    choices of a unit need. `sources` says by code where figures are filled in from, `tallies` which
    are counted of tables.
    """

    __slots__ = (
        "aggregated",
        "by_code",
        "formulas",
        "formulas_in_unit",
        "indicators",
        "rules",
        "sections",
        "sources",
        "tallies",
        "uses_previous",
        "uses_year_ago",
    )

    indicators: tuple[Indicator, ...]
    by_code: Mapping[str, Indicator]
    aggregated: tuple[Indicator, ...]
    sections: tuple[str, ...]
    formulas: Mapping[str, Formula]
    formulas_in_unit: Mapping[str, Formula]
    rules: Mapping[str, tuple[CompiledRule, ...]]
    sources: Mapping[str, Source]
    tallies: Mapping[str, TaskTally]
    uses_previous: bool
    uses_year_ago: bool

    def __init__(self, indicators: Sequence[Indicator]) -> None:
        by_code = {indicator.code: indicator for indicator in indicators}
        compiled = {each.code: compile_formula(each.formula) for each in indicators if each.is_formula}
        ordered = {code: compiled[code] for code in _inputs_first(compiled)}
        rules = {
            each.code: tuple(CompiledRule(rule, compile_formula(rule.expression, in_rule=True)) for rule in each.rules)
            for each in indicators
            if each.rules
        }
        needed = _with_inputs((each.code for each in indicators if each.evaluated_in_unit), compiled)
        read = {reference.source for each in rules.values() for rule in each for reference in rule.formula.references}
        known = {each.code: parse_source(each.source) for each in indicators if each.source}
        setting = {
            "indicators": tuple(indicators),
            "by_code": MappingProxyType(by_code),
            "aggregated": tuple(each for each in indicators if each.aggregate_up != AggregateUp.NONE),
            "sections": tuple(dict.fromkeys(each.section for each in indicators)),
            "formulas": MappingProxyType(ordered),
            "formulas_in_unit": MappingProxyType({code: formula for code, formula in ordered.items() if code in needed}),
            "rules": MappingProxyType(rules),
            "sources": MappingProxyType(known),
            "tallies": MappingProxyType({code: source for code, source in known.items() if isinstance(source, TaskTally)}),
            "uses_previous": "prev" in read,
            "uses_year_ago": "year_ago" in read,
        }
        for name, value in setting.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("A template never changes.")

    def with_inputs(self, codes: Iterable[str]) -> set[str]:
        """These indicators with what their formulas read, and what that reads."""
        found = set(codes)
        for code in reversed(list(self.formulas)):
            if code in found:
                found |= self.formulas[code].codes
        return found


def _inputs_first(formulas: Mapping[str, Formula]) -> list[str]:
    """The codes of formulas, each after its inputs. Raises graphlib.CycleError."""
    return list(TopologicalSorter({code: sorted(formula.codes & formulas.keys()) for code, formula in formulas.items()}).static_order())


def _with_inputs(codes: Iterable[str], formulas: Mapping[str, Formula]) -> set[str]:
    needed: set[str] = set()
    waiting = [*codes]
    while waiting:
        code = waiting.pop()
        if code not in needed:
            needed.add(code)
            waiting += formulas[code].codes & formulas.keys()
    return needed


# --- What is refused when a version is published --------------------------------------------------

_NUMBERS = frozenset({ValueType.INTEGER, ValueType.DECIMAL})
_FITS_UP: dict[AggregateUp, frozenset[ValueType]] = {
    AggregateUp.SUM: _NUMBERS,
    AggregateUp.LEAF_SUM: _NUMBERS,
    AggregateUp.MIN: _NUMBERS,
    AggregateUp.MAX: _NUMBERS,
    AggregateUp.MEAN: _NUMBERS,
    AggregateUp.COUNT_YES: frozenset({ValueType.BOOLEAN}),
    AggregateUp.DISTRIBUTION: frozenset({ValueType.CHOICE}),
    AggregateUp.FORMULA: _NUMBERS | {ValueType.PERCENT},
    AggregateUp.NONE: frozenset({ValueType.TEXT, ValueType.TABLE}),
}
_ONE_OF_THE_PARTS = frozenset({AggregateTime.STOCK_LAST, AggregateTime.LAST, AggregateTime.STOCK_FIRST, AggregateTime.NONE})
_FITS_TIME: dict[ValueType, frozenset[AggregateTime]] = {
    ValueType.INTEGER: frozenset(AggregateTime) - {AggregateTime.FORMULA},
    ValueType.DECIMAL: frozenset(AggregateTime) - {AggregateTime.FORMULA},
    ValueType.PERCENT: frozenset(),
    ValueType.BOOLEAN: _ONE_OF_THE_PARTS | {AggregateTime.MAX, AggregateTime.MIN},
    ValueType.CHOICE: _ONE_OF_THE_PARTS,
    ValueType.TEXT: _ONE_OF_THE_PARTS,
    ValueType.TABLE: _ONE_OF_THE_PARTS,
}
#: digits that a total may have: 15 of an entry and its decimals, and as many for how often it is added
_SIZE_OF_TOTAL = 30


def problems_of_template(indicators: Sequence[Indicator], known_levels: Collection[str]) -> list[Problem]:
    """Everything that forbids publishing these indicators (semantics §5), each with the CSV column and the code concerned."""
    return [problem for _place, problem in placed_problems(indicators, known_levels)]


def placed_problems(indicators: Sequence[Indicator], known_levels: Collection[str]) -> Iterator[tuple[int, Problem]]:
    """The same, each with the place in `indicators` of the one that is wrong."""
    by_code: dict[str, Indicator] = {}
    for place, indicator in enumerate(indicators):
        for column, message, params in _faults(indicator, known_levels):
            yield place, Problem(message, {"code": indicator.code, **params}, column=column)
        if indicator.code in by_code:
            message = gettext_noop("%(code)s: this code is taken; each indicator has its own.")
            yield place, Problem(message, {"code": indicator.code}, column="code")
        by_code.setdefault(indicator.code, indicator)
    yield from _source_problems(indicators, by_code)
    yield from _formula_problems(indicators, by_code)


_Fault = tuple[str, str, dict[str, object]]


def _faults(indicator: Indicator, known_levels: Collection[str]) -> Iterator[_Fault]:
    yield from _faults_of_words(indicator)
    yield from _faults_of_type(indicator)
    yield from _faults_of_aggregation(indicator)
    yield from _faults_of_source(indicator)
    if not indicator.levels:
        yield "levels", gettext_noop("%(code)s: names no level; write the levels that enter it, | between."), {}
    for level in sorted(indicator.levels - set(known_levels)):
        message = gettext_noop("%(code)s: there is no level “%(level)s”; there are %(levels)s.")
        yield "levels", message, {"level": level, "levels": ", ".join(known_levels)}


def _faults_of_words(indicator: Indicator) -> Iterator[_Fault]:
    if not CODE.fullmatch(indicator.code):
        yield "code", gettext_noop("“%(code)s” is no code: up to 60 small letters a–z, digits and _, a letter first."), {}
    elif indicator.code in RESERVED_WORDS:
        yield "code", gettext_noop("%(code)s is a word of the language of formulas; choose another code."), {}
    if not indicator.name_vi.strip():
        yield "name_vi", gettext_noop("%(code)s: has no name."), {}
    for column, most in MAX_LENGTHS.items():
        if len(getattr(indicator, column)) > most:
            yield column, gettext_noop("%(code)s: longer than %(most)d characters."), {"most": most}
    yield from _faults_of_privacy(indicator)


def _faults_of_privacy(indicator: Indicator) -> Iterator[_Fault]:
    message = gettext_noop("%(code)s: “%(name)s” asks for a citizen's data; reports hold figures about services and work, and no citizens.")
    words = {"code": indicator.code, "name_vi": indicator.name_vi, "name_en": indicator.name_en}
    if indicator.value_type in (ValueType.TEXT, ValueType.TABLE):
        asking = {column: name for column, name in words.items() if names_a_person_field(name)}
    else:
        asking = {column: name for column, name in words.items() if column != "code" and is_a_person_field(name)}
    for column, name in asking.items():
        yield column, message, {"name": name}
    for name in indicator.columns:
        if names_a_person_field(name):
            yield "value_type", message, {"name": name}


def _faults_of_type(indicator: Indicator) -> Iterator[_Fault]:
    value_type = indicator.value_type
    if value_type == ValueType.PERCENT and not indicator.is_formula:
        yield "formula", gettext_noop("%(code)s: a percentage is never typed; give its formula, as in part / whole."), {}
    if value_type in (ValueType.TEXT, ValueType.TABLE) and indicator.is_formula:
        yield "formula", gettext_noop("%(code)s: a text or a table can't be computed; leave the formula empty."), {}
    if value_type == ValueType.CHOICE:
        if len(indicator.choices) < 2:
            yield "value_type", gettext_noop("%(code)s: a choice needs two choices at least: choice:a|b."), {}
        yield from _faults_of_list(indicator.choices, gettext_noop("%(code)s: the choice “%(item)s” stands twice."))
        message = gettext_noop("%(code)s: “%(item)s” is no choice: 1 to 100 characters without | = and quotes.")
        for choice in indicator.choices:
            if not CHOICE.fullmatch(choice):
                yield "value_type", message, {"item": choice}
    if value_type == ValueType.TABLE:
        if not indicator.columns or not all(column.strip() for column in indicator.columns):
            yield "value_type", gettext_noop("%(code)s: a table needs columns with names: table:name|name."), {}
        yield from _faults_of_list(indicator.columns, gettext_noop("%(code)s: the column “%(item)s” stands twice."))
    if value_type == ValueType.INTEGER and indicator.decimals != 0:
        yield "decimals", gettext_noop("%(code)s: an integer has no decimals; leave it empty, or make it a decimal."), {}
    elif not 0 <= indicator.decimals <= MAX_DECIMALS:
        yield "decimals", gettext_noop("%(code)s: decimals are 0 to %(most)d."), {"most": MAX_DECIMALS}
    if indicator.entered_by == EnteredBy.SUPERIOR and indicator.is_formula:
        yield "entered_by", gettext_noop("%(code)s: a formula is entered by nobody; leave it empty."), {}


def _faults_of_list(items: tuple[str, ...], message: str) -> Iterator[_Fault]:
    seen: set[str] = set()
    for item in items:
        if item in seen:
            yield "value_type", message, {"item": item}
        seen.add(item)


def _faults_of_aggregation(indicator: Indicator) -> Iterator[_Fault]:
    up, time, value_type = indicator.aggregate_up, indicator.aggregate_time, indicator.value_type
    if value_type not in _FITS_UP[up]:
        fitting = ", ".join(each for each, types in _FITS_UP.items() if value_type in types)
        message = gettext_noop("%(code)s: %(up)s doesn't fit the type %(type)s; what fits is %(fitting)s.")
        yield "aggregate_up", message, {"up": str(up), "type": str(value_type), "fitting": fitting}
    elif up == AggregateUp.FORMULA and not indicator.is_formula:
        yield "formula", gettext_noop("%(code)s: aggregate_up is formula, and there is none."), {}
    elif indicator.evaluated_on_totals and up != AggregateUp.FORMULA:
        yield "aggregate_up", gettext_noop("%(code)s: a computed number is computed from totals at every unit; write formula."), {}
    fitting_time = _FITS_TIME[value_type]
    if indicator.evaluated_on_totals:
        fitting_time = frozenset({AggregateTime.FORMULA, AggregateTime.NONE})
    elif indicator.evaluated_in_unit:
        fitting_time = fitting_time | {AggregateTime.FORMULA}
    if fitting_time and time not in fitting_time:
        message = gettext_noop("%(code)s: over time, %(time)s doesn't fit; what fits is %(fitting)s.")
        yield "aggregate_time", message, {"time": str(time), "fitting": ", ".join(each for each in AggregateTime if each in fitting_time)}


#: what can be filled in from each kind of source
_FITS_SOURCE: dict[type[Source], frozenset[ValueType]] = {
    RegisterCount: frozenset({ValueType.INTEGER}),
    TaskTable: frozenset({ValueType.TABLE}),
    AnswerTable: frozenset({ValueType.TABLE}),
    TaskTally: frozenset({ValueType.INTEGER}),
    ReportedFigure: _NUMBERS,
}
_COLUMNS_OF_SOURCE: dict[type[Source], int] = {TaskTable: TASK_COLUMNS, AnswerTable: ANSWER_COLUMNS}


def _faults_of_source(indicator: Indicator) -> Iterator[_Fault]:
    if not indicator.source:
        return
    try:
        source = parse_source(indicator.source)
    except SourceError as error:
        yield "source", error.problem.message, dict(error.problem.params)
        return
    fitting, width = _FITS_SOURCE[type(source)], _COLUMNS_OF_SOURCE.get(type(source))
    if indicator.is_formula or indicator.entered_by is EnteredBy.SUPERIOR:
        yield "source", gettext_noop("%(code)s: only what a unit enters is filled in from a source; leave it empty."), {}
    elif indicator.value_type not in fitting:
        message = gettext_noop("%(code)s: this source doesn't fit the type %(type)s; what fits is %(fitting)s.")
        yield "source", message, {"type": str(indicator.value_type), "fitting": ", ".join(sorted(fitting))}
    elif width is not None and len(indicator.columns) != width:
        message = gettext_noop("%(code)s: a table of this source has %(width)d columns, and this one has %(columns)d.")
        yield "value_type", message, {"width": width, "columns": len(indicator.columns)}


def _source_problems(indicators: Sequence[Indicator], by_code: Mapping[str, Indicator]) -> Iterator[tuple[int, Problem]]:
    """Sources that name a table which is none of the kind."""
    for place, indicator in enumerate(indicators):
        match indicator.known_source:
            case AnswerTable(tasks=table):
                known = {"tasks"}
            case TaskTally(what=what, table=table):
                known = {"tasks", "answers"} if what is TaskCount.SET else {"answers"}
            case _:
                continue
        named = by_code.get(table)
        if named is None or named.source.partition(":")[0] not in known:
            message = gettext_noop("%(code)s: “%(table)s” is no table with the source %(known)s.")
            params = {"code": indicator.code, "table": table, "known": ", ".join(sorted(known)), "unknown": table}
            yield place, Problem(message, params, column="source")


def unfit_to_fill_in(indicator: Indicator, found: Indicator | None) -> str:
    """Why the figure `found` of another template can't be filled in for `indicator`, as a message; empty where it can."""
    if found is None:
        return gettext_noop("%(code)s: the newest version of %(template)s has no indicator “%(found)s”.")
    if found.value_type not in _NUMBERS | {ValueType.BOOLEAN}:
        return gettext_noop("%(code)s: “%(found)s” of %(template)s is no number that a unit reports; fill in what it is computed from.")
    if found.is_number and (found.is_formula or found.aggregate_up is AggregateUp.MEAN):
        return gettext_noop("%(code)s: “%(found)s” of %(template)s is no number that a unit reports; fill in what it is computed from.")
    if found.is_number and found.decimals > indicator.decimals:
        return gettext_noop("%(code)s: “%(found)s” of %(template)s has more decimals than fit in here.")
    return ""


def _formula_problems(indicators: Sequence[Indicator], by_code: Mapping[str, Indicator]) -> Iterator[tuple[int, Problem]]:
    formulas: dict[str, Formula] = {}
    rules: list[tuple[int, Formula]] = []
    for place, indicator in enumerate(indicators):
        if indicator.is_formula:
            try:
                formulas.setdefault(indicator.code, _checked_formula(indicator, by_code))
            except FormulaError as error:
                yield place, _placed(error, indicator, "formula")
        for rule in indicator.rules:
            try:
                rules.append((place, _checked_rule(rule, by_code)))
            except FormulaError as error:
                yield place, _placed(error, indicator, "rules")
    places = {indicator.code: place for place, indicator in reversed(list(enumerate(indicators)))}
    for path in _cycles(formulas):
        message = gettext_noop("%(code)s: is computed from itself: %(path)s.")
        yield places[path[0]], Problem(message, {"code": path[0], "path": " → ".join(path)}, column="formula")
    for place, column, growing in _growing(formulas, rules, by_code, places):
        yield place, _placed(growing, indicators[place], column)


def _checked_formula(indicator: Indicator, by_code: Mapping[str, Indicator]) -> Formula:
    formula = compile_formula(indicator.formula)
    _check_result(indicator, formula.type_in(lambda reference: _type_of(reference, indicator, by_code)))
    return formula


def _checked_rule(rule: Rule, by_code: Mapping[str, Indicator]) -> Formula:
    formula = compile_formula(rule.expression, in_rule=True)
    if formula.type_in(lambda reference: _type_in_rule(reference, by_code)) != TRUTH:
        raise FormulaError(gettext_noop("At character %(position)d: a rule has to say what must hold, as in a <= b."), 1)
    return formula


def _placed(error: FormulaError, indicator: Indicator, column: str) -> Problem:
    return Problem(error.message, {**error.params, "code": indicator.code}, column=column)


def _check_result(indicator: Indicator, result: Type) -> None:
    if indicator.is_number and result != NUMBER:
        raise FormulaError(gettext_noop("At character %(position)d: the result has to be a number."), 1)
    if indicator.value_type == ValueType.BOOLEAN and result != TRUTH:
        raise FormulaError(gettext_noop("At character %(position)d: the result has to be a yes/no, as a comparison gives."), 1)
    if indicator.value_type == ValueType.CHOICE:
        if not isinstance(result, frozenset):
            raise FormulaError(gettext_noop("At character %(position)d: the result has to be one of the choices, in single quotes."), 1)
        if strange := result - set(indicator.choices):
            message = gettext_noop("At character %(position)d: %(strange)s is not among the choices %(choices)s.")
            raise FormulaError(message, 1, strange=", ".join(sorted(strange)), choices=", ".join(indicator.choices))


def _named(reference: Reference, by_code: Mapping[str, Indicator]) -> Indicator:
    if (found := by_code.get(reference.code)) is None:
        message = gettext_noop("At character %(position)d: there is no indicator “%(unknown)s”.")
        raise FormulaError(message, reference.position, unknown=reference.code)
    return found


def _type_of(reference: Reference, of: Indicator, by_code: Mapping[str, Indicator]) -> Type:
    """What an indicator is as the input of the formula of `of`. Raises FormulaError where it can be none."""
    found = _named(reference, by_code)
    if found.is_number:
        return NUMBER
    if found.value_type == ValueType.BOOLEAN:
        return TRUTH if of.evaluated_in_unit else NUMBER
    message = gettext_noop("At character %(position)d: “%(input)s” is a choice, a text or a table, and no input of a formula.")
    raise FormulaError(message, reference.position, input=reference.code)


def _type_in_rule(reference: Reference, by_code: Mapping[str, Indicator]) -> Type:
    found = _named(reference, by_code)
    if found.is_number or (reference.source == "total" and found.value_type == ValueType.BOOLEAN):
        return NUMBER
    if reference.source != "total":
        if found.value_type == ValueType.BOOLEAN:
            return TRUTH
        if found.value_type == ValueType.CHOICE:
            return frozenset(found.choices)
    message = gettext_noop("At character %(position)d: “%(input)s” can't be used in this place of a rule.")
    raise FormulaError(message, reference.position, input=reference.code)


def _cycles(formulas: dict[str, Formula]) -> Iterator[list[str]]:
    """Formulas that are computed from themselves, each cycle as a path; what is in one is taken out of `formulas`."""
    while True:
        try:
            _inputs_first(formulas)
        except CycleError as error:
            path = list(reversed(error.args[1]))
            yield path
            for code in path[1:]:
                del formulas[code]
        else:
            return


def _growing(
    formulas: Mapping[str, Formula], rules: Iterable[tuple[int, Formula]], by_code: Mapping[str, Indicator], places: Mapping[str, int]
) -> Iterator[tuple[int, str, FormulaError]]:
    """Formulas and rules whose exact results could have thousands of digits: a few products of products would hang the house."""
    sizes: dict[str, Size] = {}

    def size_of(reference: Reference) -> Size:
        return sizes.get(reference.code) or _size_of_total(by_code[reference.code])

    for code in _inputs_first(formulas):
        try:
            numerator, denominator = formulas[code].size_in(size_of)
            sizes[code] = Size(numerator + 2, denominator)
        except FormulaError as error:
            yield places[code], "formula", error
            sizes[code] = Size(0, 0)
    for place, rule in rules:
        try:
            rule.size_in(size_of)
        except FormulaError as error:
            yield place, "rules", error


def _size_of_total(indicator: Indicator) -> Size:
    if indicator.aggregate_up == AggregateUp.MEAN:
        return Size(_SIZE_OF_TOTAL, MAX_DECIMALS + 9)
    return Size(_SIZE_OF_TOTAL, indicator.decimals if indicator.value_type == ValueType.DECIMAL else 0)
