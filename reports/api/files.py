"""What leaves as a file: workbooks, documents, dashboards, the register; and what is made in the background."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import FileResponse, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from ninja import Query, Schema
from pydantic import StrictBool

from accounts.models import Scope
from reports import policies
from reports.api import reach
from reports.api.door import Resource
from reports.api.problems import not_found, untimely
from reports.api.skilful_models import ModelsSought, models_sought
from reports.api.words import Given, Id, Word, one_of
from reports.documents import dashboard_out
from reports.documents.annex_out import annex_book, consolidated_book
from reports.documents.office import as_pdf
from reports.documents.register_out import register_book, register_csv
from reports.documents.report_document import DOCX, document_name, report_document
from reports.documents.status_out import missing_book, status_book
from reports.documents.workbooks import XLSX
from reports.models import BackgroundJob, Report
from reports.queries import annex as annexes
from reports.queries.board import owing
from reports.queries.early_warnings import early_warnings
from reports.queries.heat import heat
from reports.queries.ranking import measure_named, ranking
from reports.queries.status import reports_as_they_stand
from reports.queries.timeliness_trend import timeliness_trend
from reports.services import background_jobs
from reports.wording import say

files = Resource("Files")

PDF, CSV = "application/pdf", "text/csv"


@files.file("/reports/{report_id}/annex.xlsx", XLSX)
def annex(request: HttpRequest, report_id: Id) -> HttpResponse:
    """What the unit declared, beside a year ago; 404 while it has submitted nothing."""
    report = reach.report(request, report_id, timezone.now())
    found = annexes.annex(report)
    if found is None:
        raise not_found()
    return file_answer(annex_book(report, found), XLSX, f"phu-luc-{_named(report)}.xlsx")


@files.file("/reports/{report_id}/consolidated.xlsx", XLSX)
def consolidated(request: HttpRequest, report_id: Id) -> HttpResponse:
    """The unit's total with a column for each unit directly below."""
    report = reach.report_with_below(request, report_id, timezone.now())
    content = consolidated_book(report, annexes.consolidated_annex(report))
    return file_answer(content, XLSX, f"phu-luc-tong-hop-{_named(report)}.xlsx")


@files.file("/reports/{report_id}/status.xlsx", XLSX)
def status(request: HttpRequest, report_id: Id) -> HttpResponse:
    """How the report and everything below it stand."""
    at = timezone.now()
    report = reach.report(request, report_id, at)
    return file_answer(status_book(report.cycle, reports_as_they_stand(report, at), at), XLSX, f"tinh-hinh-{_named(report)}.xlsx")


@files.file("/reports/{report_id}/missing.xlsx", XLSX)
def missing(request: HttpRequest, report_id: Id) -> HttpResponse:
    """Who below has not submitted, though they have to."""
    at = timezone.now()
    report = reach.report(request, report_id, at)
    return file_answer(missing_book(report.cycle, owing(Report.objects.below(report), at), at), XLSX, f"chua-nop-{_named(report)}.xlsx")


@files.file("/reports/{report_id}/document.docx", DOCX)
def document(request: HttpRequest, report_id: Id) -> HttpResponse:
    """The report as a Word file."""
    at = timezone.now()
    report = reach.report(request, report_id, at)
    return file_answer(report_document(report, at), DOCX, f"{document_name(report)}.docx")


@files.file("/reports/{report_id}/document.pdf", PDF)
def document_pdf(request: HttpRequest, report_id: Id) -> HttpResponse:
    """The report as a PDF."""
    at = timezone.now()
    report = reach.report(request, report_id, at)
    return file_answer(as_pdf({"": report_document(report, at)})[""], PDF, f"{document_name(report)}.pdf")


class FileForm(Schema):
    """As a CSV for scripts, or a workbook for people."""

    form: Literal["csv", "xlsx"] = "csv"


class Ranked(Schema):
    """Which figure, or its ratio to another one (`per`); without either the first of the template."""

    indicator: Word | None = None
    per: Word | None = None
    order: Literal["highest", "lowest"] = "highest"


@files.file("/reports/{report_id}/dashboards/progress", CSV, XLSX)
def progress(request: HttpRequest, report_id: Id, form: Annotated[FileForm, Query()]) -> HttpResponse:
    """How everything below stands, unit by unit."""
    at = timezone.now()
    report = reach.report_with_below(request, report_id, at)
    return _figures(report, "progress", dashboard_out.progress_figures(heat(report, at)), form)


@files.file("/reports/{report_id}/dashboards/timeliness", CSV, XLSX)
def timeliness(request: HttpRequest, report_id: Id, form: Annotated[FileForm, Query()]) -> HttpResponse:
    """How timely the units directly below were over the cycles."""
    at = timezone.now()
    report = reach.report_with_below(request, report_id, at)
    trend = timeliness_trend(report, policies.reports_in_reach(reach.user_of(request)), at)
    return _figures(report, "timeliness", dashboard_out.timeliness_figures(trend), form)


@files.file("/reports/{report_id}/dashboards/ranking", CSV, XLSX)
def ranked(request: HttpRequest, report_id: Id, asked: Annotated[Ranked, Query()], form: Annotated[FileForm, Query()]) -> HttpResponse:
    """The units directly below ranked by a figure."""
    report = reach.report_with_below(request, report_id, timezone.now())
    measure = measure_named(report.cycle.version.compiled(), asked.indicator or "", asked.per or "")
    if measure is None:
        raise not_found()
    shown = ranking(report, measure, policies.reports_in_reach(reach.user_of(request)), lowest_first=asked.order == "lowest")
    return _figures(report, measure.indicator.code, dashboard_out.ranking_figures(shown), form)


