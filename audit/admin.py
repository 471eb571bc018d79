"""The audit to be read: by day, by user, by what was done and to what."""

from __future__ import annotations

import json
from textwrap import shorten
from typing import Any, ClassVar

from django.apps import apps
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from audit.models import AuditEntry, Seal
from audit.watching import sealed, watched


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


#: kinds that are no table's
_NO_ROWS = {"file": _("file"), "backup": _("backup")}


def name_of(kind: str) -> str:
    """What a kind of row is called by people: by its model, a relation by whose it is and to what."""
    if kind in _NO_ROWS:
        return str(_NO_ROWS[kind])
    try:
        model = apps.get_model(kind)
    except (LookupError, ValueError):
        return kind
    owner: Any = model._meta.auto_created
    if not owner:
        return str(model._meta.verbose_name)
    (relation,) = [field for field in owner._meta.many_to_many if field.remote_field.through is model]
    return f"{owner._meta.verbose_name}: {relation.verbose_name}"


class KindFilter(admin.SimpleListFilter):
    """By kinds that there may be: which there are the database would have to read all of it for."""

    title = _("what")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return sorted(((kind, name_of(kind)) for kind in self.possible()), key=lambda each: each[1].casefold())

    def possible(self) -> list[str]:
        return [*(each.model._meta.label_lower for each in watched()), *_NO_ROWS]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


class SealedFilter(KindFilter):
    def possible(self) -> list[str]:
        return [model._meta.label_lower for model in sealed()]


@admin.register(AuditEntry)
class AuditEntryAdmin(Shown):
    list_display = ["at", "by", "action", "what", "told", "address", "via"]
    list_filter = ["action", ("at", admin.DateFieldListFilter), KindFilter]
    fields: ClassVar = ["at", "by", "address", "via", "action", "what", "from_to"]
    readonly_fields: ClassVar = ["what", "from_to"]
    list_select_related = ["by"]
    date_hierarchy = "at"
    search_fields = ["by__username", "address", "row", "via"]
    search_help_text = _("A user's name, an address, a row's number, or a page: /reports/12/ finds what was taken of that report.")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup in ("by__id__exact", "row__exact") or super().lookup_allowed(lookup, value, request)  # type: ignore[arg-type]

    @admin.display(description=_("what"), ordering="kind")
    def what(self, entry: AuditEntry) -> str:
        return f"{name_of(entry.kind)} {entry.row}".strip()

    @admin.display(description=_("what changed"))
    def told(self, entry: AuditEntry) -> str:
        """In a line: from what to what, or what a row that came or went is called."""
        if entry.before and entry.after:
            return shorten("; ".join(f"{name}: {_short(was)} → {_short(now)}" for name, was, now in _columns(entry)), 90, placeholder=" …")
        row = entry.before or entry.after or {}
        return _short(next((row[name] for name in ("name", "code", "uid", "query", "to") if row.get(name)), ""))

    @admin.display(description=_("what changed"))
    def from_to(self, entry: AuditEntry) -> str:
        """All of it, a line for each column."""
        if not entry.before and not entry.after:
            return "–"
        lines = ((name, _text(was), _text(now)) for name, was, now in _columns(entry))
        rows = format_html_join("", "<tr><th>{}</th><td>{}</td><td>{}</td></tr>", lines)
        heads = (gettext("column"), gettext("before"), gettext("after"))
        return format_html("<table><tr><th>{}</th><th>{}</th><th>{}</th></tr>{}</table>", *heads, rows)


def _columns(entry: AuditEntry) -> list[tuple[str, Any, Any]]:
    """Each column that the entry tells of, with what it was and what it became."""
    before, after = entry.before or {}, entry.after or {}
    return [(name, before.get(name), after.get(name)) for name in {**before, **after}]


def _text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _short(value: Any) -> str:
    return shorten(_text(value), 40, placeholder=" …") or "–"


@admin.register(Seal)
class SealAdmin(Shown):
    list_display = ["at", "what", "after", "last", "count", "digest"]
    list_filter = [SealedFilter]

    @admin.display(description=_("what"), ordering="kind")
    def what(self, seal: Seal) -> str:
        return name_of(seal.kind)
