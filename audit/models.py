"""What was done outside of reports' own journal, and the seals over all that is never to change."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.append_only import AppendOnly


class AuditEntry(AppendOnly):
    """Somebody did something: to a row of configuration, which the database's own triggers write; or signed in, or took a file.

    It names people by their key alone and holds nothing of what an account says of its owner: erasing an account leaves it as it is.
    """

    class Action(models.TextChoices):
        ADDED = "added", _("added")
        CHANGED = "changed", _("changed")
        DELETED = "deleted", _("deleted")
        SIGNED_IN = "signed in", _("signed in")
        SIGNED_OUT = "signed out", _("signed out")
        REFUSED = "refused", _("sign-in refused")
        TAKEN = "taken", _("file taken")
        RESTORED = "restored", _("backup restored")

    at = models.DateTimeField(_("at"), db_index=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        related_name="+",
        null=True,
        db_constraint=False,
        verbose_name=_("by"),
        help_text=_("Empty: the system."),
    )
    address = models.CharField(
        _("from where"), max_length=60, help_text=_("The address of the request, or the account of the system or database.")
    )
    via = models.CharField(_("by which way"), max_length=200, help_text=_("The address of the page, or the command or task."))
    action = models.CharField(_("action"), max_length=12, choices=Action)
    kind = models.CharField(_("what"), max_length=60)
    row = models.CharField(_("row"), max_length=40, blank=True)
    before = models.JSONField(_("before"), null=True)
    after = models.JSONField(_("after"), null=True)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit")
        ordering: ClassVar = ["-pk"]
        indexes: ClassVar = [models.Index(fields=["kind", "row"], name="audit_of_a_row")]

    def __str__(self) -> str:
        return f"{self.get_action_display()}: {self.kind} {self.row}".strip()


class Seal(AppendOnly):
    """A block of rows of one table, proven by a digest over their text and over the seal before (audit/sealing.py)."""

    kind = models.CharField(_("what"), max_length=60)
    after = models.BigIntegerField(_("after row"))
    last = models.BigIntegerField(_("up to row"))
    count = models.PositiveIntegerField(_("rows"))
    columns = models.JSONField(_("columns"))
    at = models.DateTimeField(_("at"))
    digest = models.CharField(_("digest"), max_length=64, unique=True)

    class Meta:
        verbose_name = _("seal")
        verbose_name_plural = _("seals")
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "last"], name="seal_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.after}–{self.last}"


class SealMark(models.Model):
    """Up to which row a table is to be sealed next, once everybody who was writing when that was noted has ended."""

    kind = models.CharField(max_length=60, primary_key=True)
    upto = models.BigIntegerField()
    noted_at = models.DateTimeField()

    class Meta:
        verbose_name = _("mark of a seal")
        verbose_name_plural = _("marks of seals")

    def __str__(self) -> str:
        return f"{self.kind} {self.upto}"
