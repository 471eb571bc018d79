"""What the superior does with the reports below: accept, return, reopen, exempt, extend (semantics §2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from reports.domain.deadlines import end_of_day
from reports.domain.workflow import Action
from reports.models import Cycle, Report, ReviewNote
from reports.queries.calendar import working_days_from
from reports.services import transitions
from reports.services.transitions import Step, Taken
from units.problems import Problem, Problems, Refused, gettext_noop
from units.reach import User

Seen = Mapping[int, int] | None
Notes = Mapping[str, str]


#: of a report that is accepted
_ACCEPTED = {"review_due_at": None, "in_correction": False}


def accept(reports: QuerySet[Report], *, by: User, at: datetime, reason: str = "", seen: Seen = None) -> None:
    """Receive submitted reports, all or none: from now on they are counted."""
    transitions.take(Step(Action.ACCEPT, by, at, reason, seen or {}), reports, lambda report: _ACCEPTED)


def accept_possible(reports: QuerySet[Report], *, by: User, at: datetime, seen: Seen = None) -> Taken:
    """Receive those of the reports that can be received: one that was changed meanwhile keeps no other waiting for its superior."""
    return transitions.take_possible(Step(Action.ACCEPT, by, at, seen=seen or {}), reports, _ACCEPTED)


def return_for_correction(
    reports: QuerySet[Report],
    *,
    by: User,
    at: datetime,
    reason: str,
    until: date | None = None,
    notes: Notes | None = None,
    seen: Seen = None,
) -> None:
    """Give submitted reports back, with a reason and notes on single indicators (by code), to be corrected by the end of a day."""
    _correct(Step(Action.RETURN, by, at, reason, seen or {}), reports, until, notes or {})


def reopen(
    reports: QuerySet[Report],
    *,
    by: User,
    at: datetime,
    reason: str,
    until: date | None = None,
    notes: Notes | None = None,
    seen: Seen = None,
) -> None:
    """Give accepted reports back to be corrected: they are no longer counted until they are accepted anew."""
    _correct(Step(Action.REOPEN, by, at, reason, seen or {}), reports, until, notes or {})


def exempt(reports: QuerySet[Report], *, by: User, at: datetime, reason: str, seen: Seen = None) -> None:
    """Excuse units from this cycle; what they entered is kept and not counted."""
    transitions.take(Step(Action.EXEMPT, by, at, reason, seen or {}), reports)


def unexempt(reports: QuerySet[Report], *, by: User, at: datetime, reason: str = "", seen: Seen = None) -> None:
    """End the exemption: the reports are what they were."""
    transitions.take(Step(Action.UNEXEMPT, by, at, reason, seen or {}), reports)


def extend(reports: QuerySet[Report], *, by: User, at: datetime, until: date, reason: str, seen: Seen = None) -> None:
    """Move the due day of reports to a later one, which is taken as given."""

    def later(report: Report) -> dict[str, Any]:
        if until <= report.due_on:
            raise Refused(
                Problem(
                    gettext_noop("The new due day has to be later than the present one, %(due)s."),
                    {"due": report.due_on.strftime("%d/%m/%Y")},
                    unit_uid=report.unit.uid,
                )
            )
        return {"due_on": until, "due_at": end_of_day(until, report.cycle.zone)}

    transitions.take(
        Step(Action.EXTEND, by, at, reason, seen or {}),
        reports,
        later,
        lambda report: {"due_on": [report.due_on.isoformat(), until.isoformat()]},
    )


def _correct(step: Step, reports: QuerySet[Report], until: date | None, notes: Notes) -> None:
    @cache
    def usual_day(cycle: Cycle) -> datetime:
        return working_days_from(cycle, step.at, cycle.correction_days)

    def corrected_by(report: Report) -> dict[str, Any]:
        cycle = report.cycle
        if until is not None and until < step.at.astimezone(cycle.zone).date():
            raise Refused(Problem(gettext_noop("The day of correction is past."), unit_uid=report.unit.uid))
        by_moment = end_of_day(until, cycle.zone) if until is not None else usual_day(cycle)
        return {"correct_by_at": by_moment, "in_correction": True, "review_due_at": None}

    with transaction.atomic():
        _note(step, transitions.take(step, reports, corrected_by), notes)


def _note(step: Step, reports: Sequence[Report], notes: Notes) -> None:
    """Put the notes to the entries that the step has just left."""
    problems = Problems()
    for report in reports:
        known = report.cycle.version.compiled().by_code
        for code in notes.keys() - known.keys():
            problems.add(Problem(gettext_noop("The template has no indicator “%(code)s”."), {"code": code}, unit_uid=report.unit.uid))
    problems.refuse_if_any()
    texts = {code: text.strip() for code, text in notes.items() if text.strip()}
    if texts:
        entries = transitions.entries_left(step, reports).values()
        ReviewNote.objects.bulk_create(ReviewNote(entry_id=pk, indicator=code, text=text) for pk in entries for code, text in texts.items())
