from django.urls import path

from reports.views import attachments, board, dashboards, digest, reporter, review, reviewer, totals, workbook

app_name = "reports"

urlpatterns = [
    path("", reporter.my_work, name="my-work"),
    path("cycles/", totals.cycles, name="cycles"),
    path("reports/<int:report_id>/", reporter.report_page, name="report"),
    path("reports/<int:report_id>/save/", reporter.save, name="save"),
    path("reports/<int:report_id>/appraise/", reviewer.appraise, name="appraise"),
    path("reports/<int:report_id>/adjust/", reporter.adjust, name="adjust"),
    path("reports/<int:report_id>/adjustments/<int:adjustment_id>/drop/", reporter.drop_adjustment, name="drop-adjustment"),
    path("reports/<int:report_id>/attachments/", attachments.attach, name="attach"),
    path("reports/<int:report_id>/attachments/<int:attachment_id>/", attachments.fetch, name="attachment"),
    path("reports/<int:report_id>/attachments/<int:attachment_id>/take-away/", attachments.take_away, name="take-away"),
    path("reports/<int:report_id>/workbook.xlsx", workbook.download, name="workbook"),
    path("reports/<int:report_id>/workbook/", workbook.upload, name="workbook-upload"),
    path("reports/<int:report_id>/workbook/apply/", workbook.apply, name="workbook-apply"),
    path("reports/<int:report_id>/submit/", reporter.submit, name="submit"),
    path("reports/<int:report_id>/do/<str:action>/", reviewer.take, name="take"),
    path("reports/<int:report_id>/review/", review.review, name="review"),
    path("reports/<int:report_id>/review/<str:action>/", review.decide, name="decide"),
    path("reports/<int:report_id>/below/", board.below, name="below"),
    path("reports/<int:report_id>/below/missing/", board.missing, name="missing"),
    path("reports/<int:report_id>/below/<str:action>/", board.bulk, name="bulk"),
    path("reports/<int:report_id>/narratives/", digest.narrative, name="narratives"),
    path("reports/<int:report_id>/narratives/<str:code>/", digest.narrative, name="narrative"),
    path("reports/<int:report_id>/totals/", totals.totals, name="totals"),
    path("reports/<int:report_id>/totals-pending/", totals.pending, name="pending"),
    path("reports/<int:report_id>/totals/<str:code>/", totals.total, name="total"),
    path("dashboards/", dashboards.overview, name="dashboards"),
    path("dashboards/<int:report_id>/progress/", dashboards.progress, name="dashboard-progress"),
    path("dashboards/<int:report_id>/progress.csv", dashboards.progress, {"as_file": True}, name="dashboard-progress-file"),
    path("dashboards/<int:report_id>/timeliness/", dashboards.timeliness, name="dashboard-timeliness"),
    path("dashboards/<int:report_id>/timeliness.csv", dashboards.timeliness, {"as_file": True}, name="dashboard-timeliness-file"),
    path("dashboards/<int:report_id>/indicators/", dashboards.indicators, name="dashboard-indicators"),
    path("dashboards/<int:report_id>/indicators.csv", dashboards.indicators, {"as_file": True}, name="dashboard-indicators-file"),
    path("dashboards/<int:report_id>/warnings/", dashboards.warnings, name="dashboard-warnings"),
    path("dashboards/<int:report_id>/warnings.csv", dashboards.warnings, {"as_file": True}, name="dashboard-warnings-file"),
]
