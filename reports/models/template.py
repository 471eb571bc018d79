"""Templates of reports: versions of indicators. A published version never changes (semantics §1)."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import ClassVar

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from reports.domain import indicators as domain


class ReportTemplate(models.Model):
    code = models.SlugField(_("code"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=200)
    name_en = models.CharField(_("English name"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("report template")
        verbose_name_plural = _("report templates")
        ordering: ClassVar = ["code"]

    def __str__(self) -> str:
        return self.name_en if get_language() == "en" and self.name_en else self.name


class TemplateVersionQuerySet(models.QuerySet["TemplateVersion"]):
    def in_use(self) -> TemplateVersionQuerySet:
        """Those of which a cycle may be set up and opened: published, and not retired."""
        return self.filter(published_at__isnull=False, retired_at__isnull=True)

    def held(self, pk: int) -> TemplateVersion:
        """The version as it stands, which nobody publishes or retires until the end of the transaction."""
        return self.select_for_update().get(pk=pk)

    def newest_in_use(self, template_code: str) -> TemplateVersion | None:
        return self.in_use().filter(template__code=template_code).order_by("-number").select_related("template").first()


class TemplateVersion(models.Model):
    template = models.ForeignKey(ReportTemplate, models.PROTECT, related_name="versions", verbose_name=_("report template"))
    number = models.PositiveIntegerField(_("version"))
    published_at = models.DateTimeField(_("published at"), null=True, blank=True, editable=False)
    retired_at = models.DateTimeField(_("retired at"), null=True, blank=True, editable=False)

    objects = TemplateVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("template version")
        verbose_name_plural = _("template versions")
        ordering: ClassVar = ["template_id", "-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["template", "number"], name="template_version_once", violation_error_message=_("This version exists already.")
            ),
            models.CheckConstraint(
                condition=models.Q(retired_at__isnull=True) | models.Q(published_at__isnull=False),
                name="template_version_retired_was_published",
                violation_error_message=_("Only a published version can be retired."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.template} v{self.number}"

    @property
    def is_published(self) -> bool:
        return self.published_at is not None

    @property
    def is_in_use(self) -> bool:
        """May a cycle be set up and opened of it? A retired version serves those that are open already alone."""
        return self.is_published and self.retired_at is None

    def compiled(self) -> domain.Template:
        """The version's rules, ready to evaluate. Kept in memory once it is published, since it never changes then."""
        if self.published_at is None:
            return domain.Template([row.to_domain() for row in self.indicators.all()])
        return _compiled(self.pk, self.published_at.isoformat())


@lru_cache(maxsize=64)
def _compiled(version_id: int, published_at: str) -> domain.Template:
    return domain.Template([row.to_domain() for row in Indicator.objects.filter(version_id=version_id)])


def _choices(enum: type[StrEnum]) -> list[tuple[str, str]]:
    return [(member.value, member.value) for member in enum]


