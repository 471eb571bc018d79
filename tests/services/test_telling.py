"""Webhooks: what is told, to whom, signed, again until it is heard, and to no address inside."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from messaging import outward
from reports.models import Webhook, WebhookDelivery
from reports.services import telling
from tests.builders import Play, given_cycle
from tests.receiver import Authority, Receiver, receiving
from units.models import Unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOKS_TO_PRIVATE = True
    with receiving() as found:
        yield found


def told(receiver: Receiver) -> list[tuple[str, str]]:
    events = [json.loads(came.content) for came in receiver.came]
    return [(event["type"], event["data"]["unit_uid"]) for event in events]


@pytest.fixture
def play() -> Play:
    return given_cycle()


def given_webhook(url: str, *actions: str, unit: str = "") -> Webhook:
    webhook = Webhook(name="Trục", url=url, actions=list(actions), unit=Unit.objects.filter(uid=unit).first())
    telling.begin(webhook)
    webhook.save()
    return webhook


def turns(count: int = 2) -> None:
    """The scheduler's turns: one notes how far the journal reaches, the next one tells."""
    for _ in range(count):
        telling.collect()
        telling.send(timezone.now())


def test_what_happened_is_told_once_and_in_order(play: Play, receiver: Receiver):
    play.save("H1", a="1")
    given_webhook(receiver.url)
    play.submit("H1")
    play.accept("H1")
    turns(4)
    assert told(receiver) == [("report.submit", "H1"), ("report.accept", "H1")]
    assert WebhookDelivery.objects.filter(delivered_at__isnull=False, status=204).count() == 2


def test_only_what_is_wanted_of_whom_is_wanted(play: Play, receiver: Receiver):
    given_webhook(receiver.url, "submit", unit="H2")
    for uid in ("H1", "H2"):
        play.hand_in(uid, a="1")
    turns()
    assert told(receiver) == [("report.submit", "H2")]


def test_what_is_taken_back_is_never_told(play: Play, receiver: Receiver):
    given_webhook(receiver.url)
    with transaction.atomic():
        play.do("exempt", "H1")
        transaction.set_rollback(True)
    turns()
    assert told(receiver) == []


def test_it_is_signed_as_standard_webhooks_has_it(play: Play, receiver: Receiver):
    """The first is the example of the specification."""
    secret, content = "whsec_plJ3nmyCDGBKInavdOK15jsl", b'{"event_type":"ping","data":{"success":true}}'
    expected = "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="
    assert telling.signature(secret, "msg_loFOjxBNrRLzqYUf", "1731705121", content) == expected
    webhook = given_webhook(receiver.url)
    assert len(base64.b64decode(webhook.secret.removeprefix("whsec_"))) == 32
    play.do("exempt", "H1")
    turns()
    came = receiver.came[0]
    again = telling.signature(webhook.secret, came.headers["webhook-id"], came.headers["webhook-timestamp"], came.content)
    assert came.headers["webhook-signature"] == again


def test_what_did_not_get_through_is_tried_again_with_patience_and_then_set_aside(play: Play, receiver: Receiver):
    receiver.answers = [500, 302, 404] + [503] * 20
    given_webhook(receiver.url)
    play.do("exempt", "H1")
    turns()
    at = timezone.now()
    for _ in range(len(telling.WAITS)):
        at += timedelta(days=1, seconds=1)
        telling.send(at)
    delivery = WebhookDelivery.objects.get()
    assert (delivery.tries, delivery.status, delivery.next_at, delivery.delivered_at) == (len(telling.WAITS) + 1, 503, None, None)
    names = {came.headers["webhook-id"] for came in receiver.came}
    assert (len(receiver.came), len(names)) == (delivery.tries, 1)
    receiver.answers = []
    assert telling.send_again(WebhookDelivery.objects.all(), at) == 1
    assert telling.send(at) == 1
    telling.send(at + telling.KEPT + timedelta(days=1))
    assert not WebhookDelivery.objects.exists()


def test_who_is_gone_is_told_nothing_more(play: Play, receiver: Receiver):
    receiver.answers = [410]
    webhook = given_webhook(receiver.url)
    play.do("exempt", "H1")
    turns()
    play.do("exempt", "H2")
    turns()
    webhook.refresh_from_db()
    assert (webhook.is_active, len(receiver.came)) == (False, 1)


def test_nobody_else_sends_what_is_being_sent(play: Play, receiver: Receiver):
    given_webhook(receiver.url)
    play.do("exempt", "H1")
    telling.collect()
    telling.collect()
    now = timezone.now()
    pk = WebhookDelivery.objects.get().pk
    assert telling._claimed(pk, now) is not None
    assert telling._claimed(pk, now) is None
    assert telling.send(now + timedelta(minutes=3)) == 1


def test_an_address_that_does_not_answer_is_left_alone_for_a_minute_and_keeps_nobody_waiting(play: Play, receiver: Receiver):
    silent = given_webhook("http://127.0.0.1:9/")
    given_webhook(receiver.url)
    for uid in ("H1", "H2", "H3"):
        play.do("exempt", uid)
    telling.collect()
    telling.collect()
    now = timezone.now()
    assert telling.send(now) == 3
    assert sum(WebhookDelivery.objects.filter(webhook=silent).values_list("tries", flat=True)) == 1
    telling.send(now + timedelta(minutes=1))
    assert sum(WebhookDelivery.objects.filter(webhook=silent).values_list("tries", flat=True)) == 2


def test_while_one_turn_lasts_no_other_one_begins(play: Play, receiver: Receiver, monkeypatch: pytest.MonkeyPatch):
    given_webhook(receiver.url)
    play.do("exempt", "H1")
    telling.collect()
    telling.collect()
    now = timezone.now()
    others: list[int] = []
    post = outward.post

    def meanwhile(*told: Any) -> int:
        others.append(telling.send(now))
        return post(*told)

    monkeypatch.setattr(outward, "post", meanwhile)
    assert (telling.send(now), others) == (1, [0])


def test_what_was_told_already_is_told_once_even_where_how_far_was_lost(play: Play, receiver: Receiver):
    webhook = given_webhook(receiver.url)
    play.do("exempt", "H1")
    turns()
    Webhook.objects.filter(pk=webhook.pk).update(told_upto=webhook.told_upto)
    play.do("exempt", "H2")
    turns(4)
    assert told(receiver) == [("report.exempt", "H1"), ("report.exempt", "H2")]


def test_why_a_certificate_was_refused_stands_in_the_log(play: Play, settings: Any, tmp_path: Path):
    settings.WEBHOOKS_TO_PRIVATE = True
    with receiving(Authority(tmp_path).certificate()) as receiver:
        given_webhook(receiver.url)
        play.do("exempt", "H1")
        turns()
    delivery = WebhookDelivery.objects.get()
    assert (delivery.status, delivery.tries) == (None, 1)
    assert "OUTWARD_CA_BUNDLE" in delivery.error
