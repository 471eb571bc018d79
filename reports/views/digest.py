"""For those who consolidate: the narratives from below beside one's own, each paragraph with its unit."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from reports.domain.workflow import Action
from reports.forms import version_seen
from reports.policies import Standing
from reports.queries.form_sheet import enterable
from reports.queries.narratives import Passage, digest, narratives
from reports.views.reach import indicator_of, report_in_reach, user_of


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def narrative(request: HttpRequest, report_id: int, code: str = "") -> HttpResponse:
    """The digest of one narrative. A POST adds paragraphs to the text that was sent, and shows it; nothing is saved by that."""
    at = timezone.now()
    report = report_in_reach(request, report_id, at)
    wordy = narratives(report)
    if not code and wordy:
        return redirect("reports:narrative", report.pk, wordy[0].code)
    indicator = indicator_of(report, code)
    if indicator not in wordy:
        raise Http404
    passages = digest(report, indicator)
    standing = Standing(user_of(request))
    own = report.own.get(code)
    words = own if isinstance(own, str) else ""
    version: int | None = report.version
    if request.method == "POST":
        words = _with_added(request.POST.get(f"cell-{code}", ""), passages, request.POST.get("add", ""))
        version = version_seen(request.POST)
    context = {
        "report": report,
        "cycle": report.cycle,
        "at": at,
        "indicator": indicator,
        "narratives": wordy,
        "passages": passages,
        "words": words,
        "version": report.version if version is None else version,
        "editing": standing.can(Action.SAVE, report) and indicator in enterable(report) and not indicator.columns,
        "reaches_superior": report.superior is not None and standing.reaches(report.superior),
    }
    return render(request, "reports/narrative.html", context)


def _with_added(words: str, passages: list[Passage], add: str) -> str:
    added = [passage.as_paragraph for passage in passages if add in ("all", str(passage.report.pk))]
    return "\n\n".join([part for part in (words.strip(), *added) if part])
