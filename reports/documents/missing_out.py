"""Who has not submitted, as a workbook."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from io import BytesIO
from typing import Any

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from reports.models import Report
from reports.queries.board import days_late

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def workbook_of_missing(reports: Iterable[Report], at: datetime) -> bytes:
    """A row for each report, loaded with its timeliness: unit, level, superior, state, due day, days late at moment `at`."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_("Missing units"))
    sheet.append([_("Unit"), _("Level"), _("Superior unit"), _("State"), _("Due day"), _("Days late")])
    for report in reports:
        superior = report.superior.unit if report.superior else ""
        names = [str(report.unit), str(report.level), str(superior), str(report.get_state_display())]
        sheet.append([*(_text(sheet, name) for name in names), report.due_on, days_late(report, at)])
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def _text(sheet: WriteOnlyWorksheet, text: str) -> Any:
    """A cell that holds words, and no formula, whatever they begin with."""
    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"
    return cell
