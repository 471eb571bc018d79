"""The totals of whole trees, added up inside PostgreSQL: its numerics are exact, and no figure has to travel (semantics §5).

The same, node by node, as `summing.computed` makes them (a test holds the two together), for a rebuild of a whole country.
SQLite reads JSON decimals as binary doubles, so there Python adds up.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db import DataError, connection

from reports.domain.aggregation import in_unit_values
from reports.domain.indicators import AggregateUp, Indicator, Template, ValueType
from reports.domain.numbers import canonical
from reports.domain.workflow import WITH_SUPERIOR, State
from reports.models import Adjustment, Report, Submission
from reports.models.documents import place_in_jsonb
from reports.queries.stretches import Stretch
from units.models import Level

#: of the 1,600 that a table of PostgreSQL may have
MOST_COLUMNS = 1500
#: PostgreSQL takes 100 in one call
_ARGUMENTS = 99
#: Nodes are grouped in memory rather than sorted on disk; what several processes read is little beside what it costs to read;
#: and compiled to machine code, statements of hundreds of columns take seconds longer.
_SETTINGS = "SET LOCAL work_mem = '128MB'; SET LOCAL parallel_setup_cost = 100; SET LOCAL parallel_tuple_cost = 0.01; SET LOCAL jit = off"

_ACCEPTED, _EXEMPT = f"'{State.ACCEPTED}'", f"'{State.EXEMPT}'"
_STANDING = ", ".join(sorted(f"'{state}'" for state in WITH_SUPERIOR))
_EXTREMES = {AggregateUp.MIN: "min", AggregateUp.MAX: "max"}


@dataclass(frozen=True, slots=True)
class _Column:
    """What is kept of an indicator for a node: added up from own values, and again from nodes."""

    name: str
    of_values: str
    again: str = "sum"


class _Measure:
    """An indicator's columns, and the cell of `domain.aggregation` that they make."""

    def __init__(self, indicator: Indicator, number: int, *, adjusted: bool) -> None:
        self.indicator = indicator
        self.value = f'{"c" if indicator.evaluated_in_unit else "x"}."{indicator.code}"'
        self.answered, self.result, self.adjustments = f"n{number}", f"v{number}", f"a{number}" if adjusted else ""

    @cached_property
    def columns(self) -> list[_Column]:
        adjustments = [_Column(self.adjustments, "0")] if self.adjustments else []
        return [_Column(self.answered, f"count({self.value})::integer"), *self._results(), *adjustments]

    def _results(self) -> list[_Column]:
        match self.indicator.aggregate_up:
            case AggregateUp.MIN | AggregateUp.MAX as which:
                return [_Column(self.result, f"{_EXTREMES[which]}({self.value})", _EXTREMES[which])]
            case AggregateUp.COUNT_YES:
                return [_Column(self.result, f"(count(*) FILTER (WHERE {self.value}))::integer")]
            case AggregateUp.DISTRIBUTION:
                return [
                    _Column(f"{self.result}_{place}", f"(count(*) FILTER (WHERE {self.value} = {_quoted(choice)}))::integer")
                    for place, choice in enumerate(self.indicator.choices)
                ]
        narrow = "::bigint" if self.indicator.value_type == ValueType.INTEGER else ""
        return [_Column(self.result, f"sum({self.value}){narrow}")]

    @property
    def cell(self) -> str:
        """SQL of the cell with its code, as jsonb would print it, NULL where nothing gave a value."""
        start, given = f"""'"{self.indicator.code}": {{"n": ' || {self.answered}""", f"{self.answered} > 0"
        if self.adjustments:
            given = f"({given} OR {self.adjustments} > 0)"
            start += f""" || CASE WHEN {self.adjustments} > 0 THEN ', "adj": ' || {self.adjustments} ELSE '' END"""
        return f"CASE WHEN {given} THEN {start} || {self._outcome()} END"

    @property
    def is_no_figure(self) -> str:
        """SQL of whether PostgreSQL has taken in what no rule knows: NaN, an infinity, a choice that there isn't; "" where it can't."""
        if self.indicator.aggregate_up is AggregateUp.DISTRIBUTION:
            return f"{self.answered} <> {' + '.join(column.name for column in self._results())}"
        return f"{self.result} IN ('NaN', 'Infinity', '-Infinity')" if self.indicator.value_type == ValueType.DECIMAL else ""

    def _outcome(self) -> str:
        match self.indicator.aggregate_up:
            case AggregateUp.MIN | AggregateUp.MAX:
                return f"""', "value": ' || {self._stored()}"""
            case AggregateUp.COUNT_YES:
                return f"""', "yes": ' || {self.result} || '}}'"""
            case AggregateUp.DISTRIBUTION:
                choices = sorted(enumerate(self.indicator.choices), key=lambda choice: place_in_jsonb(choice[1]))
                counts = " || ', ' || ".join(
                    f"{_quoted(json.dumps(each, ensure_ascii=False))} || ': ' || {self.result}_{place}" for place, each in choices
                )
                return f"""', "of": {{' || {counts} || '}}}}'"""
        return f"""', "sum": ' || {self._stored()}"""

    def _stored(self) -> str:
        is_decimal = self.indicator.value_type == ValueType.DECIMAL
        return f"""'"' || trim_scale({self.result}) || '"}}'""" if is_decimal else f"{self.result} || '}}'"


