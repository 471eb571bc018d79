"""Addresses of other systems that are told what happened to reports, and the log of telling them (docs/webhooks.md)."""

from __future__ import annotations

import base64
import secrets
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from reports.models.journal import ACTION_LABELS, JournalEntry
from units.models import Unit

WHSEC = "whsec_"


def new_secret() -> str:
    """As Standard Webhooks has it: 32 random bytes in base64, so that its libraries take it."""
    return WHSEC + base64.b64encode(secrets.token_bytes(32)).decode()


class Webhook(models.Model):
    """Who is told, of which actions, and of which units. `told_upto` is the journal's row up to which deliveries are made.

    `mark` and `marked_at`: how far the journal reached at a moment; up to there it is complete once every transaction of then has ended.
    """

    name = models.CharField(_("name"), max_length=100)
    url = models.URLField(_("address"), max_length=500, help_text=_("Begins with https://"))
    secret = models.CharField(_("secret"), max_length=100, default=new_secret, editable=False)
    actions = models.JSONField(_("actions"), default=list, blank=True)
    unit = models.ForeignKey(
        Unit,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("unit"),
        help_text=_("It and all below it; empty: all."),
    )
    is_active = models.BooleanField(_("switched on"), default=True)
    told_upto = models.BigIntegerField(default=0, editable=False)
    mark = models.BigIntegerField(default=0, editable=False)
    marked_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering: ClassVar = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class WebhookDelivery(models.Model):
    """One event for one webhook. What it says follows from the journal's entry, which never changes: each try says the same."""

    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries", verbose_name=_("webhook"))
    entry = models.ForeignKey(JournalEntry, models.PROTECT, related_name="+", verbose_name=_("journal entry"))
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    tried_at = models.DateTimeField(_("last tried at"), null=True)
    next_at = models.DateTimeField(_("next try at"), null=True)
    delivered_at = models.DateTimeField(_("delivered at"), null=True)
    status = models.PositiveSmallIntegerField(_("answer"), null=True)
    error = models.CharField(_("error"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("delivery of a webhook")
        verbose_name_plural = _("deliveries of webhooks")
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["webhook", "entry"], name="webhook_delivery_once")]
        indexes: ClassVar = [
            models.Index(fields=["next_at"], name="webhook_delivery_next", condition=Q(next_at__isnull=False)),
            models.Index(fields=["tried_at"], name="webhook_delivery_over", condition=Q(next_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return self.message_id

    @property
    def message_id(self) -> str:
        """The same with each try, so that the receiver knows a repetition; after a restore the entry's number is given to another one."""
        return f"msg_{self.webhook_id}_{self.entry_id}_{int(self.entry.at.timestamp())}"

    @property
    def action(self) -> str:
        return str(dict(ACTION_LABELS)[self.entry.action])
