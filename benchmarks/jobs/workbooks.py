"""What people do today: open two hundred communes' workbooks and add them up; against importing them, checks included."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import openpyxl

from benchmarks.country import ACCEPTED_AT, figures_of
from benchmarks.jobs.importing import open_anew
from benchmarks.jobs.opening import AGAIN
from benchmarks.measuring import Line, Setting, idle, in_turns
from reports.demo.places import Place, places_of
from reports.documents.figures_in import figures_in_workbook
from reports.domain.indicators import Template, ValueType
from reports.domain.workflow import State
from reports.models import Cycle, Report
from reports.services import rolling_up
from reports.services.importing import Figure, Journey, import_figures
from reports.services.submitting import Declaration
from units.problems import Problems

COMMUNES = 200


def measured(setting: Setting) -> Iterator[Line]:
    files = write_workbooks(setting.folder)
    ours, yardstick = in_turns(
        min(setting.repeat, 3), lambda: import_and_add_up(files), lambda: add_up_with_openpyxl(files), open_anew, idle
    )
    check(files)
    reports = Report.objects.filter(cycle__code=AGAIN, state=State.ACCEPTED).count()
    yield Line(
        f"import {len(files)} communes' workbooks, take {reports} reports to acceptance, and roll them up",
        ours,
        yardstick,
        "openpyxl (read only) reads the same workbooks and adds up each commune's columns",
        most=1,
        reports=Report.objects.filter(cycle__code=AGAIN).count(),
        note="every check, journal and declaration included; sums equal",
    )


def write_workbooks(folder: Path) -> list[Path]:
    """A workbook for each commune: a row for itself and for each of its hamlets, a column for each indicator that is entered."""
    cycle = Cycle.objects.get()
    codes = [each.code for each in cycle.version.compiled().indicators if not each.is_formula]
    by_commune: dict[str, list[Place]] = defaultdict(list)
    for place in places_of(cycle):
        if place.level in ("commune", "hamlet"):
            by_commune[place.uid if place.level == "commune" else place.superior_uid].append(place)
    chosen = list(by_commune.items())
    return [
        write_workbook(folder / f"{uid}.xlsx", places, codes)
        for uid, places in (chosen[number * len(chosen) // COMMUNES] for number in range(COMMUNES))
    ]


def write_workbook(file: Path, places: Sequence[Place], codes: Sequence[str]) -> Path:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["unit_uid", *codes])
    for place in places:
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
            yield from figures_in_workbook(source, template, problems, file.name)


def add_up_with_openpyxl(files: Sequence[Path]) -> dict[str, dict[str, float]]:
    """By commune the sum of each column of numbers: no check, no decimal kept exact, nothing stored."""
    sums: dict[str, dict[str, float]] = {}
    for file in files:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
        rows = book.worksheets[0].iter_rows(values_only=True)
        header = next(rows)
        total: dict[str, float] = defaultdict(float)
        for row in rows:
            for code, value in zip(header[1:], row[1:], strict=True):
                if isinstance(value, int | float):
                    total[str(code)] += value
        book.close()
        sums[file.stem] = total
    return sums


def check(files: Sequence[Path]) -> None:
    """Both ways come to the same whole numbers."""
    sums = add_up_with_openpyxl(files)
    stored = Report.objects.filter(cycle__code=AGAIN, unit__uid__in=sums).select_related("unit", "rollup", "cycle__version")
    for report in stored:
        for each in report.cycle.version.compiled().aggregated:
            if each.value_type == ValueType.INTEGER and not each.is_formula:
                ours = report.rollup.cells.get(each.code, {}).get("sum", 0)
                assert ours == sums[report.unit.uid].get(each.code, 0), f"{report.unit.uid} {each.code}"
