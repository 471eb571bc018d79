from audit.append_only import AppendOnlyError
from reports.models.answered_request import AnsweredRequest
from reports.models.attachment import Attachment
from reports.models.background_job import BackgroundJob
from reports.models.cycle import Cycle, CycleLevel, DayOff
from reports.models.flag import Flag, Reminder, ReminderMessage
from reports.models.journal import JournalEntry, ReviewAnswer, ReviewNote, Submission
from reports.models.paper import DocumentTemplate, PaperStyle
from reports.models.report import Adjustment, Report, ReportQuerySet, RootOversight
from reports.models.rollup import Rollup, RollupMark
from reports.models.selection import Selection, SelectionCandidate, SelectionChoice
from reports.models.skilful_model import SkilfulModel, SkilfulModelEntry
from reports.models.template import Indicator, ReportTemplate, SectionText, TemplateVersion
from reports.models.webhook import Webhook, WebhookDelivery

__all__ = [
    "Adjustment",
    "AnsweredRequest",
    "AppendOnlyError",
    "Attachment",
    "BackgroundJob",
    "Cycle",
    "CycleLevel",
    "DayOff",
    "DocumentTemplate",
    "Flag",
    "Indicator",
    "JournalEntry",
    "PaperStyle",
    "Reminder",
    "ReminderMessage",
    "Report",
    "ReportQuerySet",
    "ReportTemplate",
    "ReviewAnswer",
    "ReviewNote",
    "Rollup",
    "RollupMark",
    "RootOversight",
    "SectionText",
    "Selection",
    "SelectionCandidate",
    "SelectionChoice",
    "SkilfulModel",
    "SkilfulModelEntry",
    "Submission",
    "TemplateVersion",
    "Webhook",
    "WebhookDelivery",
]
