"""Telling other systems what happened to reports: webhooks, signed, sent again with patience, and logged (docs/webhooks.md).

The journal is the outbox: its entry is written in the transaction of what it tells, or neither is. Ids are given out before rows are
seen, so the journal is read up to where it reached at a moment of which every writer has ended (as seals are, audit/sealing.py).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from itertools import islice
from time import monotonic
from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.db.models import Max, QuerySet

from messaging import outward
from reports.domain.workflow import Action
from reports.models import JournalEntry, Report, Webhook, WebhookDelivery
from reports.models.webhook import WHSEC
from reports.queries.stretches import reports_under
from units.locks import clock, hold, writers_ended

logger = logging.getLogger(__name__)

#: what may be told: saves are too many to be of use
TOLD = tuple(action for action in Action if action is not Action.SAVE)
#: after how long it is tried again, as Standard Webhooks suggests; then it is set aside
WAITS = [timedelta(seconds=5), timedelta(minutes=5), *(timedelta(hours=hours) for hours in (0.5, 2, 5, 10, 14, 20, 24))]
#: seconds after which a turn begins no other try, and for which it is the only one: of whoever dies in it, longer than the last try takes
_TURN_ENDS, _TURN_IS_OURS = 40, 90
#: for which time a delivery is its sender's: longer than a turn
_LEASE = timedelta(minutes=2)
#: for how long an address is left alone that doesn't answer at all
_SILENCE = timedelta(minutes=1)
#: how long the log is kept
KEPT = timedelta(days=30)
#: how many deliveries are made, and sent, at once
_BATCH, _A_TURN = 5000, 200
_LOCK, _TURN = "reports.telling", "reports.telling.turn"
_GONE = 410


def begin(webhook: Webhook) -> None:
    """Tell a new webhook, or one that was paused, of what happens from now on."""
    webhook.told_upto = JournalEntry.objects.aggregate(newest=Max("pk"))["newest"] or 0
    webhook.mark, webhook.marked_at = 0, None


def collect() -> int:
    """Make deliveries of what the journal says and is complete; how many."""
    return sum(_collect(pk) for pk in Webhook.objects.filter(is_active=True).values_list("pk", flat=True))


def _collect(webhook_id: int) -> int:
    with transaction.atomic():
        hold(f"{_LOCK}:{webhook_id}")
        webhook = Webhook.objects.filter(pk=webhook_id, is_active=True).first()
        if webhook is None:
            return 0
        made = 0
        if webhook.marked_at is not None and writers_ended(JournalEntry._meta.db_table, webhook.marked_at):
            made = _deliver_upto(webhook)
            webhook.marked_at = None
        if webhook.marked_at is None:
            newest = JournalEntry.objects.aggregate(newest=Max("pk"))["newest"] or 0
            if newest > webhook.told_upto:
                webhook.mark, webhook.marked_at = newest, clock()
        Webhook.objects.filter(pk=webhook_id).update(told_upto=webhook.told_upto, mark=webhook.mark, marked_at=webhook.marked_at)
        return made


def _deliver_upto(webhook: Webhook) -> int:
    rows = _entries(webhook).filter(pk__gt=webhook.told_upto, pk__lte=webhook.mark).order_by("pk").values_list("pk", flat=True)
    ids, made, now = rows.iterator(chunk_size=_BATCH), 0, clock()
    while batch := list(islice(ids, _BATCH)):
        deliveries = (WebhookDelivery(webhook=webhook, entry_id=pk, next_at=now) for pk in batch)
        WebhookDelivery.objects.bulk_create(deliveries, ignore_conflicts=True)
        made += len(batch)
    webhook.told_upto = webhook.mark
    return made


def _entries(webhook: Webhook) -> QuerySet[JournalEntry]:
    entries = JournalEntry.objects.filter(action__in=webhook.actions or [action.value for action in TOLD])
    if webhook.unit_id is None:
        return entries
    return entries.filter(report__in=reports_under(Report.objects.filter(unit_id=webhook.unit_id)).order_by().values("pk"))


def send(at: datetime) -> int:
    """Send what is due at moment `at`, and forget what was long ago; how many were delivered.

    One turn at a time, and none for long: addresses that don't answer keep one worker waiting, and not all of them.
    """
    WebhookDelivery.objects.filter(next_at__isnull=True, tried_at__lt=at - KEPT).delete()
    if not cache.add(_TURN, True, _TURN_IS_OURS):
        return 0
    try:
        return _turn(at)
    finally:
        cache.delete(_TURN)


def _turn(at: datetime) -> int:
    ends, delivered = monotonic() + _TURN_ENDS, 0
    for pk in _due(at):
        delivery = _claimed(pk, at)
        if delivery is None:
            continue
        if _try(delivery, at):
            delivered += 1
        elif delivery.status is None:
            _leave_alone(delivery.webhook_id, at)
        if monotonic() > ends:
            break
    return delivered


def _due(at: datetime) -> Collection[int]:
    due = WebhookDelivery.objects.filter(next_at__lte=at, webhook__is_active=True)
    return list(due.order_by("next_at", "pk").values_list("pk", flat=True)[:_A_TURN])


def _claimed(pk: int, at: datetime) -> WebhookDelivery | None:
    """The delivery, where nobody else is about to send it: who dies while sending leaves it to a later turn."""
    if not WebhookDelivery.objects.filter(pk=pk, next_at__lte=at).update(next_at=at + _LEASE):
        return None
    found = WebhookDelivery.objects.select_related("webhook", "entry__report__unit", "entry__report__cycle")
    return found.filter(pk=pk, webhook__is_active=True).first()


def _leave_alone(webhook_id: int, at: datetime) -> None:
    """What else is due there would wait as long for nothing, and have what is due elsewhere wait."""
    WebhookDelivery.objects.filter(webhook_id=webhook_id, next_at__lte=at).update(next_at=at + _SILENCE)


def _try(delivery: WebhookDelivery, at: datetime) -> bool:
    content = json.dumps(event_of(delivery.entry), ensure_ascii=False, separators=(",", ":")).encode()
    delivery.tries, delivery.tried_at = delivery.tries + 1, at
    try:
        delivery.status = outward.post(delivery.webhook.url, content, signed(delivery, content, at))
    except outward.Undelivered as error:
        delivery.status, delivery.error = error.status, str(error)[:300]
        later = delivery.tries <= len(WAITS) and error.status != _GONE
        delivery.next_at = at + WAITS[delivery.tries - 1] if later else None
        logger.warning("Webhook %s was not told %s: %s %s", delivery.webhook_id, delivery, error.status, error)
        if error.status == _GONE:
            Webhook.objects.filter(pk=delivery.webhook_id).update(is_active=False)
    else:
        delivery.delivered_at, delivery.next_at, delivery.error = at, None, ""
    delivery.save(update_fields=["tries", "tried_at", "status", "error", "next_at", "delivered_at"])
    return delivery.delivered_at is not None


def event_of(entry: JournalEntry) -> dict[str, Any]:
    """What is told: which report, what was done, and no more. Who needs to know more asks the API."""
    return {
        "type": f"report.{entry.action}",
        "timestamp": entry.at.astimezone(UTC).isoformat(),
        "data": {
            "entry": entry.pk,
            "report": entry.report_id,
            "cycle": entry.report.cycle.code,
            "unit_uid": entry.report.unit.uid,
            "from_state": entry.from_state,
            "to_state": entry.to_state,
        },
    }


def signed(delivery: WebhookDelivery, content: bytes, at: datetime) -> dict[str, str]:
    """The headers that tell the receiver who sent it, as Standard Webhooks has them."""
    moment = str(int(at.timestamp()))
    return {
        "Content-Type": "application/json",
        "User-Agent": "danvan-webhooks",
        "webhook-id": delivery.message_id,
        "webhook-timestamp": moment,
        "webhook-signature": signature(delivery.webhook.secret, delivery.message_id, moment, content),
    }


def signature(secret: str, message_id: str, moment: str, content: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(WHSEC))
    digest = hmac.new(key, f"{message_id}.{moment}.".encode() + content, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def send_again(deliveries: QuerySet[WebhookDelivery], at: datetime) -> int:
    """Try those anew that were not delivered; how many."""
    return deliveries.filter(delivered_at__isnull=True).update(next_at=at, tries=0)
