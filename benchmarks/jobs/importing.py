"""The command `import_reports` with a file of all reports' figures, against reading the file and copying it raw."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from django.db import connection

from benchmarks.country import by_province, figures_of
from benchmarks.jobs.opening import AGAIN, open_again
from benchmarks.jobs.sql import erase_cycle, on_postgresql, run
from benchmarks.measuring import Line, Setting, idle, in_turns
from reports.demo.places import places_of
from reports.models import Cycle, Report


def measured(setting: Setting) -> Iterator[Line]:
    file = setting.folder / "figures.csv"
    figures = write_figures(file)
    megabytes: list[float] = []
    raw = partial(copy_raw, file) if on_postgresql() else idle
    ours, yardstick = in_turns(setting.repeat, lambda: megabytes.append(import_file(file)), raw, open_anew, idle)
    check(figures)
    yield Line(
        f"import {figures} figures from a file",
        ours,
        yardstick,
        "csv.reader and COPY of the raw rows",
        most=8,
        megabytes=max(megabytes),
        most_megabytes=500,
        reports=Report.objects.filter(cycle__code=AGAIN).count(),
        note="a process of its own, its start included",
    )


def write_figures(file: Path) -> int:
    """What all units enter, as a file; how many rows."""
    count = 0
    with file.open("w", encoding="utf-8", newline="") as target:
        rows = csv.writer(target)
        rows.writerow(("unit_uid", "indicator", "value"))
        for province in by_province(places_of(Cycle.objects.get())):
            for figure in figures_of(province):
                rows.writerow((figure.unit_uid, figure.indicator, figure.value))
                count += 1
    return count


def open_anew() -> None:
    """A cycle in which nobody has entered anything."""
    erase_cycle(AGAIN)
    open_again()


def import_file(file: Path) -> float:
    """Run the command; the most memory that it took, in megabytes."""
    process = subprocess.Popen([sys.executable, "manage.py", "import_reports", AGAIN, str(file)], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, "The import was refused."
    return used.ru_maxrss / 1024


def copy_raw(file: Path) -> None:
    run("DROP TABLE IF EXISTS raw")
    run("CREATE TABLE raw (unit_uid text, indicator text, value text)")
    with file.open(encoding="utf-8", newline="") as source, connection.cursor() as cursor, cursor.copy("COPY raw FROM STDIN") as copy:
        rows = csv.reader(source)
        next(rows)
        for row in rows:
            copy.write_row(row)


def check(figures: int) -> None:
    stored = sum(len(own) for own in Report.objects.filter(cycle__code=AGAIN).values_list("own", flat=True).iterator())
    assert stored == figures, f"Of {figures} figures {stored} are there."
