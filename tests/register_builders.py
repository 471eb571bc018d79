"""Dân vận khéo models in a line each."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from reports.domain.skilful_models import ModelAction
from reports.models import SkilfulModel
from reports.services import registering
from reports.services.registering import ModelStep
from tests import builders
from units.models import Level, Unit

WRITTEN_AT = builders.at("2025-06-10 08:00")


def given_model(uid: str, *, on: str = "2025-03-01", by: Any = None, at: datetime = WRITTEN_AT, **content: Any) -> SkilfulModel:
    """A model that the unit registered on a day, in the field of economy unless another is named."""
    usual = {"field": "kinh_te", "name": "Đường hoa thôn em", "place": "Thôn 1", "people": 25}
    return registering.register(Unit.objects.get(uid=uid), usual | content, on=date.fromisoformat(on), by=by, at=at)


def step(action: str, *, on: str = "2025-06-01", by: Any = None, level: str = "", at: datetime = WRITTEN_AT, **rest: Any) -> ModelStep:
    recognising = Level.objects.get(code=level) if level else None
    return ModelStep(ModelAction(action), date.fromisoformat(on), by, at, level=recognising, **rest)


def take(model: SkilfulModel, action: str, **arguments: Any) -> SkilfulModel:
    """One step further, on the version that stands now."""
    model.refresh_from_db()
    return registering.take(model.pk, step(action, **arguments), seen=model.version)
