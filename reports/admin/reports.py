"""Reports as they stand: to be found and looked at, extended and exempted. Other steps are taken on the pages of the web."""

from __future__ import annotations

import re
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from import_export.admin import ExportMixin
from import_export.forms import ExportForm

from reports.admin.manner import ReadOnly, SearchByUnit, cycles_of, page_of, reports_of
from reports.admin.report_actions import ReportActions
from reports.domain.deadlines import Timeliness
from reports.models import Flag, Report
from reports.resources import ReportStatusResource
from units.transfer import CsvTable, WorkbookTable

TIMELINESS_LABELS = {
    Timeliness.PENDING.value: _("Not due yet"),
    Timeliness.ON_TIME.value: _("On time"),
    Timeliness.LATE.value: _("Submitted late"),
    Timeliness.MISSING.value: _("Overdue"),
    Timeliness.EXEMPT.value: _("Exempt"),
}

#: how many cycles the filter offers, and how many journal entries a report's page shows; the newest of each
CYCLES_OFFERED, ENTRIES_SHOWN = 30, 50


class CycleFilter(admin.SimpleListFilter):
    title = _("cycle")
    parameter_name = "cycle"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        return list(cycles_of(request).exclude(state="planned").order_by("-opened_at").values_list("pk", "code")[:CYCLES_OFFERED])

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(cycle_id=int(value)) if value and re.fullmatch("[0-9]{1,15}", value) else queryset


class TimelinessFilter(admin.SimpleListFilter):
    title = _("timeliness")
    parameter_name = "timeliness"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(TIMELINESS_LABELS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(timeliness=self.value()) if self.value() in TIMELINESS_LABELS else queryset


class OpenFlagFilter(admin.SimpleListFilter):
    title = _("open flags")
    parameter_name = "flag"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return Flag.Kind.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in Flag.Kind.values:
            return queryset
        return queryset.filter(Exists(Flag.objects.filter(report=OuterRef("pk"), kind=self.value(), cleared_at__isnull=True)))


@admin.register(Report)
class ReportAdmin(ReportActions, SearchByUnit, ExportMixin, ReadOnly):
    resource_classes = [ReportStatusResource]
    export_formats = [CsvTable, WorkbookTable]
    export_form_class = ExportForm
    list_display = ["unit", "cycle", "level", "state", "timeliness", "due_at", "first_submitted_at", "open_flags"]
    list_filter = [CycleFilter, "state", TimelinessFilter, OpenFlagFilter, "level"]
    list_select_related = ["unit", "cycle", "level"]
    search_fields = ["unit__uid"]
    search_help_text = _("A unit's name, with or without marks, its identifier or its official code.")
    ordering = ["cycle_id", "position"]
    fieldsets = [
        (None, {"fields": ["cycle", "unit", "level", "superior_report", "state", "timeliness", "open_flags"]}),
        (
            _("Days and moments"),
            {"fields": ["due_on", "due_at", "first_submitted_at", "submitted_at", "review_due_at", "correct_by_at", "in_correction"]},
        ),
        (_("Figures"), {"fields": ["needs_approval", "own_figures"]}),
        (_("journal"), {"fields": ["journal_entries"]}),
    ]
    readonly_fields = ["superior_report", "timeliness", "open_flags", "own_figures", "journal_entries"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Report]:
        return reports_of(request).with_timeliness(timezone.now()).with_open_flags().for_display()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        report = self.get_object(request, unquote(object_id))
        subtitle = {"subtitle": f"{report.unit} – {report.cycle}"} if report else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **subtitle})

    def has_export_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    @admin.display(description=_("timeliness"))
    def timeliness(self, report: Any) -> str:
        return str(TIMELINESS_LABELS[report.timeliness])

    @admin.display(description=_("open flags"))
    def open_flags(self, report: Any) -> str:
        return ", ".join(str(flag.get_kind_display()) for flag in report.open_flags)

    @admin.display(description=_("superior's report"))
    def superior_report(self, report: Report) -> str:
        if report.superior is None:
            return "–"
        return format_html('<a href="{}">{}</a>', page_of(report.superior), report.superior.unit)

    @admin.display(description=_("own figures"))
    def own_figures(self, report: Report) -> str:
        entered = [(row, report.own[row.code]) for row in report.cycle.version.indicators.all() if row.code in report.own]
        if not entered:
            return gettext("No data yet")
        cells = ((row.code, str(row), _written(value), row.unit) for row, value in entered)
        return format_html("<table>{}</table>", format_html_join("", "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>", cells))

    @admin.display(description=_("journal"))
    def journal_entries(self, report: Report) -> str:
        newest = report.journal.select_related("by").order_by("-pk")[:ENTRIES_SHOWN]
        cells = (
            (
                date_format(timezone.localtime(entry.at), "DATETIME_FORMAT"),
                entry.by or gettext("the system"),
                entry.get_action_display(),
                entry.get_from_state_display(),
                entry.get_to_state_display(),
                entry.reason,
            )
            for entry in newest
        )
        rows = format_html_join("", "<tr><td>{}</td><td>{}</td><td>{}</td><td>{} → {}</td><td>{}</td></tr>", cells)
        everything = f"{reverse('admin:reports_journalentry_changelist')}?report__id__exact={report.pk}"
        return format_html('<table>{}</table><a href="{}">{}</a>', rows, everything, gettext("The whole journal"))


def _written(value: Any) -> str | SafeString:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return str(value)
