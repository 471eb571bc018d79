"""Work that is done in the background for somebody, and the file that it makes."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from reports.models.report import Report


def default_language() -> str:
    return settings.LANGUAGE_CODE


class BackgroundJob(models.Model):
    """One piece of work for its owner, which a worker claims, and may lose to another one (services/background_jobs.py).

    `place` is the file's name in the store, at random, chosen anew with each claim: whoever finds another one there has lost it.
    `source` is that of a file that was sent with the order, and is gone once the job has ended.
    """

    class Kind(models.TextChoices):
        PACK = "pack", _("Pack of documents")
        LOOK_OVER = "look_over", _("Workbook for several units, looked over")
        APPLY = "apply", _("Workbook for several units, saved")

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("being made")
        DONE = "done", _("ready")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="background_jobs", verbose_name=_("owner"))
    #: the file is for those alone who reach it
    report = models.ForeignKey(Report, models.CASCADE, related_name="+", null=True, verbose_name=_("report"))
    arguments = models.JSONField(_("arguments"), default=dict)
    language = models.CharField(_("language"), max_length=10, default=default_language)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.QUEUED)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    done = models.PositiveIntegerField(_("done"), default=0)
    of = models.PositiveIntegerField(_("of"), default=0, help_text=_("How many steps there are; 0: not known yet."))
    place = models.CharField(max_length=100, blank=True, default="")
    source = models.CharField(max_length=100, blank=True, default="")
    file_name = models.CharField(_("file name"), max_length=200, blank=True, default="")
    size = models.PositiveBigIntegerField(_("size in bytes"), default=0)
    result = models.JSONField(_("result"), default=dict)
    problems = models.JSONField(_("problems"), default=list, help_text=_("Why it failed, or what is to be known of the file."))
    created_at = models.DateTimeField(_("ordered at"))
    started_at = models.DateTimeField(_("begun at"), null=True)
    heartbeat_at = models.DateTimeField(_("last sign of life"), null=True)
    ended_at = models.DateTimeField(_("ended at"), null=True)
    expires_at = models.DateTimeField(_("kept until"), null=True)

    class Meta:
        verbose_name = _("job in the background")
        verbose_name_plural = _("jobs in the background")
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="background_job_running_has_place",
                condition=~Q(state__in=["running", "done"]) | (~Q(place="") & Q(heartbeat_at__isnull=False)),
                violation_error_message=_("A job that runs has a place for its file, and gave a sign of life."),
            ),
            models.CheckConstraint(
                name="background_job_ended_expires",
                condition=Q(state__in=["queued", "running"]) | Q(ended_at__isnull=False, expires_at__isnull=False),
                violation_error_message=_("A job that ended is kept until a moment."),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["id"], name="background_job_unfinished", condition=Q(state__in=["queued", "running"])),
            models.Index(fields=["expires_at"], name="background_job_expiry", condition=Q(expires_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} #{self.pk}"

    @property
    def is_under_way(self) -> bool:
        return self.state in (self.State.QUEUED, self.State.RUNNING)

    @property
    def has_file(self) -> bool:
        return self.state == self.State.DONE and bool(self.file_name)

    @property
    def is_to_be_fetched(self) -> bool:
        """Is what it makes a file for its owner? Of a workbook that was sent it is kept for the page that shows it."""
        return self.kind == self.Kind.PACK
