from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class DanvanConfig(AppConfig):
    """The project itself: it holds the commands that stand above the apps."""

    name = "danvan"

    def ready(self) -> None:
        from danvan import audited

        audited.declare()


class DanvanAdminConfig(AdminConfig):
    """Django's admin under the house's own title (danvan/admin_site.py)."""

    default_site = "danvan.admin_site.DanvanAdminSite"
