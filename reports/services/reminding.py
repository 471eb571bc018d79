"""Reminders before, on and after the due day, and those that a person asked for (semantics §4): each is a row, so each is sent once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from email.utils import parseaddr
from time import monotonic, sleep

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import DateField, Exists, OuterRef, QuerySet, SmallIntegerField, Value
from django.template.loader import render_to_string
from django.utils.crypto import salted_hmac

from reports.models import Cycle, Reminder, Report, ReportQuerySet
from reports.models.bulk import insert_select
from reports.queries.reminders import Content, contents
from reports.services.posting import ClaimedMessage, HungUp, MailServer, NotTaken, Unreachable
from units.locks import hold

logger = logging.getLogger(__name__)

#: before the second try, the third, and so on; a message refused once more than that is set aside
PAUSES = [timedelta(minutes=minutes) for minutes in (5, 10, 30, 60, 180, 360, 720)]
#: how long one run sends: with the mail server's longest silence it stays below the time limit of tasks
A_RUN = timedelta(minutes=6)
#: how long a claim keeps others off: longer than a sender that lives takes from there until the content is out
LEASE = timedelta(minutes=1)
#: a server that breaks off over so many messages in turn is left alone until the next run
HUNG_UP_IN_A_ROW = 3
#: reminders read, with what they say, at a time
BATCH = 200
ERROR_LENGTH = 500
#: seconds between the tries to reach a database that went away
RESTART = (0.1, 0.5, 1, 2, 5, 10, 10)


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
    """Send what was planned and not sent yet, for as long as `within`. Returns how many messages the server took.

    Not to be called in a transaction: each reminder is claimed, and ticked off, with a statement of its own
    (`posting.ClaimedMessage`), and nothing is locked while the server is talked to. A message that it refuses is tried again
    after a pause, and set aside after the last one. A sender that meets another leaves the rest to it.
    """
    run = _Run(at)
    sent = hung_up = 0
    with MailServer() as server:
        for reminder, message in _messages(run):
            if run.has_lasted() >= within or hung_up == HUNG_UP_IN_A_ROW:
                break
            try:
                if not server.take(message):
                    break
            except Unreachable as error:
                logger.error("The mail server takes no reminders: %s", error)
                break
            except NotTaken as error:
                logger.warning("The reminder %d was not taken: %s", reminder.pk, error)
                _note_refusal(reminder, message, at, str(error))
                hung_up = hung_up + 1 if isinstance(error, HungUp) else 0
            except (OperationalError, InterfaceError):
                if message.claimed and not message.is_out:
                    _patiently(lambda: run.give_back(reminder))  # noqa: B023 - called at once
                raise
            else:
                sent, hung_up = sent + 1, 0
    return sent


def unsent() -> QuerySet[Reminder]:
    """The reminders that wait to be sent."""
    return Reminder.objects.filter(sent_at__isnull=True, set_aside_at__isnull=True)


def set_aside() -> QuerySet[Reminder]:
    """The reminders that were refused too often to be tried again, of open cycles."""
    return Reminder.objects.filter(sent_at__isnull=True, set_aside_at__isnull=False, report__cycle__state=Cycle.State.OPEN)


def try_again(reminders: QuerySet[Reminder]) -> int:
    """Have those of them that were refused tried anew by the next run. Returns how many."""
    return reminders.filter(sent_at__isnull=True, attempts__gt=0).update(attempts=0, try_after=None, set_aside_at=None)


class _Run:
    """One run of a sender, which began at moment `at`."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self._began = monotonic()

    def has_lasted(self) -> timedelta:
        return timedelta(seconds=monotonic() - self._began)

    def claim(self, reminder: Reminder) -> bool:
        """Whether the reminder is this run's to send: for the length of a lease nobody else takes it up."""
        now = self.at + self.has_lasted()
        free = Reminder.objects.filter(pk=reminder.pk, sent_at__isnull=True, set_aside_at__isnull=True).exclude(try_after__gt=now)
        return bool(free.update(try_after=now + LEASE))

    def tick_off(self, reminder: Reminder) -> None:
        """It is out: nobody sends it any more. A database that is being restarted is waited for."""
        _patiently(lambda: Reminder.objects.filter(pk=reminder.pk).update(sent_at=self.at, try_after=None))

    def give_back(self, reminder: Reminder) -> None:
        """It was claimed and didn't go out: let the next run have it."""
        Reminder.objects.filter(pk=reminder.pk, sent_at__isnull=True).update(try_after=None)


def _note_refusal(reminder: Reminder, message: ClaimedMessage, at: datetime, error: str) -> None:
    last = reminder.attempts >= len(PAUSES)
    ours = Reminder.objects.filter(pk=reminder.pk)
    if not message.is_out:
        ours = ours.filter(sent_at__isnull=True)
    _patiently(
        lambda: ours.update(
            sent_at=None,
            attempts=reminder.attempts + 1,
            last_error=error[:ERROR_LENGTH],
            try_after=None if last else at + PAUSES[reminder.attempts],
            set_aside_at=at if last else None,
        )
    )


def _patiently(write: Callable[[], object]) -> None:
    """Write, and where the database went away, write once it is back."""
    for pause in RESTART:
        try:
            write()
        except (OperationalError, InterfaceError):
            connection.close_if_unusable_or_obsolete()
            sleep(pause)
        else:
            return
    write()


def _messages(run: _Run) -> Iterator[tuple[Reminder, ClaimedMessage]]:
    """The reminders that wait, each with its message, read a batch at a time. Those that nobody has to be told are ticked off."""
    at = run.at
    waiting = Reminder.objects.filter(sent_at__isnull=True, set_aside_at__isnull=True).exclude(try_after__gt=at).order_by("pk")
    done = 0
    while batch := list(waiting.filter(pk__gt=done)[:BATCH]):
        done = batch[-1].pk
        about = contents(batch)
        pointless = [reminder.pk for reminder in batch if reminder.pk not in about]
        Reminder.objects.filter(pk__in=pointless, sent_at__isnull=True).update(sent_at=at)
        for reminder in batch:
            if reminder.pk in about:
                yield reminder, _message(reminder, about[reminder.pk], run)


def _message(reminder: Reminder, content: Content, run: _Run) -> ClaimedMessage:
    report, audience = content.report, reminder.audience
    context = {"report": report, "cycle": report.cycle, "due_on": reminder.due_on, "step": reminder.step, "owing": content.owing}
    return ClaimedMessage(
        render_to_string(f"reports/mail/{audience}_subject.txt", context).strip(),
        render_to_string(f"reports/mail/{audience}.txt", context),
        to=content.to,
        headers={"Message-ID": _message_id(reminder, report.cycle)},
        claim=lambda: run.claim(reminder),
        tick_off=lambda: run.tick_off(reminder),
    )


def _message_id(reminder: Reminder, cycle: Cycle) -> str:
    """The same whenever this reminder is sent, and another one on every other site: mailboxes drop what they have already."""
    site = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    mark = salted_hmac("reports.reminder", f"{reminder.pk} {cycle.pk} {cycle.opened_at}").hexdigest()[:24]
    return f"<reminder.{reminder.pk}.{mark}@{site}>"
