"""What may be entered, and what has to hold before a report is submitted (semantics §2, §3, §9)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal

from reports.domain import tasks
from reports.domain.aggregation import Cells, figures
from reports.domain.formulas import Value
from reports.domain.indicators import EnteredBy, Indicator, Template, ValueType
from reports.domain.numbers import Amount, exact
from reports.domain.own_values import OwnValues
from reports.domain.privacy import looks_personal
from reports.domain.sources import AnswerTable, TaskTable, TaskTally
from units.problems import Problem, gettext_noop

_PERSONAL: Mapping[str, str] = {
    "identity": gettext_noop("“%(name)s” holds what looks like a citizen's identity number. Take it out: no citizen is named here."),
    "telephone": gettext_noop("“%(name)s” holds what looks like a telephone number. Take it out: no citizen is named here."),
}
#: values in which a citizen could be named
_OF_WORDS = frozenset({ValueType.TEXT, ValueType.TABLE})


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: an error blocks submitting, a warning asks for an explanation. `rule` is the expression broken.

    One that `insists` is an error for as long as nobody has explained it.
    """

    severity: Literal["error", "warn"]
    code: str
    problem: Problem
    rule: str = ""
    insists: bool = False


def check_own(template: Template, own: Mapping[str, Any], level: str, levels_below: Collection[str]) -> list[Problem]:
    """The cells of `own` that a report of `level`, with reports of `levels_below` below it, may not hold. A blank is none."""
    if own.keys() <= enterable(template, level, frozenset(levels_below)):
        return []
    return [
        problem.at(column=code)
        for code, value in own.items()
        if value is not None and (problem := _misplaced(template.by_code.get(code), code, level, levels_below))
    ]


@lru_cache(maxsize=256)
def enterable(template: Template, level: str, levels_below: frozenset[str]) -> frozenset[str]:
    """The codes that a report of `level`, with reports of `levels_below` below it, may hold."""
    return frozenset(each.code for each in template.indicators if each.may_be_entered(level, levels_below))


def _misplaced(indicator: Indicator | None, code: str, level: str, levels_below: Collection[str]) -> Problem | None:
    if indicator is None:
        return Problem(gettext_noop("There is no indicator “%(code)s” in this report."), {"code": code})
    if indicator.may_be_entered(level, levels_below):
        return None
    params = {"code": code, "name": indicator.name_vi, "level": level}
    if indicator.is_formula or indicator.is_tallied:
        return Problem(gettext_noop("“%(name)s” (%(code)s) is computed and never typed."), params)
    if level not in indicator.levels:
        return Problem(gettext_noop("“%(name)s” (%(code)s) is not entered at the level %(level)s."), params)
    return Problem(gettext_noop("“%(name)s” (%(code)s) is entered by the units below: their figures are added up."), params)


def check_submission(
    template: Template,
    own: Mapping[str, Any],
    level: str,
    levels_below: Collection[str],
    both: Cells,
    previous: Mapping[str, Any] | None,
    year_ago: Mapping[str, Any] | None,
    sourced: Mapping[str, Any] = MappingProxyType({}),
    six_months: Mapping[str, Any] | None = None,
) -> list[Finding]:
    """What is wrong with submitting these own values, in template order.

    `both` is what `total(code)` reads; `previous` and `year_ago` are the own values (stored form) of the reports that
    `prev(code)` and `year_ago(code)` read, None where there is no such report: then these are blank, a formula's too.
    `sourced` is what the sources of cells say (`queries.sourced`): who enters something else explains it.
    `six_months` are those of a year's first half: what adds up over time can't be less in the year (semantics §7).
    """
    rules = _Rules(template, own, level, both, previous, year_ago)
    found: list[Finding] = []
    for indicator in template.indicators:
        code = indicator.code
        value = own.get(code)
        if value is None:
            found += _unanswered(indicator, level, levels_below)
        elif indicator.value_type in _OF_WORDS:
            found += _personal(indicator, value)
        if indicator.source and own:
            found += _of_source(template, indicator, value, sourced.get(code))
        if code in template.rules and level in indicator.levels:
            found += rules.broken(indicator)
        if six_months and value is not None:
            found += _less_than_in_six_months(indicator, value, six_months.get(code))
    return found


def check_appraisal(template: Template, own: Mapping[str, Any], level: str, codes: Collection[str]) -> list[Problem]:
    """What is wrong with these figures of the superior's on a unit's report, whose own values are `own`.

    A report that was submitted is not checked again before it counts, so what breaks an error rule is refused at once. Rules read
    own values alone here.
    """
    rules = _Rules(template, own, level, {}, None, None)
    found: list[Finding] = []
    for code in codes:
        indicator = template.by_code[code]
        if own.get(code) is not None and indicator.value_type in _OF_WORDS:
            found += _personal(indicator, own[code])
        found += rules.broken(indicator)
    return [finding.problem.at(column=finding.code) for finding in found if finding.severity == "error"]


