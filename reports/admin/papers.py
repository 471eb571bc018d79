"""What reports look like on paper: each unit's settings, own Word files as templates, and the sentences of a template's sections."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from reports.admin.manner import cycles_of, reports_of
from reports.documents.house_layouts import house_template
from reports.documents.office import as_pdf
from reports.documents.report_document import DOCX, document_name, file_name, report_document
from reports.documents.word_template import KINDS, LISTS, MOST_MEGABYTES, WORDS, check_template
from reports.models import Cycle, DocumentTemplate, PaperStyle, SectionText, TemplateVersion
from reports.services import configuring
from units.admin import LightPages
from units.models import Unit
from units.problems import Refused
from units.wording import say


@admin.register(PaperStyle)
class PaperStyleAdmin(LightPages):
    list_display = ["unit", "layout", "issuer_name", "symbol", "place_name", "template"]
    list_select_related = ["unit", "template"]
    list_filter = ["layout"]
    search_fields = ["unit__search_text", "issuer_name"]
    autocomplete_fields = ["unit"]
    show_full_result_count = False
    fieldsets = [
        (None, {"fields": ["unit", "layout", "template"], "description": _("What is left empty is what the nearest unit above says.")}),
        (
            _("Head"),
            {
                "fields": ["superior_name", "issuer_name", "symbol", "place_name"],
                "description": _("{unit} and {superior} stand for the name of the unit that reports and of the one above it."),
            },
        ),
        (_("Foot"), {"fields": ["authority", "post", "signer", "recipients"]}),
    ]


class DocumentTemplateForm(forms.ModelForm):
    file = forms.FileField(label=_("Word file (.docx) with placeholders"), required=False)

    class Meta:
        model = DocumentTemplate
        fields: ClassVar = ["name"]

    def clean_file(self) -> bytes | None:
        """The content, once it is checked; what is wrong with it is told all at once."""
        sent = self.cleaned_data["file"]
        if not isinstance(sent, UploadedFile):
            if self.instance.pk is None:
                raise forms.ValidationError(gettext("Choose a file first."))
            return None
        content = sent.read(MOST_MEGABYTES * 2**20 + 1)
        try:
            check_template(content)
        except Refused as refused:
            raise forms.ValidationError([say(problem) for problem in refused.problems]) from refused
        return content

    def save(self, commit: bool = True) -> Any:
        if content := self.cleaned_data["file"]:
            self.instance.content, self.instance.size, self.instance.uploaded_at = content, len(content), timezone.now()
        return super().save(commit)


class PreviewForm(forms.Form):
    """A unit's report, to see what a template makes of it."""

    cycle = forms.ModelChoiceField(Cycle.objects.none(), label=_("Cycle"))
    unit = forms.CharField(label=_("Unit"), help_text=_("A unit's name, with or without marks, its identifier or its official code."))

    def __init__(self, *args: Any, cycles: QuerySet[Cycle]) -> None:
        super().__init__(*args)
        self.fields["cycle"].queryset = cycles.exclude(state=Cycle.State.PLANNED)  # type: ignore[attr-defined]


