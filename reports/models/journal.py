"""What happened to a report, and what was submitted: rows that are never changed and never deleted (semantics §2)."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from audit.append_only import AppendOnly
from reports.domain.workflow import Action
from reports.models.cycle import Cycle
from reports.models.documents import Document
from reports.models.report import STATE_LABELS, Report

ACTION_LABELS = [
    (Action.SAVE.value, _("Save")),
    (Action.PROPOSE.value, _("Submit for approval")),
    (Action.SEND_BACK.value, _("Send back")),
    (Action.SUBMIT.value, pgettext_lazy("report", "Submit")),
    (Action.WITHDRAW.value, _("Withdraw")),
    (Action.ACCEPT.value, _("Accept")),
    (Action.RETURN.value, _("Return")),
    (Action.REOPEN.value, _("Reopen")),
    (Action.EXEMPT.value, _("Exempt")),
    (Action.UNEXEMPT.value, _("End the exemption")),
    (Action.EXTEND.value, _("Extend")),
    (Action.APPRAISE.value, _("Appraise")),
    (Action.ASK_OFFICIAL.value, _("Ask for official figures")),
]


class Submission(AppendOnly):
    """What a unit declared: the content of one submission, frozen (semantics §6)."""

    report = models.ForeignKey(Report, models.PROTECT, related_name="submissions", verbose_name=_("report"))
    number = models.PositiveIntegerField(_("number"))
    at = models.DateTimeField(_("at"))
    is_official = models.BooleanField(_("official figures"), default=False, db_default=False)
    own = models.JSONField(_("own figures"))
    adjustments = models.JSONField(_("adjustments"))
    declared = Document(_("declared figures"))
    rates = models.JSONField(_("rates"))
    warnings = models.JSONField(_("warnings and their explanations"))

    class Meta:
        verbose_name = _("submission")
        verbose_name_plural = _("submissions")
        ordering: ClassVar = ["report_id", "number"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["report", "number"], name="submission_once")]

    def __str__(self) -> str:
        return f"{self.report_id} #{self.number}"

    def is_estimate_in(self, cycle: Cycle) -> bool:
        """Do official figures follow it in its report's cycle?"""
        return cycle.asks_official and not self.is_official


class JournalEntry(AppendOnly):
    """Who did what to a report, when, from which state to which, and why."""

    report = models.ForeignKey(Report, models.PROTECT, related_name="journal", verbose_name=_("report"))
    at = models.DateTimeField(_("at"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, verbose_name=_("by"), help_text=_("Empty: the system.")
    )
    on_behalf = models.BooleanField(_("on the unit's behalf"), default=False)
    action = models.CharField(_("action"), max_length=12, choices=ACTION_LABELS)
    from_state = models.CharField(_("from"), max_length=12, choices=STATE_LABELS)
    to_state = models.CharField(_("to"), max_length=12, choices=STATE_LABELS)
    reason = models.TextField(_("reason"), blank=True)
    changes = models.JSONField(_("changes"), default=dict, help_text=_("What was before and what is after."))
    submission = models.OneToOneField(Submission, models.PROTECT, related_name="entry", null=True, verbose_name=_("submission"))

    class Meta:
        verbose_name = _("journal entry")
        verbose_name_plural = _("journal")
        ordering: ClassVar = ["report_id", "pk"]

    def __str__(self) -> str:
        return f"{self.report_id}: {self.action}"


class ReviewNote(AppendOnly):
    """A reviewer's remark on one indicator of a report that was returned."""

    entry = models.ForeignKey(JournalEntry, models.PROTECT, related_name="notes", verbose_name=_("journal entry"))
    indicator = models.CharField(_("indicator"), max_length=60)
    text = models.TextField(_("text"))

    #: added by `queries.timeline.newest_notes`
    newest_answer: str | None

    class Meta:
        verbose_name = _("review note")
        verbose_name_plural = _("review notes")
        ordering: ClassVar = ["entry_id", "pk"]

    def __str__(self) -> str:
        return f"{self.indicator}: {self.text}"


class ReviewAnswer(AppendOnly):
    """What a unit says to a reviewer's note as it submits anew: it belongs to the journal entry of that submission."""

    entry = models.ForeignKey(JournalEntry, models.PROTECT, related_name="answers", verbose_name=_("journal entry"))
    note = models.ForeignKey(ReviewNote, models.PROTECT, related_name="answers", verbose_name=_("review note"))
    text = models.TextField(_("text"))

    class Meta:
        verbose_name = _("answer to a review note")
        verbose_name_plural = _("answers to review notes")
        ordering: ClassVar = ["entry_id", "pk"]

    def __str__(self) -> str:
        return f"{self.note.indicator}: {self.text}"
