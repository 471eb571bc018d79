"""Extending and exempting from the list of reports: a page asks for the reason, and the services do it to all or to none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from reports.admin.manner import actor, tell
from reports.forms import ExtensionForm, ReasonForm, StepForm
from reports.models import Report
from reports.services import reviewing
from units.admin import LightPages
from units.problems import Refused

#: how many of the chosen reports the page names
NAMED = 20

FORMS: dict[str, type[StepForm]] = {"extend": ExtensionForm, "exempt": ReasonForm, "unexempt": StepForm}
TITLES = {
    "extend": _("Extend the due day of the chosen reports"),
    "exempt": _("Exempt the chosen reports"),
    "unexempt": _("End the exemption of the chosen reports"),
}


class ReportActions(LightPages):
    """The list's actions. Whether this user may take one on each report is asked by the services."""

    actions: Sequence[Any] | None = ["extend", "exempt", "unexempt"]

    def has_act_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("reports.change_report")

    @admin.action(description=_("Extend the due day"), permissions=["act"])
    def extend(self, request: HttpRequest, chosen: QuerySet[Report]) -> HttpResponse | None:
        return self._ask("extend", request, chosen)

    @admin.action(description=_("Exempt from the cycle"), permissions=["act"])
    def exempt(self, request: HttpRequest, chosen: QuerySet[Report]) -> HttpResponse | None:
        return self._ask("exempt", request, chosen)

    @admin.action(description=_("End the exemption"), permissions=["act"])
    def unexempt(self, request: HttpRequest, chosen: QuerySet[Report]) -> HttpResponse | None:
        return self._ask("unexempt", request, chosen)

    def _ask(self, name: str, request: HttpRequest, chosen: QuerySet[Report]) -> HttpResponse | None:
        """The page that asks for day and reason; once they are sent, nothing, so that the list is shown again."""
        confirmed = "confirmed" in request.POST
        form = _without_version(FORMS[name](request.POST if confirmed else None, label_suffix=""))
        if confirmed and form.is_valid():
            self._carry_out(name, request, chosen, form.cleaned_data)
            return None
        across = request.POST.get("select_across") == "1"
        context = {
            **self.admin_site.each_context(request),
            "title": TITLES[name],
            "opts": self.opts,
            "form": form,
            "action": name,
            "count": chosen.count(),
            "named": chosen[:NAMED],
            "selected": request.POST.getlist("_selected_action")[:1] if across else request.POST.getlist("_selected_action"),
            "select_across": across,
        }
        return render(request, "admin/reports/report/act.html", context, status=422 if confirmed else 200)

    def _carry_out(self, name: str, request: HttpRequest, chosen: QuerySet[Report], sent: dict[str, Any]) -> None:
        reports = Report.objects.filter(pk__in=chosen.order_by().values("pk"))
        count = reports.count()
        day = {"until": sent["until"]} if "until" in sent else {}
        try:
            getattr(reviewing, name)(reports, by=actor(request), at=timezone.now(), reason=sent["reason"], **day)
        except Refused as refused:
            tell(request, refused)
            return
        done = {
            "extend": ngettext("The due day of %(count)d report was extended.", "The due day of %(count)d reports was extended.", count),
            "exempt": ngettext("%(count)d report was exempted.", "%(count)d reports were exempted.", count),
            "unexempt": ngettext("%(count)d report is expected again.", "%(count)d reports are expected again.", count),
        }
        messages.success(request, done[name] % {"count": count})


def _without_version(form: forms.Form) -> forms.Form:
    """The list shows no single report's version: each is taken as it stands."""
    del form.fields["seen"]
    return form
