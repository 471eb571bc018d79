"""The house's workbooks: one style for every sheet that leaves it, and one rule for how a figure gets into a cell.

A blank is an empty cell, zero the number 0. Words are written as words, whatever they begin with, so no cell becomes a
formula that somebody typed. Figures stay exact (semantics §3) although a spreadsheet computes in binary doubles of 15 safe digits:

* a figure of at most 15 significant digits is a number, and reads back as that figure;
* a quotient that doesn't end is the division itself, `=9450/1391`, with its value: the only formulas that are written;
* what has more digits is text with all of them, and a note that says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from io import BytesIO
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _
from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from reports.domain.numbers import decimals_of, display, plain

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

#: decimal digits that a binary double carries through reading and writing
SAFE_DIGITS = 15
#: digits and separators as a Vietnamese reads them, in LibreOffice whatever its own language; Excel goes by the computer's
_VIETNAMESE = "[$-42A]"
_FONT = {"font_name": "Times New Roman", "font_size": 12, "valign": "vcenter"}
_A4 = 9


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure and how it is shown: with at most `decimals` (None: all it has), a sign before a gain, words after it."""

    value: Fraction | int | None
    decimals: int | None = None
    signed: bool = False
    after: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    head: str
    width: int = 12


Cell = str | int | Fraction | date | datetime | Shown | None


class Book:
    """A workbook in the making; `content()` ends it."""

    def __init__(self, title: str) -> None:
        self._stream = BytesIO()
        self._book = Workbook(self._stream, {"in_memory": True})
        self._book.set_properties({"title": title})
        self._formats: dict[tuple[Any, ...], Format] = {}

    def sheet(self, name: str, titles: Sequence[str], columns: Sequence[Column], *, frozen: int = 0, pages_wide: int = 1) -> Sheet:
        """A sheet with its title lines and its head, which stays in view and on every page, as do the first `frozen` columns."""
        return Sheet(self, self._book.add_worksheet(name[:31]), titles, columns, frozen, pages_wide)

    def format(self, **wanted: Any) -> Format:
        """The format, made once; a workbook has room for a limited number."""
        key = tuple(sorted(wanted.items()))
        if key not in self._formats:
            self._formats[key] = self._book.add_format(_FONT | wanted)
        return self._formats[key]

    def content(self) -> bytes:
        self._book.close()
        return self._stream.getvalue()


