"""A table in django-import-export: previewed with every difference, and done as a whole or not at all, by a service."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from import_export import resources
from import_export.fields import Field
from import_export.formats.base_formats import Format
from import_export.results import Result, RowResult

from units.problems import Problems, Refused
from units.reach import User
from units.tables.formats import XLSX, Sent, Table, as_csv, as_workbook
from units.tables.laying import Change, Rows
from units.wording import say

#: differences that a preview shows before it counts the rest
SHOWN = 500


class TableFormat(Format):
    """What is read is told by the file itself, so that one format reads all."""

    def __init__(self, encoding: str | None = None) -> None:
        """Takes an encoding as other formats do, and needs none: files are read as bytes."""

    def get_read_mode(self) -> str:
        return "rb"

    def can_import(self) -> bool:
        return True

    def can_export(self) -> bool:
        return True

    def create_dataset(self, in_stream: bytes) -> Sent:
        return Sent(in_stream)


class AnyTable(TableFormat):
    def get_title(self) -> Any:
        return _("CSV or Excel, by what the file holds")


class CsvTable(TableFormat):
    def get_title(self) -> str:
        return "csv"

    def get_extension(self) -> str:
        return "csv"

    def get_content_type(self) -> str:
        return "text/csv; charset=utf-8"

    def export_data(self, dataset: Table, **_kwargs: Any) -> bytes:
        return as_csv(dataset)


class WorkbookTable(TableFormat):
    def get_title(self) -> str:
        return "xlsx"

    def get_extension(self) -> str:
        return "xlsx"

    def get_content_type(self) -> str:
        return XLSX

    def export_data(self, dataset: Table, **_kwargs: Any) -> bytes:
        return as_workbook(dataset)


class Transferred(Result):
    """What an import changes, or why it is refused. Shows the first SHOWN differences and counts all."""

    made: Any = None

    def change(self, change: Change) -> None:
        """Note a row; one that changes nothing is counted and not shown."""
        row = RowResult()
        row.import_type = kind_of(change)
        self.increment_row_result_total(row)
        self.total_rows += 1
        if row.import_type != RowResult.IMPORT_TYPE_SKIP and len(self.rows) < SHOWN:
            row.diff = _difference(change)
            self.append_row_result(row)

    def refuse(self, problems: Problems) -> None:
        for problem in sorted(problems, key=lambda problem: problem.line or 0):
            self.append_invalid_row(problem.line, {}, ValidationError({problem.column or NON_FIELD_ERRORS: say(problem)}))
        rest = problems.count - len(problems.kept)
        if rest:
            self.append_invalid_row(None, {}, ValidationError(gettext("… and %(count)d more") % {"count": rest}))

    @property
    def changed(self) -> int:
        return sum(self.totals[kind] for kind in (RowResult.IMPORT_TYPE_NEW, RowResult.IMPORT_TYPE_UPDATE, RowResult.IMPORT_TYPE_DELETE))

    @property
    def unshown(self) -> int:
        return self.changed - len(self.rows)

    @property
    def unchanged(self) -> int:
        return int(self.totals[RowResult.IMPORT_TYPE_SKIP])


def kind_of(change: Change) -> str:
    """What becomes of a row, in the words of django-import-export: new, update, delete or skip."""
    if change.before is None:
        return RowResult.IMPORT_TYPE_NEW
    if change.after is None:
        return RowResult.IMPORT_TYPE_DELETE
    return RowResult.IMPORT_TYPE_SKIP if list(change.before) == list(change.after) else RowResult.IMPORT_TYPE_UPDATE


def _difference(change: Change) -> list[str]:
    """Old and new cells beside each other, in elements that a strict Content-Security-Policy lets through."""
    if change.before is None:
        return [format_html("<ins>{}</ins>", new) if new else "" for new in change.after or ()]
    if change.after is None:
        return [format_html("<del>{}</del>", old) if old else "" for old in change.before]
    return [_cell(old, new) for old, new in zip(change.before, change.after, strict=True)]


def _cell(old: str, new: str) -> str:
    if old == new:
        return format_html("{}", new)
    if not old or not new:
        return format_html("<ins>{}</ins>", new) if new else format_html("<del>{}</del>", old)
    return format_html("<del>{}</del> <ins>{}</ins>", old, new)


class TableResource(resources.Resource):
    """A table of configuration: `rows_out` says what leaves, `lay` writes what came through a service."""

    #: columns that a file needs, and those that it may have beside them, in the order in which they leave
    required: ClassVar[Sequence[str]] = ()
    optional: ClassVar[Sequence[str]] = ()
    name: ClassVar[Any] = ""
    #: what the last import made, where its page has to say so
    made: Any = None

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.fields = {column: Field(column, column) for column in self.columns()}

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        return (*cls.required, *cls.optional)

    @classmethod
    def get_display_name(cls) -> str:
        return str(cls.name)

    def rows_out(self, queryset: QuerySet[Any]) -> Iterator[Sequence[str]]:
        """The rows of the table, of these objects, in an order of their own."""
        raise NotImplementedError

    def lay(self, rows: Rows, problems: Problems, *, dry_run: bool, by: User) -> Iterable[Change]:
        """Write the rows; what that changes. Raises Refused, having changed nothing. A dry run is rolled back by the caller."""
        raise NotImplementedError

    def export(self, queryset: QuerySet[Any], **_kwargs: Any) -> Table:
        return Table(self.columns(), self.rows_out(queryset))

    def import_data_inner(self, dataset: Sent, dry_run: bool, *_args: Any, user: User = None, **_kwargs: Any) -> Result:
        result = Transferred()
        result.diff_headers = list(self.columns())
        try:
            for change in self.lay_file(dataset, dry_run=dry_run, by=user):
                result.change(change)
        except Refused as refused:
            transaction.set_rollback(True)
            result.refuse(refused.problems)
        result.made = self.made
        return result

    def lay_file(self, sent: Sent, *, dry_run: bool, by: User) -> Iterable[Change]:
        """Read the whole file first: where rows are lost, nothing can be said of how the others relate."""
        problems = Problems()
        rows = list(sent.rows(self.required, self.optional, problems))
        problems.refuse_if_any()
        return self.lay(rows, problems, dry_run=dry_run, by=by)
