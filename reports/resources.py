"""What django-import-export reads and writes of the reports app: with a preview of every difference, all or nothing.

It configures (days off, due days, indicators) and shows (reports' status); what a report holds is none of its business.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import date, datetime
from io import BytesIO
from types import SimpleNamespace
from typing import Any

import tablib
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from import_export import resources, widgets
from import_export.fields import Field
from import_export.formats.base_formats import Format
from import_export.instance_loaders import BaseInstanceLoader
from import_export.results import Result, RowResult

from reports.domain import template_file
from reports.models import Cycle, CycleLevel, DayOff, Indicator, Report, ReportTemplate, TemplateVersion
from reports.queries.calendar import DaysOff, next_working_day
from reports.services import configuring
from units.models import Level

Row = Mapping[str, Any]


# --- Manner of all ----------------------------------------------------------------------------------


class Difference(resources.Diff):
    """Old and new value beside each other, in elements that a strict Content-Security-Policy lets through."""

    def as_html(self) -> list[str]:
        cells: list[str] = []
        for old, new in zip(self.left, self.right, strict=True):
            if old == new:
                cells.append(format_html("{}", new))
            elif self.new or old in ("", None):
                cells.append(format_html("<ins>{}</ins>", new))
            else:
                cells.append(format_html("<del>{}</del> <ins>{}</ins>", old, new))
        return cells


class DayWidget(widgets.Widget):
    """A day as `YYYY-MM-DD` or `dd/mm/yyyy`, or as a workbook's own date; written as `YYYY-MM-DD`."""

    def clean(self, value: object, row: Row | None = None, **kwargs: Any) -> date | None:
        if isinstance(value, datetime):
            return value.date()
        if isinstance(value, date) or value in (None, ""):
            return value or None  # type: ignore[return-value]
        for form in ("%Y-%m-%d", "%d/%m/%Y"):
            try:
                return datetime.strptime(str(value).strip(), form).date()  # noqa: DTZ007  a day has no zone
            except ValueError:
                continue
        raise ValidationError(gettext("“%(found)s” is no day: write 2025-06-14 or 14/06/2025."), params={"found": str(value)[:60]})

    def render(self, value: date | None, obj: object = None, **kwargs: Any) -> str:
        return value.isoformat() if value else ""


class YesWidget(widgets.Widget):
    """yes, or no, or empty for no."""

    def clean(self, value: object, row: Row | None = None, **kwargs: Any) -> bool:
        text = str("" if value is None else value).strip()
        if text not in ("yes", "no", ""):
            raise ValidationError(gettext("“%(found)s” is neither yes nor no (nor empty)."), params={"found": text[:60]})
        return text == "yes"

    def render(self, value: bool | None, obj: object = None, **kwargs: Any) -> str:
        return "yes" if value else ""


class CodeWidget(widgets.Widget):
    """A row of another table by its code, looked up once for all rows."""

    def __init__(self, rows: QuerySet[Any]) -> None:
        super().__init__()
        self.rows = rows
        self._by_code: dict[str, Any] | None = None

    def clean(self, value: object, row: Row | None = None, **kwargs: Any) -> Any:
        if self._by_code is None:
            self._by_code = {each.code: each for each in self.rows}
        code = str("" if value is None else value).strip()
        if code not in self._by_code:
            raise ValidationError(gettext("There is no “%(code)s” here."), params={"code": code[:100]})
        return self._by_code[code]

    def render(self, value: Any, obj: object = None, **kwargs: Any) -> str:
        return value.code if value else ""


class _Resource(resources.ModelResource):
    @classmethod
    def get_diff_class(cls) -> type[Difference]:
        return Difference


# --- Days off ---------------------------------------------------------------------------------------


class DayOffResource(_Resource):
    day = Field("day", "day", DayWidget())

    class Meta:
        model = DayOff
        name = _("days off")
        fields = ("day", "name")
        import_id_fields = ("day",)
        skip_unchanged = True
        clean_model_instances = True


# --- Due days ---------------------------------------------------------------------------------------


class CycleLevelResource(_Resource):
    """The due days of planned cycles. An open cycle's are history: a row that would change one is refused."""

    cycle = Field("cycle", "cycle", CodeWidget(Cycle.objects.none()))
    level = Field("level", "level", CodeWidget(Level.objects.none()))
    due_on = Field("due_on", "due_on", DayWidget())
    needs_approval = Field("needs_approval", "needs_approval", YesWidget())

    class Meta:
        model = CycleLevel
        name = _("levels of a cycle")
        fields = ("cycle", "level", "due_on", "needs_approval")
        import_id_fields = ("cycle", "level")
        skip_unchanged = True
        clean_model_instances = True

    def __init__(self, cycles: QuerySet[Cycle] | None = None, **kwargs: Any) -> None:
        """`cycles`: those within the user's reach; others don't exist for this import."""
        super().__init__(**kwargs)
        self.cycles = Cycle.objects.all() if cycles is None else cycles
        self.fields["cycle"].widget = CodeWidget(self.cycles)
        self.fields["level"].widget = CodeWidget(Level.objects.all())
        self.days_off = DaysOff()

    def get_queryset(self) -> QuerySet[CycleLevel]:
        return CycleLevel.objects.filter(cycle__in=self.cycles).select_related("cycle", "level")

    def before_import(self, dataset: tablib.Dataset, **kwargs: Any) -> None:
        """Hold the cycles named until the import is done, so that none is opened meanwhile."""
        codes = set(dataset["cycle"]) if "cycle" in (dataset.headers or ()) else set()
        held = Cycle.objects.filter(code__in=codes).order_by("pk").select_for_update()
        self.fields["cycle"].widget = CodeWidget(self.cycles.filter(pk__in=[cycle.pk for cycle in held]))

    def import_instance(self, instance: CycleLevel, row: Row, **kwargs: Any) -> None:
        super().import_instance(instance, row, **kwargs)
        if instance.due_on:
            instance.due_on = next_working_day(instance.due_on, self.days_off)

    def validate_instance(
        self, instance: CycleLevel, import_validation_errors: dict[str, Any] | None = None, validate_unique: bool = True
    ) -> None:
        if instance.cycle.state != Cycle.State.PLANNED:
            raise ValidationError(
                gettext("The cycle “%(code)s” has been opened: its due days are history. Extend single reports instead."),
                params={"code": instance.cycle.code},
            )
        super().validate_instance(instance, import_validation_errors, validate_unique)


