"""A sweep of the whole cycle, in which every kind of flag is raised and cleared, and a second one with nothing to do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F

from benchmarks.country import ZONE
from benchmarks.jobs.sql import on_postgresql, run, settle
from benchmarks.measuring import Line, Setting, counting_queries, idle, in_turns
from reports.models import Flag, Report, Rollup
from reports.services import flagging

AT = datetime(2025, 7, 20, 9, tzinfo=ZONE)
PAST, EARLIER = datetime(2025, 7, 1, tzinfo=ZONE), datetime(2025, 6, 25, tzinfo=ZONE)

#: the conditions of semantics §4, as somebody who knows the tables writes them
BY_HAND = {
    "missing": "r.first_submitted_at IS NULL AND r.due_at < %(at)s AND r.state <> 'exempt'",
    "late": "r.first_submitted_at > r.due_at AND r.state <> 'exempt'",
    "correction_overdue": "r.correct_by_at < %(at)s",
    "review_overdue": "r.state = 'submitted' AND r.review_due_at < %(at)s",
    "figures_changed": "r.state IN ('submitted', 'accepted')"
    " AND EXISTS (SELECT FROM reports_rollup t WHERE t.report_id = r.id AND t.differs_from_declared)",
}


def measured(setting: Setting) -> Iterator[Line]:
    disturb()
    reports = Report.objects.count()
    with counting_queries(connection) as sent:
        flagging.sweep(AT)
    ours_left = open_flags()
    jobs = ("sweep, every kind of flag raised and cleared", "sweep again, with nothing to do")
    if not on_postgresql():
        for job, prepare in zip(jobs, (some_flags, idle), strict=True):
            yield Line(job, in_turns(setting.repeat, lambda: flagging.sweep(AT), idle, prepare)[0], reports=reports)
        return
    some_flags()
    by_hand()
    assert open_flags() == ours_left, "The sweep and the statements by hand leave different flags open."
    raised = ", ".join(f"{kind} {sum(each[1] == kind for each in ours_left)}" for kind in BY_HAND)
    for job, prepare in zip(jobs, (some_flags, idle), strict=True):
        ours, yardstick = in_turns(setting.repeat, lambda: flagging.sweep(AT), by_hand, prepare)
        yield Line(
            job,
            ours,
            yardstick,
            "the same effects by UPDATE and INSERT … SELECT",
            most=1.5,
            queries=len(sent),
            reports=reports,
            note=f"open afterwards, by both: {raised}",
        )


def disturb() -> None:
    """A fifth of the reports each: missing, late, with a correction overdue, with a review overdue, all right; half overtaken."""
    fifth = [Report.objects.annotate(fifth=F("pk") % 5).filter(fifth=number) for number in range(4)]
    fifth[0].update(state="draft", first_submitted_at=None)
    fifth[1].update(first_submitted_at=F("due_at") + timedelta(days=1))
    fifth[2].update(state="returned", correct_by_at=PAST)
    fifth[3].update(state="submitted", review_due_at=PAST)
    Rollup.objects.annotate(half=F("pk") % 2).filter(half=0).update(differs_from_declared=True)
    settle()


def some_flags() -> None:
    """Open flags of every kind, most of them no longer true."""
    Flag.objects.all().delete()
    chosen = Report.objects.annotate(seventh=F("pk") % 7).filter(seventh=0).values_list("pk", flat=True)
    Flag.objects.bulk_create(
        (Flag(report_id=pk, kind=kind, raised_at=EARLIER) for pk in chosen for kind in Flag.Kind.values), batch_size=10_000
    )
    settle()


def open_flags() -> set[tuple[int, str]]:
    return set(Flag.objects.filter(cleared_at__isnull=True).values_list("report_id", "kind"))


def by_hand() -> None:
    with transaction.atomic():
        for kind, deserves in BY_HAND.items():
            params = {"at": AT, "kind": kind}
            run(
                "UPDATE reports_flag f SET cleared_at = greatest(raised_at, %(at)s) WHERE kind = %(kind)s AND cleared_at IS NULL"
                f" AND NOT EXISTS (SELECT FROM reports_report r WHERE r.id = f.report_id AND {deserves})",
                params,
            )
            run(
                "INSERT INTO reports_flag (report_id, kind, raised_at) SELECT r.id, %(kind)s, %(at)s FROM reports_report r"
                f" WHERE {deserves} AND NOT EXISTS"
                " (SELECT FROM reports_flag f WHERE f.report_id = r.id AND f.kind = %(kind)s AND f.cleared_at IS NULL)",
                params,
            )
