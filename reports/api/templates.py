"""Templates of reports: their versions read, begun from a file or as a copy, written while they are drafts, published and retired."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime
from typing import Annotated, Any

from django.db import transaction
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import File, Query, Schema
from ninja.files import UploadedFile
from pydantic import Field

from accounts.models import Scope
from reports.api.door import Resource
from reports.api.files import CSV, file_answer
from reports.api.paging import Page, Pages, page_of
from reports.api.problems import Detail, details, not_found, untimely
from reports.api.tables import TableLaid, laid
from reports.api.versions import say_version, seen_version, state_of
from reports.api.words import Code, DryRun, Given, Id
from reports.domain import template_file
from reports.domain.comparing import compare
from reports.domain.indicators import Indicator, RuleError
from reports.models import ReportTemplate, TemplateVersion
from reports.resources import IndicatorResource
from reports.services import configuring
from units.problems import Problems, Refused

templates = Resource("Configuration: templates")

_VIEW, _CHANGE = ["reports.view_templateversion"], ["reports.change_templateversion"]
_ADD = ["reports.add_templateversion", "reports.change_templateversion"]
#: what editing a draft is in admin: its indicators and texts come and go
_WRITE = [f"reports.{verb}_{model}" for model in ("indicator", "sectiontext") for verb in ("add", "change", "delete")]


class VersionBrief(Schema):
    number: int
    published_at: datetime | None
    retired_at: datetime | None
    indicators: int


class TemplateShown(Schema):
    code: str
    name: str
    name_en: str
    versions: list[VersionBrief]


class TemplateNamed(Given):
    name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
    name_en: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")] = ""


@templates.get("/configuration/templates", Page[TemplateShown], Scope.CONFIGURE, permits=["reports.view_reporttemplate"])
def listed(request: HttpRequest, paging: Pages) -> dict[str, Any]:
    """The templates, each with its versions, the newest first."""
    return page_of(ReportTemplate.objects.all(), paging, _briefly, _with_versions)


@templates.get("/configuration/templates/{code}", TemplateShown, Scope.CONFIGURE, permits=["reports.view_reporttemplate"])
def one(request: HttpRequest, response: HttpResponse, code: Code) -> dict[str, Any]:
    """A template with its versions."""
    return _template_said(response, _template(code))


_NAME = ["reports.add_reporttemplate", "reports.change_reporttemplate"]


@templates.put("/configuration/templates/{code}", TemplateShown, Scope.CONFIGURE, versioned=True, permits=_NAME)
def name(request: HttpRequest, response: HttpResponse, code: Code, sent: TemplateNamed) -> dict[str, Any]:
    """Name a template, or begin one of a code that there is not yet."""
    with transaction.atomic():
        configuring.hold_numbering()
        found = ReportTemplate.objects.filter(code=code).first()
        if found is not None:
            seen_version(request, state_of(_brief(found)))
        named = configuring.name_template(code, sent.name, sent.name_en)
        return _template_said(response, named)


# --- Versions ---------------------------------------------------------------------------------------


_Cell = Annotated[str, Field(max_length=10_000, pattern=r"^[^\x00]*$")]


class IndicatorRow(Given):
    """An indicator in the words of an indicator file (docs/interfaces.md): lists with `|` between, `yes` or empty."""

    section: _Cell
    code: _Cell
    name_vi: _Cell
    name_en: _Cell = ""
    unit: _Cell = ""
    value_type: _Cell
    levels: _Cell
    aggregate_up: _Cell
    aggregate_time: _Cell
    formula: _Cell = ""
    rules: _Cell = ""
    required: _Cell = ""
    decimals: _Cell = ""
    note: _Cell = ""
    negative: _Cell = ""
    entered_by: _Cell = ""
    source: _Cell = ""


class VersionContent(Given):
    """All indicators in their order, and what the document says by section: `` is the subject, `*` the outline."""

    indicators: Annotated[list[IndicatorRow], Field(max_length=template_file.MAX_INDICATORS)]
    texts: Annotated[dict[str, Annotated[str, Field(max_length=20_000, pattern=r"^[^\x00]*$")]], Field(max_length=200)] = {}


class VersionShown(VersionBrief):
    """A version whole. `problems` keep a draft from being published."""

    template: str
    rows: list[dict[str, str]] = Field(description="Its indicators in the words of an indicator file")
    texts: dict[str, str]
    problems: list[Detail]


class VersionBegun(Schema):
    """What a file changes against the newest version; `number` is the draft's, null where it was only tried."""

    number: int | None
    table: TableLaid


