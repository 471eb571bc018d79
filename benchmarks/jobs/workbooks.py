"""What people do today: open two hundred communes' workbooks and add them up; against importing them, checks included."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import openpyxl

from benchmarks.country import ACCEPTED_AT, figures_of, largest_province
from benchmarks.jobs.opening import AGAIN, open_again
from benchmarks.jobs.sql import erase_cycle
from benchmarks.measuring import Line, Setting, idle, in_turns
from reports.demo.places import Place, places_of
from reports.documents.figures_in import figures_in_workbook
from reports.domain.indicators import Template, ValueType
from reports.domain.workflow import State
from reports.models import Cycle, Report, Rollup
from reports.services import rolling_up
from reports.services.gathering import Figure
from reports.services.importing import Journey, import_figures
from reports.services.submitting import Declaration
from units.problems import Problems

COMMUNES = 200
#: who reports where hamlets don't: a commune enters its households itself
LEVELS = ("province", "district", "commune")


def measured(setting: Setting) -> Iterator[Line]:
    open_for_communes()
    files = write_workbooks(setting.folder)
    ours, yardstick = in_turns(
        setting.repeat, lambda: import_and_add_up(files), lambda: add_up_with_openpyxl(files), open_for_communes, idle
    )
    check(files)
    yield Line(
        f"import {len(files)} communes' workbooks to acceptance, and roll them up",
        ours,
        yardstick,
        "openpyxl (read only) reads the same workbooks and adds their columns up",
        most=1,
        reports=Report.objects.filter(cycle__code=AGAIN).count(),
        note="every check, journal and declaration included; sums equal",
    )


def open_for_communes() -> None:
    erase_cycle(AGAIN)
    open_again(LEVELS)


def write_workbooks(folder: Path) -> list[Path]:
    """A workbook for each of two hundred communes, those of the largest province first: a column for each indicator that is entered."""
    cycle = Cycle.objects.get(code=AGAIN)
    codes = [each.code for each in cycle.version.compiled().indicators if not each.is_formula]
    inside = set(Report.objects.below(largest_province(cycle)).values_list("unit__uid", flat=True))
    communes = [place for place in places_of(cycle) if place.level == "commune"]
    chosen = sorted(communes, key=lambda place: place.uid not in inside)[:COMMUNES]
    return [write_workbook(folder / f"{place.uid}.xlsx", place, codes) for place in chosen]


def write_workbook(file: Path, place: Place, codes: Sequence[str]) -> Path:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["unit_uid", *codes])
    values = {figure.indicator: cell(figure.value) for figure in figures_of([place])}
    sheet.append([place.uid, *(values.get(code) for code in codes)])
    book.save(file)
    return file


def cell(text: str) -> object:
    """A number as a number, as people type it."""
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return text


def import_and_add_up(files: Sequence[Path]) -> None:
    cycle = Cycle.objects.get(code=AGAIN)
    template = cycle.version.compiled()
    journey = Journey(State.ACCEPTED, None, ACCEPTED_AT, declaration=Declaration(confirm_incomplete=True))
    problems = Problems()
    import_figures(cycle, figures_in_all(files, template, problems), problems, journey)
    rolling_up.drain_all([cycle.pk])


def figures_in_all(files: Sequence[Path], template: Template, problems: Problems) -> Iterator[Figure]:
    for file in files:
        with file.open("rb") as source:
            yield from figures_in_workbook(source, template, problems, file.name, Problems())


def add_up_with_openpyxl(files: Sequence[Path]) -> dict[str, float]:
    """The sum of each column of numbers: no check, no decimal kept exact, nothing stored."""
    sums: dict[str, float] = defaultdict(float)
    for file in files:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
        rows = book.worksheets[0].iter_rows(values_only=True)
        header = next(rows)
        for row in rows:
            for code, value in zip(header[1:], row[1:], strict=True):
                if isinstance(value, int | float):
                    sums[str(code)] += value
        book.close()
    return sums


def check(files: Sequence[Path]) -> None:
    """Both ways come to the same whole numbers."""
    sums, cycle = add_up_with_openpyxl(files), Cycle.objects.select_related("version").get(code=AGAIN)
    roots = Rollup.objects.filter(report__cycle=cycle, report__superior__isnull=True)
    for each in cycle.version.compiled().aggregated:
        if each.value_type == ValueType.INTEGER and not each.is_formula:
            ours = sum(total.cells.get(each.code, {}).get("sum", 0) for total in roots)
            assert ours == sums.get(each.code, 0), each.code
