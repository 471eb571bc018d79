"""Workbooks in which figures are entered: how a value stands in a cell, which cells may be written in, and what is checked there.

What isn't to be entered is locked, without a password: it keeps from slips, and not from anybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import xlsxwriter
from django.utils.translation import gettext as _
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from reports.domain.indicators import Indicator, ValueType
from reports.domain.numbers import MAX_WHOLE_DIGITS
from reports.domain.sheet_formulas import Words
from reports.wording import choice_label, entry_text

#: digits that a spreadsheet keeps of a number; a longer one is written as text, and read exactly
_SURE_DIGITS = 15
_WORDS_LISTED = 250
_A4 = 9
_FONT: dict[str, Any] = {"font_name": "Times New Roman", "font_size": 12, "valign": "top"}
_LOCKED, _OPEN = "#F5F5F5", "#FFFDE7"


class EntryBook:
    """A workbook in the making, with the formats and the drop-downs that its sheets share."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self.book = book
        self.words = Words(_("yes").capitalize(), _("no").capitalize(), choice_label)
        base: dict[str, Any] = {**_FONT, "text_wrap": True}
        grid: dict[str, Any] = {**base, "border": 1}
        looks: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
            "title": (base, {"bold": True, "font_size": 14, "text_wrap": False}),
            "plain": (base, {"text_wrap": False}),
            "small": (base, {"font_size": 8, "font_color": "#777777", "text_wrap": False}),
            "head": (grid, {"bold": True, "align": "center", "bg_color": "#E7EDF3"}),
            "section": (grid, {"bold": True, "text_wrap": False, "bg_color": _LOCKED}),
            "locked": (grid, {"bg_color": _LOCKED}),
            "code": (grid, {"font_size": 8, "font_color": "#777777"}),
            "entry": (grid, {"locked": False, "bg_color": _OPEN}),
            "long": (grid, {"locked": False, "bg_color": _OPEN, "num_format": "@", "align": "right"}),
            "words": (grid, {"locked": False, "bg_color": _OPEN, "num_format": "@"}),
        }
        self.formats = {name: book.add_format({**basis, **more}) for name, (basis, more) in looks.items()}
        self._number_formats: dict[tuple[int, bool], Any] = {}
        self._lists: list[list[str]] = []

    def sheet(self, name: str, *, frozen: int, repeated: int, frozen_columns: int = 0) -> Worksheet:
        """A sheet on which all but the cells to be entered is locked. The first `frozen` rows stay in view."""
        sheet = self.book.add_worksheet(name)
        sheet.protect("", {"format_cells": True, "format_columns": True, "format_rows": True})
        sheet.freeze_panes(frozen, frozen_columns)
        sheet.set_paper(_A4)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(repeated)
        sheet.set_footer("&C&P/&N")
        sheet.set_margins(left=0.8, right=0.6, top=0.8, bottom=0.8)
        return sheet

    def write_hidden(self, identity: str) -> None:
        """The last sheet, out of sight: whose the workbook is, and the words of its drop-downs."""
        hidden = self.book.add_worksheet("danvan")
        hidden.write_string(0, 0, identity)
        for column, words in enumerate(self._lists, 1):
            hidden.write_column(0, column, words)
        hidden.hide()

    def write_value(self, sheet: Worksheet, place: int, column: int, indicator: Indicator, value: Any, *, locked: bool) -> None:
        """An own value in stored form: numbers as numbers, blanks as empty cells."""
        if indicator.is_number:
            style = self.number_format(indicator.decimals, locked=locked)
            if value is None:
                sheet.write_blank(place, column, None, style)
            elif len(str(value).replace(".", "").lstrip("-0")) <= _SURE_DIGITS:
                sheet.write_number(place, column, float(value), style)
            else:
                sheet.write_string(place, column, entry_text(indicator, value), self.formats["locked" if locked else "long"])
            return
        entry = "words" if indicator.value_type is ValueType.TEXT else "entry"
        sheet.write_string(place, column, "" if value is None else self.word(indicator, value), self.formats["locked" if locked else entry])

    def word(self, indicator: Indicator, value: Any) -> str:
        if isinstance(value, bool):
            return self.words.yes if value else self.words.no
        return choice_label(value) if indicator.value_type is ValueType.CHOICE else str(value)

    def computed(self, indicator: Indicator, value: Any) -> tuple[Any, Any]:
        """A computed value as a cell holds it, and the cell's format."""
        if indicator.is_number:
            return "" if value is None else float(value), self.number_format(indicator.decimals, locked=True)
        return "" if value is None else self.word(indicator, value), self.formats["locked"]

    def number_format(self, decimals: int, *, locked: bool) -> Any:
        key = (decimals, locked)
        if key not in self._number_formats:
            pattern = "#,##0" + ("." + "#" * decimals if decimals else "")
            more = {"border": 1, "num_format": pattern, "locked": locked, "bg_color": _LOCKED if locked else _OPEN}
            self._number_formats[key] = self.book.add_format({**_FONT, **more})
        return self._number_formats[key]

    def check(self, indicator: Indicator) -> dict[str, Any] | None:
        """What a spreadsheet checks as somebody types; None where any words may stand."""
        match indicator.value_type:
            case ValueType.BOOLEAN:
                return self.listed([self.words.yes, self.words.no])
            case ValueType.CHOICE:
                return self.listed([choice_label(choice) for choice in indicator.choices])
            case ValueType.TEXT | ValueType.TABLE:
                return None
        most = 10**MAX_WHOLE_DIGITS - 1
        message = _("A whole number is needed here.") if indicator.value_type is ValueType.INTEGER else _("A number is needed here.")
        not_below_zero = _("It is not below zero.")
        return {
            "validate": "integer" if indicator.value_type is ValueType.INTEGER else "decimal",
            "criteria": "between",
            "minimum": -most if indicator.negative else 0,
            "maximum": most,
            "error_title": _("Figure"),
            "error_message": message if indicator.negative else f"{message} {not_below_zero}",
        }

    def listed(self, words: list[str]) -> dict[str, Any]:
        """A drop-down of words that stand in a column of the hidden sheet."""
        if words not in self._lists:
            self._lists.append(words)
        column = xl_col_to_name(self._lists.index(words) + 1)
        message = _("Choose one of the list: %(words)s") % {"words": ", ".join(words)}
        return {
            "validate": "list",
            "source": f"=danvan!${column}$1:${column}${len(words)}",
            "error_title": _("Choice"),
            "error_message": message[:_WORDS_LISTED],
        }


@contextmanager
def entry_book(stream: BytesIO) -> Iterator[EntryBook]:
    """A workbook that is whole in `stream` afterwards; words in it never become formulas or links."""
    with xlsxwriter.Workbook(stream, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        yield EntryBook(book)
