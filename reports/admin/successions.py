"""What became of units: here and not with the units, since recording it asks what reports keep of them."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin

from reports.resources import SuccessionResource
from units.admin import ConfiguredBySuperusers, ServiceImportExportMixin
from units.models import Succession


@admin.register(Succession)
class SuccessionAdmin(ServiceImportExportMixin, ConfiguredBySuperusers):
    resource_classes: ClassVar = [SuccessionResource]
    unit_lookups: ClassVar = ["predecessor", "successor"]
    list_display = ["predecessor", "successor", "effective_on", "share"]
    list_filter = ["effective_on"]
    list_select_related = ["predecessor", "successor"]
    autocomplete_fields = ["predecessor", "successor"]
    show_full_result_count = False
