"""What the accepted leaves of a tree give their superiors, added up inside PostgreSQL: its numerics are exact.

The same as `contribution` and `merge` over each leaf (a test holds the two together), without fetching a country's
figures to add them up. SQLite reads JSON decimals as binary doubles, so there the leaves are added up in Python.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from django.db import connection

from reports.domain.aggregation import Cells, computed_in_unit, entered, merge
from reports.domain.indicators import AggregateUp, Indicator, Template, ValueType
from reports.domain.numbers import canonical
from reports.domain.workflow import State
from reports.models import Report
from reports.queries.summing import Child

_LEAVES = "r.cycle_id = %(cycle)s AND r.position BETWEEN %(first)s AND %(last)s AND r.position = r.end"
_COUNTED = f"{_LEAVES} AND r.state = '{State.ACCEPTED.value}'"
#: of the 1,664 that a statement of PostgreSQL may give
_MOST_COLUMNS = 1500
_FUNCTIONS = {AggregateUp.SUM: "sum", AggregateUp.LEAF_SUM: "sum", AggregateUp.MEAN: "sum", AggregateUp.MIN: "min", AggregateUp.MAX: "max"}


def can_add_up() -> bool:
    """Does this database add exact decimals up?"""
    return bool(connection.vendor == "postgresql")


def leaf_sums(template: Template, root: Report) -> Iterator[Child]:
    """For each superior of leaves in the root's tree: what all of them give it together. Three queries, more for many hundred codes."""
    params = {"cycle": root.cycle_id, "first": root.position, "last": root.end}
    parts: dict[int, list[Cells]] = defaultdict(list)
    for indicators in _groups([template.by_code[code] for code in entered(template)]):
        for superior_id, cells in _entered(template, indicators, params):
            parts[superior_id].append(cells)
    for superior_id, cells in _computed(template, params):
        parts[superior_id].append(cells)
    for superior_id, counted, expected in _counts(params):
        yield Child(superior_id, merge(template, parts[superior_id]), counted, expected)


def _counts(params: dict[str, int]) -> list[tuple[int, int, int]]:
    return _rows(
        f"SELECT r.superior_id, count(*) FILTER (WHERE r.state = '{State.ACCEPTED.value}'),"  # noqa: S608 own names
        f" count(*) FILTER (WHERE r.state <> '{State.EXEMPT.value}') FROM {_table()} r WHERE {_LEAVES} GROUP BY r.superior_id",
        params,
    )


def _groups(indicators: Sequence[Indicator]) -> Iterator[list[Indicator]]:
    """The indicators in groups, each of no more columns than PostgreSQL takes in one statement."""
    group: list[Indicator] = []
    columns = 0
    for indicator in indicators:
        wanted = len(_expressions(indicator))
        if group and columns + wanted > _MOST_COLUMNS:
            yield group
            group, columns = [], 0
        group.append(indicator)
        columns += wanted
    if group:
        yield group


def _entered(template: Template, indicators: Sequence[Indicator], params: dict[str, int]) -> Iterator[tuple[int, Cells]]:
    aggregations = entered(template)
    columns = ", ".join(f'"{indicator.code}" {_type(indicator)}' for indicator in indicators)
    wanted = ", ".join(expression for indicator in indicators for expression in _expressions(indicator))
    rows = _rows(
        f"SELECT r.superior_id, {wanted} FROM {_table()} r, jsonb_to_record(r.own) AS x({columns}) WHERE {_COUNTED} GROUP BY r.superior_id",  # noqa: S608 names that a template may have, values quoted
        params,
    )
    for superior_id, *values in rows:
        results = iter(values)
        cells: Cells = {}
        for indicator in indicators:
            answered, result = next(results), _result(indicator, results)
            if answered:
                cells[indicator.code] = aggregations[indicator.code].added_up(answered, result)
        yield superior_id, cells


def _type(indicator: Indicator) -> str:
    if indicator.is_number:
        return "numeric"
    return "boolean" if indicator.value_type == ValueType.BOOLEAN else "text"


def _expressions(indicator: Indicator) -> list[str]:
    column = f'x."{indicator.code}"'
    if indicator.aggregate_up in _FUNCTIONS:
        results = [f"{_FUNCTIONS[indicator.aggregate_up]}({column})"]
    elif indicator.aggregate_up == AggregateUp.COUNT_YES:
        results = [f"count(*) FILTER (WHERE {column})"]
    else:
        results = [f"count(*) FILTER (WHERE {column} = {_quoted(choice)})" for choice in indicator.choices]
    return [f"count({column})", *results]


def _quoted(text: str) -> str:
    return "'" + text.replace("%", "%%") + "'"  # no choice holds a quotation mark (domain.indicators.CHOICE)


def _result(indicator: Indicator, results: Iterator[Any]) -> Any:
    if indicator.aggregate_up == AggregateUp.DISTRIBUTION:
        return [next(results) for _ in indicator.choices]
    result = next(results)
    if isinstance(result, Decimal):
        return int(result) if indicator.value_type == ValueType.INTEGER else canonical(result)
    return result


def _computed(template: Template, params: dict[str, int]) -> Iterator[tuple[int, Cells]]:
    """The yes/no and choice formulas of each leaf, evaluated here from what they read."""
    levels = sorted({level for code in template.formulas_in_unit for level in template.by_code[code].levels})
    inputs = sorted({code for formula in template.formulas_in_unit.values() for code in formula.codes} - template.formulas.keys())
    if not levels:
        return
    read = ", ".join(f"'{code}', r.own->'{code}'" for code in inputs)
    rows = _rows(
        f"SELECT r.superior_id, level.code, jsonb_build_object({read}) FROM {_table()} r"  # noqa: S608 as above
        " JOIN units_level level ON level.id = r.level_id"
        f" WHERE {_COUNTED} AND level.code = ANY(%(levels)s)",
        {**params, "levels": levels},
    )
    gathered: dict[int, list[Cells]] = defaultdict(list)
    for superior_id, level, own in rows:
        gathered[superior_id].append(computed_in_unit(template, json.loads(own), level))
    for superior_id, parts in gathered.items():
        yield superior_id, merge(template, parts)


def _table() -> str:
    return connection.ops.quote_name(Report._meta.db_table)


def _rows(sql: str, params: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()
