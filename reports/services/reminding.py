"""Reminders before, on and after the due day, and those that a person asked for (semantics §4): each is a row, so each is sent once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from email.utils import parseaddr

from django.conf import settings
from django.db import transaction
from django.db.models import DateField, Exists, Max, OuterRef, QuerySet, SmallIntegerField, Value
from django.template.loader import render_to_string
from django.utils.crypto import salted_hmac

from messaging.channels import Claim
from messaging.mail import ClaimedMail, MailServer
from reports.models import Cycle, Reminder, Report, ReportQuerySet
from reports.models.bulk import insert_select
from reports.queries.reminders import Content, contents
from reports.services import outbox, reminding_by_message
from reports.services.outbox import A_RUN, Run
from units.locks import hold

#: reminders read, with what they say, at a time
BATCH = 200


def plan_reminders(at: datetime) -> int:
    """Write down the reminders that are due at moment `at`, and for whom they go by other channels too. Returns how many were new.

    Of a ladder only the newest step that is reached: nobody gets four messages because the job slept for a week.
    """
    with transaction.atomic():
        hold("reminders")
        newest = Reminder.objects.aggregate(newest=Max("pk"))["newest"] or 0
        planned = sum(_plan(cycle, at) for cycle in Cycle.objects.filter(state=Cycle.State.OPEN))
        if planned:
            reminding_by_message.plan(Reminder.objects.filter(pk__gt=newest))
        return planned


def step_reached(due_on: date, today: date, ladder: Iterable[int]) -> int | None:
    """The newest step of the ladder (days from the due day) that `today` has reached."""
    return max((step for step in ladder if step <= (today - due_on).days), default=None)


def _plan(cycle: Cycle, at: datetime) -> int:
    today = at.astimezone(cycle.zone).date()
    unsubmitted = Report.objects.filter(cycle=cycle).owing()
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


def _write_down(reports: ReportQuerySet, audience: Reminder.Audience, due_on: date, step: int) -> int:
    known = Reminder.objects.filter(report_id=OuterRef("pk"), audience=audience.value, due_on=due_on, step__gte=step)
    rows = reports.filter(~Exists(known)).order_by()
    columns = rows.values_list(
        "pk", Value(audience.value), Value(due_on, output_field=DateField()), Value(step, output_field=SmallIntegerField())
    )
    return insert_select(Reminder, ["report", "audience", "due_on", "step"], columns)


def send_reminders(at: datetime, within: timedelta = A_RUN) -> int:
    """Send by mail what was planned and not sent yet, for as long as `within`. Returns how many messages the server took."""
    run = Run(at, within)
    with MailServer() as server:
        return outbox.send(server, _messages(run), run)


def unsent() -> QuerySet[Reminder]:
    """The reminders that wait to be sent."""
    return outbox.waiting(Reminder.objects.all())


def set_aside() -> QuerySet[Reminder]:
    """The reminders that were refused too often to be tried again, of open cycles."""
    return outbox.set_aside(Reminder.objects.filter(report__cycle__state=Cycle.State.OPEN))


def _messages(run: Run) -> Iterator[tuple[Reminder, ClaimedMail, Claim]]:
    """The reminders that wait, each with its mail, read a batch at a time. Those that nobody has to be told by mail are ticked off."""
    waiting = unsent().exclude(try_after__gt=run.at).order_by("pk")
    done = 0
    while batch := list(waiting.filter(pk__gt=done)[:BATCH]):
        done = batch[-1].pk
        about = {pk: content for pk, content in contents(batch).items() if content.to}
        pointless = [reminder.pk for reminder in batch if reminder.pk not in about]
        Reminder.objects.filter(pk__in=pointless, sent_at__isnull=True).update(sent_at=run.at)
        for reminder in batch:
            if reminder.pk in about:
                claim = run.claim_of(reminder)
                yield reminder, _mail(reminder, about[reminder.pk], claim), claim


def _mail(reminder: Reminder, content: Content, claim: Claim) -> ClaimedMail:
    report, audience = content.report, reminder.audience
    context = {"report": report, "cycle": report.cycle, "due_on": reminder.due_on, "step": reminder.step, "owing": content.owing}
    return ClaimedMail(
        render_to_string(f"reports/mail/{audience}_subject.txt", context).strip(),
        render_to_string(f"reports/mail/{audience}.txt", context),
        to=content.to,
        headers={"Message-ID": _message_id(reminder, report.cycle)},
        claim=claim,
    )


def _message_id(reminder: Reminder, cycle: Cycle) -> str:
    """The same whenever this reminder is sent, and another one on every other site: mailboxes drop what they have already."""
    site = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    mark = salted_hmac("reports.reminder", f"{reminder.pk} {cycle.pk} {cycle.opened_at}").hexdigest()[:24]
    return f"<reminder.{reminder.pk}.{mark}@{site}>"
