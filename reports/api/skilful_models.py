"""The register of Dân vận khéo models (semantics §10)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Schema
from pydantic import Field, StrictBool, StrictInt

from accounts.models import Scope
from reports import policies
from reports.api import reach
from reports.api.door import Resource
from reports.api.paging import Page, Pages, page_of
from reports.api.problems import not_found, refusal
from reports.api.versions import changed, say_version, seen_version
from reports.api.words import Day, Given, Id, Text, UnitShown, Word, unit_shown
from reports.domain.skilful_models import TRANSITIONS, ModelAction, ModelField, ModelState
from reports.models import SkilfulModel, SkilfulModelEntry
from reports.models.skilful_model import SkilfulModelQuerySet
from reports.policies import RegisterStanding
from reports.queries.skilful_models import Wanted, steps_of
from reports.queries.timeline import name_of as person
from reports.services import registering
from reports.services.registering import CONTENT, ModelStep
from units.models import Level
from units.problems import Refused

skilful_models = Resource("Register of models")

Line = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]
Long = Annotated[str, Field(max_length=20_000, pattern=r"^[^\x00]*$")]
People = Annotated[StrictInt, Field(ge=0, le=2**31 - 1)]


class ModelBrief(Schema):
    id: int
    unit: UnitShown
    field: ModelField
    name: str
    place: str
    state: ModelState
    version: int
    registered_on: date
    changed_on: date
    is_effective: bool | None
    recognised_level: str | None
    recognised_on: date | None


class StepShown(Schema):
    """A step of its life: on which day it happened, and when it was written down."""

    on: date
    at: datetime
    by: str
    on_behalf: bool
    action: ModelAction
    to_state: ModelState
    text: str
    effective: bool | None
    level: str | None


class ModelShown(ModelBrief):
    why: str
    aims: str
    content: str
    group_served: str
    people: int | None
    means: str
    schedule: str
    product: str
    lasting: str
    actions: list[ModelAction]
    steps: list[StepShown]


class Said(Given):
    """What is said of a model."""

    field: ModelField
    name: Line
    why: Long = ""
    aims: Long = ""
    content: Long = ""
    place: Line = ""
    group_served: Line = ""
    people: People | None = None
    means: Long = ""
    schedule: Line = ""
    product: Long = ""
    lasting: Long = ""


class Registration(Said):
    """The same of a model that is registered: the uid of the unit that runs it, and the day."""

    unit: Word
    on: Day


class Taken(Given):
    """A step. `effective` is asked for by an appraisal, `level` (a code) by a recognition."""

    on: Day
    text: Text = ""
    effective: StrictBool | None = None
    level: Word | None = None


class ModelsSought(Schema):
    """What narrows the register; what is left out doesn't."""

    text: Word | None = None
    field: ModelField | None = None
    state: ModelState | None = None
    year: Annotated[int | None, Query(ge=1900, le=2200, description="Registered in this year")] = None
    unit: Annotated[Word | None, Query(description="A uid: this unit and all below it")] = None


@skilful_models.get("/models", Page[ModelBrief])
def listed(request: HttpRequest, sought: Annotated[ModelsSought, Query()], paging: Pages) -> dict[str, Any]:
    """The models in reach."""
    return page_of(models_sought(request, sought), paging, _brief)


def models_sought(request: HttpRequest, sought: ModelsSought) -> SkilfulModelQuerySet:
    """Those of the models in reach that were asked for."""
    wanted = Wanted(**{name: value or "" for name, value in sought.dict(exclude={"year"}).items()}, year=sought.year)
    return wanted.among(policies.models_in_reach(reach.user_of(request))).for_display()


@skilful_models.get("/models/{model_id}", ModelShown)
def one(request: HttpRequest, response: HttpResponse, model_id: Id) -> dict[str, Any]:
    """A model, with what happened to it."""
    return _whole(request, response, model_id)


