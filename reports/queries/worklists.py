"""What waits for a person: reports to fill in, to correct, to submit, and those below to be reviewed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, OuterRef, Q, Subquery

from reports.domain.deadlines import Timeliness
from reports.domain.workflow import Action, State
from reports.models import Cycle, JournalEntry, Report, ReportQuerySet

_GIVEN_BACK = (Action.RETURN, Action.REOPEN, Action.SEND_BACK)


@dataclass(slots=True)
class Worklist:
    """A unit's open reports by what they ask for, and the superior reports below which something waits for review."""

    returned: list[Report] = field(default_factory=list)
    overdue: list[Report] = field(default_factory=list)
    due: list[Report] = field(default_factory=list)
    to_review: list[Report] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.returned or self.overdue or self.due or self.to_review)


def worklist(owned: Collection[int], reviewed: Collection[int], at: datetime) -> Worklist:
    """What waits at moment `at` for someone who fills in for the units `owned` and reviews what is directly below `reviewed`.

    Two queries. Reports carry `timeliness` and, where they were given back, the newest `reason`; those to review below carry
    the counts `waiting`, `missing` and `children`.
    """
    found = Worklist(to_review=list(_to_review(reviewed, at)))
    for report in _owed(owned, at):
        if report.state == State.RETURNED:
            found.returned.append(report)
        elif report.timeliness == Timeliness.MISSING:
            found.overdue.append(report)
        else:
            found.due.append(report)
    return found


def _owed(units: Collection[int], at: datetime) -> ReportQuerySet:
    given_back = JournalEntry.objects.filter(report_id=OuterRef("pk"), action__in=[action.value for action in _GIVEN_BACK])
    owed = Report.objects.filter(unit_id__in=units).with_their_units()
    newest = Subquery(given_back.order_by("-pk").values("reason")[:1])
    return owed.with_timeliness(at).annotate(reason=newest).for_display().defer("own").order_by("due_at", "cycle_id", "position")


def _to_review(units: Collection[int], at: datetime) -> ReportQuerySet:
    superiors = Report.objects.filter(unit_id__in=units, cycle__state=Cycle.State.OPEN).with_reports_below()
    missing = Q(subordinates__first_submitted_at__isnull=True, subordinates__due_at__lt=at) & ~Q(subordinates__state=State.EXEMPT.value)
    counted = superiors.annotate(
        waiting=Count("subordinates", filter=Q(subordinates__state=State.SUBMITTED.value)),
        missing=Count("subordinates", filter=missing),
        children=Count("subordinates", filter=~Q(subordinates__state=State.EXEMPT.value)),
    )
    waiting = counted.filter(Q(waiting__gt=0) | Q(missing__gt=0))
    return waiting.for_display().defer("own").order_by("-cycle__cut_off", "position")
