"""Reports: the rows of a cycle, which are its frozen tree (semantics §1), with what their units entered."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import Case, F, Prefetch, Q, Value, When
from django.utils.translation import gettext_lazy as _

from reports.domain.deadlines import Timeliness
from reports.domain.workflow import WITH_ITS_UNIT, State
from reports.models.cycle import Cycle
from units.models import Level, Unit

STATE_LABELS = [
    (State.NOT_STARTED.value, _("Not submitted")),
    (State.DRAFT.value, _("In progress")),
    (State.PROPOSED.value, _("Awaiting the leader's approval")),
    (State.SUBMITTED.value, _("Submitted")),
    (State.RETURNED.value, _("Returned")),
    (State.ACCEPTED.value, _("Accepted")),
    (State.EXEMPT.value, _("Exempt")),
]


class ReportQuerySet(models.QuerySet["Report"]):
    def with_timeliness(self, at: datetime) -> ReportQuerySet:
        """Adds `timeliness` at moment `at`: the database's side of `domain.deadlines.timeliness` (semantics §4)."""
        return self.annotate(
            timeliness=Case(
                When(state=State.EXEMPT.value, then=Value(Timeliness.EXEMPT.value)),
                When(first_submitted_at__lte=F("due_at"), then=Value(Timeliness.ON_TIME.value)),
                When(first_submitted_at__gt=F("due_at"), then=Value(Timeliness.LATE.value)),
                When(due_at__lt=at, then=Value(Timeliness.MISSING.value)),
                default=Value(Timeliness.PENDING.value),
                output_field=models.CharField(),
            )
        )

    def subtree_of(self, report: Report) -> ReportQuerySet:
        """`report` and every report below it, in the order of the cycle's tree."""
        return self.filter(cycle_id=report.cycle_id, position__gte=report.position, position__lte=report.end)

    def below(self, report: Report) -> ReportQuerySet:
        """Every report strictly below `report`."""
        return self.filter(cycle_id=report.cycle_id, position__gt=report.position, position__lte=report.end)

    def ancestors_of(self, report: Report) -> ReportQuerySet:
        """The superiors of `report`, from the root down."""
        return self.filter(cycle_id=report.cycle_id, position__lt=report.position, end__gte=report.position)

    def expected(self) -> ReportQuerySet:
        """All but those that are exempt."""
        return self.exclude(state=State.EXEMPT.value)

    def owing(self) -> ReportQuerySet:
        """Those that were never submitted, though they have to be: the database's side of `Report.is_owing`."""
        return self.expected().filter(first_submitted_at__isnull=True)

    def with_their_units(self) -> ReportQuerySet:
        """Those of open cycles that wait for their own unit."""
        return self.filter(cycle__state=Cycle.State.OPEN, state__in=[state.value for state in WITH_ITS_UNIT])

    def with_reports_below(self) -> ReportQuerySet:
        return self.filter(end__gt=F("position"))

    def without_reports_below(self) -> ReportQuerySet:
        return self.filter(end=F("position"))

    def with_open_flags(self) -> ReportQuerySet:
        """Adds `open_flags`, a list."""
        flags = apps.get_model("reports", "Flag")
        return self.prefetch_related(Prefetch("flags", flags._default_manager.filter(cleared_at__isnull=True), to_attr="open_flags"))

    def for_display(self) -> ReportQuerySet:
        return self.select_related("cycle__version__template", "unit", "level", "superior__unit")


