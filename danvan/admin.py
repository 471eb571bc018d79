"""Users, with the units at which they serve (semantics §9)."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from units.admin import ServiceImportExportMixin
from units.models import Membership
from units.resources import PeopleResource


class MembershipInline(admin.TabularInline):
    model = Membership
    autocomplete_fields = ["unit"]
    extra = 0


admin.site.unregister(User)


@admin.register(User)
class DanvanUserAdmin(ServiceImportExportMixin, UserAdmin):
    """Users leave and come as a table too, with their rights: hence by superusers alone."""

    resource_classes = [PeopleResource]
    inlines = [MembershipInline]
    list_display = ["username", "last_name", "first_name", "is_active", "is_staff", "last_login"]
    list_filter = ["is_active", "is_staff", "is_superuser"]
    search_help_text = _("User name, name or address.")
    show_full_result_count = False

    def has_import_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_export_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)
