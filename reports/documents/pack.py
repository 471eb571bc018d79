"""A unit's pack for a cycle: the documents of its own report and of all below it down to the communes, in one ZIP."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator

from django.utils import timezone

from reports import policies
from reports.documents.office import PATIENCE_OF_JOBS, as_pdf
from reports.documents.report_document import document_name, file_name, report_document
from reports.domain.workflow import WITH_SUPERIOR, State
from reports.models import Report, ReportQuerySet
from reports.services.background_jobs import Work
from units.problems import Problem, Refused, gettext_noop

#: hamlets' sheets are in no pack: they would be thousands, and are signed by nobody
_HAMLET_RANK = 3
#: documents that LibreOffice turns into PDF in one run, far within the limit of its time
_AT_ONCE = 10


def packed_reports(report: Report) -> ReportQuerySet:
    """The reports of a pack: the unit's own, and those of districts and communes below it, in the order of the tree."""
    return Report.objects.subtree_of(report).filter(level__rank__lt=_HAMLET_RANK).exclude(state=State.EXEMPT.value).order_by("position")


def make_pack(work: Work) -> None:
    """Write the ZIP that a job asks for, as far as its owner reaches now. What can't be made is named, and left out."""
    top = policies.reports_in_reach(work.job.owner).for_display().filter(pk=work.job.report_id or 0).first()
    if top is None:
        raise Refused(Problem(gettext_noop("There is no such report in this cycle.")))
    ids = list(packed_reports(top).values_list("pk", flat=True))
    as_pdf_files = bool(work.job.arguments.get("pdf"))
    with zipfile.ZipFile(work.path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _documents(work, ids, as_pdf_files=as_pdf_files):
            archive.writestr(name, content)
    work.file_name = f"{document_name(top)}.zip"


def _documents(work: Work, ids: list[int], *, as_pdf_files: bool) -> Iterator[tuple[str, bytes]]:
    done = 0
    work.step(0, len(ids))
    for start in range(0, len(ids), _AT_ONCE):
        made: dict[str, bytes] = {}
        for report in Report.objects.for_display().select_related("last_submission").filter(pk__in=ids[start : start + _AT_ONCE]):
            try:
                made[_name_in_pack(report, len(str(len(ids))), ids.index(report.pk) + 1)] = report_document(report, timezone.now())
            except Refused as refused:
                work.problems += [problem.at(unit_uid=report.unit.uid) for problem in refused.problems]
            done += 1
            work.step(done, len(ids))
        ending, files = ("pdf", as_pdf(made, patience=PATIENCE_OF_JOBS)) if as_pdf_files else ("docx", made)
        yield from ((f"{name}.{ending}", content) for name, content in files.items())


def _name_in_pack(report: Report, digits: int, number: int) -> str:
    """`007 Xã Lũng Cú, Huyện Đồng Văn`: in the order of the tree, no two alike, with the draft told by its name."""
    superior = f", {report.superior.unit.name}" if report.superior else ""
    draft = "" if State(report.state) in WITH_SUPERIOR else " (dự thảo)"
    return file_name(f"{number:0{digits}d} {report.unit.name}{superior}") + draft
