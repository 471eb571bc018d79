"""Templates: their versions, and the indicators of drafts. A published version is only shown (semantics §1)."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe
from import_export.forms import ConfirmImportForm, ImportForm
from import_export.results import Result

from reports.admin import version_pages
from reports.admin.manner import Buttons, CarefulImport, page_of
from reports.domain import indicators as domain
from reports.domain import template_file
from reports.models import Indicator, ReportTemplate, TemplateVersion
from reports.resources import IndicatorResource, TemplateResource
from reports.services import configuring
from units.admin import LightPages
from units.models import Level
from units.problems import Problem
from units.wording import say


class VersionInline(admin.TabularInline):
    model = TemplateVersion
    fields = ["number", "published_at", "retired_at"]
    readonly_fields = ["published_at", "retired_at"]
    extra = 0
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ReportTemplate)
class ReportTemplateAdmin(CarefulImport, Buttons):
    """Templates leave and come whole, as one table: every version with its indicators and texts."""

    resource_classes = [TemplateResource]
    list_display = ["code", "name", "name_en"]
    search_fields = ["code", "name", "name_en"]
    show_full_result_count = False
    inlines = [VersionInline]
    change_form_template = "admin/reports/reporttemplate/change_form.html"

    def get_readonly_fields(self, request: HttpRequest, obj: ReportTemplate | None = None) -> list[str]:
        return ["code"] if obj else []

    def get_urls(self) -> list[Any]:
        new = path("<path:object_id>/draft/", self.admin_site.admin_view(require_POST(self.draft)), name="reports_reporttemplate_draft")
        return [new, *super().get_urls()]

    def draft(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Begin an empty version, and go to it."""
        made: list[TemplateVersion] = []

        def begin(template: ReportTemplate) -> str:
            made.append(configuring.add_version(template.code, template.name, [], name_en=template.name_en))
            return gettext("Version %(number)d was begun as a draft.") % {"number": made[0].number}

        response = self.press(request, object_id, begin)
        return HttpResponseRedirect(page_of(made[0])) if made else response


class IndicatorImportForm(ImportForm):
    template = forms.ModelChoiceField(ReportTemplate.objects.all(), label=_("Report template"))
    field_order = ["template", "resource", "import_file", "format"]


class IndicatorConfirmForm(ConfirmImportForm):
    template = forms.ModelChoiceField(ReportTemplate.objects.all(), widget=forms.HiddenInput)


