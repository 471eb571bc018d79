"""What units reported for the years of a span, as a survey over these years is filled in with it (semantics §10)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any

from reports.domain.indicators import Indicator
from reports.domain.numbers import exact, stored
from reports.domain.over_time import combined
from reports.domain.periods import parse_period
from reports.domain.restating import WHOLE, figure_restated
from reports.domain.sources import ReportedFigure
from reports.domain.validation import enterable
from reports.domain.workflow import State
from reports.models import Report
from reports.queries.as_declared import shown_in
from reports.queries.predecessors import predecessors_of
from units.bulk import Among
from units.models import Succession

_WHOLE, _HALVES = "Y", ("H1", "H2")
#: the accepted report of a unit by a template for a period
_Key = tuple[int, str, str]
#: an indicator as a report knew it, and its figure
_Told = tuple[Indicator, Fraction | None]


def reported_figures(reports: Sequence[Report], sources: Mapping[str, ReportedFigure]) -> dict[int, dict[str, Any]]:
    """What the units of these reports of one cycle declared in the years asked for, by report id and code.

    A year's figure is that of the unit's accepted report of the year, or else what those of both its halves come to; a year beyond
    the cycle's period, or one without these, is left out, as is a figure with more decimals than its cell takes. Where the unit
    wasn't there, its predecessors' figures are its own (§8), each read in the same way, unless it received a share of one: an
    estimate is somebody's to make.

    One query, and a few more where a unit lacks a report of a part.
    """
    template, years = reports[0].cycle.version.compiled(), parse_period(reports[0].cycle.period).years
    wanted = {code: source for code, source in sources.items() if source.year <= len(years)}
    declared = _Declared(reports, {source.template for source in wanted.values()}, years)
    found: dict[int, dict[str, Any]] = {}
    for report in reports:
        may_enter = enterable(template, report.level.code, frozenset(report.levels_below))
        for code, source in wanted.items():
            figure = declared.figure(report.unit_id, source, years[source.year - 1]) if code in may_enter else None
            value = None if figure is None else stored(figure, template.by_code[code])
            if value is not None:
                found.setdefault(report.pk, {})[code] = value
    return found


class _Declared:
    """The accepted reports of some units and of their predecessors, each looked into once."""

    def __init__(self, reports: Sequence[Report], templates: Iterable[str], years: Iterable[int]) -> None:
        self._periods = [f"{year:04}-{part}" for year in years for part in (_WHOLE, *_HALVES)]
        self._templates = list(templates)
        self._units = {report.unit_id for report in reports}
        self._reports: dict[_Key, Report] = {}
        self._read: dict[_Key, Callable[[str], Any]] = {}
        self._load(self._units)

    def _load(self, unit_ids: Collection[int]) -> None:
        accepted = Report.objects.filter(
            Among("unit_id", unit_ids),
            state=State.ACCEPTED.value,
            cycle__version__template__code__in=self._templates,
            cycle__period__in=self._periods,
        )
        rows = accepted.select_related("cycle__version__template", "level", "last_submission").order_by("cycle__opened_at")
        self._reports |= {(row.unit_id, row.cycle.version.template.code, row.cycle.period): row for row in rows}

    @cached_property
    def _predecessors(self) -> dict[int, list[int]]:
        """By unit: the predecessors that it received whole; none where it received a share of one, said or not."""
        parted = Succession.objects.filter(Among("successor_id", self._units)).exclude(share=1).order_by()
        whole = self._units - set(parted.values_list("successor_id", flat=True))
        found = {
            unit_id: list(shares) for unit_id, shares in predecessors_of(whole).items() if all(share == WHOLE for share in shares.values())
        }
        self._load({old for olds in found.values() for old in olds})
        return found

    def figure(self, unit_id: int, source: ReportedFigure, year: int) -> Fraction | None:
        whole, *halves = (f"{year:04}-{part}" for part in (_WHOLE, *_HALVES))
        if own := self._reported(unit_id, source, whole):
            return own[1]
        was_there = any(self._reported(unit_id, source, half) for half in halves)
        olds = self._predecessors.get(unit_id, [])
        told = {} if was_there else {old: each for old in olds if (each := self._reported(old, source, whole))}
        others = [old for old in olds if old not in told]
        both = self._of_halves([self._of(unit_id, others, source, half) for half in halves])
        if not told:
            return both
        figures = [*(value for _, value in told.values()), both]
        return figure_restated(next(iter(told.values()))[0], [each for each in figures if each is not None])

    def _of_halves(self, halves: Sequence[_Told | None]) -> Fraction | None:
        values = [value for _, value in filter(None, halves) if value is not None]
        last = halves[-1]
        return combined(last[0], values) if last is not None and len(values) == len(_HALVES) else None

    def _of(self, unit_id: int, olds: Sequence[int], source: ReportedFigure, period: str) -> _Told | None:
        """What the unit's report said, or else those of these predecessors; None where there is no such report."""
        own = self._reported(unit_id, source, period)
        if own is not None:
            return own
        told = [each for old in olds if (each := self._reported(old, source, period))]
        if not told:
            return None
        indicator = told[0][0]
        return indicator, figure_restated(indicator, [value for _, value in told if value is not None])

    def _reported(self, unit_id: int, source: ReportedFigure, period: str) -> _Told | None:
        """The indicator as the unit's report knew it, and its figure; None where there is no such report."""
        key = (unit_id, source.template, period)
        report = self._reports.get(key)
        indicator = report.cycle.version.compiled().by_code.get(source.code) if report else None
        if report is None or indicator is None:
            return None
        if key not in self._read:
            self._read[key] = shown_in(report, report.cycle.version.compiled())
        value = self._read[key](source.code)
        is_number = isinstance(value, int | Fraction) or (isinstance(value, str) and indicator.is_number)
        return indicator, exact(value) if is_number else None