class FieldChanged(Schema):
    field: str
    before: str
    after: str


class IndicatorChanged(Schema):
    code: str
    fields: list[FieldChanged]


class VersionsCompared(Schema):
    """Codes of indicators that are new, gone, and stand in another order; and what changed of the others."""

    against: int
    added: list[str]
    removed: list[str]
    moved: list[str]
    changed: list[IndicatorChanged]


class Against(Schema):
    against: Annotated[int, Query(ge=1, le=2**31 - 1, description="The number of the earlier version")]


@templates.post("/configuration/templates/{code}/versions", VersionBegun, Scope.CONFIGURE, permits=_ADD)
def begin(request: HttpRequest, code: Code, file: File[UploadedFile], dry_run: DryRun = False) -> dict[str, Any]:
    """Begin the template's next version from an indicator file, as a draft; texts that still fit are taken over."""
    resource = IndicatorResource(template=_template(code))
    table = laid(resource, file, request, dry_run=dry_run)
    return {"number": None if dry_run else resource.made.number, "table": table}


@templates.get("/configuration/templates/{code}/versions/{number}", VersionShown, Scope.CONFIGURE, permits=_VIEW)
def version(request: HttpRequest, response: HttpResponse, code: Code, number: Id) -> dict[str, Any]:
    """A version, with its indicators and texts."""
    return _version_said(response, _version(code, number))


@templates.file("/configuration/templates/{code}/versions/{number}/indicators.csv", CSV, scope=Scope.CONFIGURE, permits=_VIEW)
def indicators(request: HttpRequest, code: Code, number: Id) -> HttpResponse:
    """The version as an indicator file."""
    lines = template_file.write_indicators(_indicators(_version(code, number)))
    return file_answer("".join(lines).encode(), f"{CSV}; charset=utf-8", f"{code}-v{number}.csv")


@templates.get("/configuration/templates/{code}/versions/{number}/comparison", VersionsCompared, Scope.CONFIGURE, permits=_VIEW)
def comparison(request: HttpRequest, code: Code, number: Id, other: Annotated[Against, Query()]) -> dict[str, Any]:
    """What the version changes against another one."""
    before, after = (_indicators(_version(code, each)) for each in (other.against, number))
    found = compare(before, after)
    return {
        "against": other.against,
        **{name: [each.code for each in getattr(found, name)] for name in ("added", "removed", "moved")},
        "changed": [
            {"code": each.code, "fields": [{"field": one.field, "before": one.before, "after": one.after} for one in changes]}
            for each, changes in found.changed
        ],
    }


@templates.put("/configuration/templates/{code}/versions/{number}", VersionShown, Scope.CONFIGURE, versioned=True, permits=_WRITE)
def write(request: HttpRequest, response: HttpResponse, code: Code, number: Id, sent: VersionContent) -> dict[str, Any]:
    """Put these indicators and texts in place of what a draft holds. A column of a problem is the field, its line the indicator's place."""
    problems = Problems()
    rows = [(line, row.dict()) for line, row in enumerate(sent.indicators, 1)]
    found = template_file.parse_rows(rows, configuring.level_codes(), problems)
    for section, text in sent.texts.items():
        problems.extend(each.at(column="texts") for each in configuring.problems_of_words(section, text, found))
    problems.refuse_if_any()
    return _changed(request, response, code, number, lambda draft: configuring.rewrite(draft, found, sent.texts), seen=True)


@templates.delete("/configuration/templates/{code}/versions/{number}", Scope.CONFIGURE, permits=["reports.delete_templateversion"])
def delete(request: HttpRequest, code: Code, number: Id) -> None:
    """Delete a draft."""
    with untimely():
        configuring.delete_draft(_version(code, number))


@templates.post("/configuration/templates/{code}/versions/{number}/draft", VersionShown, Scope.CONFIGURE, status=201, permits=_CHANGE)
def draft(request: HttpRequest, response: HttpResponse, code: Code, number: Id) -> dict[str, Any]:
    """Begin the template's next version as a copy of this one: how a published version is edited."""
    return _version_said(response, configuring.draft_from(_version(code, number)))


