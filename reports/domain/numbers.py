"""Figures as people write them, as files hold them, as the house stores them, and as readers see them (semantics §3).

The stored form of an own value: integer → `int`; decimal → canonical `str` ("12.5": plain digits, no superfluous zero,
"0" for zero); yes/no → `bool`; choice and text → `str`; table → a list of rows of `str`; blank → None. No float anywhere.
"""

from __future__ import annotations

import json
import re
import unicodedata
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeAlias

from reports.domain.indicators import Indicator, ValueType
from units.problems import Problem, Refused, gettext_noop

Own: TypeAlias = int | str | bool | list[list[str]]

MAX_WHOLE_DIGITS = 15
MAX_TEXT = 20_000
MAX_ROWS = 500
#: decimals of a quotient that doesn't end, where a file asks for it exactly
LONG_QUOTIENT = 12

_PLAIN = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?")
_VIETNAMESE = re.compile(r"(-?)([0-9]+|[1-9][0-9]{0,2}(?:\.[0-9]{3})+)(?:,([0-9]+))?")
#: NUL and other control characters, and halves of surrogate pairs
_UNSTORABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_YES = frozenset({"có", "yes"})
_NO = frozenset({"không", "no"})


# --- In ---------------------------------------------------------------------------------------------


def parse_entry(text: str, indicator: Indicator) -> Own | None:
    """The stored form of what a person typed: `1.234,5` for 1234.5, có/không for yes/no. Empty is blank. Raises Refused."""
    if not text.strip():
        return None
    _refuse_computed(indicator)
    if indicator.is_number:
        return _stored_number(parse_vietnamese(text, decimals=indicator.decimals, negative=indicator.negative), indicator)
    if indicator.value_type == ValueType.BOOLEAN:
        word = unicodedata.normalize("NFC", text).strip().casefold()
        return _truth(word in _YES, word in _NO, text)
    return _parse_words(text, indicator)


def parse_plain(text: str, indicator: Indicator, *, signed: bool = False) -> Own | None:
    """The stored form of a cell of a file: `1234.5`, yes/no, choice codes. Empty is blank. Raises Refused.

    `signed` lets a number be negative whatever the indicator says, as the amount of an adjustment may be.
    """
    if not text.strip():
        return None
    _refuse_computed(indicator)
    if indicator.is_number:
        match = _PLAIN.fullmatch(text)
        if match is None:
            message = gettext_noop("%(value)s is no plain number; write digits with a point before the decimals, as in 1234.5.")
            raise _refused(message, value=_shown(text))
        return _stored_number(
            _canonical(match[1], match[2], match[3] or "", text, indicator.decimals, signed or indicator.negative), indicator
        )
    if indicator.value_type == ValueType.BOOLEAN:
        return _truth(text == "yes", text == "no", text)
    return _parse_words(text, indicator)


def parse_vietnamese(text: str, *, decimals: int, negative: bool) -> str:
    """The canonical form of a number as a Vietnamese writes it; what could be read in two ways is refused. Raises Refused."""
    match = _VIETNAMESE.fullmatch(text.strip())
    if match is None:
        raise _refused(_hint(text.strip()), value=_shown(text))
    return _canonical(match[1], match[2].replace(".", ""), match[3] or "", text, decimals, negative)


def _hint(text: str) -> str:
    """What to say of a text that is no number: it depends on what it may have been meant for."""
    if re.fullmatch(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", text):
        return gettext_noop("%(value)s can be read in two ways; write 1.234,5: a point between thousands, a comma before decimals.")
    if re.fullmatch(r"-?[0-9]+\.[0-9]+", text):
        return gettext_noop("%(value)s can be read in two ways; write a comma before decimals, as in 1,23, or all thousands as in 1.234.")
    if re.search(r"[0-9]\s+[0-9]", text):
        return gettext_noop("%(value)s has a space inside; write 1.234,5 or 1234,5.")
    return gettext_noop("%(value)s is no number; write 1234, 1.234 or 1.234,5.")


def _refuse_computed(indicator: Indicator) -> None:
    """A percentage and whatever has a formula is computed (semantics §3)."""
    if indicator.is_formula or indicator.is_tallied or indicator.value_type == ValueType.PERCENT:
        raise _refused(gettext_noop("“%(name)s” is computed and never typed."), name=indicator.name_vi, code=indicator.code)


def _canonical(sign: str, whole: str, fraction: str, text: str, decimals: int, negative: bool) -> str:
    if len(whole) > MAX_WHOLE_DIGITS:
        message = gettext_noop("%(value)s has more than %(most)d digits before the decimals.")
        raise _refused(message, value=_shown(text), most=MAX_WHOLE_DIGITS)
    if len(fraction) > decimals:
        if decimals == 0:
            raise _refused(gettext_noop("%(value)s has decimals; a whole number is needed here."), value=_shown(text))
        raise _refused(gettext_noop("%(value)s has more than %(most)d decimals."), value=_shown(text), most=decimals)
    whole, fraction = whole.lstrip("0") or "0", fraction.rstrip("0")
    number = f"{whole}.{fraction}" if fraction else whole
    if sign and number != "0":
        if not negative:
            raise _refused(gettext_noop("%(value)s is below zero, which can't be here."), value=_shown(text))
        return "-" + number
    return number


def _stored_number(number: str, indicator: Indicator) -> Own:
    return int(number) if indicator.value_type == ValueType.INTEGER else number


def _truth(yes: bool, no: bool, text: str) -> bool:
    if not yes and not no:
        raise _refused(gettext_noop("%(value)s is neither yes nor no."), value=_shown(text))
    return yes


def _parse_words(text: str, indicator: Indicator) -> Own | None:
    if indicator.value_type == ValueType.TABLE:
        return _parse_table(text, indicator)
    words = _clean(text)
    if indicator.value_type == ValueType.CHOICE and words not in indicator.choices:
        message = gettext_noop("%(value)s is not among the choices %(choices)s.")
        raise _refused(message, value=_shown(text), choices=", ".join(indicator.choices))
    return words


def _parse_table(text: str, indicator: Indicator) -> list[list[str]] | None:
    width = len(indicator.columns)
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError):
        rows = None
    if not isinstance(rows, list) or not all(isinstance(row, list) and all(isinstance(cell, str) for cell in row) for row in rows):
        raise _refused(gettext_noop('A table is written as a JSON list of rows of texts: [["a", "b"], ["c", "d"]].'))
    if len(rows) > MAX_ROWS:
        raise _refused(gettext_noop("The table has %(rows)d rows; at most %(most)d are taken."), rows=len(rows), most=MAX_ROWS)
    for number, row in enumerate(rows, 1):
        if len(row) != width:
            message = gettext_noop("Row %(row)d of the table has %(cells)d cells; it needs %(width)d: %(columns)s.")
            raise _refused(message, row=number, cells=len(row), width=width, columns=", ".join(indicator.columns))
    return [row for row in ([_clean(cell) for cell in row] for row in rows) if any(row)] or None


