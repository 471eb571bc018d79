"""A workbook for many: a row for each unit that somebody fills in for, a column for each indicator, with what is known filled in.

It says which cycle and template it is of, and in each row from which version of the report that row was made; reading it back
trusts that for nothing but telling what changed since. Columns whose code begins with `#` are for the eye.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from django.utils.translation import gettext as _
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from reports.documents.entry_cells import EntryBook, entry_book
from reports.domain.indicators import EnteredBy, Indicator, ValueType
from reports.domain.own_values import OwnValues
from reports.domain.sheet_formulas import TooLong, spreadsheet_formula
from reports.domain.validation import enterable
from reports.models import Report
from reports.policies import reports_to_fill_in
from reports.wording import name_of, period_name
from units.reach import User

MARK = "danvan-reports-1"
UID, STATE, REMARK = "unit_uid", "#version", "#"
_IDENTITY_ROW, _SECTION_ROW, _NAME_ROW, _UNIT_ROW, _CODE_ROW = 2, 4, 5, 6, 7
#: stands in a column's formula for the row
_ROW = "\x00"


def identity_of(head: Report) -> str:
    """Whose workbook it is, in one cell: the unit at whose page it was fetched, cycle, template, its version."""
    version = head.cycle.version
    return "|".join([MARK, head.unit.uid, head.cycle.code, version.template.code, str(version.number)])


def units_workbook(head: Report, reports: Sequence[Report]) -> bytes:
    """The workbook of these reports, which lie at or below `head`, all loaded with unit, level and superior's unit."""
    stream = BytesIO()
    with entry_book(stream) as book:
        _Writer(book, head, reports).write()
    return stream.getvalue()


def reports_for(head: Report, user: User) -> list[Report]:
    """The reports at and below `head` that this user may fill in now, as `units_workbook` takes them."""
    mine = reports_to_fill_in(user).subtree_of(head).order_by("position")
    return list(mine.select_related("unit", "superior__unit").prefetch_related("level"))


def name_of_units_workbook(head: Report, reports: Sequence[Report]) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "-", f"{head.cycle.code}-{head.unit.uid}-{len(reports)}") + ".xlsx"


@dataclass(frozen=True, slots=True)
class _Column:
    """A column: an indicator, and for a computed one its formula, None where it is too long for a spreadsheet."""

    place: int
    indicator: Indicator
    formula: str | None