def _unanswered(indicator: Indicator, level: str, levels_below: Collection[str]) -> Iterator[Finding]:
    if indicator.required and indicator.entered_by == EnteredBy.UNIT and indicator.may_be_entered(level, levels_below):
        message = gettext_noop("“%(name)s” is required and blank. Write 0 where nothing happened.")
        if not indicator.is_number:
            message = gettext_noop("“%(name)s” is required and blank.")
        yield Finding("error", indicator.code, Problem(message, {"name": indicator.name_vi, "code": indicator.code}))


def _less_than_in_six_months(indicator: Indicator, year: Any, six_months: Any) -> Iterator[Finding]:
    if six_months is None or not indicator.splits_in_halves or exact(year) >= exact(six_months):
        return
    message = gettext_noop("“%(name)s”: %(year)s in the year is less than %(six_months)s in its first six months. Correct or explain it.")
    params = {"name": indicator.name_vi, "code": indicator.code, "year": Amount(year), "six_months": Amount(six_months)}
    yield Finding("warn", indicator.code, Problem(message, params), "year >= six_months", insists=True)


def _personal(indicator: Indicator, value: Any) -> Iterator[Finding]:
    for text in (cell for row in value for cell in row) if indicator.value_type == ValueType.TABLE else (value,):
        if problem := personal_problem(indicator.name_vi, text):
            yield Finding("error", indicator.code, replace(problem, params={**problem.params, "code": indicator.code}))
            return


def personal_problem(name: Any, text: str) -> Problem | None:
    """What is wrong with words that hold what looks like a citizen's number; `name` is what they stand under."""
    kind = looks_personal(text)
    return Problem(_PERSONAL[kind], {"name": name}) if kind else None


def _of_source(template: Template, indicator: Indicator, value: Any, sourced: Any) -> Iterator[Finding]:
    match template.sources[indicator.code]:
        case TaskTable():
            problems = tasks.problems_of_tasks(indicator.name_vi, value or ())
        case AnswerTable():
            problems = tasks.problems_of_answers(indicator.name_vi, value or (), sourced or ())
        case TaskTally():
            return
        case _:
            if sourced is not None:
                yield from _unlike_its_source(indicator, value, sourced)
            return
    for problem in problems:
        yield Finding("error", indicator.code, problem, indicator.source)


def tallied(template: Template, own: Mapping[str, Any], cut_off: date) -> dict[str, int | None]:
    """What is counted of the report's tables, by code; blank where the table is."""
    tables = {code: own.get(tally.table) for code, tally in template.tallies.items()}
    return {code: None if rows is None else tasks.count(template.tallies[code].what, rows, cut_off) for code, rows in tables.items()}


def _unlike_its_source(indicator: Indicator, value: Any, sourced: Any) -> Iterator[Finding]:
    if value == sourced:
        return
    params = {"name": indicator.name_vi, "code": indicator.code, "sourced": _as_read(indicator, sourced)}
    message = gettext_noop("“%(name)s” is blank, and where it is filled in from there is %(sourced)s. Say why, or take that over.")
    if value is not None:
        message = gettext_noop("“%(name)s”: %(entered)s is entered, and where it is filled in from there is %(sourced)s. Say why.")
        params["entered"] = _as_read(indicator, value)
    yield Finding("warn", indicator.code, Problem(message, params), f"{indicator.source} = {sourced}")


def _as_read(indicator: Indicator, value: Any) -> Any:
    return exact(value) if indicator.is_number else value


class _Rules:
    """The rules of a template over one report; what they read is computed once, and only where a rule asks for it."""

    def __init__(
        self,
        template: Template,
        own: Mapping[str, Any],
        level: str,
        both: Cells,
        previous: Mapping[str, Any] | None,
        year_ago: Mapping[str, Any] | None,
    ) -> None:
        self.template = template
        self.own = _values(template, own, level)
        self.total = _once(lambda: _totals(template, both))
        self.prev = _once(lambda: _values(template, previous, level))
        self.year_ago = _once(lambda: _values(template, year_ago, level))

    def broken(self, indicator: Indicator) -> Iterator[Finding]:
        for compiled in self.template.rules.get(indicator.code, ()):
            if compiled.formula.evaluate(self.own, self.total, self.prev, self.year_ago) is False:
                names = {each.code: each.name_vi for each in self.template.indicators}
                params = {"name": indicator.name_vi, "code": indicator.code, "rule": compiled.formula.with_names(names)}
                problem = Problem(gettext_noop("“%(name)s”: this should hold, and doesn't: %(rule)s"), params)
                yield Finding(compiled.rule.severity, indicator.code, problem, compiled.rule.expression)


def _once(make: Callable[[], Callable[[str], Value]]) -> Callable[[str], Value]:
    """The lookup that `make` gives, made when it is first asked."""
    made: list[Callable[[str], Value]] = []

    def lookup(code: str) -> Value:
        if not made:
            made.append(make())
        return made[0](code)

    return lookup


def _values(template: Template, own: Mapping[str, Any] | None, level: str) -> Callable[[str], Value]:
    if own is None:
        return lambda code: None
    return OwnValues(template, own.get, level, template.formulas).value


def _totals(template: Template, both: Cells) -> Callable[[str], Value]:
    found = figures(template, both)
    return lambda code: found[code]  # type: ignore[return-value]
