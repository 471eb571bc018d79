"""The tree of administrative units, how it changed over time, and who serves where."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from mptt.managers import TreeManager
from mptt.models import MPTTModel, TreeForeignKey
from mptt.querysets import TreeQuerySet

from units import names
from units.levels import AGENCIES
from units.old_names import HadName


class LevelQuerySet(models.QuerySet["Level"]):
    def of_territory(self) -> LevelQuerySet:
        """The ranks at which units stand: all but the one at which agencies report."""
        return self.exclude(code=AGENCIES)


class Level(models.Model):
    """A rank of the tree (semantics §1). Data, not constants: a rank may be missing on a path."""

    code = models.SlugField(_("code"), max_length=30, unique=True)
    name = models.CharField(_("name"), max_length=100)
    name_en = models.CharField(_("English name"), max_length=100, blank=True)
    rank = models.PositiveSmallIntegerField(_("rank"), unique=True, help_text=_("0 is the highest."))

    objects = LevelQuerySet.as_manager()

    class Meta:
        verbose_name = _("level")
        verbose_name_plural = _("levels")
        ordering: ClassVar = ["rank"]

    def __str__(self) -> str:
        return self.name_en if get_language() == "en" and self.name_en else self.name

    def clean(self) -> None:
        """A new rank must leave every unit above those that stand below it."""
        if self.pk and self.rank is not None:
            ranks = {
                side: Case(
                    When(**{f"{path}level": self.pk}, then=Value(self.rank)),
                    default=F(f"{path}level__rank"),
                    output_field=models.IntegerField(),
                )
                for side, path in (("own_rank", ""), ("superiors_rank", "parent__"))
            }
            misplaced = Unit.objects.annotate(**ranks).filter(superiors_rank__gte=F("own_rank")).first()
            if misplaced:
                raise ValidationError(
                    {"rank": _("With this rank %(unit)s would not be below its superior any more.") % {"unit": misplaced.uid}},
                )


def exists_on(day: date) -> Q:
    """A condition on Unit: it exists on `day`; the first and the last day of validity count."""
    return (Q(valid_from__isnull=True) | Q(valid_from__lte=day)) & (Q(valid_to__isnull=True) | Q(valid_to__gte=day))


class UnitQuerySet(TreeQuerySet):
    def valid_on(self, day: date) -> UnitQuerySet:
        """Units that exist on `day`."""
        return self.filter(exists_on(day))

    def territorial(self) -> UnitQuerySet:
        return self.filter(kind=Unit.Kind.TERRITORY)

    def matching(self, text: str) -> UnitQuerySet:
        """Units whose name, or that of a predecessor however far back, holds `text`, marks and case aside; or whose uid or code it is."""
        folded = names.fold(text)
        named = Q(search_text__contains=folded) | Q(uid__iexact=text.strip()) | Q(code=text.strip())
        return self.filter(named | Q(HadName(folded)))


class Unit(MPTTModel):
    """A node of the tree, valid from a day to a day (semantics §1).

    `uid` is its identity for ever; `code` is the official code, reused over time and even shared.
    """

    class Kind(models.TextChoices):
        TERRITORY = "territory", _("territory")
        AGENCY = "agency", _("agency")

    uid = models.CharField(_("identifier"), max_length=40, unique=True)
    code = models.CharField(_("official code"), max_length=20, blank=True, db_index=True)
    name = models.CharField(_("name"), max_length=200)
    name_en = models.CharField(_("English name"), max_length=200, blank=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.TERRITORY)
    level = models.ForeignKey(Level, models.PROTECT, related_name="units", null=True, blank=True, verbose_name=_("level"))
    parent = TreeForeignKey("self", models.PROTECT, related_name="children", null=True, blank=True, verbose_name=_("superior unit"))
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_to = models.DateField(_("valid to"), null=True, blank=True)
    position = models.PositiveIntegerField(_("position"), default=0, help_text=_("Order among its siblings."))
    agency_id = models.CharField(_("electronic identifier"), max_length=40, blank=True, help_text=_("Decision 20/2020/QĐ-TTg; optional."))
    search_text = models.CharField(max_length=420, editable=False, default="")
    sort_key = models.CharField(max_length=420, editable=False, default="")

    objects = TreeManager.from_queryset(UnitQuerySet)()

    class MPTTMeta:
        level_attr = "depth"
        order_insertion_by: ClassVar = ["position", "code", "uid"]

    class Meta:
        verbose_name = _("unit")
        verbose_name_plural = _("units")
        ordering: ClassVar = ["tree_id", "lft"]
        indexes: ClassVar = [models.Index(fields=["tree_id", "lft"], name="unit_tree_order")]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="unit_level_by_kind",
                condition=Q(kind="territory", level__isnull=False) | Q(kind="agency", level__isnull=True),
                violation_error_message=_("A territorial unit has a level; an agency has none."),
            ),
            models.CheckConstraint(
                name="unit_valid_from_before_to",
                condition=Q(valid_from__isnull=True) | Q(valid_to__isnull=True) | Q(valid_from__lte=F("valid_to")),
                violation_error_message=_("A unit can't end before it begins."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        names.fill(self)
        super().save(*args, **kwargs)


class Succession(models.Model):
    """What became of a unit: `share` of it went to `successor` as of a day (semantics §8)."""

    predecessor = models.ForeignKey(Unit, models.PROTECT, related_name="successions", verbose_name=_("predecessor"))
    successor = models.ForeignKey(Unit, models.PROTECT, related_name="origins", verbose_name=_("successor"))
    effective_on = models.DateField(_("effective on"))
    reorganisation = models.ForeignKey(
        "units.Reorganisation", models.PROTECT, related_name="successions", null=True, blank=True, verbose_name=_("reorganisation")
    )
    share = models.DecimalField(
        _("share"),
        max_digits=7,
        decimal_places=6,
        null=True,
        blank=True,
        help_text=_("1 where the unit went whole; empty where nobody has said."),
    )

    class Meta:
        verbose_name = _("succession")
        verbose_name_plural = _("successions")
        ordering: ClassVar = ["effective_on", "predecessor_id", "successor_id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["predecessor", "successor", "effective_on"],
                name="succession_once",
                violation_error_message=_("This succession is recorded already."),
            ),
            models.CheckConstraint(
                name="succession_share_0_1",
                condition=Q(share__isnull=True) | Q(share__gt=0, share__lte=1),
                violation_error_message=_("A share lies between 0 and 1."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.predecessor} → {self.successor}"


class Reorganisation(models.Model):
    """A change of the tree that took effect on a day (semantics §8), as it was recorded; `before` is what undoing it needs."""

    class Kind(models.TextChoices):
        FILE = "file", _("from a file")
        MERGE = "merge", _("merge")
        SPLIT = "split", _("split")
        MOVE = "move", _("move")
        RENAME = "rename", _("rename")
        ABOLISH = "abolish", _("abolish")

    class Roles(models.TextChoices):
        """What becomes of the roles that people have at a predecessor."""

        KEEP = "keep", _("stay as they are")
        COPY = "copy", _("are also given at the successors")
        MOVE = "move", _("go over to the successors, and stay where an open cycle still waits for the predecessor")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    effective_on = models.DateField(_("effective on"))
    roles = models.CharField(_("roles at the predecessors"), max_length=10, choices=Roles, default=Roles.KEEP)
    at = models.DateTimeField(_("recorded at"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("by"))
    summary = models.CharField(_("summary"), max_length=500, blank=True)
    before = models.JSONField(default=dict, editable=False)
    undone_at = models.DateTimeField(_("undone at"), null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, blank=True, verbose_name=_("undone by")
    )

    class Meta:
        verbose_name = _("reorganisation")
        verbose_name_plural = _("reorganisations")
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.effective_on:%d/%m/%Y}: {self.summary}"

    @property
    def is_undone(self) -> bool:
        return self.undone_at is not None


class Membership(models.Model):
    """A user's role at a unit (semantics §9). Reviewers review the units directly below theirs."""

    class Role(models.TextChoices):
        PREPARER = "preparer", _("preparer")
        APPROVER = "approver", _("approver")
        REVIEWER = "reviewer", _("reviewer")
        VIEWER = "viewer", _("viewer")
        CYCLE_MANAGER = "cycle_manager", _("cycle manager")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships", verbose_name=_("user"))
    unit = models.ForeignKey(Unit, models.CASCADE, related_name="memberships", verbose_name=_("unit"))
    role = models.CharField(_("role"), max_length=20, choices=Role)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        ordering: ClassVar = ["user_id", "unit_id", "role"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "unit", "role"], name="membership_once", violation_error_message=_("This membership is recorded already.")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()}, {self.unit}"
