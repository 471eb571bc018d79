"""Templates as a table writes them: versions that are missing begun, drafts rewritten, published ones never (semantics §1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from reports.domain.indicators import placed_problems
from reports.domain.templates_table import WrittenVersion, differing, text_key
from reports.models import ReportTemplate, TemplateVersion
from reports.services import configuring
from units.problems import Problem, Problems, gettext_noop
from units.tables.laying import Change

Key = tuple[str, int]


def written_versions(templates: QuerySet[ReportTemplate]) -> Iterator[WrittenVersion]:
    """All versions of these templates. Three queries for each batch of versions."""
    versions = TemplateVersion.objects.filter(template__in=templates).order_by("template__code", "number")
    for version in versions.select_related("template").prefetch_related("indicators", "texts").iterator(chunk_size=100):
        template = version.template
        yield WrittenVersion(
            template.code,
            template.name,
            template.name_en,
            version.number,
            version.is_published,
            version.retired_at is not None,
            [row.to_domain() for row in version.indicators.all()],
            {text.section: text.text for text in version.texts.all()},
        )


def lay_templates(versions: Sequence[WrittenVersion], problems: Problems, at: datetime) -> list[Change]:
    """Make the versions stand as they are written; what that changes, row by row. Raises Refused with everything that is wrong."""
    problems.refuse_if_any()
    with transaction.atomic():
        configuring.hold_numbering()
        named = ReportTemplate.objects.filter(code__in={version.code for version in versions})
        standing = {(version.code, version.number): version for version in written_versions(named)}
        levels = configuring.level_codes()
        for version in versions:
            before = standing.get((version.code, version.number))
            problems.extend(_problems_of(version, before, levels))
        problems.extend(_gone_back(versions, standing))
        problems.refuse_if_any()
        for version in sorted(versions, key=lambda each: (each.code, each.number)):
            _write(version, standing.get((version.code, version.number)), at)
    return [change for version in versions for change in _changes(standing.get((version.code, version.number)), version)]


def _problems_of(version: WrittenVersion, before: WrittenVersion | None, levels: list[str]) -> Iterator[Problem]:
    if before and before.is_published:
        message = gettext_noop(
            "Version %(number)d of “%(code)s” is published and never changes: give what is new the number of the next version."
        )
        words = {"number": version.number, "code": version.code}
        lines = differing(before, version) if version.is_published else [version.line]
        yield from (Problem(message, words, line) for line in lines)
        return
    if before and before.says_the_same(version) and not version.is_published:
        return  # a draft may be unfinished: it is left as it stands
    for place, problem in placed_problems(version.indicators, levels):
        yield problem.at(line=version.lines.get(version.indicators[place].code, version.line))
    for section, text in version.texts.items():
        for problem in configuring.problems_of_words(section, text, version.indicators):
            yield problem.at(line=version.lines.get(text_key(section), version.line), column="text")
    if version.is_published and not version.indicators:
        yield Problem(gettext_noop("A template needs at least one indicator."), {}, version.line)


def _gone_back(versions: Iterable[WrittenVersion], standing: dict[Key, WrittenVersion]) -> Iterator[Problem]:
    """A version that begins below one that stands would change which is the newest."""
    newest: dict[str, int] = {}
    for code, number in standing:
        newest[code] = max(number, newest.get(code, 0))
    for version in versions:
        if (version.code, version.number) not in standing and version.number < newest.get(version.code, 0):
            message = gettext_noop("“%(code)s” has a version %(newest)d already; number a new one from there.")
            yield Problem(message, {"code": version.code, "newest": newest[version.code]}, version.line, "version")


def _write(version: WrittenVersion, before: WrittenVersion | None, at: datetime) -> None:
    if before is None:
        made = configuring.add_version(
            version.code, version.name, version.indicators, name_en=version.name_en, texts=version.texts, number=version.number
        )
    else:
        ReportTemplate.objects.filter(code=version.code).update(name=version.name, name_en=version.name_en)
        made = TemplateVersion.objects.get(template__code=version.code, number=version.number)
        if not before.says_the_same(version):
            configuring.rewrite(made, version.indicators, version.texts)
    if version.is_published and not made.is_published:
        configuring.publish(made, at)
    if version.is_retired != (made.retired_at is not None):
        if version.is_retired:
            configuring.retire(made, at)
        else:
            configuring.take_back_into_use(made)


def _changes(before: WrittenVersion | None, after: WrittenVersion) -> Iterator[Change]:
    stood, wanted = before.rows() if before else {}, after.rows()
    yield from (Change(stood.get(key), row) for key, row in wanted.items())
    yield from (Change(row, None) for key, row in stood.items() if key not in wanted)
