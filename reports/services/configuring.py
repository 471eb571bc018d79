"""Templates: new versions; publishing, after which they never change; retiring, after which no cycle takes them (semantics §1, §5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Max

from reports.domain import indicators as domain
from reports.domain import outline, sentences
from reports.domain.sources import ReportedFigure
from reports.domain.templates_table import problem_of_code
from reports.models import Cycle, Indicator, ReportTemplate, SectionText, TemplateVersion
from units.locks import hold
from units.models import Level
from units.problems import Problem, Problems, Refused, gettext_noop

#: two versions made at once get two numbers
_NUMBERING = "reports.template-versions"
_PUBLISHED = gettext_noop("This version is published already; edit a draft of the next one.")


def name_template(code: str, name: str, name_en: str) -> ReportTemplate:
    """The template of this code, named so; begun without a version where there is none. Raises Refused."""
    if problem := problem_of_code(code):
        raise Refused(problem)
    with transaction.atomic():
        hold_numbering()
        return ReportTemplate.objects.update_or_create(code=code, defaults={"name": name, "name_en": name_en})[0]


def add_version(
    code: str,
    name: str,
    indicators: Sequence[domain.Indicator],
    *,
    name_en: str | None = None,
    texts: Mapping[str, str] | None = None,
    number: int | None = None,
) -> TemplateVersion:
    """Record `indicators` as the next version of the template `code`, which is made where there is none, as a draft.

    `texts` are what it says in its sections, by section, with figures in braces. Without `name_en` the English name stays what
    it is; without `number` the version gets the next one. The indicators have to be sound already
    (`domain.template_file.parse_indicators`).
    """
    with transaction.atomic():
        hold_numbering()
        names = {"name": name} if name_en is None else {"name": name, "name_en": name_en}
        template, _ = ReportTemplate.objects.update_or_create(code=code, defaults=names)
        version = TemplateVersion.objects.create(template=template, number=number or _next_number(template))
        _write(version, indicators, texts or {})
        return version


def rewrite(version: TemplateVersion, indicators: Sequence[domain.Indicator], texts: Mapping[str, str]) -> None:
    """Put these in place of what a draft holds. Raises Refused where it is published."""
    with transaction.atomic():
        if TemplateVersion.objects.select_for_update().get(pk=version.pk).is_published:
            raise Refused(Problem(_PUBLISHED))
        version.indicators.all().delete()
        version.texts.all().delete()
        _write(version, indicators, texts)


def delete_draft(version: TemplateVersion) -> None:
    """Raises Refused where it is published."""
    with transaction.atomic():
        held = TemplateVersion.objects.held(version.pk)
        if held.is_published:
            raise Refused(Problem(_PUBLISHED))
        held.delete()


def hold_numbering() -> None:
    """Let nobody else begin a version before this transaction ends."""
    hold(_NUMBERING)


def draft_from(version: TemplateVersion) -> TemplateVersion:
    """A draft of the template's next version that begins as a copy of this one: how a published version is edited."""
    with transaction.atomic():
        hold_numbering()
        copy = TemplateVersion.objects.create(template=version.template, number=_next_number(version.template))
        texts = dict(version.texts.values_list("section", "text"))
        _write(copy, [row.to_domain() for row in version.indicators.all()], texts)
        return copy


def publish(version: TemplateVersion, at: datetime) -> None:
    """Publish a draft. Raises Refused with everything that is wrong in it, each with its place."""
    with transaction.atomic():
        TemplateVersion.objects.held(version.pk)
        rows = list(version.indicators.select_for_update())
        problems = Problems()
        if not rows:
            problems.add(Problem(gettext_noop("A template needs at least one indicator.")))
        problems.extend(problems_of(version))
        problems.refuse_if_any()
        if not TemplateVersion.objects.filter(pk=version.pk, published_at__isnull=True).update(published_at=at):
            raise Refused(Problem(_PUBLISHED))
        version.refresh_from_db()


def retire(version: TemplateVersion, at: datetime) -> None:
    """Let no more cycles be opened of a published version; those that are open go on.

    Raises Refused where it isn't in use, or where planned cycles are left that could never open.
    """
    with transaction.atomic():
        if not TemplateVersion.objects.held(version.pk).is_in_use:
            raise Refused(Problem(gettext_noop("Only a published version that isn't retired yet can be retired.")))
        planned = Cycle.objects.filter(version=version, state=Cycle.State.PLANNED).order_by("code")
        problems = Problems()
        for code in planned.values_list("code", flat=True):
            waits = gettext_noop("The planned cycle “%(code)s” could never be opened: give it another version, or delete it, first.")
            problems.add(Problem(waits, {"code": code}))
        problems.refuse_if_any()
        TemplateVersion.objects.filter(pk=version.pk).update(retired_at=at)
        version.refresh_from_db()


