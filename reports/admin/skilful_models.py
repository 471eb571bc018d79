"""The register of Dân vận khéo models, only to be read: it changes on its own pages (services/registering.py)."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from reports.admin.manner import ReadOnly, SearchByUnit, actor
from reports.models import SkilfulModel, SkilfulModelEntry
from reports.policies import models_in_reach


class EntryInline(admin.TabularInline):
    model = SkilfulModelEntry
    fields = ["on", "at", "by", "on_behalf", "action", "to_state", "level", "effective", "text"]
    readonly_fields: ClassVar = ["on", "at", "by", "on_behalf", "action", "to_state", "level", "effective", "text"]
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(SkilfulModel)
class SkilfulModelAdmin(SearchByUnit, ReadOnly):
    list_display = ["name", "unit", "field", "state", "registered_on", "recognised_level"]
    list_filter = ["field", "state", "recognised_level"]
    list_select_related: ClassVar = ["unit", "recognised_level"]
    search_fields: ClassVar = ["unit__uid"]
    search_help_text = _("A unit's name, with or without marks, its identifier or its official code.")
    date_hierarchy = "registered_on"
    inlines = [EntryInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(pk__in=models_in_reach(actor(request)).order_by().values("pk"))