class _Writer:
    def __init__(self, book: EntryBook, head: Report, reports: Sequence[Report]) -> None:
        self.book, self.head, self.reports, self.formats = book, head, reports, book.formats
        self.template = head.cycle.version.compiled()
        self.levels = {(report.level.code, frozenset(report.levels_below)) for report in reports}
        superiors = {report.superior_id for report in reports}
        self.before = [REMARK, f"{REMARK}unit", *([f"{REMARK}superior"] if len(superiors) > 1 else []), UID, STATE]
        self.columns = self._columns()

    def _columns(self) -> list[_Column]:
        shown = [each for each in self.template.indicators if self._is_shown(each)]
        places = {each.code: len(self.before) + number for number, each in enumerate(shown)}
        cells = {code: f"${xl_col_to_name(place)}{_ROW}" for code, place in places.items()}
        return [_Column(places[each.code], each, self._formula(each, cells)) for each in shown]

    def _is_shown(self, indicator: Indicator) -> bool:
        """Is it entered by one of these units, or computed from what one enters? A table has no cell to stand in."""
        if indicator.is_formula:
            return any(level in indicator.levels for level, _below in self.levels)
        by_the_unit = indicator.entered_by is EnteredBy.UNIT and indicator.value_type is not ValueType.TABLE
        return by_the_unit and any(indicator.may_be_entered(level, below) for level, below in self.levels)

    def _formula(self, indicator: Indicator, cells: dict[str, str]) -> str | None:
        if not indicator.is_formula:
            return None
        try:
            formula = self.template.formulas[indicator.code]
            return spreadsheet_formula(indicator, formula, cells.get, self.template.by_code.__getitem__, self.book.words)
        except TooLong:
            return None

    def write(self) -> None:
        sheet = self.book.sheet(_("Figures"), frozen=_CODE_ROW + 1, repeated=_CODE_ROW, frozen_columns=len(self.before))
        sheet.set_landscape()
        self._write_head(sheet)
        for number, report in enumerate(self.reports, 1):
            self._write_report(sheet, _CODE_ROW + number, number, report)
        last = _CODE_ROW + max(len(self.reports), 1)
        for column in self.columns:
            check = None if column.indicator.is_formula else self.book.check(column.indicator)
            if check:
                sheet.data_validation(_CODE_ROW + 1, column.place, last, column.place, check)
        self.book.write_hidden(identity_of(self.head))

    def _write_head(self, sheet: Worksheet) -> None:
        cycle, formats = self.head.cycle, self.formats
        sheet.write_string(0, 0, str(self.head.unit), formats["title"])
        sheet.write_string(1, 0, f"{cycle.version.template}, {period_name(cycle.period)}", formats["plain"])
        sheet.write_string(_IDENTITY_ROW, 0, identity_of(self.head), formats["small"])
        hint = _("Fill in the yellow cells alone: 1.234,5; leave blank what has no figure yet; 0 means that nothing happened.")
        sheet.write_string(3, 0, f"{hint} {_('No classified content.')}", formats["plain"])
        names = {REMARK: _("No."), f"{REMARK}unit": _("Unit"), f"{REMARK}superior": _("Superior"), UID: _("Code")}
        widths = {REMARK: 6, f"{REMARK}unit": 30, f"{REMARK}superior": 24, UID: 14}
        for place, code in enumerate(self.before):
            sheet.set_column(place, place, widths.get(code), None, {"hidden": code == STATE})
            for row, text in {_SECTION_ROW: "", _NAME_ROW: names.get(code, ""), _UNIT_ROW: ""}.items():
                sheet.write_string(row, place, text, formats["head"])
            sheet.write_string(_CODE_ROW, place, code, formats["code"])
        section = None
        for column in self.columns:
            indicator = column.indicator
            sheet.set_column(column.place, column.place, 40 if indicator.value_type is ValueType.TEXT else 16)
            sheet.write_string(_SECTION_ROW, column.place, "" if indicator.section == section else indicator.section, formats["section"])
            sheet.write_string(_NAME_ROW, column.place, name_of(indicator), formats["head"])
            sheet.write_string(_UNIT_ROW, column.place, indicator.unit, formats["head"])
            sheet.write_string(_CODE_ROW, column.place, indicator.code, formats["code"])
            section = indicator.section

    def _write_report(self, sheet: Worksheet, row: int, number: int, report: Report) -> None:
        before: dict[str, Any] = {
            REMARK: number,
            f"{REMARK}unit": str(report.unit),
            f"{REMARK}superior": str(report.superior.unit) if report.superior else "",
            UID: report.unit.uid,
            STATE: report.version,
        }
        for place, code in enumerate(self.before):
            (sheet.write_number if isinstance(before[code], int) else sheet.write_string)(row, place, before[code], self.formats["locked"])
        entered = enterable(self.template, report.level.code, frozenset(report.levels_below))
        own = OwnValues(self.template, report.own.get, report.level.code, self.template.formulas)
        for column in self.columns:
            indicator = column.indicator
            if indicator.is_formula:
                self._write_computed(sheet, row, column, report, own)
            else:
                known = report.own.get(indicator.code)
                self.book.write_value(sheet, row, column.place, indicator, known, locked=indicator.code not in entered)

    def _write_computed(self, sheet: Worksheet, row: int, column: _Column, report: Report, own: OwnValues) -> None:
        """What the unit computes of its own figures; a total of units below is computed where these are."""
        indicator = column.indicator
        if report.level.code not in indicator.levels or (report.has_reports_below and indicator.evaluated_on_totals):
            sheet.write_blank(row, column.place, None, self.formats["locked"])
            return
        known, style = self.book.computed(indicator, own.value(indicator.code))
        if column.formula is None:
            sheet.write(row, column.place, known, style)
        else:
            sheet.write_formula(row, column.place, column.formula.replace(_ROW, str(row + 1)), style, known)
