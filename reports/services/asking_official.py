"""Asking for official figures after estimated ones: a second submission of every report, opened for all at once (semantics §2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import BigIntegerField, BooleanField, Case, CharField, DateTimeField, F, JSONField, Max, Value, When

from reports.domain.deadlines import end_of_day
from reports.domain.workflow import TRANSITIONS, Action, State, target
from reports.models import Cycle, CycleLevel, JournalEntry, Report
from reports.models.bulk import insert_select
from reports.policies import manages_cycle
from reports.queries.calendar import DaysOff, next_working_day
from reports.services import flagging, rolling_up
from units.problems import Problem, Problems, Refused, gettext_noop
from units.reach import User

_SOURCES = sorted(state.value for state in TRANSITIONS[Action.ASK_OFFICIAL].sources)


def ask_for_official(cycle: Cycle, due: Mapping[str, date], *, by: User, at: datetime) -> int:
    """Open every report of the cycle for its official figures, due by level (code → day); returns how many are asked for.

    A level that isn't named is due on the day that was planned for it; days that are no working days move to the next one.
    What was entered stays as the draft to go on from. When the estimated figures were due and first submitted is kept with
    the report, and what was submitted in the journal. Nothing is counted until it is accepted anew. The number of
    statements doesn't grow with the reports. Raises Refused.
    """
    if not manages_cycle(by, cycle):
        raise Refused(Problem(gettext_noop("Only a cycle manager of the units at the top asks for official figures.")))
    with transaction.atomic():
        # all reports before any total: whoever holds totals and waits for a report could wait for ever
        for _ in Report.objects.filter(cycle=cycle).select_for_update(no_key=True).order_by("pk").values_list("pk").iterator():
            pass
        _begin(cycle, at)
        days = _due_days(cycle, due)
        _refuse_backwards(cycle, at)
        _journal(cycle, by, at)
        _reopen(cycle, days, at)
        flagging.clear_untrue_of(cycle.pk, at)
        rolling_up.forget(cycle)
    cycle.refresh_from_db()
    return Report.objects.filter(cycle=cycle, state__in=_SOURCES).count()


def _due_days(cycle: Cycle, due: Mapping[str, date]) -> dict[int, date]:
    """The official due day of each level (by id), which has to come after that of the estimated figures."""
    days_off, problems, days = DaysOff(), Problems(), {}
    levels = list(CycleLevel.objects.filter(cycle=cycle).select_related("level"))
    for code in sorted(due.keys() - {row.level.code for row in levels}):
        problems.add(Problem(gettext_noop("The level %(level)s doesn't report in this cycle."), {"level": code}))
    for row in levels:
        wanted = due.get(row.level.code) or row.official_due_on
        if wanted is None:
            problems.add(Problem(gettext_noop("Say by when the level %(level)s owes its official figures."), {"level": row.level.code}))
            continue
        day = days[row.level_id] = next_working_day(wanted, days_off)
        if day <= row.due_on:
            message = gettext_noop("%(level)s: official figures are due after the estimated ones, that is after %(due)s.")
            problems.add(Problem(message, {"level": row.level.code, "due": row.due_on.strftime("%d/%m/%Y")}))
    problems.refuse_if_any()
    return days


def _begin(cycle: Cycle, at: datetime) -> None:
    estimated = Cycle.objects.filter(pk=cycle.pk, state=Cycle.State.OPEN, asks_official=True, official_opened_at__isnull=True)
    if not estimated.update(official_opened_at=at):
        cycle.refresh_from_db()
        message = gettext_noop("The cycle “%(code)s” is not open.")
        if cycle.official_opened_at:
            message = gettext_noop("The official figures of the cycle “%(code)s” are asked for already.")
        elif not cycle.asks_official:
            message = gettext_noop("The cycle “%(code)s” doesn't ask for estimated and official figures.")
        raise Refused(Problem(message, {"code": cycle.code}))


def _refuse_backwards(cycle: Cycle, at: datetime) -> None:
    last = Report.objects.filter(cycle=cycle).aggregate(last=Max("journal_at"))["last"]
    if last is not None and at < last:
        params = {"at": at.isoformat(), "last": last.astimezone(cycle.zone).isoformat()}
        raise Refused(Problem(gettext_noop("The moment %(at)s lies before the last journal entry of the cycle, %(last)s."), params))


def _anew() -> Case:
    """The state that each report is led to."""
    led = {state: target(Action.ASK_OFFICIAL, state=state, resume=None, in_correction=False, has_superior=True) for state in State}
    changed = [state.value for state in TRANSITIONS[Action.ASK_OFFICIAL].sources if led[state] is not state]
    return Case(When(state__in=changed, then=Value(State.DRAFT.value)), default=F("state"), output_field=CharField())


def _journal(cycle: Cycle, by: User, at: datetime) -> None:
    moment: dict[str, Any] = {
        "at": Value(at, DateTimeField()),
        "by": Value(by.pk if by is not None else None, BigIntegerField()),
        "on_behalf": Value(False, BooleanField()),
        "action": Value(Action.ASK_OFFICIAL.value),
        "from_state": F("state"),
        "to_state": _anew(),
        "reason": Value(""),
        "changes": Value({}, JSONField()),
    }
    rows = Report.objects.filter(cycle=cycle, state__in=_SOURCES).order_by("position")
    insert_select(JournalEntry, ["report", *moment], rows.values_list("pk", *moment.values()))


def _reopen(cycle: Cycle, days: Mapping[int, date], at: datetime) -> None:
    """An exempt report stays so, and is due with the others should its exemption end."""
    for row in CycleLevel.objects.filter(cycle=cycle):
        day = days[row.level_id]
        CycleLevel.objects.filter(pk=row.pk).update(official_due_on=day)
        Report.objects.filter(cycle=cycle, level_id=row.level_id).update(
            estimated_due_at=F("due_at"),
            estimated_at=F("first_submitted_at"),
            first_submitted_at=None,
            due_on=day,
            due_at=end_of_day(day, cycle.zone),
            review_due_at=None,
            correct_by_at=None,
            in_correction=False,
            resume_state=_unless_exempt("resume_state", Value("")),
            journal_at=_unless_exempt("journal_at", Value(at, DateTimeField())),
            state=_anew(),
            version=F("version") + 1,
        )


def _unless_exempt(field: str, value: Value) -> Case:
    return Case(When(state=State.EXEMPT.value, then=F(field)), default=value)
