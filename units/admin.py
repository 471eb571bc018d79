"""Levels, units and memberships. Units are moved by drag and drop on a page of their own, one level at a time."""

from __future__ import annotations

from datetime import date
from functools import reduce
from operator import or_
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.db.models import ProtectedError, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST
from import_export.admin import ImportExportMixin
from import_export.forms import ExportForm
from import_export.results import InvalidRow, Result

from units import tree
from units.models import Level, Membership, Unit
from units.problems import Problems, Refused
from units.reach import units_in_reach
from units.resources import LevelResource, UnitResource
from units.transfer import AnyTable, CsvTable, WorkbookTable
from units.wording import say, say_with_place

#: how many problems a page names before it counts the rest
NAMED = 20
#: the form's field for a problem's column
FIELD_OF_COLUMN = {"parent_uid": "parent", "valid_from": "valid_from", "valid_to": "valid_to"}


class LightPages(admin.ModelAdmin):
    """Pages without the scripts that make a slug of a name as one types it: no field here is filled in like that."""

    @property
    def media(self) -> forms.Media:
        jquery = "vendor/jquery/jquery.js" if settings.DEBUG else "vendor/jquery/jquery.min.js"
        return forms.Media(
            js=[f"admin/js/{each}" for each in (jquery, "jquery.init.js", "core.js", "admin/RelatedObjectLookups.js", "actions.js")]
        )


class ServiceImportExportMixin(ImportExportMixin):
    """Tables in and out for those who may: previewed, confirmed, and then done as a whole or not at all."""

    import_formats: ClassVar = [AnyTable]
    export_formats: ClassVar = [CsvTable, WorkbookTable]
    export_form_class = ExportForm

    def has_import_permission(self, request: HttpRequest) -> bool:
        return self.has_add_permission(request) and self.has_change_permission(request)

    def has_export_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def add_data_read_fail_error_to_form(self, form: forms.Form, e: Exception) -> None:
        """Say what is wrong with the file, which waits for nothing any more."""
        self.get_tmp_storage_class()(name=form.cleaned_data["import_file"].tmp_storage_name).remove()
        if not isinstance(e, Refused):
            super().add_data_read_fail_error_to_form(form, e)
            return
        for problem in e.problems:
            form.add_error("import_file", say_with_place(problem))

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The file waits between preview and confirmation; a restart of the server may have swept it away."""
        try:
            return super().process_import(request, **kwargs)
        except (FileNotFoundError, Refused):
            messages.error(request, gettext("The file is not there any more: choose it again."))
            return self._back_to_import()

    def process_result(self, result: Result, request: HttpRequest) -> HttpResponse:
        """What a second reading refuses is said too."""
        if not result.has_errors() and not result.has_validation_errors():
            return super().process_result(result, request)
        for row in result.invalid_rows[:NAMED]:
            messages.error(request, _with_place(row))
        if len(result.invalid_rows) > NAMED:
            messages.error(request, gettext("… and %(count)d more") % {"count": len(result.invalid_rows) - NAMED})
        return self._back_to_import()

    def _back_to_import(self) -> HttpResponseRedirect:
        return HttpResponseRedirect(reverse("admin:{}_{}_import".format(*self.get_model_info())))

    def generate_log_entries(self, result: Result, request: HttpRequest) -> None:
        """One entry for the file, whether it changed one row or a hundred thousand."""
        counts = {"new": result.totals["new"], "changed": result.totals["update"], "removed": result.totals["delete"]}
        said = gettext("Imported from a file: %(new)d new, %(changed)d changed, %(removed)d removed.") % counts
        LogEntry.objects.create(
            user_id=request.user.pk or 0,
            content_type_id=ContentType.objects.get_for_model(self.model).pk,
            object_repr=str(self.opts.verbose_name_plural)[:200],
            action_flag=CHANGE,
            change_message=said,
        )


def _with_place(row: InvalidRow) -> str:
    """`Line 3: column: what is wrong`."""
    line = [gettext("Line %(line)d") % {"line": row.number}] if row.number else []
    said = [[text] if column == NON_FIELD_ERRORS else [column, text] for column, texts in row.error_dict.items() for text in texts]
    return "; ".join(": ".join([*line, *parts]) for parts in said)


class ConfiguredBySuperusers(LightPages):
    """Changed by superusers alone; other staff see, where they may view it, what belongs to the units in their reach (semantics §9)."""

    #: conditions on rows of this model, one of which has to hold, each naming a way to a unit
    unit_lookups: ClassVar = ["unit"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        if request.user.is_superuser:
            return rows
        reach = units_in_reach(request.user).order_by().values("pk")
        return rows.filter(reduce(or_, (Q(**{f"{lookup}__in": reach}) for lookup in self.unit_lookups)))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)


@admin.register(Level)
class LevelAdmin(ServiceImportExportMixin, LightPages):
    resource_classes: ClassVar = [LevelResource]
    list_display = ["name", "name_en", "code", "rank"]


class ValidityFilter(admin.SimpleListFilter):
    title = _("validity")
    parameter_name = "valid"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("today", _("valid today")), ("ended", _("ended")), ("coming", _("to come"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        today = timezone.localdate()
        conditions = {
            "today": Q(pk__in=Unit.objects.valid_on(today).order_by().values("pk")),
            "ended": Q(valid_to__lt=today),
            "coming": Q(valid_from__gt=today),
        }
        return queryset.filter(conditions.get(self.value() or "", Q()))


class UnitForm(forms.ModelForm):
    """Says beside the field why a unit can't stand where it is put; saving asks again, under the lock."""

    def full_clean(self) -> None:
        super().full_clean()
        if self.is_bound and not self.errors:
            for problem in tree.misfits_of(self.instance):
                self.add_error(FIELD_OF_COLUMN.get(problem.column), ValidationError(say(problem)))


