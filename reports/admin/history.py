"""What the workflow leaves behind, only to be read: journal, submissions, flags, totals, adjustments, attachments.

What was set aside is tried again.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from reports.admin.manner import ReadOnly, SearchByUnit, reports_of
from reports.models import Adjustment, Attachment, Flag, JournalEntry, Reminder, ReminderMessage, Report, ReviewNote, Rollup, Submission
from reports.services import attaching, outbox, rolling_up


class OfReport(SearchByUnit, ReadOnly):
    """Rows of reports, the newest first, found by the report's unit."""

    unit_lookup = "report__unit"
    search_fields: ClassVar = ["report__unit__uid"]
    search_help_text = _("A unit's name, with or without marks, its identifier or its official code.")
    list_select_related: ClassVar = ["report__unit", "report__cycle"]
    ordering: ClassVar = ["-pk"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        return rows if request.user.is_superuser else rows.filter(**{f"{self.to_report}__in": reports_of(request)})

    @admin.display(description=_("unit"))
    def unit(self, row: Any) -> str:
        return str(self.report_of(row).unit)

    @admin.display(description=_("cycle"))
    def cycle(self, row: Any) -> str:
        return str(self.report_of(row).cycle)

    @property
    def to_report(self) -> str:
        """The way from a row to its report."""
        return self.unit_lookup.removesuffix("__unit")

    def report_of(self, row: Any) -> Report:
        report: Report = attrgetter(self.to_report.replace("__", "."))(row)
        return report

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return ["unit", "cycle", *(field.name for field in self.opts.fields if field.name not in ("id", "report"))]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return self.get_fields(request, obj)


class TriedAgain(OfReport):
    """Rows that were set aside after their retries, which an administrator may have tried again."""

    actions = ["try_again"]

    def try_rows_again(self, rows: QuerySet[Any]) -> int:
        """Have those of the rows that failed tried again. Returns how many."""
        raise NotImplementedError

    def has_try_again_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"reports.change_{self.opts.model_name}")

    @admin.action(description=_("Try again"), permissions=["try_again"])
    def try_again(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        count = self.try_rows_again(rows)
        said = ngettext("%(count)d row will be tried again.", "%(count)d rows will be tried again.", count)
        messages.success(request, said % {"count": count})


class NoteInline(admin.TabularInline):
    model = ReviewNote
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(JournalEntry)
class JournalEntryAdmin(OfReport):
    list_display = ["unit", "cycle", "at", "by", "action", "from_state", "to_state", "reason"]
    list_select_related: ClassVar = ["report__unit", "report__cycle", "by"]
    list_filter = ["action", ("at", admin.DateFieldListFilter), "on_behalf"]
    inlines = [NoteInline]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup in ("report__id__exact", "by__id__exact") or super().lookup_allowed(lookup, value, request)  # type: ignore[arg-type]


@admin.register(Submission)
class SubmissionAdmin(OfReport):
    list_display = ["unit", "cycle", "number", "at"]


@admin.register(Flag)
class FlagAdmin(OfReport):
    list_display = ["unit", "cycle", "kind", "raised_at", "cleared_at"]
    list_filter = ["kind", ("cleared_at", admin.EmptyFieldListFilter)]


@admin.register(Reminder)
class ReminderAdmin(TriedAgain):
    list_display = ["unit", "cycle", "audience", "due_on", "step", "asked_by", "sent_at", "attempts", "set_aside_at", "last_error"]
    list_select_related: ClassVar = ["report__unit", "report__cycle", "asked_by"]
    list_filter = ["audience", ("sent_at", admin.EmptyFieldListFilter), ("set_aside_at", admin.EmptyFieldListFilter)]

    def try_rows_again(self, rows: QuerySet[Any]) -> int:
        return outbox.try_again(rows)


@admin.register(ReminderMessage)
class ReminderMessageAdmin(TriedAgain):
    """What goes by chat or SMS: to whose account, and never to which number."""

    unit_lookup = "reminder__report__unit"
    search_fields: ClassVar = ["reminder__report__unit__uid"]
    list_display = ["unit", "cycle", "user", "way", "sent_at", "parts", "attempts", "set_aside_at", "last_error"]
    list_select_related: ClassVar = ["reminder__report__unit", "reminder__report__cycle", "way__user"]
    list_filter = ["way__channel", ("sent_at", admin.EmptyFieldListFilter), ("set_aside_at", admin.EmptyFieldListFilter)]

    @admin.display(description=_("account"))
    def user(self, row: ReminderMessage) -> str:
        return row.way.user.get_username()

    def try_rows_again(self, rows: QuerySet[Any]) -> int:
        return outbox.try_again(rows)


@admin.register(Rollup)
class RollupAdmin(TriedAgain):
    list_display = ["unit", "cycle", "counted", "expected", "differs_from_declared", "failures", "error"]
    list_filter = ["differs_from_declared", ("error", admin.EmptyFieldListFilter)]

    def try_rows_again(self, rows: QuerySet[Any]) -> int:
        return rolling_up.try_again(rows)


@admin.register(Attachment)
class AttachmentAdmin(OfReport):
    """What is attached and who did it, with the file itself, also one that was taken away: for an administrator who serves no unit."""

    list_display = ["unit", "cycle", "name", "kind", "size", "at", "by", "removed_at", "file_link"]
    list_filter = ["kind", ("removed_at", admin.EmptyFieldListFilter)]
    list_select_related: ClassVar = ["report__unit", "report__cycle", "by"]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return ["file_link", *(name for name in super().get_fields(request, obj) if name != "place")]

    def get_urls(self) -> list[Any]:
        file = self.admin_site.admin_view(require_safe(self.file))
        return [path("<path:object_id>/file/", file, name="reports_attachment_file"), *super().get_urls()]

    def file(self, request: HttpRequest, object_id: str) -> FileResponse:
        """The file, to be saved and never shown as a page of ours."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        attachment = self.get_object(request, unquote(object_id))
        if attachment is None:
            raise Http404
        return FileResponse(attaching.opened(attachment), as_attachment=True, filename=attachment.name, content_type=attachment.kind)

    @admin.display(description=_("file"))
    def file_link(self, attachment: Attachment) -> SafeString:
        return format_html('<a href="{}">{}</a>', reverse("admin:reports_attachment_file", args=[attachment.pk]), gettext("Save the file"))


@admin.register(Adjustment)
class AdjustmentAdmin(OfReport):
    list_display = ["unit", "cycle", "indicator", "amount", "reason", "by", "at"]
    list_select_related: ClassVar = ["report__unit", "report__cycle", "by"]