@files.file("/reports/{report_id}/dashboards/warnings", CSV, XLSX)
def warnings(request: HttpRequest, report_id: Id, form: Annotated[FileForm, Query()]) -> HttpResponse:
    """What leaves its own history or its siblings', the most striking first."""
    report = reach.report_with_below(request, report_id, timezone.now())
    found = early_warnings(report, policies.reports_in_reach(reach.user_of(request)))
    return _figures(report, "warnings", dashboard_out.warning_figures(found), form)


@files.file("/models/register.xlsx", XLSX)
def register(request: HttpRequest, sought: Annotated[ModelsSought, Query()]) -> HttpResponse:
    """The register of Dân vận khéo models, as far as the user's reach goes."""
    return file_answer(register_book(models_sought(request, sought), timezone.now()), XLSX, "mo-hinh-dan-van-kheo.xlsx")


@files.file("/models/register.csv", CSV)
def register_table(request: HttpRequest, sought: Annotated[ModelsSought, Query()]) -> HttpResponse:
    """The same for scripts."""
    return file_answer(register_csv(models_sought(request, sought)), f"{CSV}; charset=utf-8", "mo-hinh-dan-van-kheo.csv")


def _figures(report: Report, name: str, figures: dashboard_out.FileOfFigures, form: FileForm) -> HttpResponse:
    name = f"{_named(report)}-{name}.{form.form}"
    if form.form == "xlsx":
        return file_answer(dashboard_out.figures_book(report, figures), XLSX, name)
    return file_answer(dashboard_out.figures_csv(figures).encode(), f"{CSV}; charset=utf-8", name)


def _named(report: Report) -> str:
    return f"{report.cycle.code}-{report.unit.uid}"


def file_answer(content: bytes, content_type: str, name: str) -> HttpResponse:
    """A file to be saved under this name."""
    answer = HttpResponse(content, content_type=content_type)
    answer.headers["Content-Disposition"] = content_disposition_header(True, name) or ""
    return answer


# --- In the background ------------------------------------------------------------------------------


class JobShown(Schema):
    """Work in the background: `done` of `of` steps; `has_file` once its file may be fetched."""

    id: int
    kind: Annotated[BackgroundJob.Kind, one_of(BackgroundJob.Kind)]
    state: Annotated[BackgroundJob.State, one_of(BackgroundJob.State)]
    report_id: int | None
    done: int
    of: int
    has_file: bool
    file_name: str
    problems: list[str]
    created_at: datetime
    expires_at: datetime | None


class Pack(Given):
    pdf: StrictBool = False


@files.post("/reports/{report_id}/pack", JobShown, Scope.READ, status=202)
def pack(request: HttpRequest, report_id: Id, sent: Pack) -> dict[str, Any]:
    """Order the documents of everything at and below the report, in one file."""
    at = timezone.now()
    report = reach.report_with_below(request, report_id, at)
    order: Callable[..., BackgroundJob] = background_jobs.order
    with untimely():
        job = order(BackgroundJob.Kind.PACK, {"pdf": sent.pdf}, by=reach.user_of(request), at=at, report=report)
    return job_shown(job)


@files.get("/jobs", list[JobShown])
def jobs(request: HttpRequest) -> list[dict[str, Any]]:
    """What the user has ordered, the newest first."""
    return [job_shown(job) for job in policies.jobs_in_reach(reach.user_of(request), timezone.now())[:100]]


@files.get("/jobs/{job_id}", JobShown)
def job(request: HttpRequest, job_id: Id) -> dict[str, Any]:
    """How far a job is."""
    return job_shown(job_of(request, job_id))


@files.file("/jobs/{job_id}/file", "application/zip")
def job_file(request: HttpRequest, job_id: Id) -> FileResponse:
    """The file that was made."""
    found = job_of(request, job_id)
    path = background_jobs.file_of(found)
    if path is None or not found.is_to_be_fetched:
        raise not_found()
    return FileResponse(path.open("rb"), as_attachment=True, filename=found.file_name)


@files.delete("/jobs/{job_id}", Scope.READ)
def cancel(request: HttpRequest, job_id: Id) -> None:
    """Call off the making of a file; what was sent to be written is called off as an upload."""
    found = job_of(request, job_id)
    if not found.is_to_be_fetched:
        raise not_found()
    background_jobs.cancel(found.pk, by=reach.user_of(request), at=timezone.now())


def job_of(request: HttpRequest, job_id: int) -> BackgroundJob:
    """One of the user's jobs, or 404."""
    found = policies.jobs_in_reach(reach.user_of(request), timezone.now()).filter(pk=job_id).first()
    if found is None:
        raise not_found()
    return found


def job_shown(job: BackgroundJob) -> dict[str, Any]:
    fields = ("kind", "state", "report_id", "done", "of", "file_name", "created_at", "expires_at")
    has_file = job.is_to_be_fetched and background_jobs.file_of(job) is not None
    problems = [say(each) for each in background_jobs.problems_of(job)]
    return {"id": job.pk, "has_file": has_file, "problems": problems} | {name: getattr(job, name) for name in fields}