def can_add_up(template: Template) -> bool:
    """Does this database add exact decimals up, has it columns enough, and is there anything to read them from?"""
    if connection.vendor != "postgresql" or not _entered(template):
        return False
    if template.formulas_in_unit and not _inputs(template):
        return False
    return sum(len(measure.columns) for measure in _measures(template, template.by_code)) <= MOST_COLUMNS


def _entered(template: Template) -> list[Indicator]:
    return [each for each in template.aggregated if not each.is_formula]


def _inputs(template: Template) -> list[Indicator]:
    """What yes/no and choice formulas read of what is entered."""
    codes = {code for formula in template.formulas_in_unit.values() for code in formula.codes} - template.formulas.keys()
    return [template.by_code[code] for code in sorted(codes)]


def _measures(template: Template, adjusted: Collection[str]) -> list[_Measure]:
    cells = [each for each in template.aggregated if not each.evaluated_on_totals]
    return [_Measure(each, number, adjusted=each.code in adjusted and each.may_be_adjusted) for number, each in enumerate(cells)]


def tree_sums(template: Template, stretch: Stretch) -> tuple[str, dict[str, Any]]:
    """SQL, with its parameters, of the totals in the stretch: report, cells, counted, expected, undecided, and no failure;
    to be run in the same transaction. Raises DataError where a figure can't be read.

    Undecided are those whose declaration stands and isn't to the letter what was found, so that `summing` has to look.
    """
    measures = _measures(template, _adjusted(stretch))
    params = stretch._asdict()
    _execute(f"{_SETTINGS}; DROP TABLE IF EXISTS pg_temp.gathered, pg_temp.part_of")
    _gather(template, measures, params)
    _refuse_no_figures(measures)
    for measure in measures:
        if measure.adjustments:
            _add_adjustments(measure, params)
    _execute("ANALYZE gathered (node, superior)")
    _climb()
    _execute("ANALYZE part_of")
    return _added_up(measures), {}


_REPORTS = "r.cycle_id = %(cycle_id)s AND r.position > %(after)s AND r.position <= %(last)s"


def _gather(template: Template, measures: Sequence[_Measure], params: dict[str, Any]) -> None:
    """A temporary table `gathered`: for each node what it and the leaves directly below it give."""
    columns = ", ".join(f"{column.of_values} AS {column.name}" for measure in measures for column in measure.columns)
    computed, results = _computed(template, params)
    _execute(
        "CREATE TEMPORARY TABLE gathered ON COMMIT DROP AS"
        " SELECT CASE WHEN r.end > r.position THEN r.id ELSE r.superior_id END AS node,"
        " max(r.superior_id) FILTER (WHERE r.end > r.position) AS superior,"
        f" count(*) FILTER (WHERE r.state = {_ACCEPTED}) AS counted, count(*) FILTER (WHERE r.state <> {_EXEMPT}) AS expected,"
        f" {columns} FROM {_table(Report)} r"
        f" LEFT JOIN LATERAL {_values(_entered(template))} ON TRUE{computed}"
        f" WHERE {_REPORTS} GROUP BY 1",
        {**params, **results},
    )


def _refuse_no_figures(measures: Sequence[_Measure]) -> None:
    conditions = [measure.is_no_figure for measure in measures if measure.is_no_figure]
    if conditions and _rows(f"SELECT FROM gathered WHERE {' OR '.join(conditions)} LIMIT 1", {}):
        raise DataError("An own value is NaN, infinite, or no choice of its indicator's.")


def _values(indicators: Sequence[Indicator]) -> str:
    """The counted own values of a report `r` as a row `x`."""
    columns = ", ".join(f'"{each.code}" {_type(each)}' for each in indicators)
    return f"jsonb_to_record(CASE WHEN r.state = {_ACCEPTED} THEN r.own END) AS x({columns})"


def _climb() -> None:
    """A temporary table `part_of`: each node that has nodes below it, with them and itself."""
    _execute(
        "CREATE TEMPORARY TABLE part_of ON COMMIT DROP AS WITH RECURSIVE below (whole, part) AS ("
        "SELECT superior, node FROM gathered WHERE superior IS NOT NULL UNION ALL"
        " SELECT g.superior, b.part FROM below b JOIN gathered g ON g.node = b.whole WHERE g.superior IS NOT NULL)"
        " SELECT whole, part FROM below UNION ALL SELECT DISTINCT whole, whole FROM below"
    )


def _type(indicator: Indicator) -> str:
    types = {ValueType.INTEGER: "bigint", ValueType.DECIMAL: "numeric", ValueType.BOOLEAN: "boolean"}
    return types.get(indicator.value_type, "text")


