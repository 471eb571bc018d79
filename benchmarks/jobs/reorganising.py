"""The country redrawn as it was on 1 July 2025, and its six months on the new map. No yardstick: a minute is the bar."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks import country
from benchmarks.measuring import Line, Setting, idle, in_turns, say, timed
from benchmarks.redrawing import DAY, Row, add_units_of_2025, among_standing, as_file, hamlet_rows, held_against, official_rows, with_shares
from reports.models import Cycle, Report
from reports.queries.restated import Restated
from reports.services.reorganising import reorganise_by_file, undo
from units.models import Reorganisation, Succession, Unit
from units.reorganising import Roles

#: seconds that a reorganisation may take
A_MINUTE = 60


def measured(setting: Setting) -> Iterator[Line]:
    cycle, reports = Cycle.objects.get(), Report.objects.count()
    add_units_of_2025(cycle.units.values_list("uid", flat=True))
    official = among_standing(official_rows())
    everything = [*official, *among_standing(hamlet_rows())]
    yield from _recorded(setting, "reorganise: the official successions", official, reports)
    yield from _recorded(setting, "reorganise: those of the hamlets as well", everything, reports)
    Unit.objects.update(valid_from=None, valid_to=None)
    yield from _recorded(setting, "reorganise: the same, and no unit has its days yet", everything, reports)
    for shares, rows in (("", everything), (", shares given", with_shares(everything))):
        reorganise(rows)
        yield from _restated(cycle, shares, reports)


def _recorded(setting: Setting, job: str, rows: Sequence[Row], reports: int) -> Iterator[Line]:
    taken_back: list[float] = []
    ours, _ = in_turns(setting.repeat, lambda: reorganise(rows), idle, lambda: taken_back.append(timed(forget)), idle)
    assert Succession.objects.count() == len(rows)
    yield Line(f"{job} ({len(rows)})", ours, most_seconds=A_MINUTE, reports=reports)
    yield Line("… and take it back", taken_back[1:], most_seconds=A_MINUTE, reports=reports)


def _restated(cycle: Cycle, shares: str, reports: int) -> Iterator[Line]:
    restated = Restated(cycle, DAY)
    rows = 0

    def write() -> None:
        nonlocal rows
        rows = sum(1 for _row in restated.rows())

    seconds = timed(write)
    reasons = held_against(cycle, restated, say)
    listed = ", ".join(f"{why} {count}" for why, count in sorted(reasons.items()))
    note = f"{rows} rows; every additive total kept; reports not attributable: {listed}"
    yield Line(f"restate the six months on the new tree{shares}", [seconds], reports=reports, note=note)


def reorganise(rows: Sequence[Row]) -> None:
    reorganise_by_file(as_file(rows), by=None, at=country.ACCEPTED_AT, roles=Roles.KEEP)


def forget() -> None:
    """Take back what stands recorded: of the last round, or before the first of the job before."""
    for recorded in Reorganisation.objects.filter(undone_at__isnull=True):
        undo(recorded, by=None, at=country.ACCEPTED_AT)
