"""The tables of configuration, out and in, as administrators take them (docs/interfaces.md): tried first if wanted, all or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, NamedTuple

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import File, Path, Query, Schema
from ninja.files import UploadedFile

from accounts.models import Scope
from reports.api.door import STAFF, SUPERUSER, Resource, refuse_without
from reports.api.files import CSV, FileForm, file_answer
from reports.api.words import DryRun
from reports.models import CycleLevel, DayOff, ReportTemplate
from reports.policies import configurer, cycles_to_configure
from reports.resources import CycleLevelResource, DayOffResource, SuccessionResource, TemplateResource
from units.models import Level, Succession
from units.reach import units_in_reach
from units.resources import LevelResource, PeopleResource, UnitResource
from units.tables.formats import XLSX, Sent, as_csv, as_workbook
from units.transfer import TableResource, kind_of

tables = Resource("Configuration: tables")

#: changed rows that an answer names
MOST_NAMED = 500


class RowChanged(Schema):
    """A row held against what stands: `before` is null for what is new, `after` for what goes."""

    before: list[str] | None
    after: list[str] | None


class TableLaid(Schema):
    """How many rows are new, changed, removed, and unchanged; the first 500 that are not unchanged, in the order of `columns`."""

    columns: list[str]
    new: int
    changed: int
    removed: int
    unchanged: int
    rows: list[RowChanged]


class _Table(NamedTuple):
    """A table: who reads and who writes it, how it is read and written, and the rows within the user's reach."""

    reads: Sequence[str]
    writes: Sequence[str]
    resource: Callable[[HttpRequest], TableResource]
    rows: Callable[[HttpRequest], QuerySet[Any]]


def _of_units(request: HttpRequest) -> QuerySet[Any]:
    return units_in_reach(configurer(request.user))


def _successions(request: HttpRequest) -> QuerySet[Succession]:
    units = _of_units(request).order_by().values("pk")
    return Succession.objects.filter(Q(predecessor__in=units) | Q(successor__in=units))


def _due_days(request: HttpRequest) -> QuerySet[CycleLevel]:
    return CycleLevel.objects.filter(cycle__in=cycles_to_configure(configurer(request.user)))


def _changed_by_staff(app: str, model: str) -> tuple[list[str], list[str]]:
    return [f"{app}.view_{model}"], [f"{app}.add_{model}", f"{app}.change_{model}"]


_TABLES = {
    "levels": _Table(*_changed_by_staff("units", "level"), lambda _request: LevelResource(), lambda _request: Level.objects.all()),
    "units": _Table(["units.view_unit"], [SUPERUSER], lambda _request: UnitResource(), _of_units),
    "people": _Table([SUPERUSER], [SUPERUSER], lambda _request: PeopleResource(), lambda _request: User.objects.all()),
    "successions": _Table(["units.view_succession"], [SUPERUSER], lambda _request: SuccessionResource(), _successions),
    "days-off": _Table(*_changed_by_staff("reports", "dayoff"), lambda _request: DayOffResource(), lambda _request: DayOff.objects.all()),
    "due-days": _Table(
        *_changed_by_staff("reports", "cyclelevel"),
        lambda request: CycleLevelResource(cycles=cycles_to_configure(configurer(request.user))),
        _due_days,
    ),
    "templates": _Table(
        *_changed_by_staff("reports", "reporttemplate"), lambda _request: TemplateResource(), lambda _request: ReportTemplate.objects.all()
    ),
}
Name = Annotated[Literal["levels", "units", "people", "successions", "days-off", "due-days", "templates"], Path()]


@tables.file("/configuration/tables/{table}", CSV, XLSX, scope=Scope.CONFIGURE, permits=[STAFF])
def out(request: HttpRequest, table: Name, form: Annotated[FileForm, Query()]) -> HttpResponse:
    """A table, which reads back to the same. `people` are a superuser's alone; passwords are in none."""
    wanted = _TABLES[table]
    refuse_without(request, *wanted.reads)
    content = wanted.resource(request).export(wanted.rows(request))
    name = f"{table}-{timezone.localdate():%Y-%m-%d}.{form.form}"
    return (
        file_answer(as_workbook(content), XLSX, name)
        if form.form == "xlsx"
        else file_answer(as_csv(content), f"{CSV}; charset=utf-8", name)
    )


@tables.post("/configuration/tables/{table}", TableLaid, Scope.CONFIGURE, permits=[STAFF])
def lay(request: HttpRequest, table: Name, file: File[UploadedFile], dry_run: DryRun = False) -> dict[str, Any]:
    """Take a table in, as CSV or workbook: what it adds and changes. A row that is left out stays as it is."""
    wanted = _TABLES[table]
    refuse_without(request, *wanted.writes)
    return laid(wanted.resource(request), file, request, dry_run=dry_run)


def laid(resource: TableResource, file: UploadedFile, request: HttpRequest, *, dry_run: bool) -> dict[str, Any]:
    """Write what was sent, or try it. Raises Refused with line and column of all that is wrong, having changed nothing."""
    sent = Sent(file.read())
    counts: Counter[str] = Counter()
    rows: list[dict[str, Any]] = []
    with transaction.atomic():
        user: Any = request.user
        for change in resource.lay_file(sent, dry_run=dry_run, by=user):
            kind = kind_of(change)
            counts[kind] += 1
            if kind != "skip" and len(rows) < MOST_NAMED:
                rows.append({"before": change.before, "after": change.after})
        transaction.set_rollback(dry_run)
    kinds = {"new": "new", "changed": "update", "removed": "delete", "unchanged": "skip"}
    return {"columns": resource.columns(), "rows": rows} | {name: counts[kind] for name, kind in kinds.items()}
