"""Rows that are messages to be sent once, by whatever channel."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Outgoing(models.Model):
    """Who sends it first sets `try_after`, until when nobody else takes it up, and `sent_at` once it is out (`services/outbox.py`)."""

    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("refusals"), default=0, db_default=0)
    last_error = models.TextField(_("last error"), blank=True, default="", db_default="")
    try_after = models.DateTimeField(_("tried again from"), null=True, blank=True)
    set_aside_at = models.DateTimeField(_("set aside at"), null=True, blank=True)

    class Meta:
        abstract = True
