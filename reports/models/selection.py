"""Selections: each superior chooses a share of the units directly below it, and what was chosen is frozen (docs/field.md, S4)."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from reports.domain.choosing import needed
from units.models import Level, Unit

DEFAULT_SHARE = 20


class Selection(models.Model):
    """Which units of a level are chosen: planned, then open to be chosen from, then frozen for the cycles that take it."""

    class State(models.TextChoices):
        PLANNED = "planned", _("planned")
        OPEN = "open", _("open")
        FROZEN = "frozen", _("frozen")

    code = models.SlugField(_("code"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=200)
    level = models.ForeignKey(
        Level, models.PROTECT, related_name="+", verbose_name=_("level"), help_text=_("Units of this level are chosen, by the unit above.")
    )
    share = models.PositiveSmallIntegerField(
        _("share"),
        default=DEFAULT_SHARE,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text=_("How many of a hundred each superior chooses, rounded up."),
    )
    on = models.DateField(_("reference day"), help_text=_("Chosen from the units of this day."))
    choose_by = models.DateField(_("to be chosen by"), null=True, blank=True)
    units = models.ManyToManyField(
        Unit, related_name="selections", verbose_name=_("units at the top"), help_text=_("Below these units it is chosen.")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PLANNED, editable=False)
    frozen_at = models.DateTimeField(_("frozen at"), null=True, blank=True, editable=False)
    frozen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True, editable=False, verbose_name=_("frozen by")
    )

    class Meta:
        verbose_name = _("selection of units")
        verbose_name_plural = _("selections of units")
        ordering: ClassVar = ["-on", "code"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="selection_share_1_100",
                condition=Q(share__gte=1, share__lte=100),
                violation_error_message=_("A share lies between 1 and 100."),
            ),
            models.CheckConstraint(
                name="selection_frozen_when_frozen",
                condition=Q(state="frozen", frozen_at__isnull=False) | (~Q(state="frozen") & Q(frozen_at__isnull=True)),
                violation_error_message=_("A frozen selection has the moment at which it was."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN

    @property
    def is_frozen(self) -> bool:
        return self.state == self.State.FROZEN


class SelectionChoice(models.Model):
    """What one superior chooses, or has still to: the row exists from the opening on. `version` is what its editor saw."""

    selection = models.ForeignKey(Selection, models.CASCADE, related_name="choices", verbose_name=_("selection of units"))
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+", verbose_name=_("unit"))
    candidates = models.PositiveIntegerField(_("units to choose from"))
    needed = models.PositiveIntegerField(_("units to choose"))
    version = models.PositiveIntegerField(default=0)
    made_at = models.DateTimeField(_("chosen at"), null=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, verbose_name=_("chosen by"))

    class Meta:
        verbose_name = _("choice")
        verbose_name_plural = _("choices")
        ordering: ClassVar = ["selection_id", "unit__tree_id", "unit__lft"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["selection", "unit"], name="selection_choice_once"),
            models.CheckConstraint(name="selection_choice_possible", condition=Q(needed__gte=1, needed__lte=F("candidates"))),
        ]

    def __str__(self) -> str:
        return f"{self.unit}, {self.selection}"

    @classmethod
    def to_make(cls, selection: Selection, unit_id: int, candidates: int) -> SelectionChoice:
        return cls(selection=selection, unit_id=unit_id, candidates=candidates, needed=needed(candidates, selection.share))


class SelectionCandidate(models.Model):
    """A unit that may be chosen, as the selection opened; whatever happens to the units later."""

    choice = models.ForeignKey(SelectionChoice, models.CASCADE, related_name="units_below")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+", verbose_name=_("unit"))
    is_chosen = models.BooleanField(_("chosen"), default=False)

    class Meta:
        ordering: ClassVar = ["choice_id", "pk"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["choice", "unit"], name="selection_candidate_once")]

    def __str__(self) -> str:
        return str(self.unit)
