"""For those who consolidate: the narratives and tables from below beside one's own, each with its unit."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from reports.domain.workflow import Action
from reports.forms import rows_posted, version_seen
from reports.queries.form_sheet import enterable
from reports.queries.narratives import Passage, digest, narratives
from reports.views.reach import indicator_of, report_in_reach, standing_of

#: for what is written beside the rows that are there
BLANK_ROWS = 2


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def narrative(request: HttpRequest, report_id: int, code: str = "") -> HttpResponse:
    """The digest of one narrative or table. A POST adds to what was sent, and shows it; nothing is saved by that."""
    at = timezone.now()
    report = report_in_reach(request, report_id, at)
    wordy = narratives(report)
    if not code and wordy:
        return redirect("reports:narrative", report.pk, wordy[0].code)
    indicator = indicator_of(report, code)
    if indicator not in wordy:
        raise Http404
    passages = digest(report, indicator)
    standing = standing_of(request)
    own = report.own.get(code)
    words, rows = own if isinstance(own, str) else "", own if isinstance(own, list) else []
    version: int | None = report.version
    if request.method == "POST":
        added = [each for each in passages if request.POST.get("add", "") in ("all", str(each.report.pk))]
        words = _with_paragraphs(request.POST.get(f"cell-{code}", ""), added)
        rows = _with_rows(rows_posted(indicator, request.POST), added)
        version = version_seen(request.POST)
    context = {
        "report": report,
        "cycle": report.cycle,
        "at": at,
        "indicator": indicator,
        "narratives": wordy,
        "passages": passages,
        "words": words,
        "rows": [*rows, *([""] * len(indicator.columns) for _ in range(BLANK_ROWS))],
        "version": report.version if version is None else version,
        "editing": standing.can(Action.SAVE, report) and indicator in enterable(report),
        "reaches_superior": report.superior is not None and standing.reaches(report.superior),
    }
    return render(request, "reports/narrative.html", context)


def _with_paragraphs(words: str, added: list[Passage]) -> str:
    return "\n\n".join([part for part in (words.strip(), *(passage.as_paragraph for passage in added)) if part])


def _with_rows(rows: list[list[str]], added: list[Passage]) -> list[list[str]]:
    """The rows, and those of the passages that aren't there yet: a table is copied as it stands, and pressed twice it is there once."""
    return [*rows, *(row for passage in added for row in passage.rows if row not in rows)]
