"""Cycles and days off: planned here, opened and closed by the services; what an open cycle has frozen is only shown."""

from __future__ import annotations

from typing import Any, ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from reports.admin import cycle_wizard
from reports.admin.days_field import DaysField
from reports.admin.manner import Buttons, CarefulImport, ReadOnly, actor, cycles_of, selections_of
from reports.domain.periods import parse_period
from reports.models import Cycle, CycleLevel, DayOff, Selection, TemplateVersion
from reports.models.cycle import default_reminders
from reports.policies import reaches_all_of_cycle
from reports.queries.calendar import next_working_day
from reports.queries.progress import by_level
from reports.resources import CycleLevelResource, DayOffResource
from reports.services import closing, opening, scheduling
from units.admin import LightPages
from units.models import Level
from units.problems import Refused
from units.wording import say


class CycleForm(forms.ModelForm):
    reminders = DaysField(
        label=_("Reminder days"), required=False, initial=default_reminders, help_text=_("Days from the due day; negative is before.")
    )

    class Meta:
        model = Cycle
        fields: ClassVar = "__all__"
        help_texts: ClassVar = {
            "code": _("Empty: the template's code and the period."),
            "period": _("2025-H1, 2025-H2, 2025-Y, 2025-Q1, 2025-M01, or 2021..2025."),
            "first_day": _("Empty: the usual first day of the period."),
            "cut_off": _("The last day of the period. Empty: the usual one."),
            "reference_day": _("The tree of this day is the cycle's tree. Empty: the cut-off."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("code", "first_day", "cut_off", "reference_day"):
            if name in self.fields:
                self.fields[name].required = False

    def clean_time_zone(self) -> str:
        name = str(self.cleaned_data["time_zone"])
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValidationError(
                gettext("“%(name)s” is no time zone: write one such as Asia/Ho_Chi_Minh."), params={"name": name}
            ) from error
        return name

    def clean(self) -> dict[str, Any]:
        """Fill in what was left empty by the State's default days (semantics §1)."""
        cleaned = super().clean() or self.cleaned_data
        if "period" not in cleaned:
            return cleaned
        try:
            period = parse_period(cleaned["period"])
        except Refused as refused:
            self.add_error("period", [say(problem) for problem in refused.problems])
            return cleaned
        for name, usual in (("first_day", period.first_day), ("cut_off", period.last_day)):
            if name in cleaned and not cleaned[name]:
                cleaned[name] = usual
        if "reference_day" in cleaned and not cleaned["reference_day"]:
            cleaned["reference_day"] = cleaned.get("cut_off")
        if "version" in cleaned and not cleaned.get("code"):
            cleaned["code"] = opening.free_code(cleaned["version"], period.code)
        return cleaned


class CycleLevelForm(forms.ModelForm):
    moved_from: Any = None

    class Meta:
        model = CycleLevel
        fields: ClassVar = "__all__"

    def clean_due_on(self) -> Any:
        wanted = self.cleaned_data["due_on"]
        day = next_working_day(wanted)
        self.moved_from = wanted if day != wanted else None
        return day

    def clean_official_due_on(self) -> Any:
        wanted = self.cleaned_data["official_due_on"]
        if wanted is None:
            return None
        day = next_working_day(wanted)
        if self.cleaned_data.get("due_on") and day <= self.cleaned_data["due_on"]:
            raise ValidationError(gettext("Official figures are due after the estimated ones."))
        return day


class CycleLevelInline(admin.TabularInline):
    model = CycleLevel
    form = CycleLevelForm
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Cycle | None = None) -> bool:
        return _is_planned(obj) and super().has_add_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Cycle | None = None) -> bool:
        return _is_planned(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Cycle | None = None) -> bool:
        return _is_planned(obj) and super().has_delete_permission(request, obj)

    def get_max_num(self, request: HttpRequest, obj: Cycle | None = None, **kwargs: Any) -> int:
        return Level.objects.count()


def _is_planned(cycle: Cycle | None) -> bool:
    return cycle is None or cycle.state == Cycle.State.PLANNED


def _reaches_all(request: HttpRequest, cycle: Cycle | None) -> bool:
    return cycle is None or reaches_all_of_cycle(actor(request), cycle)


