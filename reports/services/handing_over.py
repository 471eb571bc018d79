"""Dân vận khéo models go with the units that run them when the map is redrawn (semantics §8, §10).

A model goes over to where its unit went whole. Of a unit that was split, or ended without successor, it stays where it is until
the administrator says to which successor it goes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import F, QuerySet

from reports.domain.skilful_models import ModelAction
from reports.models import SkilfulModel, SkilfulModelEntry
from units import tree
from units.bulk import Among, add_many
from units.locks import hold
from units.models import Reorganisation, Succession, Unit
from units.problems import Problem, Refused, gettext_noop
from units.reach import User
from units.reorganising import ended_by


class _Way(NamedTuple):
    """Where a model goes, and as of which day."""

    model: SkilfulModel
    successor: Unit
    on: date


def hand_over(reorganisation: Reorganisation, *, by: User, at: datetime) -> None:
    """Let the models of every predecessor that went whole go over to its successor."""
    whole: dict[date, dict[int, Unit]] = defaultdict(dict)
    for row in reorganisation.successions.filter(share=1).select_related("successor").order_by("effective_on"):
        whole[row.effective_on][row.predecessor_id] = row.successor
    for on, successors in whole.items():  # a file may make a unit on one day that goes over itself on a later one
        models = _held(SkilfulModel.objects.filter(Among("unit_id", successors)))
        _go([_Way(each, successors[each.unit_id], on) for each in models], reorganisation, by, at)


def staying(reorganisation: Reorganisation) -> QuerySet[SkilfulModel]:
    """The models of units that it ended, which nobody has handed over."""
    return SkilfulModel.objects.filter(Among("unit_id", ended_by(reorganisation))).order_by("unit__sort_key", "pk")


def choices_for(models: Iterable[SkilfulModel], reorganisation: Reorganisation) -> dict[int, list[Succession]]:
    """By model: the successions of its unit, of which one may be chosen. One query."""
    models = list(models)
    of_unit: dict[int, list[Succession]] = defaultdict(list)
    rows = reorganisation.successions.filter(Among("predecessor_id", [each.unit_id for each in models]))
    for row in rows.select_related("successor").order_by("successor__sort_key"):
        of_unit[row.predecessor_id].append(row)
    return {each.pk: of_unit[each.unit_id] for each in models}


def hand_over_as_chosen(reorganisation: Reorganisation, chosen: Mapping[int, int], *, by: User, at: datetime) -> int:
    """Let models (by key) that stayed go to a successor (its key) of their unit; how many did. Raises Refused where one can't."""
    with transaction.atomic():
        hold(tree.LOCK)
        reorganisation.refresh_from_db()
        if reorganisation.is_undone:
            raise Refused(Problem(gettext_noop("This reorganisation is undone already.")))
        models = _held(staying(reorganisation).filter(Among("pk", chosen)))
        ways = choices_for(models, reorganisation)
        found = [
            _Way(each, row.successor, row.effective_on) for each in models for row in ways[each.pk] if row.successor_id == chosen[each.pk]
        ]
        if len(found) != len(chosen):
            raise Refused(Problem(gettext_noop("A model can't go there (any more). Look at the list again.")))
        _go(found, reorganisation, by, at)
        return len(found)


def take_back(reorganisation: Reorganisation, *, by: User, at: datetime) -> None:
    """Let the models that went over by it stand at their old units again; their journals keep both."""
    entries = SkilfulModelEntry.objects.filter(reorganisation=reorganisation, from_unit__isnull=False)
    old = {entry.model_id: entry for entry in entries.select_related("from_unit").order_by("-pk")}  # the first of each
    successors = set(reorganisation.successions.values_list("successor_id", flat=True))
    models = [each for each in _held(SkilfulModel.objects.filter(Among("pk", old))) if each.unit_id in successors]
    ways = [_Way(each, unit, old[each.pk].on) for each in models if (unit := old[each.pk].from_unit) is not None]
    _go(ways, reorganisation, by, at, is_back=True)


def _held(models: QuerySet[SkilfulModel]) -> list[SkilfulModel]:
    """The models, held until the transaction ends: nobody takes a step meanwhile."""
    return list(models.select_related("unit").select_for_update(of=("self",), no_key=True).order_by("pk"))


def _go(ways: Iterable[_Way], reorganisation: Reorganisation, by: User, at: datetime, *, is_back: bool = False) -> None:
    by_unit: dict[int, list[int]] = defaultdict(list)
    entries = []
    for model, successor, on in ways:
        by_unit[successor.pk].append(model.pk)
        entries.append(
            SkilfulModelEntry(
                model=model,
                on=on,
                at=at,
                by_id=by.pk if by else None,
                action=ModelAction.HAND_OVER.value,
                from_state=model.state,
                to_state=model.state,
                changes={"unit": [_named(model.unit), _named(successor)]},
                reorganisation=reorganisation,
                # of what goes back, nothing refers to the unit that is about to vanish
                from_unit=None if is_back else model.unit,
            )
        )
    for unit_id, model_ids in by_unit.items():
        SkilfulModel.objects.filter(Among("pk", model_ids)).update(unit_id=unit_id, version=F("version") + 1)
    add_many(entries)


def _named(unit: Unit) -> str:
    return f"{unit.name} ({unit.uid})"