class Indicator(models.Model):
    """One figure of a template version (semantics §1, §5). Lists are kept as in the indicator file, `a|b|c`."""

    version = models.ForeignKey(TemplateVersion, models.CASCADE, related_name="indicators", verbose_name=_("template version"))
    position = models.PositiveIntegerField(_("position"), default=0)
    section = models.CharField(_("section"), max_length=200)
    code = models.CharField(_("code"), max_length=60)
    name_vi = models.CharField(_("name"), max_length=300)
    name_en = models.CharField(_("English name"), max_length=300, blank=True)
    unit = models.CharField(_("unit of measure"), max_length=60, blank=True)
    value_type = models.CharField(_("value type"), max_length=10, choices=_choices(domain.ValueType))
    choices = models.TextField(_("choices"), blank=True, help_text=_("Codes with | between."))
    columns = models.TextField(_("columns of the table"), blank=True, help_text=_("Names with | between."))
    levels = models.CharField(_("levels"), max_length=200, help_text=_("Who enters it (or, for a formula, sees it), with | between."))
    aggregate_up = models.CharField(_("aggregation up the tree"), max_length=12, choices=_choices(domain.AggregateUp))
    aggregate_time = models.CharField(_("aggregation over time"), max_length=12, choices=_choices(domain.AggregateTime))
    formula = models.TextField(_("formula"), blank=True)
    rules = models.TextField(_("rules"), blank=True, help_text=_("error: EXPRESSION; warn: EXPRESSION"))
    required = models.BooleanField(_("required"), default=False)
    decimals = models.PositiveSmallIntegerField(_("decimals"), default=0)
    negative = models.BooleanField(_("may be negative"), default=False)
    entered_by = models.CharField(_("entered by"), max_length=10, choices=_choices(domain.EnteredBy), default=domain.EnteredBy.UNIT.value)
    note = models.TextField(_("note"), blank=True)
    source = models.CharField(
        _("filled in from"), max_length=200, blank=True, help_text=_("Such as register:registered:kinh_te; empty: it is only typed.")
    )

    class Meta:
        verbose_name = _("indicator")
        verbose_name_plural = _("indicators")
        ordering: ClassVar = ["version_id", "position", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["version", "code"], name="indicator_once", violation_error_message=_("This code is used twice in the version.")
            )
        ]

    def __str__(self) -> str:
        return self.name_en if get_language() == "en" and self.name_en else self.name_vi

    def to_domain(self) -> domain.Indicator:
        return domain.Indicator(
            code=self.code,
            section=self.section,
            name_vi=self.name_vi,
            name_en=self.name_en,
            unit=self.unit,
            value_type=domain.ValueType(self.value_type),
            choices=_parts(self.choices),
            columns=_parts(self.columns),
            levels=frozenset(_parts(self.levels)),
            aggregate_up=domain.AggregateUp(self.aggregate_up),
            aggregate_time=domain.AggregateTime(self.aggregate_time),
            formula=self.formula,
            rules=domain.parse_rules(self.rules),
            required=self.required,
            decimals=self.decimals,
            negative=self.negative,
            entered_by=domain.EnteredBy(self.entered_by),
            note=self.note,
            source=self.source,
        )

    @classmethod
    def from_domain(cls, version: TemplateVersion, position: int, indicator: domain.Indicator, level_order: list[str]) -> Indicator:
        return cls(
            version=version,
            position=position,
            section=indicator.section,
            code=indicator.code,
            name_vi=indicator.name_vi,
            name_en=indicator.name_en,
            unit=indicator.unit,
            value_type=indicator.value_type.value,
            choices="|".join(indicator.choices),
            columns="|".join(indicator.columns),
            levels="|".join(sorted(indicator.levels, key=level_order.index, reverse=True)),
            aggregate_up=indicator.aggregate_up.value,
            aggregate_time=indicator.aggregate_time.value,
            formula=indicator.formula,
            rules=domain.written_rules(indicator.rules),
            required=indicator.required,
            decimals=indicator.decimals,
            negative=indicator.negative,
            entered_by=indicator.entered_by.value,
            note=indicator.note,
            source=indicator.source,
        )


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split("|")) if text else ()


class SectionText(models.Model):
    """What a version says in a section of the document, with figures in braces (domain/sentences.py).

    Without a section it is the subject below the word BÁO CÁO; of the section `*` it is the outline (domain/outline.py).
    """

    version = models.ForeignKey(TemplateVersion, models.CASCADE, related_name="texts", verbose_name=_("template version"))
    section = models.CharField(_("section"), max_length=200, blank=True, help_text=_("Empty: the subject of the report."))
    text = models.TextField(_("text with figures"), help_text=_("A line is a paragraph: {code} is a figure, [ ] goes with its figures."))

    class Meta:
        verbose_name = _("text of a section")
        verbose_name_plural = _("texts of sections")
        ordering: ClassVar = ["version_id", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["version", "section"], name="section_text_once", violation_error_message=_("This section has its text already.")
            )
        ]

    def __str__(self) -> str:
        return self.section or self.text[:60]
