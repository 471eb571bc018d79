"""Choosing units: what there is to choose, one unit's choice, and who has chosen what."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from reports.forms import ids_chosen, version_seen
from reports.models import Selection, SelectionChoice
from reports.policies import choices_in_reach, manages_selection
from reports.queries.selections import progress_of, with_chosen
from reports.services import choosing
from reports.views.reach import standing_of, user_of
from units.problems import Refused


@login_required
@require_safe
def selections(request: HttpRequest) -> HttpResponse:
    """The selections in which a unit in the reader's reach chooses."""
    return render(request, "reports/selections.html", {"selections": progress_of(choices_in_reach(user_of(request)))})


@login_required
@require_safe
def selection(request: HttpRequest, selection_id: int) -> HttpResponse:
    """Who has chosen what, as far as the reader's reach goes."""
    return _overview(request, selection_id)


def _overview(request: HttpRequest, selection_id: int, refused: Refused | None = None) -> HttpResponse:
    choices = list(with_chosen(choices_in_reach(user_of(request)).filter(selection=selection_id)))
    if not choices:
        raise Http404
    found = choices[0].selection
    context = {
        "selection": found,
        "choices": choices,
        "waiting": sum(choice.made_at is None for choice in choices),
        "needed": sum(choice.needed for choice in choices),
        "candidates": sum(choice.candidates for choice in choices),
        "manages": manages_selection(user_of(request), found),
        "problems": list(refused.problems) if refused else [],
    }
    return render(request, "reports/selection.html", context, status=422 if refused else 200)


@login_required
@require_POST
def freeze(request: HttpRequest, selection_id: int) -> HttpResponse:
    """Freeze what was chosen."""
    choices = choices_in_reach(user_of(request)).filter(selection=selection_id)
    found = get_object_or_404(Selection, pk__in=choices.values("selection"))
    confirmed = request.POST.get("confirm_incomplete") == "yes"
    try:
        choosing.freeze(found, by=user_of(request), at=timezone.now(), confirm_incomplete=confirmed)
    except Refused as refused:
        return _overview(request, selection_id, refused)
    messages.success(request, _("What was chosen is frozen."))
    return redirect("reports:selection", selection_id)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def choice(request: HttpRequest, choice_id: int) -> HttpResponse:
    """One unit's choice: the units below it, of which it ticks its share."""
    choices = choices_in_reach(user_of(request)).select_related("unit", "selection__level", "made_by")
    found = get_object_or_404(choices, pk=choice_id)
    if request.method != "POST":
        return _form(request, found)
    seen = version_seen(request.POST)
    if seen is None:
        return HttpResponseBadRequest(_("The version that was seen is missing."))
    chosen = ids_chosen(request.POST)
    try:
        choosing.choose(found.pk, chosen, by=user_of(request), at=timezone.now(), seen=seen)
    except Refused as refused:
        return _form(request, choices.get(pk=choice_id), chosen, refused)
    messages.success(request, _("What was chosen is saved."))
    return redirect("reports:choice", found.pk)


def _form(request: HttpRequest, found: SelectionChoice, sent: set[int] | None = None, refused: Refused | None = None) -> HttpResponse:
    below = list(found.units_below.select_related("unit").order_by("pk"))
    ticked = {each.unit_id for each in below if each.is_chosen} if sent is None else sent
    context: dict[str, Any] = {
        "choice": found,
        "selection": found.selection,
        "below": below,
        "ticked": ticked,
        "may_choose": found.selection.is_open and standing_of(request).may_choose(found),
        "problems": list(refused.problems) if refused else [],
    }
    return render(request, "reports/choice.html", context, status=422 if refused else 200)