# --- Indicators -------------------------------------------------------------------------------------

COLUMNS = (*template_file.REQUIRED, *template_file.OPTIONAL)


class IndicatorFile(Format):
    """The indicator file of docs/interfaces.md. Reading raises Refused with every problem and its line."""

    def __init__(self, encoding: str | None = None) -> None:
        """Takes an encoding as other formats do, and needs none: the file is read as bytes."""

    def get_title(self) -> str:
        return "csv"

    def can_import(self) -> bool:
        return True

    def create_dataset(self, in_stream: bytes) -> tablib.Dataset:
        indicators = template_file.parse_indicators(BytesIO(in_stream), configuring.level_codes())
        _header, *rows = csv.reader(template_file.write_indicators(indicators))
        return tablib.Dataset(*rows, headers=list(COLUMNS))


class IndicatorResult(Result):
    """Carries the version that was made."""

    version: TemplateVersion | None = None


class IndicatorResource(resources.Resource):
    """An indicator file as the next version of `template`, compared with its newest one. Writes through `configuring`."""

    class Meta:
        import_id_fields = ("code",)
        instance_loader_class = BaseInstanceLoader

    def __init__(self, template: ReportTemplate | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.fields = {column: Field(column, column) for column in COLUMNS}
        self.template = template
        newest = template.versions.first() if template else None
        self.before = {row.code: _cells(row) for row in newest.indicators.all()} if newest else {}

    @classmethod
    def get_diff_class(cls) -> type[Difference]:
        return Difference

    @classmethod
    def get_display_name(cls) -> str:
        return str(_("indicators"))

    @classmethod
    def get_result_class(cls) -> type[IndicatorResult]:
        return IndicatorResult

    def get_import_order(self) -> tuple[str, ...]:
        return COLUMNS

    def get_export_order(self) -> tuple[str, ...]:
        return COLUMNS

    def get_instance(self, instance_loader: object, row: Row) -> SimpleNamespace | None:
        return self.before.pop(row["code"], None)

    def init_instance(self, row: Row | None = None) -> SimpleNamespace:
        return SimpleNamespace(**dict.fromkeys(COLUMNS, ""))

    def skip_row(self, instance: SimpleNamespace, original: SimpleNamespace, row: Row, import_validation_errors: object = None) -> bool:
        return bool(instance == original)

    def validate_instance(self, instance: SimpleNamespace, *args: Any, **kwargs: Any) -> None:
        """The file as a whole was checked as it was read."""

    def save_instance(self, instance: SimpleNamespace, is_create: bool, row: Row, **kwargs: Any) -> None:
        """The rows are written together, by `after_import`."""

    def after_import(self, dataset: tablib.Dataset, result: IndicatorResult, **kwargs: Any) -> None:
        for removed in self.before.values():
            result.append_row_result(self._removal(removed))
            result.totals[RowResult.IMPORT_TYPE_DELETE] += 1
        if self.template and not kwargs["dry_run"] and not result.has_errors():
            file = BytesIO(dataset.export("csv").encode())
            indicators = template_file.parse_indicators(file, configuring.level_codes())
            template = self.template
            result.version = configuring.add_version(template.code, template.name, indicators, name_en=template.name_en)

    def _removal(self, removed: SimpleNamespace) -> RowResult:
        row = RowResult()
        row.import_type = RowResult.IMPORT_TYPE_DELETE
        row.diff = [format_html("<del>{}</del>", getattr(removed, column)) for column in COLUMNS]
        return row


def _cells(row: Indicator) -> SimpleNamespace:
    _header, cells = csv.reader(template_file.write_indicators([row.to_domain()]))
    return SimpleNamespace(**dict(zip(COLUMNS, cells, strict=True)))


# --- Reports' status --------------------------------------------------------------------------------


class ReportStatusResource(resources.ModelResource):
    """How reports stand (docs/interfaces.md, "Status out"), with their cycle and the unit's name. Only to be read."""

    cycle = Field("cycle__code", "cycle")
    unit_uid = Field("unit__uid", "unit_uid")
    unit = Field("unit__name", "unit")
    level = Field("level__code", "level")
    due_at = Field(column_name="due_at")
    first_submitted_at = Field(column_name="first_submitted_at")
    timeliness = Field("timeliness", "timeliness")
    flags = Field(column_name="flags")

    class Meta:
        model = Report
        name = _("status of reports")
        fields = ("cycle", "unit_uid", "unit", "level", "state", "due_at", "first_submitted_at", "timeliness", "flags")
        export_order = fields

    def dehydrate_due_at(self, report: Report) -> str:
        return _moment(report, report.due_at)

    def dehydrate_first_submitted_at(self, report: Report) -> str:
        return _moment(report, report.first_submitted_at)

    def dehydrate_flags(self, report: Report) -> str:
        return "|".join(sorted(flag.kind for flag in report.open_flags))


def _moment(report: Report, moment: datetime | None) -> str:
    return timezone.localtime(moment, report.cycle.zone).isoformat(timespec="seconds") if moment else ""
