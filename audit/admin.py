"""The audit to be read: by day, by user, by what was done and to what."""

from __future__ import annotations

from django.apps import apps
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from audit.models import AuditEntry, Seal


class Shown(admin.ModelAdmin):
    """Read by superusers, and changed by nobody."""

    actions = None
    show_full_result_count = False
    list_per_page = 50

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


@admin.register(AuditEntry)
class AuditEntryAdmin(Shown):
    list_display = ["at", "by", "address", "action", "what", "row", "via"]
    list_filter = ["action", ("at", admin.DateFieldListFilter), "kind"]
    list_select_related = ["by"]
    date_hierarchy = "at"
    search_fields = ["by__username", "address", "row", "via"]
    search_help_text = _("A user's name, an address, a row's number, or a page: /reports/12/ finds what was taken of that report.")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup in ("by__id__exact", "row__exact") or super().lookup_allowed(lookup, value, request)  # type: ignore[arg-type]

    @admin.display(description=_("what"), ordering="kind")
    def what(self, entry: AuditEntry) -> str:
        """The kind of row by its name; a file has none."""
        try:
            return str(apps.get_model(entry.kind)._meta.verbose_name)
        except (LookupError, ValueError):
            return entry.kind


@admin.register(Seal)
class SealAdmin(Shown):
    list_display = ["at", "kind", "after", "last", "count", "digest"]
    list_filter = ["kind"]
