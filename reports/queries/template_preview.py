"""The form of a template version as a level sees it, before anybody has entered anything."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from reports.domain.aggregation import Figure
from reports.domain.indicators import AggregateUp, EnteredBy, Indicator
from reports.queries.form_sheet import Row, Section, Sheet

_NOTHING: Figure = None


def blank_sheet(indicators: Sequence[Indicator], level: str, levels_below: Collection[str]) -> Sheet:
    """The sections that a report of `level` shows, with reports of `levels_below` below it. Asks the database nothing."""
    sections: dict[str, list[Row]] = {}
    for indicator in indicators:
        if level in indicator.levels or (levels_below and indicator.aggregate_up != AggregateUp.NONE):
            sections.setdefault(indicator.section, []).append(_blank_row(indicator, level, levels_below))
    numbered = [Section(number, title, rows) for number, (title, rows) in enumerate(sections.items(), 1)]
    return Sheet(numbered, bool(levels_below), "", "")


def _blank_row(indicator: Indicator, level: str, levels_below: Collection[str]) -> Row:
    return Row(
        indicator=indicator,
        own=None,
        below=_NOTHING,
        both=_NOTHING,
        answered=None,
        declared=_NOTHING,
        previous=None,
        year_ago=None,
        change=None,
        may_be_entered=indicator.entered_by is EnteredBy.UNIT and indicator.may_be_entered(level, levels_below),
        submitted_before=None,
        is_changed=False,
        note=None,
    )
