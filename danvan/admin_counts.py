"""What the index of the admin says first: how many things of each kind ask for an administrator."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.translation import gettext

from danvan.health import set_aside
from reports.models import Cycle, Flag, TemplateVersion


@dataclass(frozen=True, slots=True)
class Work:
    what: str
    count: int
    address: str


def work() -> list[Work]:
    """Counts with where they lead. Five queries, whatever the size."""
    states = Cycle.objects.aggregate(open=Count("pk", filter=Q(state="open")), planned=Count("pk", filter=Q(state="planned")))
    drafts = TemplateVersion.objects.filter(published_at__isnull=True).count()
    missing = Flag.objects.filter(kind=Flag.Kind.MISSING, cleared_at__isnull=True).count()
    cycles = reverse("admin:reports_cycle_changelist")
    versions = reverse("admin:reports_templateversion_changelist")
    reports = reverse("admin:reports_report_changelist")
    return [
        Work(gettext("drafts of templates"), drafts, f"{versions}?published_at__isempty=1"),
        Work(gettext("planned cycles"), states["planned"], f"{cycles}?state__exact=planned"),
        Work(gettext("open cycles"), states["open"], f"{cycles}?state__exact=open"),
        Work(gettext("overdue reports"), missing, f"{reports}?flag={Flag.Kind.MISSING.value}"),
        Work(gettext("jobs' failures set aside"), sum(set_aside().values()), reverse("admin:jobs")),
    ]
