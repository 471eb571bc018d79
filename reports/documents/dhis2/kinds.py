"""Which figures DHIS2 has: its value types and its ways to aggregate, for an indicator of the house and back."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from reports.domain.indicators import AggregateTime, AggregateUp, Indicator, ValueType

_VALUE_TYPES: Mapping[ValueType, str] = MappingProxyType(
    {
        ValueType.INTEGER: "INTEGER",
        ValueType.DECIMAL: "NUMBER",
        ValueType.PERCENT: "NUMBER",
        ValueType.BOOLEAN: "BOOLEAN",
        ValueType.CHOICE: "TEXT",
        ValueType.TEXT: "LONG_TEXT",
        ValueType.TABLE: "LONG_TEXT",
    }
)
#: DHIS2 aggregates over time and up the tree by one word: here those for what is added up the tree
_ADDED: Mapping[AggregateTime, str] = MappingProxyType(
    {
        AggregateTime.FLOW_SUM: "SUM",
        AggregateTime.STOCK_LAST: "LAST",
        AggregateTime.LAST: "LAST",
        AggregateTime.STOCK_FIRST: "FIRST",
        AggregateTime.MIN: "MIN_SUM_ORG_UNIT",
        AggregateTime.MAX: "MAX_SUM_ORG_UNIT",
        AggregateTime.MEAN: "AVERAGE_SUM_ORG_UNIT",
        AggregateTime.NONE: "LAST",
    }
)
_AVERAGED: Mapping[AggregateTime, str] = MappingProxyType(
    {
        AggregateTime.STOCK_LAST: "LAST_AVERAGE_ORG_UNIT",
        AggregateTime.LAST: "LAST_AVERAGE_ORG_UNIT",
        AggregateTime.STOCK_FIRST: "FIRST_AVERAGE_ORG_UNIT",
    }
)


def value_type_of(indicator: Indicator) -> str:
    return _VALUE_TYPES[indicator.value_type]


def aggregation_type_of(indicator: Indicator) -> str:
    """DHIS2's word for how the indicator aggregates, up the tree and over time."""
    match indicator.aggregate_up:
        case AggregateUp.SUM | AggregateUp.LEAF_SUM | AggregateUp.COUNT_YES:
            return _ADDED.get(indicator.aggregate_time, "SUM")
        case AggregateUp.MEAN:
            return _AVERAGED.get(indicator.aggregate_time, "AVERAGE")
        case AggregateUp.MIN:
            return "MIN"
        case AggregateUp.MAX:
            return "MAX"
    return "NONE"


#: value types of DHIS2 that a template may have; an option set makes a choice of any of them
KNOWN_VALUE_TYPES: Mapping[str, ValueType] = MappingProxyType(
    {
        **dict.fromkeys(("INTEGER", "INTEGER_POSITIVE", "INTEGER_NEGATIVE", "INTEGER_ZERO_OR_POSITIVE"), ValueType.INTEGER),
        **dict.fromkeys(("NUMBER", "UNIT_INTERVAL", "PERCENTAGE"), ValueType.DECIMAL),
        **dict.fromkeys(("BOOLEAN", "TRUE_ONLY"), ValueType.BOOLEAN),
        **dict.fromkeys(("TEXT", "LONG_TEXT"), ValueType.TEXT),
    }
)
#: those whose figures may be below zero
SIGNED = frozenset({"INTEGER", "INTEGER_NEGATIVE", "NUMBER"})
#: how numbers aggregate that DHIS2 aggregates so
KNOWN_AGGREGATION_TYPES: Mapping[str, tuple[AggregateUp, AggregateTime]] = MappingProxyType(
    {
        "SUM": (AggregateUp.SUM, AggregateTime.FLOW_SUM),
        "LAST": (AggregateUp.SUM, AggregateTime.STOCK_LAST),
        "LAST_IN_PERIOD": (AggregateUp.SUM, AggregateTime.STOCK_LAST),
        "FIRST": (AggregateUp.SUM, AggregateTime.STOCK_FIRST),
        "MIN_SUM_ORG_UNIT": (AggregateUp.SUM, AggregateTime.MIN),
        "MAX_SUM_ORG_UNIT": (AggregateUp.SUM, AggregateTime.MAX),
        "AVERAGE_SUM_ORG_UNIT": (AggregateUp.SUM, AggregateTime.MEAN),
        "AVERAGE": (AggregateUp.MEAN, AggregateTime.MEAN),
        "LAST_AVERAGE_ORG_UNIT": (AggregateUp.MEAN, AggregateTime.STOCK_LAST),
        "FIRST_AVERAGE_ORG_UNIT": (AggregateUp.MEAN, AggregateTime.STOCK_FIRST),
        "MIN": (AggregateUp.MIN, AggregateTime.MIN),
        "MAX": (AggregateUp.MAX, AggregateTime.MAX),
    }
)
