"""Flags: the durable, announced side of what a person should act on; and reminders sent (semantics §4)."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import ContactWay
from reports.models.outgoing import Outgoing
from reports.models.report import Report


class Flag(models.Model):
    class Kind(models.TextChoices):
        MISSING = "missing", _("Overdue")
        LATE = "late", _("Submitted late")
        CORRECTION_OVERDUE = "correction_overdue", _("Correction overdue")
        REVIEW_OVERDUE = "review_overdue", _("Review overdue")
        FIGURES_CHANGED = "figures_changed", _("Figures changed since submission")

    report = models.ForeignKey(Report, models.CASCADE, related_name="flags", verbose_name=_("report"))
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    raised_at = models.DateTimeField(_("raised at"))
    cleared_at = models.DateTimeField(_("cleared at"), null=True, blank=True)

    class Meta:
        verbose_name = _("flag")
        verbose_name_plural = _("flags")
        ordering: ClassVar = ["report_id", "kind", "raised_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["report", "kind"],
                condition=Q(cleared_at__isnull=True),
                name="flag_open_once",
                violation_error_message=_("This flag is open already."),
            )
        ]
        indexes: ClassVar = [models.Index(fields=["kind"], name="flag_open_kind", condition=Q(cleared_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.report_id}: {self.kind}"


class Reminder(Outgoing):
    """A mail that is to be sent once. `step` is the day of the cycle's ladder, counted from the due day."""

    class Audience(models.TextChoices):
        UNIT = "unit", _("the unit")
        SUPERIOR = "superior", _("the superior, about those below")

    report = models.ForeignKey(Report, models.CASCADE, related_name="reminders", verbose_name=_("report"))
    audience = models.CharField(_("audience"), max_length=10, choices=Audience)
    due_on = models.DateField(_("due day"))
    step = models.SmallIntegerField(_("step"))
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("asked for by"),
        help_text=_("Empty: of the cycle's ladder."),
    )

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        ordering: ClassVar = ["report_id", "step"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["report", "audience", "due_on", "step"], name="reminder_once")]
        indexes: ClassVar = [
            models.Index(fields=["id"], name="reminder_waiting", condition=Q(sent_at__isnull=True, set_aside_at__isnull=True)),
            models.Index(fields=["set_aside_at"], name="reminder_set_aside", condition=Q(set_aside_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.report_id}: {self.audience} {self.step:+d}"


class ReminderMessage(Outgoing):
    """The same reminder for one person, who has asked to be told by another channel than mail."""

    reminder = models.ForeignKey(Reminder, models.CASCADE, related_name="messages", verbose_name=_("reminder"))
    way = models.ForeignKey(ContactWay, models.CASCADE, related_name="+", verbose_name=_("way of being told"))
    parts = models.PositiveSmallIntegerField(_("counted as so many"), null=True, blank=True, help_text=_("SMS that the text takes."))

    class Meta:
        verbose_name = _("message of a reminder")
        verbose_name_plural = _("messages of reminders")
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["reminder", "way"], name="reminder_message_once")]
        indexes: ClassVar = [
            models.Index(fields=["id"], name="reminder_message_waiting", condition=Q(sent_at__isnull=True, set_aside_at__isnull=True)),
            models.Index(fields=["set_aside_at"], name="reminder_message_aside", condition=Q(set_aside_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.reminder_id}: {self.way_id}"