@templates.post("/configuration/templates/{code}/versions/{number}/publish", VersionShown, Scope.CONFIGURE, permits=_CHANGE)
def publish(request: HttpRequest, response: HttpResponse, code: Code, number: Id) -> dict[str, Any]:
    """Publish a draft. From then on it never changes."""
    found = _version(code, number)
    with untimely() if found.is_published else nullcontext():
        configuring.publish(found, timezone.now())
    return _version_said(response, _version(code, number))


@templates.post("/configuration/templates/{code}/versions/{number}/retire", VersionShown, Scope.CONFIGURE, permits=_CHANGE)
def retire(request: HttpRequest, response: HttpResponse, code: Code, number: Id) -> dict[str, Any]:
    """Let no more cycles be opened of a published version; those that are open go on."""
    return _changed(request, response, code, number, lambda version: configuring.retire(version, timezone.now()))


@templates.post("/configuration/templates/{code}/versions/{number}/use", VersionShown, Scope.CONFIGURE, permits=_CHANGE)
def use(request: HttpRequest, response: HttpResponse, code: Code, number: Id) -> dict[str, Any]:
    """Take a retired version back into use."""
    return _changed(request, response, code, number, configuring.take_back_into_use)


# --- Together ---------------------------------------------------------------------------------------


def _template(code: str) -> ReportTemplate:
    found = ReportTemplate.objects.filter(code=code).first()
    if found is None:
        raise not_found()
    return found


def _version(code: str, number: int) -> TemplateVersion:
    found = TemplateVersion.objects.filter(template__code=code, number=min(number, 2**31 - 1)).select_related("template").first()
    if found is None:
        raise not_found()
    return found


def _changed(
    request: HttpRequest, response: HttpResponse, code: str, number: int, do: Callable[[TemplateVersion], Any], *, seen: bool = False
) -> dict[str, Any]:
    with transaction.atomic():
        found = TemplateVersion.objects.held(_version(code, number).pk)
        if seen:
            seen_version(request, _state(_version_shown(found)))
        with untimely():
            do(found)
        return _version_said(response, _version(code, number))


def _with_versions(found: list[ReportTemplate]) -> None:
    by_template: dict[int, list[dict[str, Any]]] = {}
    versions = TemplateVersion.objects.filter(template__in=[each.pk for each in found]).annotate(count=Count("indicators"))
    for each in versions.order_by("-number"):
        by_template.setdefault(each.template_id, []).append(_version_brief(each, each.count))
    for template in found:
        template.briefs = by_template.get(template.pk, [])  # type: ignore[attr-defined]


def _briefly(template: Any) -> dict[str, Any]:
    return {"code": template.code, "name": template.name, "name_en": template.name_en, "versions": template.briefs}


def _brief(template: ReportTemplate) -> dict[str, Any]:
    _with_versions([template])
    return _briefly(template)


def _template_said(response: HttpResponse, template: ReportTemplate) -> dict[str, Any]:
    shown = _brief(template)
    say_version(response, state_of(shown))
    return shown


def _version_brief(version: TemplateVersion, indicators: int) -> dict[str, Any]:
    fields = ("number", "published_at", "retired_at")
    return {"indicators": indicators} | {name: getattr(version, name) for name in fields}


def _version_said(response: HttpResponse, version: TemplateVersion) -> dict[str, Any]:
    shown = _version_shown(version)
    say_version(response, _state(shown))
    return shown


def _state(shown: dict[str, Any]) -> int:
    """Whatever language its problems are told in."""
    return state_of({name: value for name, value in shown.items() if name != "problems"})


def _version_shown(version: TemplateVersion) -> dict[str, Any]:
    columns = (*template_file.REQUIRED, *template_file.OPTIONAL)
    rows = [dict(zip(columns, template_file.cells_of(each), strict=True)) for each in _indicators(version)]
    return _version_brief(version, len(rows)) | {
        "template": version.template.code,
        "rows": rows,
        "texts": dict(version.texts.values_list("section", "text")),
        "problems": [] if version.is_published else details(configuring.problems_of(version)),
    }


def _indicators(version: TemplateVersion) -> list[Indicator]:
    """Raises Refused where somebody wrote a rule into a draft that can't be read."""
    try:
        return [row.to_domain() for row in version.indicators.all()]
    except RuleError as error:
        raise Refused(error.problem) from error
