"""Reminders before, on and after the due day (semantics §4): each is a row, so each is sent once."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import date, datetime
from smtplib import SMTPException

from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import DateField, Exists, OuterRef, SmallIntegerField, Value
from django.template.loader import render_to_string

from reports.domain.workflow import State
from reports.models import Cycle, Reminder, Report, ReportQuerySet
from reports.models.bulk import insert_select
from units.locks import hold
from units.models import Membership

logger = logging.getLogger(__name__)

_ROLES = {
    Reminder.Audience.UNIT: (Membership.Role.PREPARER, Membership.Role.APPROVER),
    Reminder.Audience.SUPERIOR: (Membership.Role.REVIEWER, Membership.Role.CYCLE_MANAGER),
}


def plan_reminders(at: datetime) -> int:
    """Write down the reminders that are due at moment `at`. Returns how many were new.

    Of a ladder only the newest step that is reached: nobody gets four messages because the job slept for a week.
    """
    with transaction.atomic():
        hold("reminders")
        return sum(_plan(cycle, at) for cycle in Cycle.objects.filter(state=Cycle.State.OPEN))


def step_reached(due_on: date, today: date, ladder: Iterable[int]) -> int | None:
    """The newest step of the ladder (days from the due day) that `today` has reached."""
    return max((step for step in ladder if step <= (today - due_on).days), default=None)


def _plan(cycle: Cycle, at: datetime) -> int:
    today = at.astimezone(cycle.zone).date()
    unsubmitted = _unsubmitted(Report.objects.filter(cycle=cycle))
    planned = 0
    for due_on in unsubmitted.order_by("due_on").values_list("due_on", flat=True).distinct():
        step = step_reached(due_on, today, cycle.reminders)
        if step is None:
            continue
        owing = unsubmitted.filter(due_on=due_on)
        planned += _write_down(owing, Reminder.Audience.UNIT, due_on, step)
        if step > 0:
            superiors = Report.objects.filter(pk__in=owing.values("superior_id"))
            planned += _write_down(superiors, Reminder.Audience.SUPERIOR, due_on, step)
    return planned


def _unsubmitted(reports: ReportQuerySet) -> ReportQuerySet:
    return reports.filter(first_submitted_at__isnull=True).exclude(state=State.EXEMPT.value)


def _write_down(reports: ReportQuerySet, audience: Reminder.Audience, due_on: date, step: int) -> int:
    known = Reminder.objects.filter(report_id=OuterRef("pk"), audience=audience.value, due_on=due_on, step__gte=step)
    rows = reports.filter(~Exists(known)).order_by()
    columns = rows.values_list(
        "pk", Value(audience.value), Value(due_on, output_field=DateField()), Value(step, output_field=SmallIntegerField())
    )
    return insert_select(Reminder, ["report", "audience", "due_on", "step"], columns)


def send_reminders(at: datetime) -> int:
    """Send what was planned and not sent yet. Returns how many messages went out.

    Each is marked as sent in the transaction that sends it; two senders never take the same one.
    """
    waiting = Reminder.objects.filter(sent_at__isnull=True).order_by("pk").values_list("pk", flat=True)
    return sum(_send_or_leave(pk, at) for pk in list(waiting))


def _send_or_leave(pk: int, at: datetime) -> int:
    """A message that can't be sent holds up no other one; it is tried again the next time."""
    try:
        return _send(pk, at)
    except (SMTPException, OSError):
        logger.exception("The reminder %d can't be sent", pk)
        return 0


def _send(pk: int, at: datetime) -> int:
    with transaction.atomic():
        reminder = Reminder.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=pk, sent_at__isnull=True).first()
        if reminder is None:
            return 0
        message = _message(reminder, at)
        reminder.sent_at = at
        reminder.save(update_fields=["sent_at"])
        return message.send() if message is not None else 0


def _message(reminder: Reminder, at: datetime) -> EmailMessage | None:
    """The message, or None when nobody has to be told any more or nobody has an address."""
    report = Report.objects.for_display().with_timeliness(at).get(pk=reminder.report_id)
    audience = Reminder.Audience(reminder.audience)
    owing = _owing(report, audience, reminder.due_on)
    to = _addresses(report, audience)
    if not report.cycle.is_open or not owing or not to:
        return None
    context = {"report": report, "cycle": report.cycle, "due_on": reminder.due_on, "step": reminder.step, "owing": owing}
    subject = render_to_string(f"reports/mail/{audience.value}_subject.txt", context).strip()
    return EmailMessage(subject, render_to_string(f"reports/mail/{audience.value}.txt", context), to=to)


def _owing(report: Report, audience: Reminder.Audience, due_on: date) -> list[Report]:
    if audience is Reminder.Audience.UNIT:
        owing = _unsubmitted(Report.objects.filter(pk=report.pk, due_on=due_on))
    else:
        owing = _unsubmitted(Report.objects.filter(superior=report, due_on__lte=due_on))
    return list(owing.select_related("unit").order_by("position"))


def _addresses(report: Report, audience: Reminder.Audience) -> list[str]:
    members = Membership.objects.filter(unit_id=report.unit_id, role__in=_ROLES[audience], user__is_active=True)
    return sorted(set(members.exclude(user__email="").values_list("user__email", flat=True)))
