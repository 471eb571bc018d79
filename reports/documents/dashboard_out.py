"""The figures of a dashboard as a file: CSV for programs, with plain codes and digits, or a workbook for people."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from reports.documents.workbooks import Book, Column
from reports.domain.aggregation import rollup_value
from reports.domain.numbers import plain
from reports.models import Report
from reports.queries.early_warnings import EarlyWarning
from reports.queries.heat import Heat
from reports.queries.ranking import Measure, Ranking
from reports.queries.timeliness_trend import TimelinessTrend
from reports.templatetags.figures import state_label, timeliness_label
from reports.wording import name_of, period_name
from units.csv_files import harmless


@dataclass(frozen=True, slots=True)
class Coded:
    """A word that programs read as a code."""

    code: str
    words: str


Value = str | int | Fraction | Coded | None


@dataclass(frozen=True, slots=True)
class FileOfFigures:
    """A dashboard's rows; `columns`: their codes, each with what people call it and its width in a workbook."""

    title: str
    columns: dict[str, Column]
    rows: Iterable[Sequence[Value]]


def figures_csv(figures: FileOfFigures) -> str:
    """Comma-separated values; the mark at the beginning tells spreadsheets that it is UTF-8."""
    stream = io.StringIO("\ufeff", newline="")
    stream.seek(0, io.SEEK_END)
    writer = csv.writer(stream)
    writer.writerow(figures.columns)
    writer.writerows([harmless(_plain(value)) for value in row] for row in figures.rows)
    return stream.getvalue()


def _plain(value: Value) -> str:
    if isinstance(value, Coded):
        return value.code
    return plain(value) if isinstance(value, Fraction) else "" if value is None else str(value)


def figures_book(report: Report, figures: FileOfFigures) -> bytes:
    """The same as a workbook, its figures exact."""
    book = Book(figures.title)
    titles = [figures.title, str(report.unit.name), f"{report.cycle.version.template}, {period_name(report.cycle.period)}"]
    sheet = book.sheet(figures.title, titles, list(figures.columns.values()), frozen=2)
    for row in figures.rows:
        sheet.row([value.words if isinstance(value, Coded) else value for value in row])
    sheet.filtered()
    sheet.remark(_("0: nothing happened. An empty cell: no figure was given."))
    return book.content()


# --- The dashboards ---------------------------------------------------------------------------------


def _unit_columns() -> dict[str, Column]:
    return {"unit_uid": Column(_("Identifier"), 14), "unit": Column(_("Unit"), 34)}


def _counted_columns() -> dict[str, Column]:
    return {"counted": Column(_("Reports counted"), 12), "expected": Column(_("Reports expected"), 12)}


def _rate_columns() -> dict[str, Column]:
    return {"on_time": Column(_("On time")), "late": Column(_("Submitted late")), "missing": Column(_("Overdue"))}


def progress_figures(shown: Heat) -> FileOfFigures:
    columns = _unit_columns() | {
        "state": Column(_("State"), 18),
        "timeliness": Column(_("Timeliness"), 18),
        "expected": Column(_("Reports expected")),
        "received": Column(_("Received")),
        "accepted": Column(_("Accepted")),
    }
    rows = (
        (
            row.uid,
            row.unit.name,
            _state(row.unit.state),
            _timeliness(row.unit.timeliness),
            row.rates.expected,
            row.rates.received,
            row.rates.accepted,
            row.rates.on_time,
            row.rates.late,
            row.rates.missing,
        )
        for row in shown.rows
    )
    return FileOfFigures(_("Progress"), columns | _rate_columns(), rows)


def timeliness_figures(trend: TimelinessTrend) -> FileOfFigures:
    columns = _unit_columns() | {"cycle": Column(_("Cycle"), 30), "own_report": Column(_("Own report"), 18)}
    rows = (
        (
            row.report.unit.uid,
            row.report.unit.name,
            cycle.code,
            _timeliness(point.own) if point.own else None,
            point.rates.on_time,
            point.rates.late,
            point.rates.missing,
        )
        for row in (trend.whole, *trend.rows)
        for cycle, point in zip(trend.cycles, row.points, strict=True)
        if point is not None
    )
    return FileOfFigures(_("Timeliness"), columns | _rate_columns(), rows)


def ranking_figures(shown: Ranking) -> FileOfFigures:
    columns = {
        "place": Column(pgettext("in a ranking", "Place"), 8),
        **_unit_columns(),
        "value": Column(_name(shown.measure), 18),
        "previous": Column(_("Period before"), 18),
        **_counted_columns(),
        **{part.code: Column(name_of(part), 18) for part in shown.parts},
    }
    rows = (
        (
            row.place or None,
            row.report.unit.uid,
            row.report.unit.name,
            row.value,
            row.before,
            row.total.counted,
            row.total.expected,
            *(rollup_value(part, figure) if isinstance(figure, dict) else figure for part, figure in row.parts),
        )
        for row in shown.rows
    )
    return FileOfFigures(_("Indicators"), columns, rows)


def warning_figures(found: Iterable[EarlyWarning]) -> FileOfFigures:
    columns = _unit_columns() | {
        "indicator": Column(_("Indicator"), 40),
        "value": Column(_("This period"), 16),
        "previous": Column(_("Period before"), 16),
        "median": Column(_("Median"), 16),
        "units": Column(_("Units compared"), 12),
        "own_median": Column(_("Own median"), 16),
        "periods": Column(_("Periods compared"), 12),
    }
    rows = (
        (
            each.report.unit.uid,
            each.report.unit.name,
            Coded(each.indicator.code, name_of(each.indicator)),
            each.value,
            each.before,
            each.among.median if each.among else None,
            each.among.count if each.among else None,
            each.own.median if each.own else None,
            each.own.count if each.own else None,
            each.total.counted,
            each.total.expected,
        )
        for each in found
    )
    return FileOfFigures(_("Early warnings"), columns | _counted_columns(), rows)


def _state(code: str) -> Coded:
    return Coded(code, state_label(code))


def _timeliness(code: str) -> Coded:
    return Coded(code, timeliness_label(code))


def _name(measure: Measure) -> str:
    return name_of(measure.indicator) if measure.per is None else f"{name_of(measure.indicator)} / {name_of(measure.per)}"
