"""Vietnamese names: one spelling to store, one text to search in, one key to sort by."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from units.models import Unit

SEARCH_LENGTH = SORT_LENGTH = 420

_SPACES = re.compile("[ \u00a0\u2000-\u200a\u202f\u3000]+")
_WORDS = re.compile(r"\d+|[^\W\d_]+")
_D_WITH_STROKE = str.maketrans("đĐ", "dD")
#: the order of tones in Vietnamese dictionaries: level, huyền, hỏi, ngã, sắc, nặng
_TONES = {"\u0300": "1", "\u0309": "2", "\u0303": "3", "\u0301": "4", "\u0323": "5"}
#: ă, â, ê, ô, ơ, ư come after their plain letter, in this order
_LETTER_MARKS = {"a\u0306": "1", "a\u0302": "2", "e\u0302": "1", "o\u0302": "1", "o\u031b": "2", "u\u031b": "1"}


def tidy(text: str) -> str:
    """The text in NFC, with single plain spaces and none at its ends: what is stored."""
    return _SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip(" ")


def fold(text: str) -> str:
    """The text without marks and case, as one types it in haste: `Đồng Văn` → `dong van`; `hòa` and `hoà` → `hoa`."""
    letters = unicodedata.normalize("NFD", tidy(text).translate(_D_WITH_STROKE).lower())
    return unicodedata.normalize("NFC", "".join(c for c in letters if not unicodedata.combining(c)))


def search_text(name: str, name_en: str = "") -> str:
    """What `UnitQuerySet.matching` looks in; at most SEARCH_LENGTH characters."""
    return fold(f"{name} {name_en}")[:SEARCH_LENGTH]


def sort_key(name: str) -> str:
    """A key that sorts names as Vietnamese dictionaries do, under every collation.

    Syllable by syllable: first the letters (a ă â b c d đ e ê …), then the tone; where a syllable carries its tone mark
    (`hòa`, `hoà`) makes no difference. Numbers sort by their value: `Thôn 2` before `Thôn 10`. The key is made of small
    ASCII letters and digits only, so that no database's locale can reorder it; at most SORT_LENGTH characters.
    """
    words = _WORDS.findall(unicodedata.normalize("NFC", name).lower())
    return "".join(f"{int(word):06d}0" if word.isdecimal() else _syllable_key(word) for word in words)[:SORT_LENGTH]


def _syllable_key(syllable: str) -> str:
    tone = "0"
    key: list[str] = []
    letter = ""
    for char in unicodedata.normalize("NFD", syllable):
        if char in _TONES:
            tone = _TONES[char]
        elif letter + char in _LETTER_MARKS:
            key[-1] = letter + _LETTER_MARKS[letter + char]
        elif not unicodedata.combining(char):
            letter = char
            key.append("d1" if char == "đ" else f"{char}0" if char.isascii() else f"z9{ord(char):06x}")
    return "".join(key) + tone


def fill(unit: Unit) -> None:
    """Set what a unit's name determines; every way of writing a unit passes here."""
    unit.name = tidy(unit.name)
    unit.name_en = tidy(unit.name_en)
    unit.search_text = search_text(unit.name, unit.name_en)
    unit.sort_key = sort_key(unit.name)
