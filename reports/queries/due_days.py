"""The days by which something is owed, for a calendar: reports to submit and to correct, and reviews (semantics §4)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from reports.domain.workflow import State
from reports.models import Cycle, Report


class Owing(StrEnum):
    SUBMIT = "submit"
    CORRECT = "correct"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class DueDay:
    """What is owed by the end of a day. Of reviews `report` is the superior's, below which `count` reports wait."""

    what: Owing
    on: date
    report: Report
    changed_at: datetime
    count: int = 1


def due_days(owned: Collection[int], reviewed: Collection[int]) -> list[DueDay]:
    """For someone who fills in for the units `owned` and reviews what is directly below `reviewed`, in open cycles. Three queries."""
    return [*_of_owners(owned), *_of_reviewers(reviewed)]


def _of_owners(units: Collection[int]) -> Iterator[DueDay]:
    waiting = Report.objects.filter(unit_id__in=units).with_their_units()
    for report in waiting.for_display().defer("own").order_by("due_on", "pk"):
        changed_at = report.journal_at or report.cycle.opened_at or report.due_at
        if report.correct_by_at is not None:
            yield DueDay(Owing.CORRECT, _day(report.correct_by_at, report.cycle), report, changed_at)
        elif report.first_submitted_at is None:
            yield DueDay(Owing.SUBMIT, report.due_on, report, changed_at)


def _of_reviewers(units: Collection[int]) -> Iterator[DueDay]:
    submitted = Report.objects.filter(superior__unit_id__in=units, cycle__state=Cycle.State.OPEN, state=State.SUBMITTED.value)
    rows = list(submitted.filter(review_due_at__isnull=False).values_list("superior_id", "review_due_at", "journal_at"))
    superiors = Report.objects.for_display().defer("own").in_bulk({superior_id for superior_id, _due, _changed in rows})
    found: dict[tuple[int, date], list[datetime]] = {}
    for superior_id, review_due_at, changed_at in rows:
        if review_due_at is not None and changed_at is not None:
            found.setdefault((superior_id, _day(review_due_at, superiors[superior_id].cycle)), []).append(changed_at)
    for (superior_id, on), moments in sorted(found.items(), key=lambda each: (each[0][1], each[0][0])):
        yield DueDay(Owing.REVIEW, on, superiors[superior_id], max(moments), len(moments))


def _day(moment: datetime, cycle: Cycle) -> date:
    return moment.astimezone(cycle.zone).date()
