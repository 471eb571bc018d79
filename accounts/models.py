"""What an account is known by elsewhere, what programs sign in with (docs/api.md), and where its owner is told (docs/messages.md)."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from units.models import Unit


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


class Scope(models.TextChoices):
    """What a token is good for, at most: never more than its user may."""

    READ = "read", _("read")
    FILL = "fill", _("fill in: figures, adjustments, files, choices of units")
    SUBMIT = "submit", _("submit: propose, submit, withdraw")
    REVIEW = "review", _("review: accept, return, exempt, extend, remind, appraise")
    REGISTER = "register", _("keep the register of Dân vận khéo models")
    MANAGE = "manage", _("manage: ask for official figures, freeze selections")
    CONFIGURE = "configure", _("configure: templates, cycles, units, people's roles, days off")
    CALENDAR = "calendar", _("due days for a calendar")


#: what a program may be allowed; a calendar's secret stands in an address, and is good for nothing else
OF_PROGRAMS = [(scope.value, scope.label) for scope in Scope if scope is not Scope.CALENDAR]


class ApiToken(models.Model):
    """A secret that acts for its user, narrowed to scopes and optionally to what the user is at one unit.

    Of the secret a digest is kept alone: it is random and long enough that nobody finds it by trying.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens", verbose_name=_("user"))
    name = models.CharField(_("name"), max_length=100)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(_("good for"), default=list)
    unit = models.ForeignKey(
        Unit, models.CASCADE, related_name="+", null=True, blank=True, verbose_name=_("only as at"), help_text=_("Empty: at all its units.")
    )
    created_at = models.DateTimeField(_("made at"))
    expires_at = models.DateTimeField(_("good until"))
    last_used_at = models.DateTimeField(_("last used at"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    class Meta:
        verbose_name = _("access token")
        verbose_name_plural = _("access tokens")
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return self.name

    def is_good(self, at: datetime) -> bool:
        return self.revoked_at is None and at < self.expires_at

    @property
    def scopes_in_words(self) -> list[str]:
        return [str(Scope(scope).label) for scope in self.scopes]


class ContactWayQuerySet(models.QuerySet["ContactWay"]):
    def good(self) -> Self:
        """Those that were confirmed, on channels that this site has, of accounts that are open."""
        return self.filter(confirmed_at__isnull=False, channel__in=settings.CHANNELS, user__is_active=True)


class ContactWay(models.Model):
    """Where an account's owner is told beside mail, or instead: an address on one of CHANNELS, in the language of who asked for it.

    It counts once a code that was sent there has come back; of the code a digest is kept.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="contact_ways", verbose_name=_("account"))
    channel = models.CharField(_("channel"), max_length=30)
    address = models.CharField(_("address there"), max_length=100)
    language = models.CharField(_("language"), max_length=10)
    replaces_mail = models.BooleanField(_("instead of mail"), default=False)
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, blank=True)
    digest = models.CharField(max_length=64, blank=True, editable=False)
    code_sent_at = models.DateTimeField(_("code sent at"))
    tries = models.PositiveSmallIntegerField(_("wrong codes"), default=0)

    objects = ContactWayQuerySet.as_manager()

    class Meta:
        verbose_name = _("way of being told")
        verbose_name_plural = _("ways of being told")
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "channel"], name="one_address_on_a_channel")]

    def __str__(self) -> str:
        return self.channel
