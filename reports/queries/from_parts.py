"""What a year would be from its parts (semantics §7): each unit's figures over the parts, then up the tree of the year's cycle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from django.db.models import Q

from reports.domain.aggregation import Cells, figures, merge
from reports.domain.indicators import Template
from reports.domain.over_time import Part, contribution_over_time, without_figure
from reports.domain.periods import is_part_of, overlap
from reports.domain.restating import part_of
from reports.domain.workflow import State
from reports.models import Adjustment, Cycle, Report
from reports.queries.consolidated import RollupRow, Total, rows_of
from reports.queries.predecessors import FromPredecessors, from_predecessors, predecessors_of
from units.bulk import Among
from units.problems import Problem, Problems, gettext_noop

#: units whose parts are read at once
_CHUNK = 1000


class _Place(NamedTuple):
    """A unit's place in the year's tree."""

    report_id: int
    superior_id: int | None
    unit_id: int
    uid: str
    level: str
    state: str
    position: int
    end: int

    @property
    def is_leaf(self) -> bool:
        return self.position == self.end


def parts_named(cycle: Cycle, codes: Sequence[str]) -> list[Cycle]:
    """The cycles with these codes, in the order of time. Raises Refused with every one that is no part of `cycle`."""
    found = {each.code: each for each in Cycle.objects.filter(code__in=codes).select_related("version__template")}
    problems = Problems()
    for place, code in enumerate(codes):
        if code in codes[:place]:
            problems.add(Problem(gettext_noop("“%(code)s” is named twice as a part."), {"code": code}))
        elif problem := _no_part(cycle, found.get(code), code):
            problems.add(problem)
    problems.refuse_if_any()
    parts = sorted(found.values(), key=lambda part: (part.cut_off, part.opened_at is None, part.opened_at))
    problems.extend(_counted_twice(parts))
    problems.refuse_if_any()
    return parts


def _no_part(cycle: Cycle, part: Cycle | None, code: str) -> Problem | None:
    params = {"code": code, "cycle": cycle.code, "period": cycle.period}
    if part is None:
        return Problem(gettext_noop("There is no cycle “%(code)s”."), params)
    if part.version.template_id != cycle.version.template_id:
        return Problem(gettext_noop("“%(code)s” is a cycle of another template than “%(cycle)s”, and no part of it."), params)
    if not is_part_of(part.period, cycle.period):
        message = gettext_noop("“%(code)s” is no part of “%(cycle)s”: its period, %(part)s, doesn't lie in %(period)s.")
        return Problem(message, {**params, "part": part.period})
    return None


def _counted_twice(parts: Sequence[Cycle]) -> Iterator[Problem]:
    for place, part in enumerate(parts):
        for other in parts[:place]:
            if overlap(part.period, other.period):
                in_other = Report.objects.filter(cycle=other).order_by().values("unit_id")
                if Report.objects.filter(cycle=part, unit_id__in=in_other).exists():
                    message = gettext_noop("“%(code)s” and “%(other)s” hold the same units at the same time: name one of them.")
                    yield Problem(message, {"code": part.code, "other": other.code})


def rows_from_parts(cycle: Cycle, parts: Sequence[Cycle], *, restate: bool = False) -> Iterator[RollupRow]:
    """Every unit of `cycle` with what the year would be from `parts` (in the order of time), in the order of "Rollups out".

    `restate`: a unit that had no report of a part has there what its predecessors reported, as one report (semantics §8).
    Totals of units with others below them are kept, those of the many without are computed anew as they are written.
    """
    template = cycle.version.compiled()
    found = _Parts(cycle, parts, restate=restate)
    places = _places(cycle)
    inner = _inner_totals(template, places, found)
    blank = without_figure(template)
    for chunk in _chunks(sorted(places, key=lambda place: place.uid)):
        own = found.of_units([place for place in chunk if place.is_leaf])
        for place in chunk:
            total = _alone(template, place, own) if place.is_leaf else inner[place.report_id]
            yield from rows_of(template, place.uid, total, figures(template, total.cells, blank))


def left_out(cycle: Cycle, parts: Sequence[Cycle]) -> int:
    """How many accepted reports of the parts, restated, stay out: their units are not in `cycle`, and left nothing to one that is."""
    units = set(Report.objects.filter(cycle=cycle).order_by().values_list("unit_id", flat=True))
    old = {each for olds in predecessors_of(units).values() for each in olds}
    accepted = Report.objects.filter(cycle__in=parts, state=State.ACCEPTED.value).order_by()
    return sum(unit_id not in units and unit_id not in old for unit_id in accepted.values_list("unit_id", flat=True))


def _places(cycle: Cycle) -> list[_Place]:
    """The cycle's tree, each unit after those below it."""
    columns = "pk", "superior_id", "unit_id", "unit__uid", "level__code", "state", "position", "end"
    rows = Report.objects.filter(cycle=cycle).order_by("-position").values_list(*columns)
    return [_Place(*fields) for fields in rows]


