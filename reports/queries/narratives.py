"""Narratives and tables gathered from below, each with the unit that wrote it (semantics §5)."""

from __future__ import annotations

from dataclasses import dataclass

from reports.domain.indicators import EnteredBy, Indicator, ValueType
from reports.domain.workflow import WITH_SUPERIOR, State
from reports.models import Report


@dataclass(frozen=True, slots=True)
class Passage:
    """What a unit directly below wrote for one indicator: a text, or the rows of a table. `is_counted` once it is accepted."""

    report: Report
    words: str
    rows: list[list[str]]

    @property
    def is_counted(self) -> bool:
        return self.report.state == State.ACCEPTED

    @property
    def as_paragraph(self) -> str:
        """The words with their source, ready to be edited into the superior's own."""
        return f"{self.report.unit}: {self.words}"


def narratives(report: Report) -> list[Indicator]:
    """The texts and tables of the report's template, in its order."""
    wordy = (ValueType.TEXT, ValueType.TABLE)
    template = report.cycle.version.compiled()
    return [each for each in template.indicators if each.value_type in wordy and each.entered_by is EnteredBy.UNIT]


def digest(report: Report, indicator: Indicator) -> list[Passage]:
    """What the units directly below have submitted for `indicator`, in the order of the tree; blanks are left out. One query."""
    standing = [state.value for state in WITH_SUPERIOR]
    children = Report.objects.filter(superior=report, state__in=standing).select_related("unit", "level").order_by("position")
    found = []
    for child in children:
        value = child.own.get(indicator.code)
        if isinstance(value, str):
            found.append(Passage(child, value, []))
        elif isinstance(value, list):
            found.append(Passage(child, "", value))
    return found
