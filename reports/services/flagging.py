"""Raising and clearing flags (semantics §4). Each kind's condition stands once, as a question to the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_

from django.db import transaction
from django.db.models import Count, DateTimeField, Exists, F, OuterRef, Q, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Greatest

from reports.domain.workflow import WITH_SUPERIOR, State
from reports.models import Flag, Report, ReportQuerySet
from reports.models.bulk import insert_select
from reports.services import rolling_up
from units.bulk import Among
from units.locks import hold


def condition(kind: Flag.Kind, at: datetime | Combinable) -> Q:
    """Which reports deserve an open flag of `kind` at moment `at`."""
    match kind:
        case Flag.Kind.MISSING:
            return Q(first_submitted_at__isnull=True, due_at__lt=at) & ~Q(state=State.EXEMPT.value)
        case Flag.Kind.LATE:
            return Q(first_submitted_at__gt=F("due_at")) & ~Q(state=State.EXEMPT.value)
        case Flag.Kind.CORRECTION_OVERDUE:
            return Q(correct_by_at__lt=at)
        case Flag.Kind.REVIEW_OVERDUE:
            return Q(state=State.SUBMITTED.value, review_due_at__lt=at)
        case Flag.Kind.FIGURES_CHANGED:
            return Q(state__in=[state.value for state in WITH_SUPERIOR], rollup__differs_from_declared=True)


@dataclass(slots=True)
class Swept:
    """How many flags of each kind a sweep raised and cleared."""

    raised: dict[str, int]
    cleared: dict[str, int]


def sweep(at: datetime, cycle_ids: Sequence[int] | None = None) -> Swept:
    """Bring the open flags to what they have to be at moment `at`; run again, it changes nothing.

    One sweep runs at a time. It drains the marks first, since figures_changed is read from stored totals. A report that
    somebody is acting on at this moment is left to the next sweep: what that action leads to isn't known yet.
    """
    rolling_up.drain_all(cycle_ids)
    reports = Report.objects.all() if cycle_ids is None else Report.objects.filter(cycle_id__in=cycle_ids)
    with transaction.atomic():
        hold("sweep")
        cleared = {kind.value: _clear(kind, cycle_ids, at) for kind in Flag.Kind}
        raised = {kind.value: _raise(kind, reports, at) for kind in Flag.Kind}
    return Swept(raised, cleared)


def count_open() -> dict[str, int]:
    """How many flags of each kind are open."""
    counts = Flag.objects.filter(cleared_at__isnull=True).order_by().values_list("kind").annotate(count=Count("pk"))
    return dict.fromkeys(Flag.Kind.values, 0) | dict(counts)


def clear_untrue(report_ids: Sequence[int], at: datetime) -> None:
    """Clear those open flags of the reports that a transition has made untrue, in its own transaction.

    A transition may be dated before the flag was raised; what had become overdue by then is so still.
    """
    open_flags = Flag.objects.filter(Among("report_id", report_ids), cleared_at__isnull=True)
    if not open_flags.exists():  # asked by itself: to plan the question below takes longer than to answer it
        return
    seen_at = Greatest(OuterRef("raised_at"), _moment(at))
    own = Report.objects.filter(pk=OuterRef("report_id"))
    deserved = (Q(kind=kind.value) & Exists(own.filter(condition(kind, seen_at))) for kind in Flag.Kind)
    open_flags.exclude(reduce(or_, deserved)).update(cleared_at=Greatest(F("raised_at"), _moment(at)))


def clear_untrue_of(cycle_id: int, at: datetime) -> None:
    """The same for all reports of a cycle."""
    for kind in Flag.Kind:
        _clear(kind, [cycle_id], at)


def _moment(at: datetime) -> Value:
    return Value(at, output_field=DateTimeField())


def _clear(kind: Flag.Kind, cycle_ids: Sequence[int] | None, at: datetime) -> int:
    open_flags = Flag.objects.filter(kind=kind.value, cleared_at__isnull=True)
    if cycle_ids is not None:
        open_flags = open_flags.filter(report__in=Report.objects.filter(cycle_id__in=cycle_ids))
    deserved = Report.objects.filter(condition(kind, at), pk=OuterRef("report_id"))
    return open_flags.filter(~Exists(deserved)).update(cleared_at=Greatest(F("raised_at"), _moment(at)))


def _raise(kind: Flag.Kind, reports: ReportQuerySet, at: datetime) -> int:
    """Locks what it flags, so that a transition meanwhile is seen here, or sees the flag and clears it."""
    has_open = Exists(Flag.objects.filter(report_id=OuterRef("pk"), kind=kind.value, cleared_at__isnull=True))
    deserving = reports.filter(condition(kind, at)).filter(~has_open).order_by()
    rows = deserving.select_for_update(of=("self",), no_key=True, skip_locked=True)
    return insert_select(Flag, ["report", "kind", "raised_at"], rows.values_list("pk", Value(kind.value), _moment(at)))