def _clean(text: str) -> str:
    """Text in NFC with plain line ends and no space around it. Raises Refused."""
    words = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").strip()
    if len(words) > MAX_TEXT:
        raise _refused(gettext_noop("The text has %(length)d characters; at most %(most)d are taken."), length=len(words), most=MAX_TEXT)
    if (found := _UNSTORABLE.search(words)) is not None:
        message = gettext_noop("Character %(place)d of the text (code %(number)d) can't be stored; delete it.")
        raise _refused(message, place=found.start() + 1, number=ord(found.group()))
    return words


def _shown(text: str) -> str:
    """The value in a message: on one line, and not longer than a line."""
    shown = "".join(letter if letter.isprintable() else "�" for letter in text.strip()[:41])
    return f"“{shown[:40]}…”" if len(shown) > 40 else f"“{shown}”"


def _refused(message: str, **params: Any) -> Refused:
    return Refused(Problem(message, params))


# --- Between ----------------------------------------------------------------------------------------


def exact(value: int | str | Fraction) -> Fraction:
    """A stored number as a Fraction."""
    if not isinstance(value, str):
        return Fraction(value)
    whole, _point, decimals = value.partition(".")
    return Fraction(int(whole + decimals), 10 ** len(decimals)) if decimals else Fraction(int(whole))


def stored(value: Fraction, indicator: Indicator) -> Own | None:
    """A number as a cell of the indicator holds it; None where it has more decimals than that may have."""
    decimals = decimals_of(value.denominator)
    return None if decimals is None or decimals > indicator.decimals else _stored_number(plain(value), indicator)


def canonical(value: Decimal) -> str:
    """A Decimal in the stored form of a decimal: no exponent, no superfluous zero."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


# --- Out --------------------------------------------------------------------------------------------


def plain(value: Fraction) -> str:
    """Exact digits with `.` as the point; a quotient that doesn't end, to 12 decimals, half away from zero."""
    if value.denominator == 1:
        return _digits(value.numerator)
    decimals = decimals_of(value.denominator)
    if decimals is None:
        decimals = LONG_QUOTIENT
    return _point_set(_scaled(value, decimals), decimals)


class Amount(Fraction):
    """A number in a message: written with exact digits where nobody says it in a reader's language."""

    def __str__(self) -> str:
        return plain(self)


def display(value: Fraction, decimals: int, language: str) -> str:
    """For a reader: rounded half away from zero to at most `decimals`, `1.234,5` in Vietnamese and `1,234.5` in English."""
    whole, _point, fraction = _point_set(_scaled(value, decimals), decimals).partition(".")
    sign, whole = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    group, point = (",", ".") if language == "en" else (".", ",")
    head = len(whole) % 3 or 3
    groups = [whole[:head], *(whole[start : start + 3] for start in range(head, len(whole), 3))]
    return sign + group.join(groups) + (point + fraction if fraction else "")


def _scaled(value: Fraction, decimals: int) -> int:
    """`value` times ten to the `decimals`, rounded half away from zero."""
    numerator, denominator = abs(value.numerator) * 10**decimals, value.denominator
    rounded = (2 * numerator + denominator) // (2 * denominator)
    return -rounded if value < 0 else rounded


def _point_set(scaled: int, decimals: int) -> str:
    digits = _digits(abs(scaled)).rjust(decimals + 1, "0")
    whole, fraction = digits[: len(digits) - decimals], digits[len(digits) - decimals :].rstrip("0")
    return ("-" if scaled < 0 else "") + (f"{whole}.{fraction}" if fraction else whole)


def _digits(number: int) -> str:
    """str(number) without Python's limit of 4,300 digits."""
    return format(Decimal(number), "f")


def decimals_of(denominator: int) -> int | None:
    """How many decimals a quotient with this denominator has in lowest terms; None where it doesn't end."""
    twos = (denominator & -denominator).bit_length() - 1
    rest, fives = denominator >> twos, 0
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    return max(twos, fives) if rest == 1 else None