def take_back_into_use(version: TemplateVersion) -> None:
    """End a retirement: cycles may be opened of the version again. Raises Refused where it isn't retired."""
    if not TemplateVersion.objects.filter(pk=version.pk, retired_at__isnull=False).update(retired_at=None):
        raise Refused(Problem(gettext_noop("This version isn't retired.")))
    version.refresh_from_db()


def problems_of(version: TemplateVersion) -> list[Problem]:
    """What keeps a version from being published."""
    try:
        indicators = [row.to_domain() for row in version.indicators.all()]
    except domain.RuleError as error:
        return [error.problem]
    found = domain.problems_of_template(indicators, level_codes())
    return [*found, *_problems_of_sources(indicators), *_problems_of_texts(version, indicators)]


def _problems_of_sources(indicators: Sequence[domain.Indicator]) -> Iterator[Problem]:
    """Where what is to be filled in from the reports of another template isn't there, or doesn't fit."""
    reported = [(each, source) for each in indicators if isinstance(source := each.known_source, ReportedFigure)]
    versions = {code: TemplateVersion.objects.newest_in_use(code) for code in {source.template for _, source in reported}}
    for indicator, source in reported:
        version = versions[source.template]
        params = {"code": indicator.code, "template": source.template, "found": source.code}
        if version is None:
            message = gettext_noop("%(code)s: no version of a template “%(template)s” is in use.")
            yield Problem(message, params, column="source")
        elif message := domain.unfit_to_fill_in(indicator, version.compiled().by_code.get(source.code)):
            yield Problem(message, params, column="source")


def problems_of_text(text: SectionText) -> list[Problem]:
    """What would keep the version of this text from being published on its account, were it saved as it is."""
    try:
        indicators = [row.to_domain() for row in text.version.indicators.all()]
    except domain.RuleError:
        return []  # told at the indicator
    return list(problems_of_words(text.section, text.text, indicators))


def _problems_of_texts(version: TemplateVersion, indicators: Sequence[domain.Indicator]) -> Iterator[Problem]:
    for text in version.texts.all():
        yield from problems_of_words(text.section, text.text, indicators)


def problems_of_words(section: str, text: str, indicators: Sequence[domain.Indicator]) -> Iterator[Problem]:
    """What keeps a version of these indicators from saying this text in its section; without a section it is the subject."""
    sections, by_code = {indicator.section for indicator in indicators}, {indicator.code: indicator for indicator in indicators}
    if section == outline.OUTLINE:
        yield from outline.problems_of(text, by_code, sections)
        return
    if section and section not in sections:
        yield Problem(gettext_noop("“%(section)s” is no section of this version."), {"section": section})
    yield from sentences.problems_of(text, by_code, is_subject=not section)


def texts_for(version: TemplateVersion | None, indicators: Sequence[domain.Indicator]) -> dict[str, str]:
    """What of a version's texts a next version of these indicators can say too."""
    texts = dict(version.texts.values_list("section", "text")) if version else {}
    return {section: text for section, text in texts.items() if not list(problems_of_words(section, text, indicators))}


def problems_with(row: Indicator) -> list[Problem]:
    """What would keep the indicator's version from being published on account of this one, were it saved as it is.

    Raises ValueError where one of its types is none.
    """
    others = row.version.indicators.exclude(pk=row.pk)
    try:
        changed = row.to_domain()
        indicators = [*(other.to_domain() for other in others), changed]
    except domain.RuleError as error:
        return [error.problem]
    last = len(indicators) - 1
    found = domain.placed_problems(indicators, level_codes())
    its_own = [problem for place, problem in found if place == last or changed.code in str(problem.params.get("path", "")).split(" → ")]
    return [*its_own, *_problems_of_sources([changed])]


def level_codes() -> list[str]:
    """The known levels, the highest first."""
    return list(Level.objects.order_by("rank").values_list("code", flat=True))


def _next_number(template: ReportTemplate) -> int:
    return (template.versions.aggregate(newest=Max("number"))["newest"] or 0) + 1


def _write(version: TemplateVersion, indicators: Sequence[domain.Indicator], texts: Mapping[str, str]) -> None:
    order = level_codes()
    Indicator.objects.bulk_create(
        Indicator.from_domain(version, position, indicator, order) for position, indicator in enumerate(indicators, 1)
    )
    SectionText.objects.bulk_create(SectionText(version=version, section=section, text=text) for section, text in texts.items())
