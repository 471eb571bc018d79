"""The register of Dân vận khéo models: for the units that run them, those that appraise and recognise them, and readers (semantics §10)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from reports import policies
from reports.documents.register_out import register_book, register_csv
from reports.documents.workbooks import XLSX
from reports.domain.skilful_models import TRANSITIONS, ModelAction
from reports.forms import RegisterFilterForm, RegistrationForm, SkilfulModelForm, SkilfulStepForm
from reports.models import SkilfulModel
from reports.models.skilful_model import MODEL_ACTION_LABELS, SkilfulModelQuerySet, label_of
from reports.policies import RegisterStanding
from reports.queries.skilful_models import Wanted, counts_by_field, steps_of
from reports.services import registering
from reports.services.registering import CONTENT, ModelStep
from reports.views.reach import user_of
from units.problems import Problem, Refused
from units.reach import units_in_reach

_A_PAGE = 50
#: what has a form of its own, is where the register begins, or is nobody's step
_ELSEWHERE = (ModelAction.REGISTER, ModelAction.EDIT, ModelAction.HAND_OVER)


@login_required
@require_safe
def register(request: HttpRequest) -> HttpResponse:
    """The models in reach, narrowed by what is sought; how they stand by field, and the rows, a page at a time."""
    form, models = _sought(request)
    context = {
        "form": form,
        "unit": units_in_reach(user_of(request)).filter(uid=form.cleaned_data.get("unit") or "").first(),
        "counts": counts_by_field(models),
        "page": Paginator(models.for_display(), _A_PAGE).get_page(request.GET.get("page")),
        "may_register": policies.units_to_register_for(user_of(request), timezone.localdate()).exists(),
    }
    return render(request, "reports/skilful_models/register.html", context)


@login_required
@require_safe
def register_file(request: HttpRequest, *, ending: str) -> HttpResponse:
    """What the register shows, whole, as a workbook for people or a CSV for scripts."""
    _form, models = _sought(request)
    rows = models.for_display()
    disposition = {"Content-Disposition": f'attachment; filename="mo-hinh-dan-van-kheo.{ending}"'}
    if ending == "xlsx":
        return HttpResponse(register_book(rows, timezone.now()), content_type=XLSX, headers=disposition)
    return HttpResponse(register_csv(rows), content_type="text/csv; charset=utf-8", headers=disposition)


def _sought(request: HttpRequest) -> tuple[RegisterFilterForm, SkilfulModelQuerySet]:
    form = RegisterFilterForm(request.GET, auto_id="sought-%s", label_suffix="")
    form.is_valid()
    return form, Wanted(**form.cleaned_data).among(policies.models_in_reach(user_of(request)))


@login_required
def new(request: HttpRequest) -> HttpResponse:
    """Register a model of a unit whose models the reader keeps."""
    at, user = timezone.now(), user_of(request)
    today = timezone.localdate(at)
    units = policies.units_to_register_for(user, today).select_related("level")
    if not units.exists():
        raise Http404
    form = RegistrationForm(request.POST or None, units, initial={"on": today, "unit": units.first()})
    if request.method == "POST" and form.is_valid():
        try:
            model = registering.register(form.cleaned_data["unit"], form.said, on=form.cleaned_data["on"], by=user, at=at)
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("The model is registered."))
            return redirect("reports:model", model.pk)
    return render(request, "reports/skilful_models/edit.html", {"form": form}, status=422 if form.errors else 200)


@login_required
def edit(request: HttpRequest, model_id: int) -> HttpResponse:
    """Correct what is said of a model."""
    model = _model_in_reach(request, model_id)
    if ModelAction.EDIT not in _allowed(RegisterStanding(user_of(request)), model):
        raise Http404
    form = SkilfulModelForm(request.POST or None, instance=model, initial={"seen": model.version}, label_suffix="")
    if request.method == "POST" and form.is_valid():
        try:
            registering.edit(model.pk, form.said, by=user_of(request), at=timezone.now(), seen=form.cleaned_data["seen"] or 0)
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("The model is corrected."))
            return redirect("reports:model", model.pk)
    return render(request, "reports/skilful_models/edit.html", {"form": form, "model": model}, status=422 if form.errors else 200)


@login_required
@require_safe
def model_page(request: HttpRequest, model_id: int) -> HttpResponse:
    """A model: what is said of it, what may be done next, and what happened to it."""
    return _render_model(request, _model_in_reach(request, model_id), timezone.now())


@require_POST
@login_required
def take(request: HttpRequest, model_id: int, action: str) -> HttpResponse:
    """Take a model one step further, on the version that its page showed."""
    at, user = timezone.now(), user_of(request)
    model = _model_in_reach(request, model_id)
    if action not in list(ModelAction) or ModelAction(action) in _ELSEWHERE:
        raise Http404
    step = ModelAction(action)
    form = SkilfulStepForm(step, request.POST, RegisterStanding(user).recognising(model.unit))
    if not form.is_valid():
        return _render_model(request, model, at, {step: form}, status=422)
    sent = dict(form.cleaned_data)
    seen = sent.pop("seen")
    try:
        registering.take(model.pk, ModelStep(step, by=user, at=at, **sent), seen=seen)
    except Refused as refused:
        return _render_model(request, _model_in_reach(request, model_id), at, {step: form}, list(refused.problems), status=422)
    messages.success(request, _("Recorded: %(step)s.") % {"step": dict(MODEL_ACTION_LABELS)[action]})
    return redirect("reports:model", model.pk)


def _model_in_reach(request: HttpRequest, model_id: int) -> SkilfulModel:
    return get_object_or_404(policies.models_in_reach(user_of(request)).for_display(), pk=model_id)


def _allowed(standing: RegisterStanding, model: SkilfulModel) -> list[ModelAction]:
    """The steps that the reader may take now, in the order of the table."""
    fitting = (each for each in TRANSITIONS.values() if model.state in each.sources)
    return [each.action for each in fitting if standing.is_one(each.by, model.unit)]


def _render_model(
    request: HttpRequest,
    model: SkilfulModel,
    at: datetime,
    sent: Mapping[ModelAction, SkilfulStepForm] = MappingProxyType({}),
    problems: Sequence[Problem] = (),
    *,
    status: int = 200,
) -> HttpResponse:
    standing = RegisterStanding(user_of(request))
    allowed = _allowed(standing, model)
    context = {
        "model": model,
        "said": [(label_of(name), getattr(model, name)) for name in CONTENT if name not in ("name", "field")],
        "may_edit": ModelAction.EDIT in allowed,
        "steps": [(step.value, sent.get(step) or form) for step, form in _forms(allowed, standing, model, at)],
        "problems": problems,
        "entries": steps_of(model),
    }
    return render(request, "reports/skilful_models/model.html", context, status=status)


def _forms(
    allowed: Sequence[ModelAction], standing: RegisterStanding, model: SkilfulModel, at: datetime
) -> Iterator[tuple[ModelAction, SkilfulStepForm]]:
    """A form for each step, but for recognising anew where the reader's levels are not above the one that did."""
    levels = standing.recognising(model.unit)
    if model.recognised_level is not None:
        levels = [level for level in levels if level.rank < model.recognised_level.rank]
    for step in allowed:
        if step not in _ELSEWHERE and (levels or step is not ModelAction.RECOGNISE):
            yield step, SkilfulStepForm(step, None, levels, seen=model.version, on=timezone.localdate(at))