@admin.register(Unit)
class UnitAdmin(ServiceImportExportMixin, ConfiguredBySuperusers):
    unit_lookups: ClassVar = ["pk"]
    form = UnitForm
    resource_classes: ClassVar = [UnitResource]
    import_export_change_list_template = "admin/units/unit/change_list.html"
    fields = ["uid", "code", "name", "name_en", "kind", "level", "parent", "valid_from", "valid_to", "position", "agency_id"]
    autocomplete_fields = ["parent"]
    list_display = ["name", "uid", "code", "level", "parent", "valid_from", "valid_to"]
    list_filter = ["level", "kind", ValidityFilter]
    list_select_related = ["level", "parent"]
    search_fields = ["name"]
    search_help_text = _("Name, with or without marks; identifier or official code.")
    show_full_result_count = False
    actions = None

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple[QuerySet, bool]:
        if search_term.strip():
            queryset = queryset.filter(pk__in=Unit.objects.matching(search_term).order_by().values("pk"))
        return queryset, False

    def get_readonly_fields(self, request: HttpRequest, obj: Unit | None = None) -> list[str]:
        return ["uid"] if obj else []

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "parent":
            kwargs["form_class"] = forms.ModelChoiceField  # mptt's own marks depth with dashes, which means nothing in a search
        if db_field.name == "level":
            kwargs["queryset"] = Level.objects.of_territory()
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Unit, form: Any, change: bool) -> None:
        tree.save(obj)

    def delete_model(self, request: HttpRequest, obj: Unit) -> None:
        tree.delete(obj)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except Refused as refused:
            self.message_user(request, _said(refused.problems), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().delete_view(request, *args, **kwargs)
        except ProtectedError:
            self.message_user(request, gettext("Something refers to this unit; end its validity instead."), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    # --- The page of the tree ------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        return [
            path("tree/", self.admin_site.admin_view(require_GET(self.tree_view)), name="units_unit_tree"),
            path("tree/move/", self.admin_site.admin_view(require_POST(self.move_view)), name="units_unit_move"),
            *super().get_urls(),
        ]

    def tree_view(self, request: HttpRequest) -> HttpResponse:
        """The units directly below one (`of`, a key; none: the top of the reach) on a day (`on`, today); `part` asks for the list alone."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        day = _day(request.GET.get("on", ""))
        of = request.GET.get("of", "")
        reach = self.get_queryset(request)
        superior = get_object_or_404(reach, pk=_key(of)) if of else None
        context = {
            "superior": superior,
            "ancestors": tree.ancestors_of(superior).filter(pk__in=reach.order_by().values("pk")) if superior else [],
            "units": tree.children_of(superior, day) if superior else tree.tops_of(reach, day),
            "day": day,
            "may_move": self.has_change_permission(request),
        }
        if "part" in request.GET:
            return render(request, "admin/units/unit/tree_branch.html", context)
        page = {"title": _("Tree of units"), "opts": self.opts, **self.admin_site.each_context(request)}
        return render(request, "admin/units/unit/tree.html", page | context)

    def move_view(self, request: HttpRequest) -> JsonResponse:
        """Put `unit` under `superior` (keys; an empty one makes it a root)."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        unit = get_object_or_404(Unit, pk=_key(request.POST.get("unit", "")))
        target = request.POST.get("superior", "")
        superior = get_object_or_404(Unit.objects.select_related("level"), pk=_key(target)) if target else None
        try:
            tree.move(unit, superior)
        except Refused as refused:
            return JsonResponse({"message": _said(refused.problems)}, status=409)
        self.log_change(request, unit, [{"changed": {"fields": [str(_("superior unit"))]}}])
        place = superior.name if superior else gettext("the top")
        return JsonResponse({"message": gettext("%(unit)s now stands under %(superior)s.") % {"unit": unit.name, "superior": place}})


def _said(problems: Problems) -> str:
    return " ".join(say(problem) for problem in problems)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return timezone.localdate()


def _key(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


@admin.register(Membership)
class MembershipAdmin(ConfiguredBySuperusers):
    list_display = ["user", "role", "unit"]
    list_filter = ["role"]
    list_select_related = ["user", "unit"]
    autocomplete_fields = ["user", "unit"]
    search_fields = ["user__username", "user__first_name", "user__last_name", "unit__name"]
    show_full_result_count = False
