"""Choosing units: what there is to choose, one unit's choice, and freezing what was chosen."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Schema
from pydantic import Field, StrictBool

from accounts.models import Scope
from reports.api import reach
from reports.api.door import Resource
from reports.api.problems import not_found, refusal, refused_as, untimely
from reports.api.versions import changed, say_version, seen_version
from reports.api.words import Code, Given, Id, Row, UnitShown, one_of, unit_shown
from reports.models import Selection, SelectionChoice
from reports.policies import Standing, choices_in_reach, manages_selection
from reports.queries.selections import Progress, progress_of, with_chosen
from reports.queries.timeline import name_of as person
from reports.services import choosing
from units.problems import Refused

selections = Resource("Selections")


class SelectionShown(Schema):
    """`asked` units choose, of which `made` have; as far as the user's reach goes."""

    code: str
    name: str
    level: str
    share: int
    state: Annotated[Selection.State, one_of(Selection.State)]
    on: date
    choose_by: date | None
    asked: int
    made: int


class ChoiceBrief(Schema):
    """One unit's choice: `needed` of `candidates`."""

    id: int
    unit: UnitShown
    needed: int
    candidates: int
    version: int
    made_at: datetime | None
    made_by: str
    chosen: list[UnitShown]


class SelectionWithChoices(SelectionShown):
    choices: list[ChoiceBrief]


class Candidate(UnitShown):
    is_chosen: bool


class ChoiceShown(Schema):
    id: int
    selection: str
    unit: UnitShown
    needed: int
    version: int
    may_choose: bool
    candidates: list[Candidate]


class UnitsChosen(Given):
    """Ids of the units that are chosen, in place of what was chosen before."""

    units: Annotated[list[Row], Field(max_length=10_000)]


class Freezing(Given):
    """`confirm_incomplete`: that not everybody has chosen is known."""

    confirm_incomplete: StrictBool = False


@selections.get("/selections", list[SelectionShown])
def listed(request: HttpRequest) -> list[dict[str, Any]]:
    """The selections in which a unit in reach chooses."""
    return [_shown(each) for each in progress_of(choices_in_reach(reach.user_of(request)))]


@selections.get("/selections/{code}", SelectionWithChoices)
def one(request: HttpRequest, code: Code) -> dict[str, Any]:
    """Who has chosen what, as far as the user's reach goes."""
    return _whole(_choices(request, code))


@selections.post("/selections/{code}/freeze", SelectionWithChoices, Scope.MANAGE)
def freeze(request: HttpRequest, code: Code, sent: Freezing) -> dict[str, Any]:
    """Freeze what was chosen, for the cycles that take it."""
    user = reach.user_of(request)
    _choices(request, code)
    selection = Selection.objects.get(code=code)
    with untimely() if manages_selection(user, selection) else refused_as(403, "forbidden"):
        choosing.freeze(selection, by=user, at=timezone.now(), confirm_incomplete=sent.confirm_incomplete)
    return _whole(_choices(request, code))


@selections.get("/choices/{choice_id}", ChoiceShown)
def choice(request: HttpRequest, response: HttpResponse, choice_id: Id) -> dict[str, Any]:
    """One unit's choice, with the units that there are to choose from."""
    return _choice(request, response, _one(request, choice_id))


@selections.put("/choices/{choice_id}", ChoiceShown, Scope.FILL, versioned=True)
def choose(request: HttpRequest, response: HttpResponse, choice_id: Id, sent: UnitsChosen) -> dict[str, Any]:
    """Choose units below: as many as the share asks for."""
    found, user = _one(request, choice_id), reach.user_of(request)
    seen = seen_version(request, found.version)
    try:
        choosing.choose(found.pk, set(sent.units), by=user, at=timezone.now(), seen=seen)
    except Refused as refused:
        now = _one(request, choice_id)
        if not Standing(user).may_choose(now):
            raise refusal(refused, 403, "forbidden") from refused
        if now.version != seen:
            raise changed(now.version) from refused
        if not now.selection.is_open:
            raise refusal(refused, 409, "untimely") from refused
        raise
    return _choice(request, response, _one(request, choice_id))


def _one(request: HttpRequest, choice_id: int) -> SelectionChoice:
    choices = choices_in_reach(reach.user_of(request)).select_related("unit", "selection__level", "made_by")
    found = choices.filter(pk=choice_id).first()
    if found is None:
        raise not_found()
    return found


def _choices(request: HttpRequest, code: str) -> QuerySet[SelectionChoice]:
    found = choices_in_reach(reach.user_of(request)).filter(selection__code=code)
    if not found.exists():
        raise not_found()
    return found


def _shown(progress: Progress) -> dict[str, Any]:
    selection = progress.selection
    fields = ("code", "name", "share", "state", "on", "choose_by")
    counts = {"level": selection.level.code, "asked": progress.asked, "made": progress.made}
    return counts | {name: getattr(selection, name) for name in fields}


def _whole(choices: QuerySet[SelectionChoice]) -> dict[str, Any]:
    return _shown(progress_of(choices)[0]) | {"choices": [_brief(each) for each in with_chosen(choices)]}


def _brief(choice: Any) -> dict[str, Any]:
    fields = ("needed", "candidates", "version", "made_at")
    names = {"id": choice.pk, "unit": unit_shown(choice.unit), "made_by": person(choice.made_by)}
    return names | {name: getattr(choice, name) for name in fields} | {"chosen": [unit_shown(each.unit) for each in choice.chosen]}


def _choice(request: HttpRequest, response: HttpResponse, found: SelectionChoice) -> dict[str, Any]:
    say_version(response, found.version)
    below = found.units_below.select_related("unit").order_by("pk")
    return {
        "id": found.pk,
        "selection": found.selection.code,
        "unit": unit_shown(found.unit),
        "needed": found.needed,
        "version": found.version,
        "may_choose": found.selection.is_open and Standing(reach.user_of(request)).may_choose(found),
        "candidates": [unit_shown(each.unit) | {"is_chosen": each.is_chosen} for each in below],
    }
