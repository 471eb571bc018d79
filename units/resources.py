"""Levels and units in the admin's import and export: the formats of docs/interfaces.md, the ways of the services."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils.html import format_html
from django.utils.translation import gettext
from import_export import resources
from import_export.fields import Field
from import_export.results import Result, RowResult
from tablib import Dataset

from units.csv_files import check_columns
from units.importing import OPTIONAL, REQUIRED, staged
from units.models import Level, Unit
from units.problems import Problems, Refused
from units.staging import Staging
from units.tree import load
from units.wording import say

COLUMNS = (*REQUIRED, *OPTIONAL)


class LevelResource(resources.ModelResource):
    class Meta:
        model = Level
        fields = ("code", "name", "name_en", "rank")
        import_id_fields = ("code",)
        skip_unchanged = True
        clean_model_instances = True


class UnitResource(resources.ModelResource):
    """Exports what `import_units` reads, and imports through the same checks, the same lock and the same bulk load."""

    level = Field(attribute="level__code", column_name="level")
    parent_uid = Field(attribute="parent__uid", column_name="parent_uid")

    class Meta:
        model = Unit
        fields = COLUMNS
        export_order = COLUMNS
        import_id_fields = ("uid",)

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("level", "parent")

    def get_diff_headers(self) -> list[str]:
        return list(COLUMNS)

    def import_data_inner(self, dataset: Dataset, *_: Any, **__: Any) -> Result:
        """All rows or none. The caller (`import_data`) holds the transaction, and rolls a dry run back."""
        result = self.get_result_class()()
        result.diff_headers = self.get_diff_headers()
        result.total_rows = len(dataset)
        problems = Problems()
        with Staging() as staging:
            try:
                check_columns(1, dataset.headers or [], REQUIRED, OPTIONAL, problems)
                staging.bring(staged(_rows(dataset), problems))
                load(staging, problems)
            except Refused as refused:
                _add_problems(result, refused.problems)
            else:
                _add_differences(result, staging.differences())
        return result


def _rows(dataset: Dataset) -> Iterator[tuple[int, dict[str, str]]]:
    """The header is line 1, as in a file."""
    for line, cells in enumerate(dataset, start=2):
        texts = [_as_text(cell) for cell in cells]
        if any(texts):
            yield line, dict(zip(dataset.headers, texts, strict=True))


def _as_text(cell: Any) -> str:
    """A cell as a CSV file would have it: workbooks bring days and numbers."""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    return "" if cell is None else str(cell)


def _add_problems(result: Result, problems: Problems) -> None:
    for problem in sorted(problems, key=lambda problem: problem.line or 0):
        result.append_invalid_row(problem.line, {}, ValidationError({problem.column or NON_FIELD_ERRORS: say(problem)}))
    rest = problems.count - len(problems.kept)
    if rest:
        result.append_invalid_row(None, {}, ValidationError(gettext("… and %(count)d more") % {"count": rest}))


def _add_differences(result: Result, differences: Iterator[tuple[int, dict[str, Any] | None, dict[str, Any]]]) -> None:
    """Rows that change nothing are counted and not shown."""
    levels = dict(Level.objects.values_list("pk", "code"))
    touched: dict[str, RowResult] = {}
    for _, before, after in differences:
        row = RowResult()
        if before == after:
            row.import_type = RowResult.IMPORT_TYPE_SKIP
        else:
            row.import_type = RowResult.IMPORT_TYPE_NEW if before is None else RowResult.IMPORT_TYPE_UPDATE
            row.diff = _difference(None if before is None else _shown(before, levels), _shown(after, levels))
            result.append_row_result(row)
            touched[after["uid"]] = row
        result.increment_row_result_total(row)
    for uid, unit in Unit.objects.in_bulk(list(touched), field_name="uid").items():
        touched[uid].instance = unit
        touched[uid].add_instance_info(unit)


def _shown(content: dict[str, Any], levels: dict[int, str]) -> list[str]:
    shown = content | {"level": levels.get(content["level_id"])}
    return ["" if shown[name] is None else str(shown[name]) for name in COLUMNS]


def _difference(before: Sequence[str] | None, after: Sequence[str]) -> list[str]:
    if before is None:
        return [format_html("<ins>{}</ins>", new) for new in after]
    return [
        format_html("{}", new) if old == new else format_html("<del>{}</del> <ins>{}</ins>", old, new)
        for old, new in zip(before, after, strict=True)
    ]
