"""Totals, derived and stored, and the marks of those that are to be recomputed (semantics §5, §6)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from reports.models.cycle import Cycle
from reports.models.report import Report


class Rollup(models.Model):
    """The total of a report that has reports below it. A report with none below is its own total, so it has no row."""

    report = models.OneToOneField(Report, models.CASCADE, primary_key=True, related_name="rollup", verbose_name=_("report"))
    cells = models.JSONField(_("figures"), default=dict)
    counted = models.PositiveIntegerField(_("counted"), default=0)
    expected = models.PositiveIntegerField(_("expected"), default=0)
    differs_from_declared = models.BooleanField(_("differs from what was declared"), default=False)

    class Meta:
        verbose_name = _("total")
        verbose_name_plural = _("totals")

    def __str__(self) -> str:
        return str(self.report_id)


class RollupMark(models.Model):
    """Written in the transaction that changes what is counted: the totals from `report` up to its root are to be recomputed."""

    cycle = models.ForeignKey(Cycle, models.CASCADE, related_name="+")
    root_position = models.PositiveIntegerField()
    report = models.ForeignKey(Report, models.CASCADE, related_name="+")

    class Meta:
        indexes: ClassVar = [models.Index(fields=["cycle", "root_position"], name="rollup_mark_tree")]

    def __str__(self) -> str:
        return str(self.report_id)