class Sheet:
    """Rows below a head, written one after the other."""

    def __init__(
        self, book: Book, sheet: Worksheet, titles: Sequence[str], columns: Sequence[Column], frozen: int, pages_wide: int
    ) -> None:
        self._book, self._sheet, self._width = book, sheet, len(columns)
        for number, title in enumerate(titles):
            sheet.write_string(number, 0, title, book.format(bold=number == 0, font_size=14 if number == 0 else 12))
        head = len(titles)
        head_format = book.format(bold=True, border=1, text_wrap=True, align="center", bg_color="#E8EEF4")
        for place, column in enumerate(columns):
            sheet.set_column(place, place, column.width)
            sheet.write_string(head, place, column.head, head_format)
        self._row = head + 1
        self._first_figures = self._row
        self._frozen = frozen
        self._set_up_printing(head, pages_wide)

    def _set_up_printing(self, head: int, pages_wide: int) -> None:
        sheet = self._sheet
        sheet.set_landscape()
        sheet.set_paper(_A4)
        sheet.set_margins(left=0.6, right=0.4, top=0.6, bottom=0.6)
        sheet.fit_to_pages(pages_wide, 0)
        sheet.repeat_rows(head)
        if self._frozen and pages_wide > 1:
            sheet.repeat_columns(0, self._frozen - 1)
        sheet.set_footer("&C&P/&N")
        sheet.freeze_panes(head + 1, self._frozen)

    def second_head(self, cells: Sequence[str]) -> None:
        """A line that belongs to the head, right below it."""
        for place, text in enumerate(cells):
            self._sheet.write_string(self._row, place, text, self._book.format(italic=True, border=1, align="center", text_wrap=True))
        self._sheet.repeat_rows(self._row - 1, self._row)
        self._row += 1
        self._first_figures = self._row
        self._sheet.freeze_panes(self._row, self._frozen)

    def section(self, title: str) -> None:
        """A line across the table."""
        for place in range(self._width):
            self._sheet.write_blank(self._row, place, None, self._book.format(bold=True, border=1, bg_color="#F5F5F5"))
        self._sheet.write_string(self._row, 0, title, self._book.format(bold=True, border=1, bg_color="#F5F5F5"))
        self._row += 1

    def row(self, cells: Sequence[Cell]) -> None:
        for place, cell in enumerate(cells):
            self._write(place, cell)
        self._row += 1

    def remark(self, text: str) -> None:
        """A line below the table."""
        self._sheet.write_string(self._row + 1, 0, text, self._book.format(italic=True, font_size=11))
        self._row += 1

    def filtered(self) -> None:
        """Buttons in the head to filter and sort by."""
        self._sheet.autofilter(self._first_figures - 1, 0, max(self._row - 1, self._first_figures), self._width - 1)

    def _write(self, place: int, cell: Cell) -> None:
        sheet, row, book = self._sheet, self._row, self._book
        match cell:
            case None | "" | Shown(value=None):
                sheet.write_blank(row, place, None, book.format(border=1))
            case str():
                sheet.write_string(row, place, cell, book.format(border=1, text_wrap=True))
            case datetime():
                sheet.write_datetime(row, place, cell.replace(tzinfo=None), book.format(border=1, num_format="dd/mm/yyyy hh:mm"))
            case date():
                sheet.write_datetime(row, place, cell, book.format(border=1, num_format="dd/mm/yyyy"))
            case Shown():
                self._write_figure(place, cell)
            case _:
                self._write_figure(place, Shown(cell))

    def _write_figure(self, place: int, shown: Shown) -> None:
        value = Fraction(shown.value or 0)
        form = self._book.format(border=1, align="right", num_format=number_format(shown))
        ends = decimals_of(value.denominator) is not None
        if ends and significant_digits(value) <= SAFE_DIGITS:
            self._sheet.write_number(self._row, place, float(value), form)
        elif not ends and max(significant_digits(Fraction(part)) for part in value.as_integer_ratio()) <= SAFE_DIGITS:
            self._sheet.write_formula(self._row, place, f"={value.numerator}/{value.denominator}", form, float(value))
        else:
            text = display(value, decimals_of(value.denominator) or SAFE_DIGITS, get_language() or "vi")
            self._sheet.write_string(self._row, place, text, self._book.format(border=1, align="right"))
            note = _("Written as text: a number in a spreadsheet keeps 15 digits, and this figure has more.")
            if not ends:
                note = _("Written as text to 15 decimals: this quotient is of numbers with more digits than a spreadsheet keeps.")
            self._sheet.write_comment(self._row, place, note)


def significant_digits(value: Fraction) -> int:
    """How many digits a figure that ends has from its first to its last that isn't a leading or closing zero."""
    return len(plain(abs(value)).replace(".", "").strip("0"))


def number_format(shown: Shown) -> str:
    """How a spreadsheet shows a figure: grouped, with the decimals that are left after rounding it for display."""
    value = Fraction(shown.value or 0)
    most = shown.decimals if shown.decimals is not None else decimals_of(value.denominator)
    fraction = display(value, 6 if most is None else most, "en").partition(".")[2]
    digits = "#,##0" + ("." + "0" * len(fraction) if fraction else "")
    locale = "" if get_language() == "en" else _VIETNAMESE
    after = '"' + shown.after.replace('"', "") + '"' if shown.after else ""
    if shown.signed:
        return f"{locale}+{digits}{after};{locale}-{digits}{after};{locale}0{after}"
    return f"{locale}{digits}{after}"
