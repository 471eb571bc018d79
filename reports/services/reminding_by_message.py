"""Reminders by chat and SMS, for whoever asked for it: a row for each person and channel, so each is sent once (docs/messages.md)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.crypto import salted_hmac

from messaging.channels import Claim, Messenger, Text, messengers
from reports.models import Cycle, Reminder, ReminderMessage
from reports.models.bulk import insert_select
from reports.queries.reminders import Content, contents, to_be_told, ways_told
from reports.services import outbox
from reports.services.outbox import A_RUN, Run

#: messages read, with what they say, at a time
BATCH = 200
#: units that a text names
NAMED = 3


def plan(reminders: QuerySet[Reminder]) -> int:
    """Write down for whom these new reminders go by other channels than mail. To be called in the transaction that wrote them."""
    if not settings.CHANNELS:
        return 0
    return sum(insert_select(ReminderMessage, ["reminder", "way"], to_be_told(reminders, audience)) for audience in Reminder.Audience)


def send_messages(at: datetime, within: timedelta = A_RUN) -> int:
    """Send what was planned and not sent yet, a channel after another, for as long as `within`. Returns how many were taken."""
    run, known = Run(at, within), messengers()
    unsent().exclude(way__channel__in=known).update(sent_at=at)  # of channels that are no more
    sent = 0
    for messenger in known.values():
        with messenger:
            sent += outbox.send(messenger, _messages(messenger, run), run)
    return sent


def unsent() -> QuerySet[ReminderMessage]:
    """The messages that wait to be sent."""
    return outbox.waiting(ReminderMessage.objects.all())


def set_aside() -> QuerySet[ReminderMessage]:
    """The messages that were refused too often to be tried again, of open cycles."""
    return outbox.set_aside(ReminderMessage.objects.filter(reminder__report__cycle__state=Cycle.State.OPEN))


def _messages(messenger: Messenger, run: Run) -> Iterator[tuple[ReminderMessage, Text, Claim]]:
    """Those of a channel that wait, read a batch at a time. Those that nobody has to be told, or in this way, are ticked off."""
    waiting = unsent().filter(way__channel=messenger.alias).exclude(try_after__gt=run.at).order_by("pk")
    done = 0
    while batch := list(waiting.filter(pk__gt=done).select_related("reminder", "way")[:BATCH]):
        done = batch[-1].pk
        wanted = set(ReminderMessage.objects.filter(ways_told(), pk__in=[row.pk for row in batch]).values_list("pk", flat=True))
        about = contents([row.reminder for row in batch])
        pointless = [row.pk for row in batch if row.pk not in wanted or row.reminder_id not in about]
        ReminderMessage.objects.filter(pk__in=pointless, sent_at__isnull=True).update(sent_at=run.at)
        for row in batch:
            if row.pk not in pointless:
                text = messenger.shaped(_text(row, about[row.reminder_id]))
                claim = run.claim_of(row, parts=messenger.parts(text))
                yield row, Text(_key(row), row.way.address, text, claim), claim


def _text(row: ReminderMessage, content: Content) -> str:
    """What the reminder says in a line, in its reader's language."""
    reminder = row.reminder
    context = {"report": content.report, "cycle": content.report.cycle, "due_on": reminder.due_on, "is_late": reminder.step > 0}
    context |= {"count": len(content.owing), "named": [each.unit for each in content.owing[:NAMED]]}
    with translation.override(row.way.language):
        return render_to_string(f"reports/messages/{reminder.audience}.txt", context).strip()


def _key(row: ReminderMessage) -> str:
    """The same whenever this message is sent, and another one on every other site."""
    return salted_hmac("reports.reminder_message", f"{row.pk} {row.reminder_id} {row.way_id}").hexdigest()[:32]
