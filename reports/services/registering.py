"""Dân vận khéo models: registering one, correcting what is said of it, and taking it through its life (semantics §10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from reports.domain.skilful_models import TRANSITIONS, ModelAction, ModelBy, ModelField, ModelState, target
from reports.domain.validation import personal_problem
from reports.models import SkilfulModel, SkilfulModelEntry
from reports.models.skilful_model import FIELD_LABELS
from reports.policies import RegisterStanding
from units import names
from units.models import Level, Unit
from units.problems import Problem, Problems, Refused, gettext_noop
from units.reach import User, units_in_reach

#: what is said of a model, as its form has it
CONTENT = (
    "field", "name", "why", "aims", "content", "place", "group_served", "people", "means", "schedule", "product", "lasting",
)  # fmt: skip
_WORDS = tuple(name for name in CONTENT if name not in ("field", "people"))
_GONE = gettext_noop("There is no such model in the register.")


@dataclass(frozen=True, slots=True)
class ModelStep:
    """A step of a model's life: which, on which day, by whom and when it was written down.

    `effective` is what an appraisal finds, `level` the one that recognises.
    """

    action: ModelAction
    on: date
    by: User
    at: datetime
    text: str = ""
    effective: bool | None = None
    level: Level | None = None


def register(unit: Unit, content: Mapping[str, Any], *, on: date, by: User, at: datetime) -> SkilfulModel:
    """Enter a model of `unit` into the register. Raises Refused with everything that is wrong, each with its field."""
    step = ModelStep(ModelAction.REGISTER, on, by, at)
    with transaction.atomic():
        problems = Problems()
        if not units_in_reach(by).filter(pk=unit.pk).exists():
            raise Refused(Problem(gettext_noop("There is no such unit.")))
        standing = RegisterStanding(by)
        if not standing.is_one(TRANSITIONS[step.action].by, unit):
            raise Refused(Problem(gettext_noop("You are not the one who registers models of this unit.")))
        problems.extend(_problems_of_day(step, unit, None))
        model = SkilfulModel(unit=unit, registered_on=on, changed_on=on, **_sound(content, problems))
        problems.refuse_if_any()
        model.save()
        _write_down(model, step, "", on_behalf=standing.on_behalf(unit))
        return model


def edit(model_id: int, content: Mapping[str, Any], *, by: User, at: datetime, seen: int) -> SkilfulModel:
    """Correct what is said of a model; the journal keeps what was there. Raises Refused."""
    with transaction.atomic():
        model = _locked(model_id)
        step = ModelStep(ModelAction.EDIT, model.changed_on, by, at)
        standing = RegisterStanding(by)
        problems = Problems()
        problems.extend(_obstacles(model, step, standing, seen))
        problems.refuse_if_any()
        sound = _sound(content, problems)
        problems.refuse_if_any()
        changes = {name: [getattr(model, name), value] for name, value in sound.items() if getattr(model, name) != value}
        if changes:
            for name, value in sound.items():
                setattr(model, name, value)
            model.version += 1
            model.save()
            _write_down(model, step, model.state, on_behalf=standing.on_behalf(model.unit), changes=changes)
        return model


def take(model_id: int, step: ModelStep, *, seen: int) -> SkilfulModel:
    """Take a model one step further, on the version that was seen. Raises Refused with every reason why it can't be."""
    with transaction.atomic():
        model = _locked(model_id)
        standing = RegisterStanding(step.by)
        problems = Problems()
        problems.extend(_obstacles(model, step, standing, seen))
        problems.refuse_if_any()
        problems.extend(_problems_of_step(model, step, standing))
        problems.refuse_if_any()
        before = model.state
        model.state = target(step.action, ModelState(before)).value
        model.version += 1
        model.changed_on = step.on
        if step.action is ModelAction.APPRAISE:
            model.is_effective = step.effective
        if step.action is ModelAction.RECOGNISE:
            model.recognised_level, model.recognised_on = step.level, step.on
        model.save()
        _write_down(model, step, before, on_behalf=TRANSITIONS[step.action].by is ModelBy.OWNER and standing.on_behalf(model.unit))
        return model


def _locked(model_id: int) -> SkilfulModel:
    """The model, held until the transaction ends: two who act at once get one success and one refusal."""
    models = SkilfulModel.objects.select_related("unit").select_for_update(of=("self",), no_key=True)
    model = models.filter(pk=model_id).first()
    if model is None:
        raise Refused(Problem(_GONE))
    return model


