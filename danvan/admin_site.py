from typing import cast

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from units.autocomplete import FullNameAutocomplete


class DanvanAdminSite(AdminSite):
    """Where levels, units, templates, cycles and memberships are configured; reports' states change elsewhere."""

    site_title = _("Mass mobilisation – administration")
    site_header = _("Mass mobilisation – administration")
    index_title = _("Configuration")

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        return cast(HttpResponse, FullNameAutocomplete.as_view(admin_site=self)(request))
