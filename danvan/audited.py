"""What is journalled by the database, what is sealed, and of every other table why neither: a test holds each model to it."""

from __future__ import annotations

from audit.watching import seal, through, watch

#: rows of history, which nobody changes
SEALED = (
    "audit.AuditEntry",
    "reports.JournalEntry",
    "reports.Submission",
    "reports.ReviewNote",
    "reports.ReviewAnswer",
    "reports.SkilfulModelEntry",
)

#: configuration: who changed what, from what to what; of nested-set numbers and words to search for, nothing
WATCHED = (
    "units.Level",
    "units.Succession",
    "units.Reorganisation",
    "units.Membership",
    "auth.Group",
    "reports.ReportTemplate",
    "reports.TemplateVersion",
    "reports.Indicator",
    "reports.SectionText",
    "reports.PaperStyle",
    "reports.DocumentTemplate",
    "reports.Cycle",
    "reports.CycleLevel",
    "reports.DayOff",
    "reports.Selection",
    "reports.SelectionChoice",
    "reports.SelectionCandidate",
)
#: relations between two of them
RELATIONS = (
    ("auth.User", "groups"),
    ("auth.User", "user_permissions"),
    ("auth.Group", "permissions"),
    ("reports.Cycle", "units"),
    ("reports.Selection", "units"),
)

#: neither watched nor sealed, and why
LEFT_OUT = {
    "reports.Report": "its journal says all that happens to it",
    "reports.Adjustment": "in the report's journal",
    "reports.Attachment": "in the report's journal",
    "reports.SkilfulModel": "its own journal says all that happens to it",
    "reports.RootOversight": "written with the cycle, and never after",
    **dict.fromkeys(
        ["reports.Rollup", "reports.RollupMark", "reports.Flag", "reports.Reminder", "reports.ReminderMessage"],
        "derived: computed again at will",
    ),
    "reports.BackgroundJob": "forgotten after days; the file that is taken is journalled",
    "reports.WebhookDelivery": "the log of what was sent, kept for a month",
    "reports.AnsweredRequest": "forgotten after a day; what was done is journalled where it was done",
    **dict.fromkeys(["audit.Seal", "audit.SealMark"], "the seals themselves"),
}


def declare() -> None:
    """Say so to the audit."""
    watch("units.Unit", computed=("lft", "rght", "tree_id", "depth", "search_text", "sort_key"))
    watch("auth.User", computed=("last_login",), secret=("password", "username", "first_name", "last_name", "email"))
    watch("accounts.ContactWay", computed=("tries", "code_sent_at"), secret=("address", "digest"))
    watch("accounts.ExternalIdentity", secret=("subject",))
    watch(
        "otp_totp.TOTPDevice",
        computed=("last_t", "drift", "last_used_at", "throttling_failure_timestamp", "throttling_failure_count"),
        secret=("key",),
    )
    watch("reports.Webhook", computed=("told_upto", "mark", "marked_at"), secret=("secret",))
    watch("accounts.ApiToken", computed=("last_used_at",), secret=("digest",))
    for label in WATCHED:
        watch(label)
    for label, field in RELATIONS:
        watch(through(label, field))
    for label in SEALED:
        seal(label)
