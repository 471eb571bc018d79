"""Cycles: a template version, a period, a set of units, and a due day for each level (semantics §1)."""

from __future__ import annotations

from typing import ClassVar
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from reports.models.selection import Selection
from reports.models.template import TemplateVersion
from units.models import Level, Unit

DEFAULT_REVIEW_DAYS = 10
DEFAULT_CORRECTION_DAYS = 5
DEFAULT_REMINDERS = (-3, 0, 1, 3, 7)


def default_reminders() -> list[int]:
    return list(DEFAULT_REMINDERS)


def default_time_zone() -> str:
    return settings.TIME_ZONE


class Cycle(models.Model):
    class State(models.TextChoices):
        PLANNED = "planned", _("planned")
        OPEN = "open", _("open")
        CLOSED = "closed", _("closed")

    code = models.CharField(_("code"), max_length=100, unique=True)
    version = models.ForeignKey(TemplateVersion, models.PROTECT, related_name="cycles", verbose_name=_("template version"))
    period = models.CharField(_("period"), max_length=12)
    first_day = models.DateField(_("first day"))
    cut_off = models.DateField(_("cut-off"), help_text=_("The last day of the period."))
    reference_day = models.DateField(_("reference day"), help_text=_("The tree of this day is the cycle's tree."))
    time_zone = models.CharField(_("time zone"), max_length=60, default=default_time_zone)
    review_days = models.PositiveSmallIntegerField(_("review days"), default=DEFAULT_REVIEW_DAYS, help_text=_("Working days."))
    correction_days = models.PositiveSmallIntegerField(_("correction days"), default=DEFAULT_CORRECTION_DAYS, help_text=_("Working days."))
    reminders = models.JSONField(_("reminder days"), default=default_reminders, help_text=_("Days from the due day; negative is before."))
    units = models.ManyToManyField(
        Unit, related_name="cycles", verbose_name=_("units at the top"), help_text=_("These and all below them report.")
    )
    left_out = models.ManyToManyField(
        Unit, related_name="+", blank=True, verbose_name=_("units left out"), help_text=_("These and all below them don't report.")
    )
    selection = models.ForeignKey(
        Selection,
        models.PROTECT,
        related_name="cycles",
        null=True,
        blank=True,
        verbose_name=_("selection of units"),
        help_text=_("Of the level that it is about, only the units chosen there report. Empty: all."),
    )
    opens_on = models.DateField(_("opens on"), null=True, blank=True, help_text=_("Opened by the scheduler on this day; empty: by hand."))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PLANNED, editable=False)
    asks_official = models.BooleanField(
        _("asks for official figures later"),
        default=False,
        db_default=False,
        help_text=_("The figures submitted first are estimated; a cycle manager asks for the official ones, of all units at once."),
    )
    official_opened_at = models.DateTimeField(_("official figures asked for at"), null=True, blank=True, editable=False)
    opened_at = models.DateTimeField(_("opened at"), null=True, blank=True, editable=False)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("cycle")
        verbose_name_plural = _("cycles")
        ordering: ClassVar = ["-cut_off", "code"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="cycle_days_in_order",
                condition=Q(first_day__lte=F("cut_off")),
                violation_error_message=_("A period can't end before it begins."),
            ),
            models.CheckConstraint(
                name="cycle_opened_when_open",
                condition=Q(state="planned", opened_at__isnull=True) | (~Q(state="planned") & Q(opened_at__isnull=False)),
                violation_error_message=_("An open cycle has the moment of its opening."),
            ),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN

    @property
    def is_estimated(self) -> bool:
        """Are the figures submitted now estimated ones?"""
        return self.asks_official and self.official_opened_at is None

    @property
    def may_ask_official(self) -> bool:
        return self.is_open and self.is_estimated

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class CycleLevel(models.Model):
    """A level that reports in a cycle, with its due day."""

    cycle = models.ForeignKey(Cycle, models.CASCADE, related_name="levels", verbose_name=_("cycle"))
    level = models.ForeignKey(Level, models.PROTECT, related_name="+", verbose_name=_("level"))
    due_on = models.DateField(_("due day"), help_text=_("Moves to the next working day where it is none."))
    needs_approval = models.BooleanField(_("asks for the leader's approval"), default=False)
    official_due_on = models.DateField(
        _("due day of official figures"),
        null=True,
        blank=True,
        help_text=_("Where the cycle asks for them; it may be set later."),
    )

    class Meta:
        verbose_name = _("level of a cycle")
        verbose_name_plural = _("levels of a cycle")
        ordering: ClassVar = ["cycle_id", "level__rank"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["cycle", "level"], name="cycle_level_once", violation_error_message=_("This level has a due day already.")
            )
        ]

    def __str__(self) -> str:
        return f"{self.cycle}: {self.level}"


class DayOff(models.Model):
    """A day on which this administration doesn't work, beside Vietnam's public holidays."""

    day = models.DateField(_("day"), unique=True)
    name = models.CharField(_("name"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("day off")
        verbose_name_plural = _("days off")
        ordering: ClassVar = ["day"]

    def __str__(self) -> str:
        return f"{self.day:%d/%m/%Y} {self.name}".strip()
