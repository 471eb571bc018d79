"""The course of a cycle, due days of planned ones, and the days on which an administration doesn't work.

An open cycle's due days are history.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import QuerySet

from reports.models import Cycle, CycleLevel, DayOff
from reports.policies import reaches_all_of_cycle
from reports.queries.calendar import DaysOff, next_working_day
from reports.services.closing import in_another_state
from units.models import Level
from units.problems import Problem, Problems, Refused, gettext_noop
from units.reach import User
from units.tables.laying import Cells, Change, Rows, as_yes, by_key

DUE_COLUMNS = ("cycle", "level", "due_on", "needs_approval")
DAY_OFF_COLUMNS = ("day", "name")
_NO_DAY = gettext_noop("The cell is empty; write a day, such as 2025-06-14.")
_A_PART = gettext_noop("Only who reaches every unit at the top of the cycle “%(code)s” changes it.")

#: what an open cycle leaves to change: it touches nothing that was stored
ONCE_OPEN = ("review_days", "correction_days", "reminders")
#: what of a planned one is changed beside it
_WHILE_PLANNED = (*ONCE_OPEN, "opens_on")


def refuse_others(cycle: Cycle, by: User) -> None:
    """Raises Refused for whom some of the units at the top are out of reach."""
    if not reaches_all_of_cycle(by, cycle):
        raise Refused(Problem(_A_PART, {"code": cycle.code}))


def change_course(cycle: Cycle, changes: Mapping[str, Any], *, by: User) -> None:
    """Write these fields: those of ONCE_OPEN until it is closed, the day on which it opens while it is planned. Raises Refused."""
    with transaction.atomic():
        held = Cycle.objects.select_for_update().get(pk=cycle.pk)
        refuse_others(held, by)
        possible = {Cycle.State.PLANNED.value: _WHILE_PLANNED, Cycle.State.OPEN.value: ONCE_OPEN}.get(held.state, ())
        if not changes.keys() <= set(possible):
            raise Refused(in_another_state(held))
        Cycle.objects.filter(pk=cycle.pk).update(**changes)
    cycle.refresh_from_db()


def give_up(cycle: Cycle, *, by: User) -> None:
    """Delete a cycle that was planned. Raises Refused once it was opened."""
    with transaction.atomic():
        held = Cycle.objects.select_for_update().get(pk=cycle.pk)
        refuse_others(held, by)
        if held.state != Cycle.State.PLANNED:
            raise Refused(in_another_state(held))
        held.delete()


# --- Due days ---------------------------------------------------------------------------------------


class Due(NamedTuple):
    due_on: date
    needs_approval: bool


_Key = tuple[str, str]


def due_rows(levels: QuerySet[CycleLevel]) -> Iterator[tuple[str, ...]]:
    for key, due in _standing(levels).items():
        yield _shown(key, due)


def lay_due_days(rows: Rows, problems: Problems, cycles: QuerySet[Cycle], *, by: User) -> list[Change]:
    """Give levels of these cycles the due days of a file, moved to working days; what that changes. Raises Refused.

    The cycles that it names are held, so that none is opened meanwhile.
    """
    with transaction.atomic():
        brought = by_key(_read(rows, problems), "level", problems)
        held = cycles.filter(pk__in=Cycle.objects.filter(code__in={key[0] for key in brought}).values("pk"))
        by_code = {cycle.code: cycle for cycle in Cycle.objects.filter(pk__in=held.values("pk")).order_by("pk").select_for_update()}
        levels = {level.code: level for level in Level.objects.all()}
        standing = _standing(CycleLevel.objects.filter(cycle__in=by_code.values()))
        _check(brought, by_code, levels, standing, problems)
        _refuse_parts(brought, by_code, standing, by, problems)
        problems.refuse_if_any()
        CycleLevel.objects.bulk_create(
            [
                CycleLevel(cycle=by_code[key[0]], level=levels[key[1]], due_on=due.due_on, needs_approval=due.needs_approval)
                for key, (_line, due) in brought.items()
                if standing.get(key) != due
            ],
            batch_size=1000,
            update_conflicts=True,
            unique_fields=["cycle", "level"],
            update_fields=["due_on", "needs_approval"],
        )
    return [Change(_shown(key, standing[key]) if key in standing else None, _shown(key, due)) for key, (_line, due) in brought.items()]


def _read(rows: Rows, problems: Problems) -> Iterator[tuple[int, _Key, Due]]:
    days_off = DaysOff()
    for line, cells in rows:
        row = Cells(cells, line, problems)
        day = row.day("due_on")
        if day is None and not cells["due_on"].strip():
            row.complain("due_on", _NO_DAY)
        due = Due(next_working_day(day, days_off) if day else date.min, row.yes("needs_approval"))
        yield line, (cells["cycle"].strip(), cells["level"].strip()), due


def _check(
    brought: Mapping[_Key, tuple[int, Due]],
    cycles: Mapping[str, Cycle],
    levels: Mapping[str, Level],
    standing: Mapping[_Key, Due],
    problems: Problems,
) -> None:
    for (cycle, level), (line, due) in brought.items():
        for column, code, known in (("cycle", cycle, cycles), ("level", level, levels)):
            if code not in known:
                problems.add(Problem(gettext_noop("There is no “%(code)s” here."), {"code": code[:100]}, line, column))
        if cycle in cycles and cycles[cycle].state != Cycle.State.PLANNED and standing.get((cycle, level)) != due:
            message = gettext_noop("The cycle “%(code)s” has been opened: its due days are history. Extend single reports instead.")
            problems.add(Problem(message, {"code": cycle}, line, "due_on"))


def _refuse_parts(
    brought: Mapping[_Key, tuple[int, Due]], cycles: Mapping[str, Cycle], standing: Mapping[_Key, Due], by: User, problems: Problems
) -> None:
    changed = {key[0]: line for key, (line, due) in brought.items() if key[0] in cycles and standing.get(key) != due}
    for code, line in changed.items():
        if not reaches_all_of_cycle(by, cycles[code]):
            problems.add(Problem(_A_PART, {"code": code}, line, "cycle"))


def _standing(levels: QuerySet[CycleLevel]) -> dict[_Key, Due]:
    rows = levels.order_by("cycle__code", "level__rank").values_list("cycle__code", "level__code", "due_on", "needs_approval")
    return {(cycle, level): Due(due_on, needs_approval) for cycle, level, due_on, needs_approval in rows}


def _shown(key: _Key, due: Due) -> tuple[str, ...]:
    return *key, due.due_on.isoformat(), as_yes(due.needs_approval)


# --- Days off ---------------------------------------------------------------------------------------


def day_off_rows(days: QuerySet[DayOff]) -> Iterator[tuple[str, ...]]:
    for day, name in days.order_by("day").values_list("day", "name"):
        yield day.isoformat(), name


def lay_days_off(rows: Rows, problems: Problems) -> list[Change]:
    """Write the days off of a file beside and over those that stand; what that changes. Raises Refused."""
    with transaction.atomic():
        brought = by_key(_read_days_off(rows, problems), "day", problems)
        problems.refuse_if_any()
        standing = dict(DayOff.objects.filter(day__in=brought).values_list("day", "name"))
        DayOff.objects.bulk_create(
            [DayOff(day=day, name=name) for day, (_line, name) in brought.items() if standing.get(day) != name],
            batch_size=1000,
            update_conflicts=True,
            unique_fields=["day"],
            update_fields=["name"],
        )
    return [
        Change((day.isoformat(), standing[day]) if day in standing else None, (day.isoformat(), name))
        for day, (_line, name) in brought.items()
    ]


def delete_day_off(day: date) -> bool:
    """Make a day of the administration's own a working day again. Whether it was none."""
    return bool(DayOff.objects.filter(day=day).delete()[0])


def _read_days_off(rows: Rows, problems: Problems) -> Iterator[tuple[int, date, str]]:
    for line, cells in rows:
        row = Cells(cells, line, problems)
        day = row.day("day")
        if day is None and not cells["day"].strip():
            row.complain("day", _NO_DAY)
        if day is not None:
            yield line, day, row.text("name", 100)
