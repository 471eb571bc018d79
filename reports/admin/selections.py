"""Selections of units: planned here, opened and frozen by the services; each unit chooses on pages of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from reports.admin.manner import Buttons, actor, selections_of
from reports.models import Selection
from reports.policies import reaches_all_of_selection
from reports.services import choosing
from units.levels import AGENCIES
from units.models import Level


@admin.register(Selection)
class SelectionAdmin(Buttons):
    list_display = ["name", "code", "level", "share", "on", "choose_by", "state", "progress"]
    list_filter = ["state", "level"]
    list_select_related = ["level"]
    search_fields = ["code", "name"]
    show_full_result_count = False
    actions = None
    autocomplete_fields = ["units"]
    readonly_fields = ["state", "frozen_at", "frozen_by"]
    change_form_template = "admin/reports/selection/change_form.html"
    fieldsets = [
        (None, {"fields": ["name", "code", "state", "frozen_at", "frozen_by"]}),
        (_("What is chosen"), {"fields": ["level", "share", "units"]}),
        (_("Days"), {"fields": ["on", "choose_by"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Selection]:
        return selections_of(request).annotate(asked=Count("choices"), made=Count("choices__made_at"))

    @admin.display(description=_("have chosen"))
    def progress(self, selection: Any) -> str:
        return f"{selection.made}/{selection.asked}" if selection.asked else "–"

    def get_readonly_fields(self, request: HttpRequest, obj: Selection | None = None) -> list[str]:
        """What was chosen from is written as it opens: from then on only its name and its day may change."""
        fixed = [] if _is_planned(obj) else ["code", "level", "share", "units", "on"]
        return [*self.readonly_fields, *fixed]

    def has_change_permission(self, request: HttpRequest, obj: Selection | None = None) -> bool:
        return super().has_change_permission(request, obj) and _reaches_all(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Selection | None = None) -> bool:
        return _is_planned(obj) and super().has_delete_permission(request, obj) and _reaches_all(request, obj)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "level":
            kwargs["queryset"] = Level.objects.exclude(code=AGENCIES)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_urls(self) -> list[Any]:
        def button(name: str, view: Callable[..., HttpResponse]) -> Any:
            return path(f"<path:object_id>/{name}/", self.admin_site.admin_view(require_POST(view)), name=f"reports_selection_{name}")

        buttons = [button("open", self.open), button("freeze", self.freeze), button("unfreeze", self.unfreeze)]
        return [*buttons, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context: dict[str, Any] = {}
        if request.method == "GET" and (selection := self.get_object(request, unquote(object_id))):
            context = {"may_press": request.user.has_perm("reports.change_selection"), "selection": selection}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **context})

    def open(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def opened(selection: Selection) -> str:
            count = choosing.open_selection(selection, by=actor(request))
            return ngettext("It is open: %(count)d unit chooses.", "It is open: %(count)d units choose.", count) % {"count": count}

        return self.press(request, object_id, opened)

    def freeze(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def frozen(selection: Selection) -> str:
            choosing.freeze(selection, by=actor(request), at=timezone.now())
            return gettext("What was chosen is frozen.")

        return self.press(request, object_id, frozen)

    def unfreeze(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def unfrozen(selection: Selection) -> str:
            choosing.unfreeze(selection, by=actor(request))
            return gettext("It can be chosen anew.")

        return self.press(request, object_id, unfrozen)


def _is_planned(selection: Selection | None) -> bool:
    return selection is None or selection.state == Selection.State.PLANNED


def _reaches_all(request: HttpRequest, selection: Selection | None) -> bool:
    return selection is None or reaches_all_of_selection(actor(request), selection)
