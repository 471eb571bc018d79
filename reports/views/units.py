"""A unit as it was and as it became, for whoever may read it."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from reports import policies
from reports.views.reach import user_of
from units import tree
from units.kinship import kinship


@login_required
@require_safe
def unit(request: HttpRequest, unit_id: int) -> HttpResponse:
    """Its days, its superiors, what it was made of and what became of it, and its reports in reach."""
    user = user_of(request)
    found = policies.units_to_read(user).filter(pk=unit_id).select_related("level").first()
    if found is None:
        raise Http404
    kin = kinship(found)
    kin_ids = {pk for row in (*kin.origins, *kin.successions) for pk in (row.predecessor_id, row.successor_id)}
    reports = policies.reports_in_reach(user).filter(unit=found).for_display().order_by("-cycle__cut_off", "-pk")
    context = {
        "unit": found,
        "kin": kin,
        "superiors": tree.ancestors_of(found).reverse(),
        "in_reach": set(policies.units_to_read(user).filter(pk__in=kin_ids).values_list("pk", flat=True)),
        "reports": reports,
    }
    return render(request, "reports/unit.html", context)
