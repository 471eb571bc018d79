from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReportsConfig(AppConfig):
    name = "reports"
    verbose_name = _("Reports")

    def ready(self) -> None:
        from accounts import personal_data
        from reports import tasks
        from reports.queries.frozen_units import frozen_by_reports
        from reports.services import waking
        from units import keeping

        waking.install(for_totals=tasks.wake, for_background_jobs=tasks.wake_for_background_jobs)
        keeping.install(frozen_by_reports)
        personal_data.let_stay("reports.BackgroundJob")