@admin.register(Cycle)
class CycleAdmin(Buttons):
    form = CycleForm
    list_display = ["code", "version", "period", "cut_off", "state", "opens_on", "opened_at", "closed_at"]
    list_filter = ["state", "version__template"]
    list_select_related = ["version__template"]
    search_fields = ["code", "period", "version__template__code", "version__template__name"]
    show_full_result_count = False
    actions = None
    autocomplete_fields = ["units", "left_out"]
    readonly_fields = ["state", "official_opened_at", "opened_at", "closed_at"]
    inlines = [CycleLevelInline]
    change_form_template = "admin/reports/cycle/change_form.html"
    change_list_template = "admin/reports/cycle/change_list.html"
    fieldsets = [
        (None, {"fields": ["version", "period", "code", "state", "opens_on", "opened_at", "closed_at"]}),
        (_("Days of the period"), {"fields": ["first_day", "cut_off", "reference_day", "time_zone"]}),
        (_("Estimated and official figures"), {"fields": ["asks_official", "official_opened_at"]}),
        (_("Who reports"), {"fields": ["units", "left_out", "selection"]}),
        (_("Review and reminders"), {"fields": list(scheduling.ONCE_OPEN)}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Cycle]:
        return cycles_of(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Cycle | None = None) -> list[str]:
        if _is_planned(obj):
            return list(self.readonly_fields)
        every: list[Any] = [name for _title, options in self.fieldsets for name in options["fields"]]
        return [name for name in every if name not in scheduling.ONCE_OPEN]

    def has_change_permission(self, request: HttpRequest, obj: Cycle | None = None) -> bool:
        is_over = obj is not None and obj.state == Cycle.State.CLOSED
        return not is_over and super().has_change_permission(request, obj) and _reaches_all(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Cycle | None = None) -> bool:
        return _is_planned(obj) and super().has_delete_permission(request, obj) and _reaches_all(request, obj)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "version":
            kwargs["queryset"] = TemplateVersion.objects.in_use().select_related("template")
        if db_field.name == "selection":
            kwargs["queryset"] = selections_of(request).filter(state=Selection.State.FROZEN)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        super().save_formset(request, form, formset, change)
        for row in formset.forms:
            if getattr(row, "moved_from", None) and row.has_changed():
                days = {"wanted": date_format(row.moved_from, "d/m/Y"), "day": date_format(row.instance.due_on, "d/m/Y")}
                messages.info(
                    request,
                    gettext("%(level)s: %(wanted)s is no working day; the due day is %(day)s.") % {"level": row.instance.level, **days},
                )

    def get_urls(self) -> list[Any]:
        def button(name: str, view: Any) -> Any:
            return path(f"<path:object_id>/{name}/", self.admin_site.admin_view(require_POST(view)), name=f"reports_cycle_{name}")

        wizard = path("plan/", self.admin_site.admin_view(self.plan), name="reports_cycle_plan")
        return [wizard, button("open", self.open), button("close", self.close), button("reopen", self.reopen), *super().get_urls()]

    def plan(self, request: HttpRequest) -> HttpResponse:
        """The wizard: a cycle in steps, and how many reports it would have."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        return cycle_wizard.answer(request, self)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context: dict[str, Any] = {}
        if request.method == "GET" and (cycle := self.get_object(request, unquote(object_id))):
            context["may_press"] = request.user.has_perm("reports.change_cycle")
            context["cycle_state"] = cycle.state
            context["may_ask_official"] = cycle.may_ask_official
            context["progress"] = [] if _is_planned(cycle) else by_level(cycle, timezone.now())
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **context})

    def open(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def open_cycle(cycle: Cycle) -> str:
            closing.refuse_other_than_manager(cycle, actor(request))
            return cycle_wizard.opening_said(opening.open_cycle(cycle, timezone.now()).by_level)

        return self.press(request, object_id, open_cycle)

    def close(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def close_cycle(cycle: Cycle) -> str:
            closing.close_cycle(cycle, by=actor(request), at=timezone.now())
            return gettext("The cycle is closed.")

        return self.press(request, object_id, close_cycle)

    def reopen(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def reopen_cycle(cycle: Cycle) -> str:
            closing.reopen_cycle(cycle, by=actor(request))
            return gettext("The cycle is open again.")

        return self.press(request, object_id, reopen_cycle)


@admin.register(CycleLevel)
class CycleLevelAdmin(CarefulImport, ReadOnly):
    """Due days at a glance, with import and export; single ones are edited on the page of their cycle."""

    resource_classes = [CycleLevelResource]
    list_display = ["cycle", "level", "due_on", "needs_approval"]
    list_filter = ["level", "cycle__state"]
    list_select_related = ["cycle", "level"]
    search_fields = ["cycle__code"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[CycleLevel]:
        return super().get_queryset(request).filter(cycle__in=cycles_of(request))

    def get_resource_kwargs(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return {"cycles": cycles_of(request)}


@admin.register(DayOff)
class DayOffAdmin(CarefulImport, LightPages):
    resource_classes = [DayOffResource]
    list_display = ["day", "name"]
    search_fields = ["name"]
    date_hierarchy = "day"
