"""Webhooks in admin: changed without undoing what goes on meanwhile, and taken away with their log."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from reports.admin.webhooks import WebhookForm
from reports.models import JournalEntry, Webhook, WebhookDelivery
from tests.builders import given_cycle
from tests.entrypoints.admin_client import address, administrator, text_of

pytestmark = pytest.mark.django_db


def given_webhook() -> Webhook:
    webhook = Webhook(name="Trục", url="https://truc.example/", told_upto=7)
    webhook.save()
    return webhook


def test_what_is_changed_leaves_how_far_it_was_told_meanwhile(monkeypatch: pytest.MonkeyPatch):
    webhook, clean_url = given_webhook(), WebhookForm.clean_url

    def meanwhile(form: Any) -> str:
        Webhook.objects.update(told_upto=9)
        return clean_url(form)

    monkeypatch.setattr(WebhookForm, "clean_url", meanwhile)
    sent = {"name": "Trục tỉnh", "url": webhook.url, "is_active": "on"}
    assert administrator().post(address("webhook", "change", webhook.pk), sent).status_code == 302
    webhook.refresh_from_db()
    assert (webhook.name, webhook.told_upto) == ("Trục tỉnh", 9)


def test_one_goes_with_its_log():
    play, webhook = given_cycle(), given_webhook()
    play.do("exempt", "H1")
    WebhookDelivery.objects.create(webhook=webhook, entry=JournalEntry.objects.get(), next_at=timezone.now())
    boss, place = administrator(), address("webhook", "delete", webhook.pk)
    assert "thông báo webhook" in text_of(boss.get(place)).casefold()
    assert boss.post(place, {"post": "yes"}).status_code == 302
    assert not Webhook.objects.exists()
    assert not WebhookDelivery.objects.exists()
