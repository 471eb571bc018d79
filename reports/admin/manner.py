"""What the admin pages of reports have in common: reach, reading without changing, imports that are all or nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext

from reports import policies
from reports.models import Cycle, ReportQuerySet, Selection
from units.admin import NAMED, LightPages, ServiceImportExportMixin
from units.models import Unit
from units.problems import Refused
from units.reach import User, units_in_reach
from units.wording import say_with_place


def actor(request: HttpRequest) -> User:
    """Who acts."""
    return policies.configurer(request.user)


def reports_of(request: HttpRequest) -> ReportQuerySet:
    """The reports that this user may read."""
    return policies.reports_in_reach(actor(request))


def cycles_of(request: HttpRequest) -> QuerySet[Cycle]:
    return policies.cycles_to_configure(actor(request))


def selections_of(request: HttpRequest) -> QuerySet[Selection]:
    return policies.selections_to_configure(actor(request))


def tell(request: HttpRequest, refused: Refused) -> None:
    """Show what was refused, each problem in its place."""
    for problem in list(refused.problems)[:NAMED]:
        messages.error(request, say_with_place(problem))
    rest = refused.problems.count - NAMED
    if rest > 0:
        messages.error(request, gettext("… and %(count)d more") % {"count": rest})


def page_of(obj: models.Model) -> str:
    """The address of the admin page of a row of this app."""
    return reverse(f"admin:reports_{type(obj).__name__.lower()}_change", args=[obj.pk])


class Buttons(LightPages):
    """A page with buttons that call services: each is a POST to an address of its own."""

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """What is to be changed is held until that is done, so that nobody opens or publishes it meanwhile."""
        found = super().get_object(request, object_id, from_field)
        if found is None or request.method != "POST":
            return found
        return self.model.objects.select_for_update().filter(pk=found.pk).first()

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.related_model is Unit:
            kwargs["queryset"] = units_in_reach(actor(request))
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def press(self, request: HttpRequest, object_id: str, service: Callable[[Any], str]) -> HttpResponse:
        """Call the service with the object and say what it did; a refusal is shown with every problem."""
        if not request.user.has_perm(f"reports.change_{self.opts.model_name}"):
            raise PermissionDenied
        try:
            with transaction.atomic():
                obj = self.get_object(request, unquote(object_id))
                if obj is None:
                    raise Http404
                done = service(obj)
                self.log_change(request, obj, done)
        except Refused as refused:
            tell(request, refused)
        else:
            messages.success(request, done)
        return HttpResponseRedirect(reverse(f"admin:reports_{self.opts.model_name}_change", args=[object_id]))


class ReadOnly(LightPages):
    """Shown and never changed: what is here changes through the services alone."""

    actions: Sequence[str] | None = None
    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class SearchByUnit(LightPages):
    """Finds rows by their unit: its name without marks, its identifier, its official code."""

    #: the way from the row to its unit
    unit_lookup = "unit"

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        if search_term.strip():
            queryset = queryset.filter(**{f"{self.unit_lookup}__in": Unit.objects.matching(search_term)})
        return queryset, False


class CarefulImport(ServiceImportExportMixin):
    """As units' tables, for whoever has Django's permissions to add and change these rows."""

    def has_import_permission(self, request: HttpRequest) -> bool:
        name = self.opts.model_name
        return request.user.has_perms([f"reports.add_{name}", f"reports.change_{name}"])
