from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    """What was done by whom: kept by the database, sealed in blocks, and proven (docs/security.md)."""

    name = "audit"
    verbose_name = _("Audit")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
        from django.db.backends.signals import connection_created
        from django.db.models.signals import post_migrate, pre_migrate

        from audit import acting, recording, triggers

        connection_created.connect(acting.tell, dispatch_uid="audit.acting.tell")
        pre_migrate.connect(triggers.make_ready_for_migrating, sender=self, dispatch_uid="audit.triggers.make_ready")
        post_migrate.connect(triggers.install_after_migrating, sender=self, dispatch_uid="audit.triggers.install")
        user_logged_in.connect(recording.signed_in, dispatch_uid="audit.recording.signed_in")
        user_logged_out.connect(recording.signed_out, dispatch_uid="audit.recording.signed_out")
        user_login_failed.connect(recording.failed, dispatch_uid="audit.recording.failed")
