from django.apps import AppConfig
from django.contrib.admin.apps import SimpleAdminConfig


class DanvanConfig(AppConfig):
    """The project itself: it holds the commands that stand above the apps."""

    name = "danvan"

    def ready(self) -> None:
        from danvan import audited

        audited.declare()


class DanvanAdminConfig(SimpleAdminConfig):
    """Django's admin under the house's own title (danvan/admin_site.py).

    What stands in it is gathered with the addresses (danvan/urls.py): commands and workers have none, and begin in two thirds of the time.
    """

    default_site = "danvan.admin_site.DanvanAdminSite"