def _obstacles(model: SkilfulModel, step: ModelStep, standing: RegisterStanding, seen: int) -> list[Problem]:
    """What of who acts, and of where the model stands, forbids the step."""
    transition = TRANSITIONS[step.action]
    if not units_in_reach(step.by).filter(pk=model.unit_id).exists():
        return [Problem(_GONE)]
    if not standing.is_one(transition.by, model.unit):
        return [Problem(gettext_noop("You are not the one who may do this to this model."))]
    if model.version != seen:
        return [Problem(gettext_noop("Somebody else has changed this model meanwhile. Look at it again before you go on."))]
    if model.state not in transition.sources:
        message = gettext_noop("The model is in the state “%(state)s”, where “%(action)s” can't be done.")
        return [Problem(message, {"state": ModelState(model.state), "action": step.action})]
    return []


def _problems_of_step(model: SkilfulModel, step: ModelStep, standing: RegisterStanding) -> list[Problem]:
    problems = _problems_of_day(step, model.unit, model.changed_on)
    text = step.text.strip()
    if TRANSITIONS[step.action].needs_text and not text:
        problems.append(Problem(gettext_noop("Write what it was, or why: this step is recorded with it."), column="text"))
    problems += _personal("text", text)
    if step.action is ModelAction.APPRAISE and step.effective is None:
        problems.append(Problem(gettext_noop("Say whether the model works well."), column="effective"))
    if step.action is ModelAction.RECOGNISE:
        problems += _problems_of_level(model, step, standing)
    return problems


def _problems_of_level(model: SkilfulModel, step: ModelStep, standing: RegisterStanding) -> list[Problem]:
    if step.level is None:
        return [Problem(gettext_noop("Say which level recognises the model."), column="level")]
    if step.level not in standing.recognising(model.unit):
        message = gettext_noop("You don't recognise models of this unit at the level %(level)s.")
        return [Problem(message, {"level": str(step.level)}, column="level")]
    standing_level = model.recognised_level
    if model.state == ModelState.RECOGNISED and standing_level is not None and step.level.rank >= standing_level.rank:
        message = gettext_noop("The model is recognised at the level %(level)s already; it is recognised anew at a higher one alone.")
        return [Problem(message, {"level": str(standing_level)}, column="level")]
    return []


def _problems_of_day(step: ModelStep, unit: Unit, last: date | None) -> list[Problem]:
    if step.on > timezone.localdate(step.at):
        return [Problem(gettext_noop("The day lies ahead: write down what has happened."), column="on")]
    if last is not None and step.on < last:
        return [Problem(gettext_noop("The model's last step was on %(day)s: this one can't lie before it."), {"day": last}, column="on")]
    if last is None and not Unit.objects.valid_on(step.on).filter(pk=unit.pk).exists():
        return [Problem(gettext_noop("The unit did not exist on this day."), column="on")]
    return []


def _sound(content: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    """The content as it is stored. Says what is wrong with it."""
    sound = {name: content.get(name) for name in CONTENT}
    for name in _WORDS:
        words = "\n".join(names.tidy(line) for line in str(sound[name] or "").strip().splitlines())
        problems.extend(_personal(name, words))
        sound[name] = words
    if not sound["name"]:
        problems.add(Problem(gettext_noop("Give the model a name."), column="name"))
    if sound["field"] not in list(ModelField):
        known = ", ".join(code for code, _label in FIELD_LABELS)
        problems.add(Problem(gettext_noop("Choose one of the four fields: %(known)s."), {"known": known}, column="field"))
    return sound


def _personal(column: str, text: str) -> list[Problem]:
    problem = personal_problem(_name_of(column), text)
    return [problem.at(column=column)] if problem else []


def _name_of(column: str) -> Any:
    model = SkilfulModel if column in CONTENT else SkilfulModelEntry
    return model._meta.get_field(column).verbose_name  # type: ignore[union-attr]


def _write_down(
    model: SkilfulModel, step: ModelStep, before: str, *, on_behalf: bool = False, changes: Mapping[str, Any] | None = None
) -> None:
    SkilfulModelEntry.objects.create(
        model=model,
        on=step.on,
        at=step.at,
        by_id=step.by.pk if step.by is not None else None,
        on_behalf=on_behalf,
        action=step.action.value,
        from_state=before,
        to_state=model.state,
        text=step.text.strip(),
        effective=step.effective,
        level=step.level,
        changes=dict(changes or {}),
    )