@skilful_models.post("/models", ModelShown, Scope.REGISTER, status=201)
def register(request: HttpRequest, response: HttpResponse, sent: Registration) -> dict[str, Any]:
    """Register a model of a unit whose models the user keeps."""
    at, user = timezone.now(), reach.user_of(request)
    unit = policies.units_to_register_for(user, sent.on).select_related("level").filter(uid=sent.unit).first()
    if unit is None:
        raise not_found()
    said = sent.dict(exclude={"unit", "on"})
    model = registering.register(unit, said, on=sent.on, by=user, at=at)
    return _whole(request, response, model.pk)


@skilful_models.put("/models/{model_id}", ModelShown, Scope.REGISTER, versioned=True)
def edit(request: HttpRequest, response: HttpResponse, model_id: Id, sent: Said) -> dict[str, Any]:
    """Correct what is said of a model; all of it is sent."""
    model, user = reach.skilful_model(request, model_id), reach.user_of(request)
    seen = seen_version(request, model.version)
    with _refusing(ModelAction.EDIT, model_id, seen, user):
        registering.edit(model_id, sent.dict(), by=user, at=timezone.now(), seen=seen)
    return _whole(request, response, model_id)


_STEPS = [action for action in TRANSITIONS if action not in (ModelAction.REGISTER, ModelAction.EDIT)]


def _step(action: ModelAction) -> None:
    """Register one action of the register's table of transitions."""

    def take(request: HttpRequest, response: HttpResponse, model_id: Id, sent: Taken) -> dict[str, Any]:
        model, user = reach.skilful_model(request, model_id), reach.user_of(request)
        seen = seen_version(request, model.version)
        level = Level.objects.filter(code=sent.level).first() if sent.level else None
        step = ModelStep(action, sent.on, user, timezone.now(), sent.text, sent.effective, level)
        with _refusing(action, model_id, seen, user):
            registering.take(model_id, step, seen=seen)
        return _whole(request, response, model_id)

    take.__doc__ = f"Take the model one step further: {action.value}."
    path = f"/models/{{model_id}}/{action.value.replace('_', '-')}"
    skilful_models.post(path, ModelShown, Scope.REGISTER, versioned=True, operation_id=f"models_{action.value}", summary=action.value)(take)


for _action in _STEPS:
    _step(_action)


@contextmanager
def _refusing(action: ModelAction, model_id: int, seen: int, user: Any) -> Iterator[None]:
    """Answer what the register refuses by why, as `steps.refusing` does."""
    try:
        yield
    except Refused as refused:
        now = SkilfulModel.objects.select_related("unit").get(pk=model_id)
        if not RegisterStanding(user).is_one(TRANSITIONS[action].by, now.unit):
            raise refusal(refused, 403, "forbidden") from refused
        if now.version != seen:
            raise changed(now.version) from refused
        if now.state not in TRANSITIONS[action].sources:
            raise refusal(refused, 409, "untimely") from refused
        raise


def _brief(model: SkilfulModel) -> dict[str, Any]:
    fields = ("field", "name", "place", "state", "version", "registered_on", "changed_on", "is_effective", "recognised_on")
    level = model.recognised_level.code if model.recognised_level else None
    return {"id": model.pk, "unit": unit_shown(model.unit), "recognised_level": level} | {name: getattr(model, name) for name in fields}


def _whole(request: HttpRequest, response: HttpResponse, model_id: int) -> dict[str, Any]:
    model = reach.skilful_model(request, model_id)
    say_version(response, model.version)
    standing = RegisterStanding(reach.user_of(request))
    fitting = (each for each in TRANSITIONS.values() if model.state in each.sources)
    return (
        _brief(model)
        | {name: getattr(model, name) for name in CONTENT}
        | {
            "actions": [each.action for each in fitting if standing.is_one(each.by, model.unit)],
            "steps": [_step_shown(entry) for entry in steps_of(model)],
        }
    )


def _step_shown(entry: SkilfulModelEntry) -> dict[str, Any]:
    fields = ("on", "at", "on_behalf", "action", "to_state", "text", "effective")
    level = entry.level.code if entry.level else None
    return {"by": person(entry.by), "level": level} | {name: getattr(entry, name) for name in fields}
