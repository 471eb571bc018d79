"""Totals, derived and stored, and the marks of those that are to be recomputed (semantics §5, §6)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from reports.models.cycle import Cycle
from reports.models.documents import Document
from reports.models.report import Report


class Rollup(models.Model):
    """The total of a report that has reports below it. A report with none below is its own total, so it has no row.

    `failures` counts the tries in which it could not be computed, and stayed as it was, since it last could (`error` says why).
    """

    report = models.OneToOneField(Report, models.CASCADE, primary_key=True, related_name="rollup", verbose_name=_("report"))
    cells = Document(_("figures"), default=dict)
    counted = models.PositiveIntegerField(_("counted"), default=0)
    expected = models.PositiveIntegerField(_("expected"), default=0)
    differs_from_declared = models.BooleanField(_("differs from what was declared"), default=False)
    failures = models.PositiveSmallIntegerField(_("failed tries"), default=0, db_default=0)
    error = models.TextField(_("last error"), blank=True, default="", db_default="")

    class Meta:
        verbose_name = _("total")
        verbose_name_plural = _("totals")
        indexes: ClassVar = [
            models.Index(fields=["failures"], name="rollup_failing", condition=Q(failures__gt=0)),
            models.Index(fields=["report"], name="rollup_differs", condition=Q(differs_from_declared=True)),
        ]

    def __str__(self) -> str:
        return str(self.report_id)


class RollupMark(models.Model):
    """Written in the transaction that changes what is counted: the totals from `report` up to its root are to be recomputed."""

    cycle = models.ForeignKey(Cycle, models.CASCADE, related_name="+")
    root_position = models.PositiveIntegerField()
    report = models.ForeignKey(Report, models.CASCADE, related_name="+")
    #: by the database's clock, for those who watch how long totals wait
    marked_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes: ClassVar = [models.Index(fields=["cycle", "root_position"], name="rollup_mark_tree")]

    def __str__(self) -> str:
        return str(self.report_id)
