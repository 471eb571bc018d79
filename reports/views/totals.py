"""For readers of totals: a unit's rollup, where each figure comes from, and how far the cycles are."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from reports import policies
from reports.domain.indicators import AggregateUp
from reports.queries.board import who_is_in
from reports.queries.consolidated_sheet import section_by_unit, totals_sheet
from reports.queries.lineage import is_pending, lineage
from reports.queries.progress import progress_of_cycles, rates_below
from reports.views.reach import indicator_of, report_in_reach, standing_of, user_of
from reports.wording import name_of


@login_required
@require_safe
def totals(request: HttpRequest, report_id: int) -> HttpResponse:
    """Every aggregated indicator's total; `?section=N` shows a section with the units below as rows."""
    at = timezone.now()
    report = report_in_reach(request, report_id, at)
    sheet = totals_sheet(report)
    number = request.GET.get("section", "")
    section = next((each for each in sheet.sections if str(each.number) == number), None)
    if number and section is None:
        raise Http404
    by_unit = section_by_unit(report, section) if section else []
    shown = [(report, sheet.total), *((row.report, row.total) for row in by_unit)]
    context = {
        "report": report,
        "cycle": report.cycle,
        "at": at,
        "sheet": sheet,
        "section": section,
        "by_unit": by_unit,
        "unreadable_units": [each.unit for each, total in shown if not total.is_readable],
        "who_is_in": who_is_in(report),
        "rates": rates_below([report], at)[report.pk],
        "pending": is_pending(report),
        "reaches_superior": report.superior is not None and standing_of(request).reaches(report.superior),
    }
    return render(request, "reports/totals.html", context)


@login_required
@require_safe
def total(request: HttpRequest, report_id: int, code: str) -> HttpResponse:
    """Where one total comes from: the children that make it up, down to the entered cell."""
    at = timezone.now()
    report = report_in_reach(request, report_id, at)
    indicator = indicator_of(report, code)
    if indicator.aggregate_up == AggregateUp.NONE:
        raise Http404
    template = report.cycle.version.compiled()
    formula = template.formulas.get(code)
    found = lineage(report, indicator)
    inputs = [each for each in template.indicators if formula and each.code in formula.codes]
    context = {
        "report": report,
        "cycle": report.cycle,
        "at": at,
        "indicator": indicator,
        "lineage": found,
        "unreadable_units": found.unreadable(report),
        "formula": formula.with_names({each.code: name_of(each) for each in inputs}) if formula else "",
        "inputs": inputs,
        "pending": is_pending(report),
        "reaches_superior": report.superior is not None and standing_of(request).reaches(report.superior),
    }
    template_name = "reports/_lineage.html" if request.headers.get("HX-Request") else "reports/total.html"
    return render(request, template_name, context)


@login_required
@require_safe
def pending(request: HttpRequest, report_id: int) -> HttpResponse:
    """Asked while totals are being recomputed; has the page load itself again once they are done."""
    report = report_in_reach(request, report_id, timezone.now())
    if is_pending(report):
        return HttpResponse(status=204)
    return HttpResponse(headers={"HX-Refresh": "true"})


@login_required
@require_safe
def cycles(request: HttpRequest) -> HttpResponse:
    """The cycles in reach, with progress by level."""
    at = timezone.now()
    user = user_of(request)
    found = progress_of_cycles(policies.heads_in_reach(user), at)
    context = {
        "cycles": found,
        "to_ask": {each.cycle.pk for each in found if each.cycle.may_ask_official and policies.manages_cycle(user, each.cycle)},
        "chooses": policies.choices_in_reach(user).exists(),
        "at": at,
    }
    return render(request, "reports/cycles.html", context)
