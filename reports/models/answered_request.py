"""What a program was answered that named its request, so that sending it again does nothing twice (docs/api.md)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiToken


class AnsweredRequest(models.Model):
    """The answer to a request with an Idempotency-Key, written in the transaction of what the request did."""

    token = models.ForeignKey(ApiToken, models.CASCADE, related_name="+", verbose_name=_("access token"))
    key = models.CharField(max_length=255)
    #: digest of method, address and content: another request must not come under the same key
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    headers = models.JSONField(default=dict)
    body = models.TextField(default="")
    at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("answered request")
        verbose_name_plural = _("answered requests")
        constraints: ClassVar = [models.UniqueConstraint(fields=["token", "key"], name="answered_request_once")]

    def __str__(self) -> str:
        return self.key
