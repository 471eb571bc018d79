"""Indicators in a line each, for tests of the rules."""

from __future__ import annotations

from typing import Any

from reports.domain.indicators import (
    AggregateTime,
    AggregateUp,
    EnteredBy,
    Indicator,
    Template,
    ValueType,
    parse_rules,
    problems_of_template,
)

LEVELS = ("province", "district", "commune", "hamlet")


def indicator(code: str, value_type: str = "integer", **changes: Any) -> Indicator:
    """An indicator that fits; `choices`, `levels` and `rules` are written as in an indicator file."""
    formula = changes.get("formula", "")
    on_totals = formula and value_type not in ("boolean", "choice")
    usual_up = {"boolean": "count_yes", "choice": "distribution", "text": "none", "table": "none"}.get(value_type, "sum")
    usual_time = {"boolean": "last", "choice": "last", "text": "none", "table": "none"}.get(value_type, "flow_sum")
    return Indicator(
        code=code,
        section=changes.get("section", "A"),
        name_vi=changes.get("name_vi", code),
        name_en=changes.get("name_en", ""),
        unit=changes.get("unit", ""),
        value_type=ValueType(value_type),
        choices=tuple(changes.get("choices", "").split("|")) if changes.get("choices") else (),
        columns=tuple(changes.get("columns", "").split("|")) if changes.get("columns") else (),
        levels=frozenset(filter(None, changes.get("levels", "hamlet|commune").split("|"))),
        aggregate_up=AggregateUp(changes.get("up", "formula" if on_totals else usual_up)),
        aggregate_time=AggregateTime(changes.get("time", "formula" if on_totals else usual_time)),
        formula=formula,
        rules=parse_rules(changes.get("rules", "")),
        required=changes.get("required", False),
        decimals=changes.get("decimals", 0 if value_type == "integer" else 2),
        negative=changes.get("negative", False),
        entered_by=EnteredBy(changes.get("entered_by", "unit")),
        note=changes.get("note", ""),
        source=changes.get("source", ""),
    )


def template(*indicators: Indicator) -> Template:
    """A template of these, which have to fit together."""
    assert said(*indicators) == []
    return Template(indicators)


def said(*indicators: Indicator) -> list[str]:
    """What forbids publishing these indicators, each as `column: message`."""
    return [f"{problem.column}: {problem.message % problem.params}" for problem in problems_of_template(indicators, LEVELS)]
