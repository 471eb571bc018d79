from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Who signs in, how, and for how long."""

    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in
        from django.core.checks import Tags, register

        from accounts import checks, sessions

        register(checks.ways_to_sign_in, Tags.security)
        register(checks.ways_of_telling)
        user_logged_in.connect(sessions.begin, dispatch_uid="accounts.sessions.begin")
