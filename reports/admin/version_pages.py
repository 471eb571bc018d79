"""Pages of a template version beside its own: as each level sees it, compared with another, and before it is published."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext

from reports.admin.manner import page_of
from reports.domain import comparing
from reports.domain import indicators as domain
from reports.form_rows import form_table
from reports.models import Cycle, Indicator, TemplateVersion
from reports.queries.template_preview import blank_sheet
from reports.services import configuring
from units.levels import AGENCIES
from units.models import Level
from units.wording import say


def preview(request: HttpRequest, version: TemplateVersion) -> HttpResponse:
    """The form as a level sees it (`level`, its code; `alone`: with no reports below)."""
    levels = list(Level.objects.order_by("rank"))
    lowest = next((each for each in reversed(levels) if each.code != AGENCIES), None)
    level = next((each for each in levels if each.code == request.GET.get("level")), lowest)
    if level is None:
        raise Http404
    alone = "alone" in request.GET
    below = [] if alone else [each.code for each in levels if each.rank > level.rank and each.code != AGENCIES]
    indicators, unreadable = _read(version)
    sheet = blank_sheet(indicators, level.code, below)
    context = {
        "version": version,
        "levels": levels,
        "level": level,
        "alone": alone,
        "is_lowest": level in (lowest, levels[-1]),
        "sheet": sheet,
        "table": form_table(sheet, "", editing=True),
        "problem": unreadable,
        "editing": True,
    }
    return render(request, "reports/template_preview.html", context)


def compare(request: HttpRequest, version: TemplateVersion, site: Any) -> HttpResponse:
    """What this version changes against another of its template (`with`, a number; none: the one before)."""
    others = list(version.template.versions.exclude(pk=version.pk).order_by("-number"))
    wanted = request.GET.get("with", "")
    before = next((each for each in others if str(each.number) == wanted), None)
    before = before or next((each for each in others if each.number < version.number), None) or (others[0] if others else None)
    context = {
        **site.each_context(request),
        "title": gettext("Compare versions"),
        "opts": TemplateVersion._meta,
        "version": version,
        "others": others,
        "before": before,
        "comparison": comparison(before, version),
        "labels": field_labels(),
    }
    return render(request, "admin/reports/templateversion/compare.html", context)


def before_publishing(request: HttpRequest, version: TemplateVersion, site: Any) -> HttpResponse:
    """What publishing means: what keeps it from that, what it changes, and which cycles go on with an earlier version."""
    published = version.template.versions.filter(published_at__isnull=False).order_by("-number").first()
    context = {
        **site.each_context(request),
        "title": gettext("Publish %(version)s?") % {"version": version},
        "opts": TemplateVersion._meta,
        "version": version,
        "before": published,
        "comparison": comparison(published, version),
        "problems": [say(problem) for problem in configuring.problems_of(version)],
        "indicator_count": version.indicators.count(),
        "open_cycles": Cycle.objects.filter(version__template=version.template, state=Cycle.State.OPEN).count(),
        "labels": field_labels(),
    }
    return render(request, "admin/reports/templateversion/publish.html", context)


def before_retiring(request: HttpRequest, version: TemplateVersion, site: Any) -> HttpResponse:
    """What retiring means: which cycles go on with the version, which planned ones keep it in use, and what new ones take instead."""
    of_version = Cycle.objects.filter(version=version)
    context = {
        **site.each_context(request),
        "title": gettext("Retire %(version)s?") % {"version": version},
        "opts": TemplateVersion._meta,
        "version": version,
        "open_cycles": of_version.filter(state=Cycle.State.OPEN).count(),
        "planned_cycles": [(page_of(cycle), cycle) for cycle in of_version.filter(state=Cycle.State.PLANNED).order_by("code")],
        "instead": version.template.versions.in_use().exclude(pk=version.pk).order_by("-number").first(),
    }
    return render(request, "admin/reports/templateversion/retire.html", context)


def comparison(before: TemplateVersion | None, after: TemplateVersion) -> comparing.Comparison | None:
    return comparing.compare(_read(before)[0], _read(after)[0]) if before else None


def field_labels() -> dict[str, str]:
    return {field.name: str(field.verbose_name) for field in Indicator._meta.fields}


def _read(version: TemplateVersion) -> tuple[list[domain.Indicator], str]:
    """The version's indicators; where a rule can't be read, none and what is wrong."""
    try:
        return [row.to_domain() for row in version.indicators.all()], ""
    except domain.RuleError as error:
        return [], say(error.problem)


#: what is taken from the form of an indicator to check it as one types
TYPED = ("section", "code", "name_vi", "name_en", "unit", "value_type", "choices", "columns", "aggregate_up", "aggregate_time", "formula",
    "rules", "note", "source")  # fmt: skip


def check(request: HttpRequest) -> JsonResponse:
    """What is wrong with an indicator as it stands in its form, by field. Nothing is saved."""
    if not (request.user.has_perm("reports.add_indicator") or request.user.has_perm("reports.change_indicator")):
        raise PermissionDenied
    known = _key(request.POST.get("indicator", ""))
    row = get_object_or_404(Indicator, pk=known) if known else Indicator()
    version_id = row.version_id or _key(request.POST.get("version", ""))
    if not version_id:
        return JsonResponse({})
    row.version = get_object_or_404(TemplateVersion, pk=version_id)
    for name in TYPED:
        setattr(row, name, request.POST.get(name, "").strip())
    row.levels = "|".join(request.POST.getlist("levels"))
    row.entered_by = request.POST.get("entered_by") or domain.EnteredBy.UNIT.value
    row.decimals = _key(request.POST.get("decimals", "")) or 0
    row.required, row.negative = "required" in request.POST, "negative" in request.POST
    try:
        problems = configuring.problems_with(row)
    except ValueError:  # a type isn't chosen yet
        return JsonResponse({})
    said: dict[str, list[str]] = {}
    for problem in problems:
        said.setdefault(problem.column, []).append(say(problem))
    return JsonResponse(said)


def _key(text: str) -> int | None:
    return int(text) if re.fullmatch("[0-9]{1,15}", text) else None