@admin.register(TemplateVersion)
class TemplateVersionAdmin(CarefulImport, Buttons):
    """Versions are made by drafting, importing and publishing; the indicators of a draft have pages of their own.

    A version may have more indicators than one form may have fields, hence no form for all of them.
    """

    list_display = ["__str__", "published_at", "retired_at", "indicator_count"]
    list_filter = ["template", ("published_at", admin.EmptyFieldListFilter), ("retired_at", admin.EmptyFieldListFilter)]
    list_select_related = ["template"]
    search_fields = ["template__code", "template__name", "template__name_en"]
    show_full_result_count = False
    actions = None
    fields: ClassVar = ["template", "number", "published_at", "retired_at"]
    readonly_fields: ClassVar = ["template", "number", "published_at", "retired_at"]
    change_form_template = "admin/reports/templateversion/change_form.html"
    resource_classes = [IndicatorResource]
    import_form_class = IndicatorImportForm
    confirm_form_class = IndicatorConfirmForm

    def get_queryset(self, request: HttpRequest) -> QuerySet[TemplateVersion]:
        return super().get_queryset(request).annotate(indicator_count=Count("indicators"))

    @admin.display(description=_("indicators"))
    def indicator_count(self, version: Any) -> int:
        return int(version.indicator_count)

    def has_export_permission(self, request: HttpRequest) -> bool:
        return False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: TemplateVersion | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: TemplateVersion | None = None) -> bool:
        return (obj is None or not obj.is_published) and super().has_delete_permission(request, obj)

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path("<path:object_id>/publish/", view(require_POST(self.publish)), name="reports_templateversion_publish"),
            path("<path:object_id>/retire/", view(require_POST(self.retire)), name="reports_templateversion_retire"),
            path("<path:object_id>/use/", view(require_POST(self.use)), name="reports_templateversion_use"),
            path("<path:object_id>/draft/", view(require_POST(self.draft)), name="reports_templateversion_draft"),
            path("<path:object_id>/preview/", view(require_safe(self.preview)), name="reports_templateversion_preview"),
            path("<path:object_id>/compare/", view(require_safe(self.compare)), name="reports_templateversion_compare"),
            path("<path:object_id>/confirm/", view(require_safe(self.confirm)), name="reports_templateversion_confirm"),
            path("<path:object_id>/retiring/", view(require_safe(self.retiring)), name="reports_templateversion_retiring"),
            path("<path:object_id>/indicators.csv", view(self.indicator_file), name="reports_templateversion_file"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context: dict[str, Any] = {}
        if request.method == "GET" and (version := self.get_object(request, unquote(object_id))):
            context["may_change_version"] = request.user.has_perm("reports.change_templateversion")
            context["is_draft"] = not version.is_published
            context["is_in_use"] = version.is_in_use
            context["indicators"] = [(page_of(row), row) for row in version.indicators.all()]
            context["problems"] = [] if version.is_published else _placed(version)
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **context})

    def publish(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def publish(version: TemplateVersion) -> str:
            configuring.publish(version, timezone.now())
            return gettext("Version %(number)d is published. From now on it never changes.") % {"number": version.number}

        return self.press(request, object_id, publish)

    def retire(self, request: HttpRequest, object_id: str) -> HttpResponse:
        def retire(version: TemplateVersion) -> str:
            configuring.retire(version, timezone.now())
            return gettext("Version %(number)d is retired: no new cycle is opened of it.") % {"number": version.number}

        return self.press(request, object_id, retire)

    def use(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take a retired version back into use."""

        def take_back(version: TemplateVersion) -> str:
            configuring.take_back_into_use(version)
            return gettext("Version %(number)d is in use again.") % {"number": version.number}

        return self.press(request, object_id, take_back)

    def preview(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return version_pages.preview(request, self._shown(request, object_id))

    def compare(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return version_pages.compare(request, self._shown(request, object_id), self.admin_site)

    def confirm(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return version_pages.before_publishing(request, self._to_change(request, object_id), self.admin_site)

    def retiring(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return version_pages.before_retiring(request, self._to_change(request, object_id), self.admin_site)

    def _to_change(self, request: HttpRequest, object_id: str) -> TemplateVersion:
        if not request.user.has_perm("reports.change_templateversion"):
            raise PermissionDenied
        return self._shown(request, object_id)

    def _shown(self, request: HttpRequest, object_id: str) -> TemplateVersion:
        version: TemplateVersion | None = self.get_object(request, unquote(object_id))
        if version is None:
            raise Http404
        if not self.has_view_permission(request, version):
            raise PermissionDenied
        return version

    def draft(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Begin the next version as a copy of this one, and go to it."""
        made: list[TemplateVersion] = []

        def copy(version: TemplateVersion) -> str:
            made.append(configuring.draft_from(version))
            return gettext("Version %(number)d was begun as a draft.") % {"number": made[0].number}

        response = self.press(request, object_id, copy)
        return HttpResponseRedirect(page_of(made[0])) if made else response

    def indicator_file(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The version as an indicator file, which reads back to the same indicators (docs/interfaces.md)."""
        version = self.get_object(request, object_id)
        if version is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_permission(request, version):
            raise PermissionDenied
        lines = template_file.write_indicators(row.to_domain() for row in version.indicators.all())
        name = f"{version.template.code}-v{version.number}.csv"
        return HttpResponse("".join(lines), "text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'})

    # An indicator file becomes the template's next version

    def get_import_resource_kwargs(self, request: HttpRequest, **kwargs: Any) -> dict[str, Any]:
        form = kwargs.get("form")
        return {"template": getattr(form, "cleaned_data", {}).get("template")}

    def get_confirm_form_initial(self, request: HttpRequest, import_form: Any) -> dict[str, Any]:
        initial = super().get_confirm_form_initial(request, import_form)
        return {**initial, "template": import_form.cleaned_data["template"].pk} if import_form else initial

    def generate_log_entries(self, result: Result, request: HttpRequest) -> None:
        """The new version is logged as one, in `add_success_message`."""

    def add_success_message(self, result: Result, request: HttpRequest) -> None:
        version: TemplateVersion = result.made
        done = gettext("%(version)s was begun as a draft from the file.") % {"version": version}
        self.log_addition(request, version, done)
        messages.success(request, done)


def _placed(version: TemplateVersion) -> list[tuple[str, str]]:
    """What keeps a draft from being published: the page where it is mended, and what is wrong."""
    pages = {row.code: page_of(row) for row in version.indicators.all()}
    return [(pages.get(str(problem.params.get("code")), ""), _say_with_column(problem)) for problem in configuring.problems_of(version)]


def _say_with_column(problem: Problem) -> str:
    return f"{problem.column}: {say(problem)}" if problem.column else say(problem)


class IndicatorForm(forms.ModelForm):
    levels = forms.MultipleChoiceField(
        label=_("levels"), widget=forms.CheckboxSelectMultiple, help_text=_("Who enters it (or, for a formula, sees it).")
    )

    class Meta:
        model = Indicator
        fields: ClassVar = "__all__"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        levels = self.fields.get("levels")
        if isinstance(levels, forms.MultipleChoiceField):
            levels.choices = [(level.code, str(level)) for level in Level.objects.all()]
            self.initial["levels"] = [code.strip() for code in (self.initial.get("levels") or "").split("|") if code]

    def clean_levels(self) -> str:
        return "|".join(self.cleaned_data["levels"])

    def clean_rules(self) -> str:
        try:
            domain.parse_rules(self.cleaned_data["rules"])
        except domain.RuleError as error:
            raise forms.ValidationError(say(error.problem)) from error
        return str(self.cleaned_data["rules"])

    def clean(self) -> dict[str, Any]:
        """Hold the version until this is saved, so that it isn't published meanwhile."""
        cleaned = super().clean() or self.cleaned_data
        version = cleaned.get("version") or (self.instance.version if self.instance.version_id else None)
        if version and TemplateVersion.objects.held(version.pk).is_published:
            raise forms.ValidationError(gettext("This version is published already; edit a draft of the next one."))
        if version and version.indicators.filter(code=cleaned.get("code")).exclude(pk=self.instance.pk).exists():
            self.add_error("code", gettext("This code is used twice in the version."))
        return cleaned


@admin.register(Indicator)
class IndicatorAdmin(LightPages):
    form = IndicatorForm
    list_display = ["code", "name_vi", "version", "section", "value_type", "aggregate_up", "required"]
    list_display_links = ["code"]
    list_filter = ["value_type", "aggregate_up", "required", ("version__published_at", admin.EmptyFieldListFilter)]
    list_select_related = ["version__template"]
    search_fields = ["code", "name_vi", "name_en"]
    show_full_result_count = False
    actions = None
    fieldsets = [
        (None, {"fields": ["version", "position", "section", "code", "name_vi", "name_en", "unit", "note"]}),
        (
            _("Entry"),
            {"fields": ["value_type", "choices", "columns", "decimals", "negative", "required", "levels", "entered_by", "source"]},
        ),
        (_("Computation"), {"fields": ["aggregate_up", "aggregate_time", "formula", "rules"]}),
    ]

    change_form_template = "admin/reports/indicator/change_form.html"

    def get_urls(self) -> list[Any]:
        check = path("check/", self.admin_site.admin_view(require_POST(version_pages.check)), name="reports_indicator_check")
        return [check, *super().get_urls()]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Indicator | None = None) -> bool:
        return (obj is None or not obj.version.is_published) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Indicator | None = None) -> bool:
        return (obj is None or not obj.version.is_published) and super().has_delete_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Indicator | None = None) -> list[str]:
        return ["version"] if obj else []

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "version":
            kwargs["queryset"] = TemplateVersion.objects.filter(published_at__isnull=True).select_related("template")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Indicator | None:
        """To be changed or deleted, it is held with its version, so that the version isn't published meanwhile."""
        found = super().get_object(request, object_id, from_field)
        if found is not None and request.method == "POST":
            found.version = TemplateVersion.objects.held(found.version_id)
        return found

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        if re.fullmatch("[0-9]{1,15}", str(initial.get("version", ""))):
            last = Indicator.objects.filter(version_id=int(initial["version"])).order_by("position").last()
            initial["position"] = last.position + 1 if last else 1
        return initial

    def response_post_save_add(self, request: HttpRequest, obj: Indicator) -> HttpResponseRedirect:
        return HttpResponseRedirect(page_of(obj.version))

    def response_post_save_change(self, request: HttpRequest, obj: Indicator) -> HttpResponseRedirect:
        return HttpResponseRedirect(page_of(obj.version))
