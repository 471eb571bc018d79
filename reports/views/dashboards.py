"""For leaders, who look rather than read: progress as a map, timeliness over the cycles, indicators, early warnings."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from fractions import Fraction
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from reports import charts, policies
from reports.documents import dashboard_out
from reports.documents.workbooks import XLSX
from reports.domain.comparing import redefined
from reports.models import Report
from reports.queries.early_warnings import early_warnings
from reports.queries.heat import heat
from reports.queries.progress import progress_of_cycles
from reports.queries.ranking import Ranking, denominators_of, measure_named, measures_of, ranking
from reports.queries.timeliness_trend import TimelyPoint, falling_first, timeliness_trend
from reports.templatetags.dashboards import share
from reports.views.reach import report_in_reach, standing_of, user_of
from reports.wording import name_of, period_name, shown_measure, shown_total

_FIELDS = ("timeliness", "state")


@login_required
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """The cycles in reach with how far they are, each with the ways on."""
    at = timezone.now()
    cycles = progress_of_cycles(policies.heads_in_reach(user_of(request)), at)
    return render(request, "reports/dashboards/overview.html", {"cycles": cycles, "at": at})


@login_required
@require_safe
def progress(request: HttpRequest, report_id: int, *, as_file: str = "") -> HttpResponse:
    """The map of everything below; `?by=state` colours it by state."""
    at = timezone.now()
    report = _unit_with_reports_below(request, report_id, at)
    field = request.GET.get("by", _FIELDS[0])
    if field not in _FIELDS:
        raise Http404
    shown = heat(report, at)
    if as_file:
        return _file(report, as_file, "progress", dashboard_out.progress_figures(shown))
    context = {"heat": shown, "field": field, "counts": shown.count(field)}
    return render(request, "reports/dashboards/progress.html", _shared(request, report, at) | context)


@login_required
@require_safe
def timeliness(request: HttpRequest, report_id: int, *, as_file: str = "") -> HttpResponse:
    """Who improves over the cycles, and who slides."""
    at = timezone.now()
    report = _unit_with_reports_below(request, report_id, at)
    trend = timeliness_trend(report, policies.reports_in_reach(user_of(request)), at)
    if as_file:
        return _file(report, as_file, "timeliness", dashboard_out.timeliness_figures(trend))
    line = charts.Line(report.unit.name, [_timely(point) for point in trend.whole.points])
    title = _("On time over the cycles: %(unit)s") % {"unit": report.unit}
    chart = charts.lines(title, _("Reports on time in a hundred of those due."), _places(trend.cycles), [line], top=Fraction(100))
    context = {"trend": trend, "rows": falling_first(trend.rows), "chart": chart}
    return render(request, "reports/dashboards/timeliness.html", _shared(request, report, at) | context)


def _timely(point: TimelyPoint | None) -> charts.Point:
    if point is None or point.rate is None:
        return charts.Point(None, "")
    return charts.Point(point.rate * 100, share(point), point.judged == point.rates.expected)


@login_required
@require_safe
def indicators(request: HttpRequest, report_id: int, *, as_file: str = "") -> HttpResponse:
    """Ranking, distribution and trend of `?indicator=`, or of its ratio to `?per=`; `?order=lowest` turns the ranking."""
    at = timezone.now()
    report = _unit_with_reports_below(request, report_id, at)
    template = report.cycle.version.compiled()
    choices, bases = measures_of(template), denominators_of(template)
    measure = measure_named(template, request.GET.get("indicator", ""), request.GET.get("per", ""))
    if measure is None:
        raise Http404
    lowest = request.GET.get("order") == "lowest"
    shown = ranking(report, measure, policies.reports_in_reach(user_of(request)), lowest_first=lowest)
    if as_file:
        return _file(report, as_file, measure.indicator.code, dashboard_out.ranking_figures(shown))
    sections: dict[str, list[Any]] = {}
    for each in choices:
        sections.setdefault(each.section, []).append(each)
    context = {
        "ranking": shown,
        "measure": measure,
        "sections": sections,
        "bases": bases,
        "lowest": lowest,
        "longest": max((abs(value) for value in shown.values), default=Fraction(0)),
        "trend": [
            (cycle, one, redefined(cycle.version.compiled(), template).get(measure.indicator.code, ()))
            for cycle, one in zip(shown.cycles, shown.trend, strict=True)
        ],
        "distribution": _distribution(report, shown),
        "lines": _trend_chart(report, shown),
    }
    return render(request, "reports/dashboards/indicators.html", _shared(request, report, at) | context)


def _distribution(report: Report, shown: Ranking) -> str:
    values = shown.values
    if len(values) < 3:
        return ""
    lower, middle, upper = charts.quartiles(values)
    told = {
        "count": str(len(values)),
        "low": shown_measure(shown.measure, min(values)),
        "lower": shown_measure(shown.measure, lower),
        "median": shown_measure(shown.measure, middle),
        "upper": shown_measure(shown.measure, upper),
        "high": shown_measure(shown.measure, max(values)),
    }
    title = _("Distribution over the units of %(unit)s") % {"unit": report.unit}
    words = _("%(count)s units from %(low)s to %(high)s; the median is %(median)s, half lie between %(lower)s and %(upper)s.") % told
    return charts.strip(title, words, values, (told["low"], told["high"]))


def _trend_chart(report: Report, shown: Ranking) -> str:
    points = [
        charts.Point(one.value, shown_total(shown.measure.indicator, one.value) + "*" * one.is_restated, one.total.is_complete)
        if one is not None
        else charts.Point(None, "")
        for one in shown.trend
    ]
    title = _("%(indicator)s over the cycles: %(unit)s") % {"indicator": name_of(shown.measure.indicator), "unit": report.unit}
    words = _("A hollow point is a total that isn't complete.")
    if any(one is not None and one.is_restated for one in shown.trend):
        words += " " + _("A star marks what the unit's predecessors reported, restated for it.")
    return charts.lines(title, words, _places(shown.cycles), [charts.Line(report.unit.name, points)])


@login_required
@require_safe
def warnings(request: HttpRequest, report_id: int, *, as_file: str = "") -> HttpResponse:
    """What leaves its own history or its siblings', the most striking first."""
    at = timezone.now()
    report = _unit_with_reports_below(request, report_id, at)
    found = early_warnings(report, policies.reports_in_reach(user_of(request)))
    if as_file:
        return _file(report, as_file, "warnings", dashboard_out.warning_figures(found))
    return render(request, "reports/dashboards/warnings.html", _shared(request, report, at) | {"warnings": found})


def _unit_with_reports_below(request: HttpRequest, report_id: int, at: datetime) -> Report:
    report = report_in_reach(request, report_id, at)
    if not report.has_reports_below:
        raise Http404
    return report


def _shared(request: HttpRequest, report: Report, at: datetime) -> dict[str, Any]:
    reaches = report.superior is not None and standing_of(request).reaches(report.superior)
    return {"report": report, "cycle": report.cycle, "at": at, "reaches_superior": reaches}


def _places(cycles: Iterable[Any]) -> list[str]:
    return [period_name(cycle.period) for cycle in cycles]


def _file(report: Report, ending: str, name: str, figures: dashboard_out.FileOfFigures) -> HttpResponse:
    name = f"{report.cycle.code}-{report.unit.uid}-{name}.{ending}".replace('"', "")
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    if ending == "xlsx":
        return HttpResponse(dashboard_out.figures_book(report, figures), content_type=XLSX, headers=headers)
    return HttpResponse(dashboard_out.figures_csv(figures), content_type="text/csv; charset=utf-8", headers=headers)
