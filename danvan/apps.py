from django.contrib.admin.apps import AdminConfig


class DanvanAdminConfig(AdminConfig):
    """Django's admin under the house's own title (danvan/admin.py)."""

    default_site = "danvan.admin.DanvanAdminSite"
