"""What a save over somebody else's newer one answers: both values, and a choice (semantics §2)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from reports.models import Report
from reports.queries.timeline import touched_since
from reports.services.filling import Conflict
from reports.wording import entry_text, name_of, say, shown_own


def show_conflict(
    request: HttpRequest, report: Report, conflict: Conflict, seen: int, *, post_to: str, as_json: bool = False
) -> HttpResponse:
    """Both values of every cell that somebody else wrote since this editor loaded the report; the other entries are kept.

    `report` as it stands now; `post_to` names the URL that the choice is sent to. As JSON it also names the cells that nobody
    else touched (`kept`) and those where both wrote the same (`agreed`).
    """
    by_code = report.cycle.version.compiled().by_code
    before = touched_since(report, seen)
    rows: list[dict[str, str]] = []
    kept: list[dict[str, str]] = []
    agreed: list[str] = []
    for clash in conflict.clashes:
        indicator, theirs = by_code[clash.indicator], report.own.get(clash.indicator)
        if clash.mine == theirs:
            agreed.append(clash.indicator)
            continue
        if clash.indicator in before and clash.mine == before[clash.indicator]:
            continue
        texts = {"theirs_text": entry_text(indicator, theirs), "mine_text": entry_text(indicator, clash.mine)}
        shown = {"theirs": shown_own(indicator, theirs), "mine": shown_own(indicator, clash.mine)}
        (rows if clash.indicator in before else kept).append({"code": clash.indicator, "name": name_of(indicator), **texts, **shown})
    if as_json:
        current = {code: entry_text(indicator, report.own.get(code)) for code, indicator in by_code.items() if not indicator.is_formula}
        message = say(next(iter(conflict.problems)))
        told = {"message": message, "version": report.version, "clashes": rows, "entries": current}
        return JsonResponse(told | {"kept": [each["code"] for each in kept], "agreed": agreed}, status=409)
    context = {"report": report, "cycle": report.cycle, "clashes": rows, "kept": kept, "post_to": post_to}
    return render(request, "reports/conflict.html", context, status=409)
