"""What a cell of a workbook says: a figure in stored form as a person would enter it, or words."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from reports.documents.grids import Sheet
from reports.domain.indicators import Indicator, ValueType
from reports.domain.legacy_letters import font_of, in_unicode
from reports.domain.numbers import canonical, parse_entry, parse_plain
from reports.services.uploading import SentCell
from reports.wording import choice_label
from units.problems import Problem, Refused, gettext_noop

#: decimals of a number in a cell for words, where no indicator says how many there may be
_ANY_DECIMALS = 15
#: below it a whole number in binary is that number, and no other
_EXACT = 1e15
#: cells that a notice names
_NAMED = 10


def refuse_computed(sheet: Sheet, address: str) -> None:
    """Raises Refused where the cell holds a formula, or an error."""
    if address in sheet.formulas:
        raise Refused(Problem(gettext_noop("The cell holds a formula. Put its value there (Copy, Paste special, Values).")))
    if address in sheet.errors:
        raise Refused(Problem(gettext_noop("The cell holds a spreadsheet's error; mend its formula, or leave it empty.")))


def read_cell(code: str, address: str, cell: Any, indicator: Indicator, sheet: Sheet) -> SentCell:
    """A cell of an indicator, with its value or with why it has none."""
    font = font_of(cell) if indicator.value_type is ValueType.TEXT and isinstance(cell, str) else None
    try:
        refuse_computed(sheet, address.rpartition("!")[2])
        value = value_of(cell if font is None else in_unicode(cell, font), indicator)
    except Refused as refused:
        return SentCell(code, address, None, tuple(refused.problems))
    return SentCell(code, address, value, font=font or "")


def value_of(cell: Any, indicator: Indicator) -> Any:
    """The stored form of a cell. Raises Refused."""
    if indicator.is_number and isinstance(cell, (date, time, timedelta)):
        raise Refused(Problem(gettext_noop("The cell is a day or a time; give it the format of a number, or of text.")))
    if indicator.is_number and isinstance(cell, float):
        if not cell.is_integer() and math.ulp(cell) > 10.0**-indicator.decimals:
            message = gettext_noop("No spreadsheet keeps all digits of so long a number: give the cell the format of text.")
            raise Refused(Problem(message))
        return parse_plain(digits_of(cell, indicator.decimals), indicator)
    text = words_of(cell)
    return parse_entry(_choice(text, indicator) if indicator.value_type is ValueType.CHOICE else text, indicator)


def _choice(text: str, indicator: Indicator) -> str:
    """The code of a choice that is written in words."""
    wanted = unicodedata.normalize("NFC", text).strip().casefold()
    return next((code for code in indicator.choices if wanted == choice_label(code).casefold()), text.strip())


def words_of(cell: Any) -> str:
    """A cell as words; days as dd/mm/yyyy."""
    match cell:
        case bool():
            return "yes" if cell else "no"
        case float():
            return digits_of(cell, _ANY_DECIMALS)
        case datetime() if cell.time() != time.min:
            return f"{cell:%d/%m/%Y %H:%M}"
        case date():
            return f"{cell:%d/%m/%Y}"
    return str(cell)


def digits_of(number: float, decimals: int) -> str:
    """Plain digits of a number, which workbooks keep in binary: the shortest that mean the same is what was typed.

    Where that has more than `decimals`, it may be the noise of computing (0.1 + 0.2): then the 15 digits that spreadsheets
    show are meant.
    """
    if number.is_integer() and abs(number) < _EXACT:
        return str(int(number))
    shortest, shown = canonical(Decimal(repr(number))), Decimal(f"{number:.15g}")
    _whole, _point, fraction = shortest.partition(".")
    is_noise = len(fraction) > decimals and abs(float(shown) - number) <= 4 * math.ulp(number)
    return canonical(shown) if is_noise else shortest


def converted(cells: Iterable[SentCell]) -> list[Problem]:
    """What its sender should know of words that were in a font of before Unicode: of each font how many, and where the first are."""
    places: dict[str, list[str]] = {}
    for cell in cells:
        if cell.font:
            places.setdefault(cell.font, []).append(cell.address)
    message = gettext_noop("%(count)d texts were in the font %(font)s and are converted to Unicode: read them over (%(cells)s).")
    return [Problem(message, {"count": len(at), "font": font, "cells": _first(at)}) for font, at in places.items()]


def _first(addresses: Sequence[str]) -> str:
    return ", ".join(addresses[:_NAMED]) + (" …" if len(addresses) > _NAMED else "")
