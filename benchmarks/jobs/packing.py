"""A province's pack: every document of its districts and communes in one ZIP, and a district's as PDF."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

from django.contrib.auth import get_user_model
from django.test import override_settings
from django.utils import timezone

from benchmarks.country import largest_province
from benchmarks.measuring import Line, Setting, peak_memory
from reports.documents import office
from reports.documents.makers import MAKERS
from reports.documents.pack import packed_reports
from reports.models import BackgroundJob, Cycle, Report
from reports.services import background_jobs
from units.models import Membership

OWNER = "owner-of-packs"


def measured(setting: Setting) -> Iterator[Line]:
    province = largest_province(Cycle.objects.get())
    user, _made = get_user_model().objects.get_or_create(username=OWNER)
    Membership.objects.get_or_create(user=user, unit=province.unit, role=Membership.Role.VIEWER)
    district = max(Report.objects.filter(superior=province), key=lambda report: packed_reports(report).count())
    packs = [("a province's pack", province, "docx"), *([("a district's pack", district, "pdf")] if office.is_installed() else [])]
    for name, report, ending in packs:
        found = [pack_apart(setting.folder, report, ending) for _turn in range(setting.repeat)]
        yield Line(
            f"{name}: {found[0]['documents']:.0f} documents as {ending}, {found[0]['size']:.1f} MB",
            [each["seconds"] for each in found],
            megabytes=max(each["megabytes"] for each in found),
            most_megabytes=400,
            reports=Report.objects.count(),
            note="a worker's process of its own, of which the job is timed",
        )


def pack_apart(folder: Path, report: Report, ending: str) -> dict[str, float]:
    """In a process of its own: what it took, and how many documents came of how many megabytes."""
    command = [sys.executable, "-m", "benchmarks.child", "pack", str(folder), str(report.pk), ending]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def pack(folder: Path, report_id: int, ending: str) -> None:
    """What a worker does with an order; the figures of it on standard output."""
    user = get_user_model().objects.get(username=OWNER)
    with override_settings(MEDIA_ROOT=folder / "media"):
        report, arguments = Report.objects.get(pk=report_id), {"pdf": ending == "pdf"}
        job = background_jobs.order(BackgroundJob.Kind.PACK, arguments, by=user, at=timezone.now(), report=report)
        started = time.perf_counter()
        background_jobs.run_next(MAKERS, timezone.now())
        seconds = time.perf_counter() - started
        job.refresh_from_db()
        file = background_jobs.file_of(job)
        assert file is not None, job.problems
        documents, size = len(zipfile.ZipFile(file).namelist()), file.stat().st_size / 2**20
        file.unlink()
    print(json.dumps({"seconds": seconds, "megabytes": peak_memory(), "documents": documents, "size": size}))
