"""How a unit's reports look on paper: layout, heads, signature; and the Word files that stand in for the house's own."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from units.models import Unit


class DocumentTemplate(models.Model):
    """A Word file with placeholders, checked as it was uploaded (documents/word_template.py)."""

    name = models.CharField(_("name"), max_length=150, unique=True)
    content = models.BinaryField()
    size = models.PositiveIntegerField(_("size in bytes"))
    uploaded_at = models.DateTimeField(_("uploaded at"))

    class Meta:
        verbose_name = _("document template")
        verbose_name_plural = _("document templates")
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class PaperStyle(models.Model):
    """What a unit says about its paper, and for all below it: a field that is empty is what the nearest unit above says.

    `{unit}` and `{superior}` in a text stand for the name of the unit that reports and of the one above it.
    """

    class Layout(models.TextChoices):
        PARTY = "party", _("Party documents")
        STATE = "state", _("State documents (Decree 30/2020)")

    unit = models.OneToOneField(Unit, models.CASCADE, related_name="+", verbose_name=_("unit"))
    layout = models.CharField(_("layout"), max_length=10, choices=Layout.choices, blank=True)
    superior_name = models.CharField(_("superior body"), max_length=200, blank=True, help_text=_("The upper line of the left head."))
    issuer_name = models.CharField(_("issuing body"), max_length=200, blank=True, help_text=_("The lower line of the left head, bold."))
    symbol = models.CharField(_("symbol"), max_length=40, blank=True, help_text=_("What follows the number, as in BC/BDV: write BDV."))
    place_name = models.CharField(_("place"), max_length=100, blank=True, help_text=_("What stands before the day."))
    authority = models.CharField(_("on whose behalf"), max_length=200, blank=True, help_text=_("T/M …, TM. …"))
    post = models.CharField(_("post of the signer"), max_length=150, blank=True)
    signer = models.CharField(_("name of the signer"), max_length=150, blank=True)
    recipients = models.TextField(_("recipients"), blank=True, help_text=_("One a line."))
    template = models.ForeignKey(
        DocumentTemplate, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("own document template")
    )

    class Meta:
        verbose_name = _("paper of a unit")
        verbose_name_plural = _("paper of units")
        ordering: ClassVar = ["unit__tree_id", "unit__lft"]

    def __str__(self) -> str:
        return str(self.unit)
