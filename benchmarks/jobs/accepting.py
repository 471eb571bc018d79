"""One hamlet's report accepted, until the totals of commune, district and province are stored."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from django.contrib.auth import get_user_model
from django.db import connection, transaction

from benchmarks.country import ACCEPTED_AT
from benchmarks.jobs.sql import run
from benchmarks.measuring import Line, Setting, counting_queries, timed
from reports.models import Cycle, Report
from reports.services import reviewing, rolling_up, submitting
from reports.services.submitting import Declaration
from units.models import Membership
from units.reach import User

SAMPLES = 100


def measured(setting: Setting) -> Iterator[Line]:
    cycle = Cycle.objects.get()
    hamlets = submitted_again(evenly(leaves(cycle), SAMPLES + 2))
    reviewers = {report.pk: reviewer_above(report) for report in hamlets}
    ours: list[float] = []
    yardstick: list[float] = []
    for number, report in enumerate(hamlets):
        accepting = partial(accept, cycle, report, reviewers[report.pk], ACCEPTED_AT)
        if number == 0:
            accepting()  # compiles the template, opens the connection
        elif number == 1:
            with counting_queries(connection) as sent:
                accepting()
        else:
            yardstick.append(timed(partial(update_four_rows, report, superiors(report))))
            ours.append(timed(accepting))
    yield Line(
        "accept a hamlet's report, until three totals are stored",
        ours,
        yardstick,
        "a transaction that updates four rows of the same tables",
        most=25,
        queries=len(sent),
        most_queries=15,
        reports=Report.objects.count(),
    )


def accept(cycle: Cycle, report: Report, reviewer: User, at: datetime) -> None:
    """As the page and the worker do it."""
    reviewing.accept(Report.objects.filter(pk=report.pk), by=reviewer, at=at)
    rolling_up.drain_all([cycle.pk], wait=False)


def update_four_rows(report: Report, above: list[int]) -> None:
    with transaction.atomic():
        run("UPDATE reports_report SET version = version + 1 WHERE id = %s", [report.pk])
        for superior_id in above:
            run("UPDATE reports_rollup SET counted = counted WHERE report_id = %s", [superior_id])


def leaves(cycle: Cycle) -> list[int]:
    """The reports three steps below a root that have none below them, in the order of the tree."""
    return list(Report.objects.filter(cycle=cycle, depth=3).without_reports_below().order_by("position").values_list("pk", flat=True))


def evenly(items: list[int], count: int) -> list[int]:
    """So many of them, spread over all."""
    count = min(count, len(items))
    return [items[number * len(items) // count] for number in range(count)]


def submitted_again(ids: list[int]) -> list[Report]:
    """These accepted reports, reopened and submitted anew, with everything drained."""
    chosen = Report.objects.filter(pk__in=ids)
    reviewing.reopen(chosen, by=None, at=ACCEPTED_AT, reason="benchmark")
    submitting.submit(chosen, by=None, at=ACCEPTED_AT, declaration=Declaration(confirm_incomplete=True))
    rolling_up.drain_all()
    return list(chosen.select_related("superior__unit"))


def reviewer_above(report: Report) -> User:
    """An account that reviews for the report's superior unit."""
    assert report.superior
    unit = report.superior.unit
    user, is_new = get_user_model().objects.get_or_create(username=f"reviewer-{unit.uid}")
    if is_new:
        Membership.objects.create(user=user, unit=unit, role=Membership.Role.REVIEWER)
    return user


def superiors(report: Report) -> list[int]:
    return list(Report.objects.ancestors_of(report).values_list("pk", flat=True))