@admin.register(DocumentTemplate)
class DocumentTemplateAdmin(LightPages):
    form = DocumentTemplateForm
    list_display = ["name", "size", "uploaded_at"]
    readonly_fields = ["size", "uploaded_at"]
    show_full_result_count = False
    change_form_template = "admin/reports/documenttemplate/change_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[DocumentTemplate]:
        return super().get_queryset(request).defer("content")

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path("house/<str:layout>.docx", view(require_safe(self.house)), name="reports_documenttemplate_house"),
            path("<path:object_id>/file.docx", view(require_safe(self.file)), name="reports_documenttemplate_file"),
            path("<path:object_id>/preview/", view(require_safe(self.preview)), name="reports_documenttemplate_preview"),
            *super().get_urls(),
        ]

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        words = {
            "layouts": PaperStyle.Layout.choices,
            "words": sorted(WORDS),
            "lists": {name: sorted(of) for name, of in LISTS.items()},
            "kinds": KINDS,
        }
        return super().changeform_view(request, object_id, form_url, words | (extra_context or {}))

    def house(self, request: HttpRequest, layout: str) -> HttpResponse:
        """The house's own template of a layout, to begin with."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return _file(house_template(PaperStyle.Layout(layout)) if layout in PaperStyle.Layout else None, layout, "docx")

    def file(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The file as it was uploaded."""
        template = self._template(request, object_id)
        return _file(bytes(template.content) if template else None, template.name if template else "", "docx")

    def preview(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What the template makes of a chosen unit's report: as a PDF or as a Word file, or the form to choose."""
        template = self._template(request, object_id)
        if template is None:
            raise Http404
        form = PreviewForm(request.GET or None, cycles=cycles_of(request))
        if form.is_valid():
            reports = reports_of(request).for_display().select_related("last_submission").filter(cycle=form.cleaned_data["cycle"])
            report = reports.filter(unit__in=Unit.objects.matching(form.cleaned_data["unit"])).order_by("depth", "position").first()
            if report is None:
                form.add_error("unit", gettext("No such unit has a report in this cycle."))
            else:
                try:
                    made = report_document(report, timezone.now(), bytes(template.content))
                    ending = "pdf" if request.GET.get("as") == "pdf" else "docx"
                    return _file(as_pdf({"": made})[""] if ending == "pdf" else made, document_name(report), ending)
                except Refused as refused:
                    form.add_error(None, [say(problem) for problem in refused.problems])
        context = {**self.admin_site.each_context(request), "opts": self.opts, "original": template, "form": form}
        context["title"] = gettext("Preview of %(name)s") % {"name": template.name}
        return render(request, "admin/reports/documenttemplate/preview.html", context, status=200 if not form.errors else 422)

    def _template(self, request: HttpRequest, object_id: str) -> DocumentTemplate | None:
        template = self.get_object(request, object_id)
        if not self.has_view_permission(request, template):
            raise PermissionDenied
        return template


def _file(content: bytes | None, name: str, ending: str) -> HttpResponse:
    if content is None:
        raise Http404
    kind = DOCX if ending == "docx" else "application/pdf"
    return HttpResponse(
        content, kind, headers={"Content-Disposition": content_disposition_header(True, f"{file_name(name)}.{ending}") or ""}
    )


class SectionTextForm(forms.ModelForm):
    class Meta:
        model = SectionText
        fields: ClassVar = "__all__"
        help_texts: ClassVar = {"section": _("Empty: the subject of the report. *: the outline of its document.")}

    def clean(self) -> dict[str, Any]:
        """Hold the version until this is saved, so that it isn't published meanwhile."""
        cleaned = super().clean() or self.cleaned_data
        version = cleaned.get("version") or (self.instance.version if self.instance.version_id else None)
        if version is None:
            return cleaned
        if TemplateVersion.objects.held(version.pk).is_published:
            raise forms.ValidationError(gettext("This version is published already; edit a draft of the next one."))
        text = SectionText(version=version, section=cleaned.get("section", ""), text=cleaned.get("text", ""))
        problems = configuring.problems_of_text(text)
        if problems:
            raise forms.ValidationError([say(problem) for problem in problems])
        return cleaned


@admin.register(SectionText)
class SectionTextAdmin(LightPages):
    """Sentences with figures, of drafts; those of a published version are only shown."""

    form = SectionTextForm
    list_display = ["section", "version", "text"]
    list_display_links = ["section", "text"]
    list_select_related = ["version__template"]
    list_filter = ["version"]
    show_full_result_count = False
    actions = None

    def has_change_permission(self, request: HttpRequest, obj: SectionText | None = None) -> bool:
        return (obj is None or not obj.version.is_published) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: SectionText | None = None) -> bool:
        return (obj is None or not obj.version.is_published) and super().has_delete_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: SectionText | None = None) -> list[str]:
        return ["version"] if obj else []

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "version":
            kwargs["queryset"] = TemplateVersion.objects.filter(published_at__isnull=True).select_related("template")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)
