from django.contrib.admin import AdminSite
from django.utils.translation import gettext_lazy as _


class DanvanAdminSite(AdminSite):
    """Where levels, units, templates, cycles and memberships are configured; reports' states change elsewhere."""

    site_title = _("Mass mobilisation – administration")
    site_header = _("Mass mobilisation – administration")
    index_title = _("Configuration")
