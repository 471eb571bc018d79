"""Files that belong to a report: scans of the paper that was signed."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from reports.models.report import Report


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def standing(self) -> AttachmentQuerySet:
        """Those that nobody took away."""
        return self.filter(removed_at__isnull=True)


class Attachment(models.Model):
    """One file of a report. `place` is its name in the store, at random; one that was taken away stays, and is not served."""

    class Kind(models.TextChoices):
        PDF = "application/pdf", "PDF"
        JPEG = "image/jpeg", "JPEG"
        PNG = "image/png", "PNG"

    report = models.ForeignKey(Report, models.PROTECT, related_name="attachments", verbose_name=_("report"))
    name = models.CharField(_("file name"), max_length=150)
    kind = models.CharField(_("type"), max_length=20, choices=Kind.choices)
    size = models.PositiveIntegerField(_("size in bytes"))
    place = models.CharField(max_length=100, unique=True)
    at = models.DateTimeField(_("at"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, verbose_name=_("by"))
    removed_at = models.DateTimeField(_("taken away at"), null=True)
    removed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, verbose_name=_("taken away by"))

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        ordering: ClassVar = ["report_id", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="attachment_kind_known",
                condition=Q(kind__in=["application/pdf", "image/jpeg", "image/png"]),
                violation_error_message=_("An attachment is a PDF, a JPEG or a PNG."),
            )
        ]

    def __str__(self) -> str:
        return self.name
