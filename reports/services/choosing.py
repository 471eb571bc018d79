"""Choosing the units of a cycle: a selection is opened, each superior chooses its share, and what was chosen is frozen."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime
from itertools import groupby

from django.db import IntegrityError, transaction
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet

from reports.models import Selection, SelectionCandidate, SelectionChoice
from reports.policies import Standing, manages_selection, reaches_all_of_selection
from units import tree
from units.bulk import add_many
from units.locks import hold
from units.models import Level, Unit
from units.problems import Problem, Problems, Refused, gettext_noop
from units.reach import User


def plan(*, code: str, name: str, level: Level, share: int, on: date, choose_by: date | None, units: Sequence[Unit]) -> Selection:
    """Record a selection that is to be opened. Raises Refused where its code is taken."""
    try:
        with transaction.atomic():
            selection = Selection.objects.create(code=code, name=name, level=level, share=share, on=on, choose_by=choose_by)
            selection.units.set(units)
            return selection
    except IntegrityError as error:
        message = gettext_noop("There is a selection “%(code)s” already; choose another code.")
        raise Refused(Problem(message, {"code": code}, column="code")) from error


def give_up(selection: Selection, *, by: User) -> None:
    """Delete a selection that was planned. Raises Refused once it was opened, and for whom some of its units are out of reach."""
    with transaction.atomic():
        held = Selection.objects.select_for_update(of=("self",)).get(pk=selection.pk)
        if not reaches_all_of_selection(by, held):
            raise Refused(Problem(gettext_noop("Only who reaches every unit at the top of “%(name)s” deletes it."), {"name": held.name}))
        if held.state != Selection.State.PLANNED:
            raise Refused(_in_another_state(held))
        held.delete()


def open_selection(selection: Selection, *, by: User) -> int:
    """Write what each superior has to choose from, which stays whatever happens to the units; returns how many have to choose.

    Raises Refused where it is open already, isn't the user's, or nobody has anything to choose from.
    """
    with transaction.atomic():
        _move(selection, Selection.State.PLANNED, Selection.State.OPEN, by=by)
        hold(tree.LOCK)
        choices, candidates = [], []
        for superior_id, unit_ids in _candidates(selection):
            choice = SelectionChoice.to_make(selection, superior_id, len(unit_ids))
            choices.append(choice)
            candidates += [SelectionCandidate(choice=choice, unit_id=unit_id) for unit_id in unit_ids]
        if not choices:
            message = gettext_noop("Nothing to choose from: on %(day)s no unit of the level %(level)s stands below these units.")
            raise Refused(Problem(message, {"day": selection.on.isoformat(), "level": selection.level.code}))
        add_many(choices)
        for candidate in candidates:
            candidate.choice_id = candidate.choice.pk
        add_many(candidates)
        return len(choices)


def _candidates(selection: Selection) -> Iterator[tuple[int, list[int]]]:
    """Each superior with the units of the selection's level directly below it, in the order of the tree."""
    units = Unit.objects.valid_on(selection.on).filter(tree.scope(list(selection.units.all())), level=selection.level, parent__isnull=False)
    rows = units.order_by("parent__tree_id", "parent__lft", "lft").values_list("parent_id", "pk")
    for superior_id, group in groupby(rows, key=lambda row: row[0]):
        yield superior_id, [unit_id for _, unit_id in group]


def choose(choice_id: int, unit_ids: Collection[int], *, by: User, at: datetime, seen: int) -> SelectionChoice:
    """Choose these units, in place of what was chosen before. `seen` is the version that the editor saw.

    Raises Refused where the selection isn't open, the choice is another's to make or was made anew meanwhile, a unit is none
    of those to choose from, or they are more or fewer than the share asks for.
    """
    with transaction.atomic():
        _hold(Selection.objects.filter(choices=choice_id))
        choice = SelectionChoice.objects.select_related("unit", "selection").get(pk=choice_id)
        _refuse_obstacles(choice, set(unit_ids), by, seen)
        choice.units_below.update(is_chosen=ExpressionWrapper(Q(unit_id__in=unit_ids), BooleanField()))
        choice.version, choice.made_at, choice.made_by_id = seen + 1, at, by.pk if by else None
        choice.save(update_fields=["version", "made_at", "made_by"])
        return choice


