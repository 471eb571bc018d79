"""How the reports of a cycle stand, and who has not submitted, as workbooks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from reports.documents.workbooks import Book, Cell, Column
from reports.models import Cycle, Report
from reports.queries.board import days_late
from reports.templatetags.figures import flag_label, timeliness_label
from reports.wording import period_name


def status_book(cycle: Cycle, reports: Iterable[Report], at: datetime) -> bytes:
    """A row for each report, loaded as `queries.status.reports_as_they_stand` does, at moment `at`."""
    columns = [
        *_place_columns(),
        Column(_("State"), 18),
        Column(_("Timeliness"), 18),
        Column(_("Due day"), 13),
        Column(_("First submitted"), 18),
        Column(_("Flags"), 30),
        Column(_("Days late"), 10),
    ]
    return _book(cycle, _("Status of the cycle"), columns, (_status(report, at) for report in reports), at)


def missing_book(cycle: Cycle, reports: Iterable[Report], at: datetime) -> bytes:
    """A row for each report, loaded with its timeliness: unit, level, superior, state, due day, days late at moment `at`."""
    columns = [*_place_columns(), Column(_("State"), 18), Column(_("Due day"), 13), Column(_("Days late"), 10)]
    rows = ([*_place(report), str(report.get_state_display()), report.due_on, days_late(report, at)] for report in reports)
    return _book(cycle, _("Missing units"), columns, rows, at)


def _place_columns() -> list[Column]:
    return [Column(_("Unit"), 34), Column(_("Level"), 12), Column(_("Superior unit"), 34)]


def _status(report: Report, at: datetime) -> list[Cell]:
    first = report.first_submitted_at
    return [
        *_place(report),
        str(report.get_state_display()),
        timeliness_label(report.timeliness),
        report.due_on,
        localtime(first, report.cycle.zone) if first else None,
        ", ".join(sorted(flag_label(flag.kind) for flag in report.open_flags)),
        days_late(report, at),
    ]


def _place(report: Report) -> list[Cell]:
    return [str(report.unit), str(report.level), str(report.superior.unit) if report.superior else None]


def _book(cycle: Cycle, title: str, columns: list[Column], rows: Iterable[list[Cell]], at: datetime) -> bytes:
    book = Book(title)
    moment = date_format(localtime(at, cycle.zone), "DATETIME_FORMAT")
    titles = [title, f"{cycle.version.template}, {period_name(cycle.period)}", _("As at %(moment)s") % {"moment": moment}]
    sheet = book.sheet(title, titles, columns, frozen=1)
    for row in rows:
        sheet.row(row)
    sheet.filtered()
    return book.content()
