"""Asking for reminders out of turn, from the board of the units below (semantics §4). Each is a row, which `reminding` sends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext

from reports.domain.deadlines import end_of_day
from reports.domain.workflow import By
from reports.models import Reminder, Report
from reports.policies import Standing
from reports.queries.reminders import reachable
from reports.services import reminding_by_message
from units.locks import hold
from units.problems import Problem, Problems, gettext_noop
from units.reach import User


@dataclass(frozen=True, slots=True)
class Asked:
    """What comes of asking for reminders: whose unit is told, whose was told on this day, and whose can't be reached."""

    planned: list[Report]
    already: list[Report]
    unreachable: list[Report]


def ask(reports: QuerySet[Report], *, by: User, at: datetime) -> Asked:
    """Write down a reminder, out of turn, for the units of these reports: sent with the next run, at most one a day.

    It takes the step of the ladder that `at` is at, so that a reminder of the ladder on the same day is this very one. Raises
    Refused where one of them has nothing to be reminded of, or `by` is not the superior; who asked is kept in the admin's log.
    """
    with transaction.atomic():
        hold("reminders")
        wanted = list(reports.select_related("cycle", "unit", "superior").defer("own").order_by("cycle_id", "position"))
        _refuse_needless(wanted, Standing(by))
        told = _told_on_the_day(wanted, at)
        to_be_told = reachable({report.unit_id for report in wanted})
        asked = Asked(
            [report for report in wanted if report.pk not in told and report.unit_id in to_be_told],
            [report for report in wanted if report.pk in told],
            [report for report in wanted if report.pk not in told and report.unit_id not in to_be_told],
        )
        made = Reminder.objects.bulk_create(
            Reminder(
                report=report,
                audience=Reminder.Audience.UNIT.value,
                due_on=report.due_on,
                step=_step_of_the_day(report, at),
                asked_by_id=by.pk if by else None,
            )
            for report in asked.planned
        )
        reminding_by_message.plan(Reminder.objects.filter(pk__in=[reminder.pk for reminder in made]))
        if by is not None and by.pk is not None and asked.planned:
            LogEntry.objects.log_actions(by.pk, asked.planned, CHANGE, gettext("Reminder asked for"))
    return asked


def _step_of_the_day(report: Report, at: datetime) -> int:
    return (at.astimezone(report.cycle.zone).date() - report.due_on).days


def _refuse_needless(reports: Sequence[Report], standing: Standing) -> None:
    problems = Problems()
    for report in reports:
        if not standing.reaches(report) or not standing.is_one(By.SUPERVISOR, report):
            problems.add(Problem(gettext_noop("You are not the one who may do this to this report."), unit_uid=report.unit.uid))
        elif not report.cycle.is_open:
            closed = gettext_noop("The cycle %(cycle)s is not open; a cycle manager can reopen it.")
            problems.add(Problem(closed, {"cycle": report.cycle.code}, unit_uid=report.unit.uid))
        elif not report.is_owing:
            problems.add(Problem(gettext_noop("There is nothing to remind this unit of."), unit_uid=report.unit.uid))
    problems.refuse_if_any()


def _told_on_the_day(reports: Sequence[Report], at: datetime) -> set[int]:
    """The reports whose unit was told, or is about to be, on the day of `at`."""
    reminders = Reminder.objects.filter(report__in=reports, audience=Reminder.Audience.UNIT.value)
    by_id = {report.pk: report for report in reports}
    told = set()
    for report_id, due_on, step, sent_at in reminders.values_list("report_id", "due_on", "step", "sent_at"):
        report = by_id[report_id]
        zone = report.cycle.zone
        is_planned = due_on == report.due_on and step == _step_of_the_day(report, at)
        if is_planned or (sent_at is not None and end_of_day(sent_at.astimezone(zone).date(), zone) >= at):
            told.add(report_id)
    return told