def _computed(template: Template, params: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """A join that gives each report its yes/no and choice formulas as `c`: evaluated here, once for all with the same inputs."""
    formulas = [template.by_code[code] for code in template.formulas_in_unit if template.by_code[code].evaluated_in_unit]
    if not formulas:
        return "", {}
    inputs = _inputs(template)
    levels = dict(Level.objects.filter(code__in={level for each in formulas for level in each.levels}).values_list("pk", "code"))
    results = []
    for level_id, own in _inputs_met(inputs, {**params, "levels": list(levels)}):
        results.append({"level_id": level_id, **own, **in_unit_values(template, own, levels[level_id])})
    columns = ", ".join(f'"{each.code}" {_type(each)}' for each in [*inputs, *formulas])
    same = " AND ".join([f"r.state = {_ACCEPTED}", "c.level_id = r.level_id", *(_same(each) for each in inputs)])
    join = f" LEFT JOIN jsonb_to_recordset(%(computed)s::jsonb) AS c(level_id bigint, {columns}) ON {same}"
    return join, {"computed": json.dumps(results, ensure_ascii=False)}


def _inputs_met(inputs: Sequence[Indicator], params: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Every level with every combination of the inputs that its reports hold (own values in stored form)."""
    wanted = ", ".join(["r.level_id", *(f'x."{each.code}"' for each in inputs)])
    rows = _rows(
        f"SELECT DISTINCT {wanted} FROM {_table(Report)} r, {_values(inputs)}"
        f" WHERE {_REPORTS} AND r.state = {_ACCEPTED} AND r.level_id = ANY(%(levels)s)",
        params,
    )
    for level_id, *values in rows:
        stored = (canonical(value) if isinstance(value, Decimal) else value for value in values)
        yield level_id, {each.code: value for each, value in zip(inputs, stored, strict=True) if value is not None}


def _same(indicator: Indicator) -> str:
    """Whether `c` is for the value that `x` has, in a form that can be hashed: blank equals blank."""
    blank = {ValueType.INTEGER: "-9223372036854775808", ValueType.DECIMAL: "'NaN'", ValueType.BOOLEAN: "-1"}.get(indicator.value_type, "''")
    cast = "::integer" if indicator.value_type == ValueType.BOOLEAN else ""
    one, other = (f'coalesce({row}."{indicator.code}"{cast}, {blank})' for row in "cx")
    return f"{one} = {other}"


def _adjusted(stretch: Stretch) -> set[str]:
    adjustments = Adjustment.objects.filter(
        report__cycle_id=stretch.cycle_id, report__position__gt=stretch.after, report__position__lte=stretch.last
    )
    return set(adjustments.order_by().values_list("indicator", flat=True).distinct())


def _add_adjustments(measure: _Measure, params: dict[str, Any]) -> None:
    narrow = "::bigint" if measure.indicator.value_type == ValueType.INTEGER else ""
    _execute(
        f"UPDATE gathered SET {measure.result} = coalesce({measure.result}, 0) + a.amount, {measure.adjustments} = a.count"
        f" FROM (SELECT r.id, sum(a.amount::numeric){narrow} AS amount, count(*)::integer FROM {_table(Adjustment)} a"
        f" JOIN {_table(Report)} r ON r.id = a.report_id"
        f" WHERE {_REPORTS} AND r.state = {_ACCEPTED} AND a.indicator = %(code)s GROUP BY r.id) a WHERE node = a.id",
        {**params, "code": measure.indicator.code},
    )


def _added_up(measures: Sequence[_Measure]) -> str:
    columns = [column for measure in measures for column in measure.columns]
    once, again = ", ".join(column.name for column in columns), ", ".join(f"{column.again}({column.name})" for column in columns)
    cells = [measure.cell for measure in sorted(measures, key=lambda measure: place_in_jsonb(measure.indicator.code))]
    # OFFSET 0 keeps the planner from writing the cells out twice.
    return (
        " SELECT t.node, t.cells::json, t.counted, t.expected,"
        f" r.state IN ({_STANDING}) AND NOT (r.state = {_ACCEPTED} AND s.declared::text = t.cells AND s.own = r.own), 0, ''"
        f" FROM (SELECT node, counted, expected, '{{' || {_joined(cells)} || '}}' AS cells FROM"
        f" (SELECT node, counted, expected, {once} FROM gathered WHERE node NOT IN (SELECT whole FROM part_of) UNION ALL"
        f" SELECT p.whole, sum(g.counted), sum(g.expected), {again} FROM part_of p JOIN gathered g ON g.node = p.part GROUP BY p.whole) u"
        f" OFFSET 0) t JOIN {_table(Report)} r ON r.id = t.node LEFT JOIN {_table(Submission)} s ON s.id = r.last_submission_id"
    )


def _joined(texts: Sequence[str]) -> str:
    """SQL of the texts with commas between, NULLs left out, however many there may be."""
    if len(texts) <= _ARGUMENTS:
        return f"concat_ws(', ', {', '.join(texts)})"
    return _joined([f"nullif({_joined(texts[start : start + _ARGUMENTS])}, '')" for start in range(0, len(texts), _ARGUMENTS)])


def _quoted(text: str) -> str:
    return "'" + text.replace("%", "%%") + "'"  # no choice holds a quotation mark (domain.indicators.CHOICE)


def _table(model: type[Any]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _execute(sql: str, params: dict[str, Any] | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


def _rows(sql: str, params: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()
