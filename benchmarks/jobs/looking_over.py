"""A workbook of five thousand units looked over, against openpyxl that reads it and no more."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import openpyxl
from django.contrib.auth import get_user_model
from django.core.files import File
from django.test import override_settings
from django.utils import timezone

from benchmarks import country
from benchmarks.measuring import Line, Setting, in_turns, peak_memory
from reports.documents.makers import MAKERS
from reports.documents.units_workbook_out import units_workbook
from reports.domain.template_file import parse_indicators
from reports.domain.workflow import State
from reports.models import BackgroundJob, Cycle, Report
from reports.policies import reports_to_fill_in
from reports.services import background_jobs, configuring
from reports.services.gathering import Figure
from reports.services.importing import Journey, import_figures
from reports.services.opening import open_planned
from units.importing import import_units
from units.models import Membership, Unit
from units.problems import Problems

UNITS, FIGURES = 5_000, 60
OFFICER, TOP = "officer-of-many", "bench-top"


def measured(setting: Setting) -> Iterator[Line]:
    file = write_workbook(setting.folder / "many.xlsx")
    found: list[dict[str, float]] = []
    _whole, yardstick = in_turns(
        setting.repeat, lambda: found.append(look_over_apart(setting.folder, file)), lambda: read_with_openpyxl(file)
    )
    assert {each["changes"] for each in found} == {UNITS * FIGURES}, found
    yield Line(
        f"look over a workbook of {UNITS} units by {FIGURES} figures, every one changed",
        [each["seconds"] for each in found[1:]],
        yardstick,
        "openpyxl (read only) reads the same workbook",
        most=4,
        most_seconds=10,
        megabytes=max(each["megabytes"] for each in found),
        most_megabytes=400,
        reports=UNITS,
        note="a worker's process of its own, of which the job is timed; every check and comparison included",
    )


def write_workbook(file: Path) -> Path:
    """Five thousand hamlets of one commune with sixty figures each, handed out; then every figure is another one."""
    uids = [f"bench-{number}" for number in range(UNITS)]
    rows = "uid,code,name,level,parent_uid,valid_from,valid_to\n" + f"{TOP},1,Xã lớn,commune,,2020-01-01,\n"
    import_units(io.BytesIO((rows + "".join(f"{uid},{uid},Thôn {uid},hamlet,{TOP},2020-01-01,\n" for uid in uids)).encode()))
    text = "section,code,name_vi,name_en,unit,value_type,levels,aggregate_up,aggregate_time,formula,rules,required,decimals,note\n"
    text += "".join(f"A,c{number},Chỉ tiêu {number},,,integer,hamlet,sum,flow_sum,,,,,\n" for number in range(FIGURES))
    version = configuring.add_version("many", "Nhiều đơn vị", parse_indicators(io.BytesIO(text.encode()), configuring.level_codes()))
    configuring.publish(version, country.OPENED_AT)
    cycle = open_planned(country.plan(version, [TOP]), country.OPENED_AT).cycle
    figures = (Figure(1, f"c{number}", uid, f"c{number}", str(number)) for uid in uids for number in range(FIGURES))
    import_figures(cycle, figures, Problems(), Journey(State.DRAFT, None, country.OPENED_AT))
    user = get_user_model().objects.create_user(OFFICER)
    Membership.objects.create(user=user, unit=Unit.objects.get(uid=TOP), role=Membership.Role.PREPARER)
    head = head_of(cycle)
    reports = list(reports_to_fill_in(user).below(head).select_related("unit", "superior__unit", "level").order_by("position"))
    for report in reports:
        report.own = {code: value + 1000 for code, value in report.own.items()}
    file.write_bytes(units_workbook(head, reports))
    return file


def head_of(cycle: Cycle) -> Report:
    return Report.objects.for_display().get(cycle=cycle, superior__isnull=True)


def look_over_apart(folder: Path, file: Path) -> dict[str, float]:
    """In a process of its own: what it took, and how many changes it found."""
    command = [sys.executable, "-m", "benchmarks.child", "look-over", str(folder), str(file)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def look_over(folder: Path, file: Path) -> None:
    """What a worker does with a workbook that was sent; the figures of it on standard output."""
    user = get_user_model().objects.get(username=OFFICER)
    head = head_of(Cycle.objects.get(version__template__code="many"))
    with override_settings(MEDIA_ROOT=folder / "media"), file.open("rb") as source:
        job = background_jobs.order(BackgroundJob.Kind.LOOK_OVER, {}, by=user, at=timezone.now(), report=head, source=File(source, "many"))
        started = time.perf_counter()
        background_jobs.run_next(MAKERS, timezone.now())
        seconds = time.perf_counter() - started
        job.refresh_from_db()
    changes = sum(job.result["effects"].values())
    print(json.dumps({"seconds": seconds, "megabytes": peak_memory(), "changes": changes}))


def read_with_openpyxl(file: Path) -> int:
    """Every cell, and nothing done with it."""
    book = openpyxl.load_workbook(file, read_only=True, data_only=True)
    count = sum(1 for row in book.worksheets[0].iter_rows(values_only=True) for cell in row if cell is not None)
    book.close()
    return count
