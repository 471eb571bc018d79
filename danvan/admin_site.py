"""The admin site: what is configured, in the order of the work, and the state of the jobs."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts import second_factor
from units.autocomplete import FullNameAutocomplete

#: the groups of the index, each with its models as `app.Model`
GROUPS = [
    (
        "set-up",
        _("1. Units and people"),
        [
            "units.Unit",
            "units.Level",
            "units.Reorganisation",
            "units.Succession",
            "auth.User",
            "units.Membership",
            "auth.Group",
            "accounts.ApiToken",
            "reports.Webhook",
        ],
    ),
    (
        "templates",
        _("2. Templates of reports"),
        ["reports.ReportTemplate", "reports.TemplateVersion", "reports.SectionText", "reports.PaperStyle", "reports.DocumentTemplate"],
    ),
    ("cycles", _("3. Cycles and their days"), ["reports.Cycle", "reports.CycleLevel", "reports.Selection", "reports.DayOff"]),
    ("follow-up", _("4. Reports and flags"), ["reports.Report", "reports.Flag", "reports.Reminder", "reports.ReminderMessage"]),
    (
        "history",
        _("5. What the workflow leaves behind"),
        [
            "audit.AuditEntry",
            "audit.Seal",
            "reports.JournalEntry",
            "reports.Submission",
            "reports.Adjustment",
            "reports.Attachment",
            "reports.Rollup",
            "reports.WebhookDelivery",
        ],
    ),
]


class DanvanAdminSite(AdminSite):
    """Where levels, units, templates, cycles and memberships are configured; reports' states change elsewhere."""

    site_title = _("Mass mobilisation – administration")
    site_header = _("Mass mobilisation – administration")
    index_title = _("Configuration")
    index_template = "admin/work_index.html"

    def has_permission(self, request: HttpRequest) -> bool:
        """Whoever configures proves it with a second factor, too (`SECOND_FACTOR`)."""
        return super().has_permission(request) and not second_factor.is_missing(request)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The house's own page of signing in, or the step that this session still lacks. For whoever configures nothing there is none."""
        wanted = request.GET.get("next") or reverse("admin:index", current_app=self.name)
        if self.has_permission(request):
            return redirect("admin:index")
        if not request.user.is_authenticated:
            return redirect_to_login(wanted, settings.LOGIN_URL)
        if not super().has_permission(request):
            raise Http404
        step = "second-step" if second_factor.has_second_factor(request.user) else "second-factor"
        return redirect_to_login(wanted, f"accounts:{step}")

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        return cast(HttpResponse, FullNameAutocomplete.as_view(admin_site=self)(request))

    def get_urls(self) -> list[Any]:
        return [path("jobs/", self.admin_view(require_safe(self.jobs_view)), name="jobs"), *super().get_urls()]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """The models in the order of the work; a model that no group names comes last, under its app."""
        apps = super().get_app_list(request, app_label)
        if app_label:
            return apps
        found = {f"{app['app_label']}.{model['object_name']}": (app, model) for app in apps for model in app["models"]}
        groups = []
        for label, name, members in GROUPS:
            inside = [found.pop(member) for member in members if member in found]
            if inside:
                models = [model for _app, model in inside]
                url = f"{reverse('admin:index', current_app=self.name)}#{label}"
                groups.append({**inside[0][0], "app_label": label, "app_url": url, "name": name, "models": models})
        unnamed = [{**app, "models": [model for each, model in found.values() if each is app]} for app in apps]
        return [*groups, *(app for app in unnamed if app["models"])]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        from danvan import admin_counts  # noqa: PLC0415  models are loaded after the site

        context = {"work": admin_counts.work() if request.user.is_superuser else []}
        return super().index(request, {**context, **(extra_context or {})})

    def jobs_view(self, request: HttpRequest) -> HttpResponse:
        """The health of the jobs, for whoever sees the totals and reminders that wait."""
        from danvan import jobs  # noqa: PLC0415

        if not request.user.is_superuser:
            raise Http404
        at = timezone.now()
        answers, said = jobs.broker_state()
        lines = [
            jobs.Line(gettext("Database"), jobs.database_state(), is_well=True),
            jobs.Line(gettext("Broker"), said, is_well=answers),
            *jobs.waiting(at),
        ]
        context = {
            **self.each_context(request),
            "title": gettext("Health of the jobs"),
            "jobs": jobs.jobs(at, broker_answers=bool(answers)),
            "has_broker": answers is not None,
            "lines": lines,
        }
        return render(request, "admin/jobs.html", context)
