"""Filled-in workbooks: of one report, and for many units; fetched, sent back, looked over, and written when their sender says so."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import File, Schema
from ninja.files import UploadedFile
from pydantic import Field

from accounts.models import Scope
from reports import policies
from reports.api import reach
from reports.api.door import Resource
from reports.api.files import JobShown, file_answer, job_of, job_shown
from reports.api.paging import Page, Pages, page_from
from reports.api.problems import Trouble, not_found, untimely
from reports.api.steps import refusing
from reports.api.versions import say_version
from reports.api.words import Given, Id, Row, Shown, UnitShown, Word, figure, unit_shown
from reports.documents import uploads
from reports.documents.report_workbook import look_over, name_of_workbook, workbook_of
from reports.documents.units_workbook_out import name_of_units_workbook, reports_for, units_workbook
from reports.documents.uploads import CellChange
from reports.documents.workbooks import XLSX
from reports.domain.indicators import Indicator
from reports.domain.workflow import Action
from reports.models import BackgroundJob, Report
from reports.services import background_jobs
from reports.services.uploading import Effect
from reports.wording import say
from units.problems import Problem

workbooks = Resource("Workbooks")


class CellShown(Schema):
    """A cell that differs: what stands in the report (`now`) and in the workbook (`then`).

    `clash`: both changed it. `theirs`: somebody else changed it since the workbook was fetched, and the workbook didn't; it stays.
    """

    indicator: str
    address: str
    effect: Effect
    now: Shown
    then: Shown


class CellRefused(Schema):
    """A cell that is not written, and why; without an indicator the whole row."""

    indicator: str
    address: str
    reason: str


class WorkbookLookedOver(Schema):
    """What a workbook would change in version `version` of the report. `notices` are to be known of what was read."""

    version: int
    changes: list[CellShown]
    refused: list[CellRefused]
    notices: list[str]


@workbooks.file("/reports/{report_id}/workbook.xlsx", XLSX)
def workbook(request: HttpRequest, report_id: Id) -> HttpResponse:
    """The report as a workbook to fill in; 404 where the user may not fill it in now."""
    at = timezone.now()
    report = reach.report(request, report_id, at)
    if not policies.Standing(reach.user_of(request)).can(Action.SAVE, report):
        raise not_found()
    return file_answer(workbook_of(report, at), XLSX, name_of_workbook(report))


@workbooks.post("/reports/{report_id}/workbook", WorkbookLookedOver, Scope.FILL)
def sent(request: HttpRequest, response: HttpResponse, report_id: Id, file: File[UploadedFile]) -> dict[str, Any]:
    """What the filled-in workbook would change. Nothing is written: send the `then` of what shall be, with the ETag, as figures."""
    at, user = timezone.now(), reach.user_of(request)
    report = reach.report(request, report_id, at)
    source: Any = file.file
    with refusing(Action.SAVE, report, None, user):
        found = look_over(source, report, by=user, at=at)
    say_version(response, report.version)
    by_code = report.cycle.version.compiled().by_code
    return {
        "version": report.version,
        "changes": [_cell(by_code[each.code], each) for each in found.changes],
        "refused": [_refused(each.code, each.address, each.problem) for each in found.refused],
        "notices": [say(each) for each in found.notices],
    }


def _cell(indicator: Indicator, change: Any) -> dict[str, Any]:
    words = {"indicator": indicator.code, "address": change.address, "effect": change.effect}
    return words | {"now": figure(indicator, change.now), "then": figure(indicator, change.then)}


def _refused(code: str, address: str, problem: Problem) -> dict[str, str]:
    return {"indicator": code, "address": address, "reason": say(problem)}


# --- For many units ---------------------------------------------------------------------------------


class UploadFound(Schema):
    """What a workbook would change: cells by effect, in so many `units`; so many cells are refused."""

    effects: dict[Effect, int]
    units: int
    refused: int


class UploadSaved(Schema):
    units: int
    figures: int


class UploadShown(JobShown):
    """`found` once it was looked over, `saved` once it was written."""

    found: UploadFound | None
    saved: UploadSaved | None


class UnitsCellShown(CellShown):
    report_id: int
    unit: UnitShown


class UnitsCellRefused(CellRefused):
    unit_uid: str


class CellNamed(Given):
    report_id: Row
    indicator: Word


class Writing(Given):
    """`mine`: the cells that both changed in which the workbook's value is written, or `all` of them; in the others theirs stays.

    To be said wherever there is such a cell.
    """

    mine: Literal["all"] | Annotated[list[CellNamed], Field(max_length=10_000)] | None = None


@workbooks.file("/reports/{report_id}/below/workbook.xlsx", XLSX)
def units(request: HttpRequest, report_id: Id) -> HttpResponse:
    """All reports at and below this one that the user may fill in now, a row each; 404 where there is none."""
    head = reach.report(request, report_id, timezone.now())
    found = reports_for(head, reach.user_of(request))
    if not found:
        raise not_found()
    return file_answer(units_workbook(head, found), XLSX, name_of_units_workbook(head, found))


@workbooks.post("/reports/{report_id}/below/workbook", JobShown, Scope.FILL, status=202)
def units_sent(request: HttpRequest, report_id: Id, file: File[UploadedFile]) -> dict[str, Any]:
    """Have a filled-in workbook for several units be looked over, in the background. Nothing is written before you say so."""
    at = timezone.now()
    head = reach.report(request, report_id, at)
    return job_shown(uploads.order_to_look_over(head, file, by=reach.user_of(request), at=at))


@workbooks.get("/uploads/{upload_id}", UploadShown)
def upload(request: HttpRequest, upload_id: Id) -> dict[str, Any]:
    """How far it is, and then what the workbook would change, or has changed. Left alone it is forgotten after three days."""
    return _upload(_one(request, upload_id))


@workbooks.get("/uploads/{upload_id}/changes", Page[UnitsCellShown])
def changes(request: HttpRequest, upload_id: Id, paging: Pages) -> dict[str, Any]:
    """The cells that a workbook would change, in the order of its rows."""
    job = _looked_over(request, upload_id)
    return page_from(uploads.changes_in(job), paging, lambda cells: _cells(job, cells))


@workbooks.get("/uploads/{upload_id}/refused", list[UnitsCellRefused])
def refused(request: HttpRequest, upload_id: Id) -> list[dict[str, str]]:
    """The first 200 cells that are not written, and why."""
    named = _looked_over(request, upload_id).result["named"]
    return [_refused(each["code"], each["address"], Problem(**each["problem"])) | {"unit_uid": each["uid"]} for each in named]


@workbooks.post("/uploads/{upload_id}/apply", JobShown, Scope.FILL, status=202)
def apply(request: HttpRequest, upload_id: Id, sent: Writing) -> dict[str, Any]:
    """Have it written, in the background: all of it or nothing, each report on the version that was looked over."""
    job = _looked_over(request, upload_id)
    if sent.mine is None and job.result["effects"].get(Effect.CLASH):
        title = _("Choose which value is right where both were changed.")
        raise Trouble(422, "invalid", title, errors=[{"detail": title, "pointer": "/mine"}])
    mine = [(each.report_id, each.indicator) for each in sent.mine or ()] if sent.mine != "all" else uploads.ALL
    with untimely():
        return job_shown(uploads.order_to_write(job, mine, by=reach.user_of(request), at=timezone.now()))


@workbooks.delete("/uploads/{upload_id}", Scope.FILL)
def cancel(request: HttpRequest, upload_id: Id) -> None:
    """Call off what has not ended: looking over, or writing, of which then nothing is written."""
    background_jobs.cancel(_one(request, upload_id).pk, by=reach.user_of(request), at=timezone.now())


def _one(request: HttpRequest, job_id: int) -> BackgroundJob:
    job = job_of(request, job_id)
    if job.kind not in (BackgroundJob.Kind.LOOK_OVER, BackgroundJob.Kind.APPLY) or job.report is None:
        raise not_found()
    return job


def _looked_over(request: HttpRequest, job_id: int) -> BackgroundJob:
    job = _one(request, job_id)
    if job.kind != BackgroundJob.Kind.LOOK_OVER or job.state != BackgroundJob.State.DONE:
        raise not_found()
    return job


def _upload(job: BackgroundJob) -> dict[str, Any]:
    is_done = job.state == BackgroundJob.State.DONE
    looked_over = job.kind == BackgroundJob.Kind.LOOK_OVER
    found = {name: job.result[name] for name in ("effects", "units", "refused")} if is_done and looked_over else None
    saved = job.result.get(uploads.SAVED) if looked_over else job.result
    return job_shown(job) | {"found": found, "saved": saved if is_done else None}


def _cells(job: BackgroundJob, cells: Iterable[CellChange]) -> list[dict[str, Any]]:
    cells = list(cells)
    by_code = job.report.cycle.version.compiled().by_code if job.report else {}
    reports = Report.objects.select_related("unit").in_bulk({each.report for each in cells})
    return [_cell(by_code[each.code], each) | {"report_id": each.report, "unit": unit_shown(reports[each.report].unit)} for each in cells]
