"""The register of Dân vận khéo models, which lives across cycles (semantics §10), with the journal of each."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from audit.append_only import AppendOnly
from reports.domain.skilful_models import ModelAction, ModelField, ModelState
from units import names
from units.models import Level, Reorganisation, Unit
from units.old_names import HadName

FIELD_LABELS = [
    (ModelField.ECONOMY.value, _("Economy")),
    (ModelField.CULTURE.value, _("Culture and society")),
    (ModelField.DEFENCE.value, _("Defence and security")),
    (ModelField.POLITICS.value, _("Building the political system")),
]
MODEL_STATE_LABELS = [
    (ModelState.REGISTERED.value, _("Registered")),
    (ModelState.RUNNING.value, _("Running")),
    (ModelState.SELF_ASSESSED.value, _("Self-assessed")),
    (ModelState.APPRAISED.value, _("Appraised")),
    (ModelState.RECOGNISED.value, _("Recognised")),
    (ModelState.NOT_RECOGNISED.value, _("Not recognised")),
    (ModelState.SPREAD.value, _("Spread")),
    (ModelState.ENDED.value, _("Ended")),
    (ModelState.CANCELLED.value, _("Struck out")),
]
MODEL_ACTION_LABELS = [
    (ModelAction.REGISTER.value, _("Register")),
    (ModelAction.EDIT.value, _("Edit")),
    (ModelAction.BEGIN.value, _("Begin")),
    (ModelAction.SELF_ASSESS.value, _("Self-assess")),
    (ModelAction.APPRAISE.value, _("Appraise the model")),
    (ModelAction.RECOGNISE.value, _("Recognise")),
    (ModelAction.DECLINE.value, _("Don't recognise")),
    (ModelAction.SPREAD.value, _("Spread")),
    (ModelAction.END.value, _("End the model")),
    (ModelAction.CANCEL.value, _("Strike out")),
    (ModelAction.HAND_OVER.value, _("Handed over to another unit")),
]


class SkilfulModelQuerySet(models.QuerySet["SkilfulModel"]):
    def matching(self, text: str) -> SkilfulModelQuerySet:
        """Models whose name, place or unit's name, an old one too, holds `text`, marks and case aside."""
        folded = names.fold(text)
        return self.filter(Q(search_text__contains=folded) | Q(unit__search_text__contains=folded) | Q(HadName(folded, "unit_id")))

    def for_display(self) -> SkilfulModelQuerySet:
        return self.select_related("unit__level", "unit__parent", "recognised_level")


class SkilfulModel(models.Model):
    """A model, counted once, at the unit that runs it. What happened to it on which day is in its entries."""

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="skilful_models", verbose_name=_("unit"))
    field = models.CharField(_("field of the movement"), max_length=10, choices=FIELD_LABELS)
    name = models.CharField(_("name of the model"), max_length=200)
    why = models.TextField(_("why"), blank=True)
    aims = models.TextField(_("aims"), blank=True)
    content = models.TextField(_("content and way of working"), blank=True)
    place = models.CharField(_("place where it runs"), max_length=200, blank=True)
    group_served = models.CharField(_("group served"), max_length=200, blank=True)
    people = models.PositiveIntegerField(_("number of people taking part"), null=True, blank=True)
    means = models.TextField(_("means"), blank=True)
    schedule = models.CharField(_("time"), max_length=200, blank=True)
    product = models.TextField(_("product"), blank=True)
    lasting = models.TextField(_("how it will last"), blank=True)

    state = models.CharField(_("state"), max_length=15, choices=MODEL_STATE_LABELS, default=ModelState.REGISTERED.value)
    version = models.PositiveIntegerField(default=0)
    registered_on = models.DateField(_("registered on"))
    is_effective = models.BooleanField(_("works well"), null=True, help_text=_("As the last appraisal found."))
    recognised_level = models.ForeignKey(Level, models.PROTECT, related_name="+", null=True, verbose_name=_("recognised at"))
    recognised_on = models.DateField(_("recognised on"), null=True)
    changed_on = models.DateField(_("last step on"))
    search_text = models.CharField(max_length=420, editable=False, default="")

    objects = SkilfulModelQuerySet.as_manager()

    class Meta:
        verbose_name = _("Dân vận khéo model")
        verbose_name_plural = _("Dân vận khéo models")
        ordering: ClassVar = ["-registered_on", "-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="skilful_model_state_known",
                condition=Q(state__in=[state.value for state in ModelState]),
                violation_error_message=_("A model is in a state of its register."),
            ),
            models.CheckConstraint(
                name="skilful_model_field_known",
                condition=Q(field__in=[field.value for field in ModelField]),
                violation_error_message=_("A model is of one of the four fields."),
            ),
            models.CheckConstraint(
                name="skilful_model_recognised_level",
                condition=~Q(state=ModelState.RECOGNISED.value) | Q(recognised_level__isnull=False, recognised_on__isnull=False),
                violation_error_message=_("A recognised model has the level that recognised it, and the day."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.search_text = names.search_text(self.name, self.place)
        super().save(*args, **kwargs)


class SkilfulModelEntry(AppendOnly):
    """A step of a model's life: who took it, when, and on which day it happened."""

    model = models.ForeignKey(SkilfulModel, models.PROTECT, related_name="entries", verbose_name=_("model"))
    on = models.DateField(_("on the day"))
    at = models.DateTimeField(_("at"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, verbose_name=_("by"), help_text=_("Empty: the system.")
    )
    on_behalf = models.BooleanField(_("on the unit's behalf"), default=False)
    action = models.CharField(_("action"), max_length=12, choices=MODEL_ACTION_LABELS)
    from_state = models.CharField(_("from"), max_length=15, choices=MODEL_STATE_LABELS, blank=True)
    to_state = models.CharField(_("to"), max_length=15, choices=MODEL_STATE_LABELS)
    text = models.TextField(_("text"), blank=True)
    effective = models.BooleanField(_("works well"), null=True)
    level = models.ForeignKey(Level, models.PROTECT, related_name="+", null=True, verbose_name=_("level"))
    changes = models.JSONField(_("changes"), default=dict, help_text=_("What was before and what is after."))
    reorganisation = models.ForeignKey(
        Reorganisation, models.PROTECT, related_name="+", null=True, verbose_name=_("reorganisation"), help_text=_("That handed it over.")
    )
    from_unit = models.ForeignKey(
        Unit, models.PROTECT, related_name="+", null=True, verbose_name=_("old unit"), help_text=_("That ran it until then.")
    )

    class Meta:
        verbose_name = _("step of a model")
        verbose_name_plural = _("steps of models")
        ordering: ClassVar = ["model_id", "pk"]

    def __str__(self) -> str:
        return f"{self.model_id}: {self.action}"


def label_of(field: str) -> str:
    """What a field of a model is called, as a label."""
    words = str(SkilfulModel._meta.get_field(field).verbose_name)  # type: ignore[union-attr]
    return words[:1].upper() + words[1:]