def _inner_totals(template: Template, places: Sequence[_Place], found: _Parts) -> dict[int, Total]:
    """The totals of the units that have others below them, by report."""
    below: dict[int | None, list[Total]] = {}
    totals: dict[int, Total] = {}
    for chunk in _chunks(places):
        own = found.of_units(chunk)
        for place in chunk:
            total = _alone(template, place, own)
            if not place.is_leaf:
                total = totals[place.report_id] = _together(template, [*below.pop(place.report_id), total])
            below.setdefault(place.superior_id, []).append(total)
    return totals


def _alone(template: Template, place: _Place, own: Mapping[int, _OfUnit]) -> Total:
    """What a unit gives itself. It is counted if any of its parts is, and expected unless it is exempt, or was in all of them."""
    parts = own.get(place.unit_id, _NOTHING)
    is_exempt = place.state == State.EXEMPT or parts.are_exempt
    cells: Cells = contribution_over_time(template, place.level, parts.counted)
    return Total(cells, int(bool(parts.counted)), int(bool(parts.counted) or not is_exempt))


def _together(template: Template, totals: Sequence[Total]) -> Total:
    return Total(
        merge(template, (total.cells for total in totals)),
        sum(total.counted for total in totals),
        sum(total.expected for total in totals),
    )


class _OfUnit(NamedTuple):
    """A unit's counted parts in the order of time, and whether it was exempt from every one that it had."""

    counted: list[Part]
    are_exempt: bool


_NOTHING = _OfUnit([], are_exempt=False)


class _Parts:
    """The reports of the parts, read for many units at once: one query for a thousand of them, and a few where it is restated."""

    def __init__(self, cycle: Cycle, parts: Sequence[Cycle], *, restate: bool) -> None:
        self.year = cycle
        self.template = cycle.version.compiled()
        self.cycles = parts
        self.restate = restate
        self.templates = {part.pk: part.version.compiled() for part in parts}
        self.adjustments: dict[int, list[tuple[str, Any]]] = {}
        made = Adjustment.objects.filter(report__cycle__in=parts, report__state=State.ACCEPTED.value).order_by("pk")
        for report_id, indicator, amount in made.values_list("report_id", "indicator", "amount"):
            self.adjustments.setdefault(report_id, []).append((indicator, amount))

    def of_units(self, places: Sequence[_Place]) -> dict[int, _OfUnit]:
        """By unit, those that have a report in any part."""
        states: dict[int, set[str]] = {}
        counted: dict[int, dict[int, Part]] = {}
        rows = Report.objects.filter(Among("unit_id", [place.unit_id for place in places]), cycle__in=self.cycles).order_by()
        for unit_id, cycle_id, pk, level, state, own in rows.values_list("unit_id", "cycle_id", "pk", "level__code", "state", "own"):
            states.setdefault(unit_id, set()).add(state)
            if state == State.ACCEPTED:
                part = Part(self.templates[cycle_id], level, own, self.adjustments.get(pk, ()))
                counted.setdefault(unit_id, {})[cycle_id] = part
        for unit_id, cycle_id, part in self._inherited(places) if self.restate else ():
            states.setdefault(unit_id, set()).add(State.ACCEPTED.value)
            counted.setdefault(unit_id, {})[cycle_id] = part
        in_time = [cycle.pk for cycle in self.cycles]
        return {
            unit_id: _OfUnit([parts[pk] for pk in in_time if pk in (parts := counted.get(unit_id, {}))], met == {State.EXEMPT})
            for unit_id, met in states.items()
        }

    def _inherited(self, places: Sequence[_Place]) -> Iterator[tuple[int, int, Part]]:
        """Unit, cycle and part of those that had predecessors in a part, and no report of their own."""
        levels = {place.unit_id: place.level for place in places}
        for unit_id, parts in from_predecessors(self.year, predecessors_of(levels), Q(cycle__in=self.cycles)).items():
            for each in parts:
                yield unit_id, each.cycle.pk, Part(self.template, levels[unit_id], each.own, self._adjustments(each))

    def _adjustments(self, inherited: FromPredecessors) -> list[tuple[str, Any]]:
        """They go with the reports that they belong to."""
        return [
            (code, part_of(amount, share))
            for report, share in zip(inherited.reports, inherited.shares, strict=True)
            for code, amount in self.adjustments.get(report.pk, ())
        ]


def _chunks(places: Sequence[_Place]) -> Iterator[list[_Place]]:
    rest = iter(places)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk
