"""What an account is known by elsewhere."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class ExternalIdentity(models.Model):
    """Who an account's owner is at the province's identity provider: bound at the first sign-in, and kept whatever they are called then."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="external_identity", verbose_name=_("account"))
    issuer = models.CharField(_("identity provider"), max_length=255)
    subject = models.CharField(_("identifier there"), max_length=255)
    bound_at = models.DateTimeField(_("bound at"), auto_now_add=True)

    class Meta:
        verbose_name = _("identity at the provider")
        verbose_name_plural = _("identities at the provider")
        constraints: ClassVar = [models.UniqueConstraint(fields=["issuer", "subject"], name="one_account_for_an_identity")]

    def __str__(self) -> str:
        return self.issuer