class Report(models.Model):
    """What one unit owes in one cycle. The row exists from the moment that the cycle opens.

    `position` and `end` number the cycle's tree in preorder: everything below a report lies in (position, end].
    Once official figures are asked for, due day and first submission are those of the official ones; `estimated_…` keep what
    they were. `own` holds what the unit entered: indicator code → value; a code that is absent is blank (semantics §3). Integers
    are JSON integers, decimals exact text, so that no binary floating point touches a figure.
    """

    # No index of their own: the cycle is the first column of several, and nobody looks for all reports of a level.
    cycle = models.ForeignKey(Cycle, models.PROTECT, related_name="reports", verbose_name=_("cycle"), db_index=False)
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="reports", verbose_name=_("unit"))
    level = models.ForeignKey(Level, models.PROTECT, related_name="+", verbose_name=_("level"), db_index=False)
    superior = models.ForeignKey("self", models.PROTECT, related_name="subordinates", null=True, verbose_name=_("superior's report"))
    position = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    root_position = models.PositiveIntegerField()
    depth = models.PositiveSmallIntegerField()
    levels_below = models.JSONField(default=list)
    needs_approval = models.BooleanField(_("asks for the leader's approval"), default=False)

    state = models.CharField(_("state"), max_length=12, choices=STATE_LABELS, default=State.NOT_STARTED.value)
    resume_state = models.CharField(max_length=12, blank=True, default="")
    in_correction = models.BooleanField(_("being corrected"), default=False)
    version = models.PositiveIntegerField(default=0)
    own = models.JSONField(_("own figures"), default=dict)

    due_on = models.DateField(_("due day"))
    due_at = models.DateTimeField(_("due at"))
    first_submitted_at = models.DateTimeField(_("first submitted at"), null=True)
    submitted_at = models.DateTimeField(_("last submitted at"), null=True)
    review_due_at = models.DateTimeField(_("to be reviewed by"), null=True)
    correct_by_at = models.DateTimeField(_("to be corrected by"), null=True)
    estimated_due_at = models.DateTimeField(_("estimated figures were due at"), null=True)
    estimated_at = models.DateTimeField(_("estimated figures first submitted at"), null=True)
    journal_at = models.DateTimeField(_("last journal entry at"), null=True)
    last_submission = models.OneToOneField("reports.Submission", models.PROTECT, related_name="+", null=True)

    objects = ReportQuerySet.as_manager()

    #: added by `with_timeliness` and `with_open_flags`
    timeliness: str
    open_flags: list[Any]

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        ordering: ClassVar = ["cycle_id", "position"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["cycle", "unit"], name="report_once", violation_error_message=_("A unit has one report in a cycle.")
            ),
            models.UniqueConstraint(
                fields=["cycle", "position"],
                name="report_position_once",
                violation_error_message=_("Two reports at one place of the tree."),
            ),
            models.CheckConstraint(
                name="report_state_known",
                condition=Q(state__in=[state.value for state in State]),
                violation_error_message=_("A report is in a state of the workflow."),
            ),
            models.CheckConstraint(
                name="report_end_after_position",
                condition=Q(end__gte=F("position")),
                violation_error_message=_("A report's subtree begins with itself."),
            ),
            models.CheckConstraint(
                name="report_submitted_has_moments",
                condition=~Q(state__in=[State.SUBMITTED.value, State.ACCEPTED.value])
                | Q(first_submitted_at__isnull=False, submitted_at__isnull=False, last_submission__isnull=False),
                violation_error_message=_("A submitted report has its submission."),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="report_unsubmitted_due", condition=Q(first_submitted_at__isnull=True)),
            models.Index(fields=["review_due_at"], name="report_review_due", condition=Q(state=State.SUBMITTED.value)),
            models.Index(fields=["correct_by_at"], name="report_correction_due", condition=Q(correct_by_at__isnull=False)),
            models.Index(fields=["cycle"], name="report_late", condition=Q(first_submitted_at__gt=F("due_at"))),
            models.Index(fields=["cycle", "state"], name="report_cycle_state"),
            models.Index(fields=["cycle", "root_position"], name="report_inner", condition=Q(end__gt=F("position"))),
        ]

    def __str__(self) -> str:
        return f"{self.unit}, {self.cycle}"

    @property
    def has_reports_below(self) -> bool:
        return self.end > self.position

    @property
    def is_owing(self) -> bool:
        """Was it never submitted, though it has to be?"""
        return self.first_submitted_at is None and self.state != State.EXEMPT


class RootOversight(models.Model):
    """A unit above a root of a cycle's tree as the cycle opened: it has no report there, yet what is below is in its reach."""

    root = models.ForeignKey(Report, models.CASCADE, related_name="overseers")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["root", "unit"], name="root_oversight_once")]

    def __str__(self) -> str:
        return f"{self.root_id}: {self.unit_id}"


class Adjustment(models.Model):
    """What a superior adds to or takes from the sum below it, as a row of its own (semantics §5). `amount` is exact text."""

    report = models.ForeignKey(Report, models.PROTECT, related_name="adjustments", verbose_name=_("report"))
    indicator = models.CharField(_("indicator"), max_length=60)
    amount = models.CharField(_("amount"), max_length=24)
    reason = models.TextField(_("reason"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, verbose_name=_("by"))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("adjustment")
        verbose_name_plural = _("adjustments")
        ordering: ClassVar = ["report_id", "indicator", "pk"]

    def __str__(self) -> str:
        return f"{self.indicator} {self.amount}"