def _refuse_obstacles(choice: SelectionChoice, unit_ids: set[int], by: User, seen: int) -> None:
    if not choice.selection.is_open:
        raise Refused(Problem(gettext_noop("“%(name)s” is not open: nothing can be chosen."), {"name": choice.selection.name}))
    if not Standing(by).may_choose(choice):
        raise Refused(Problem(gettext_noop("Only a preparer or approver of %(unit)s chooses here."), {"unit": choice.unit.name}))
    if choice.version != seen:
        raise Refused(Problem(gettext_noop("Somebody else has chosen meanwhile. Look at what is chosen now, and choose again.")))
    known = set(choice.units_below.filter(unit_id__in=unit_ids).values_list("unit_id", flat=True))
    if known != unit_ids:
        raise Refused(Problem(gettext_noop("One of these units is not among those to choose from.")))
    if len(unit_ids) != choice.needed:
        message = gettext_noop("Choose %(needed)d of the %(candidates)d units (%(share)d %%, rounded up): %(chosen)d are chosen.")
        counts = {"needed": choice.needed, "candidates": choice.candidates, "share": choice.selection.share, "chosen": len(unit_ids)}
        raise Refused(Problem(message, counts))


def freeze(selection: Selection, *, by: User, at: datetime, confirm_incomplete: bool = False) -> None:
    """Let nothing be chosen any more, so that cycles may take it.

    Raises Refused with each unit that has not chosen yet, unless `confirm_incomplete`: then none of theirs is chosen.
    """
    with transaction.atomic():
        _hold(Selection.objects.filter(pk=selection.pk))
        waiting = selection.choices.filter(made_at__isnull=True).select_related("unit")
        problems = Problems()
        if not confirm_incomplete:
            message = gettext_noop("%(unit)s has not chosen yet.")
            problems.extend(Problem(message, {"unit": choice.unit.name}, unit_uid=choice.unit.uid) for choice in waiting)
        problems.refuse_if_any()
        if not selection.choices.filter(made_at__isnull=False).exists():
            raise Refused(Problem(gettext_noop("Nobody has chosen yet.")))
        _move(selection, Selection.State.OPEN, Selection.State.FROZEN, by=by, frozen_at=at, frozen_by_id=by.pk if by else None)


def unfreeze(selection: Selection, *, by: User) -> None:
    """Let it be chosen anew. Raises Refused once a cycle took what was chosen."""
    with transaction.atomic():
        _hold(Selection.objects.filter(pk=selection.pk))
        if cycle := selection.cycles.first():
            raise Refused(Problem(gettext_noop("The cycle “%(code)s” has taken what was chosen: it stays as it is."), {"code": cycle.code}))
        _move(selection, Selection.State.FROZEN, Selection.State.OPEN, by=by, frozen_at=None, frozen_by_id=None)


def _hold(selections: QuerySet[Selection]) -> None:
    """Hold a selection, so that nothing is chosen while it freezes, nor two choices made at once for one unit."""
    selections.select_for_update(of=("self",)).get()


def _move(selection: Selection, source: Selection.State, to: Selection.State, *, by: User, **changes: object) -> None:
    if not manages_selection(by, selection):
        raise Refused(Problem(gettext_noop("Only a cycle manager of the units at the top opens and freezes a selection.")))
    if not Selection.objects.filter(pk=selection.pk, state=source).update(state=to, **changes):
        selection.refresh_from_db()
        raise Refused(_in_another_state(selection))
    selection.refresh_from_db()


def _in_another_state(selection: Selection) -> Problem:
    message = gettext_noop("“%(name)s” is in the state “%(state)s”: nothing was done.")
    return Problem(message, {"name": selection.name, "state": selection.state})
