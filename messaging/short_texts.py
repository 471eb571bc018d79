"""How long a text is as SMS, and how it is made shorter (3GPP TS 23.038)."""

from __future__ import annotations

import unicodedata
from math import ceil

#: the default alphabet: seven bits a character
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: its extension: twice seven
_GSM_TWICE = frozenset("^{}\\[~]|€")
#: characters in one message, and in each of several, which have to say that they belong together
_GSM_ALONE, _GSM_EACH = 160, 153
_UNICODE_ALONE, _UNICODE_EACH = 70, 67

_PLAIN = str.maketrans(
    {"đ": "d", "Đ": "D", **dict.fromkeys("“”„", '"'), **dict.fromkeys("‘’", "'"), **dict.fromkeys("–—−", "-"), "…": "...", "·": "-"}
)


def without_marks(text: str) -> str:
    """Vietnamese as one writes it without marks: 160 characters to a message, and not 70."""
    letters = unicodedata.normalize("NFD", text.translate(_PLAIN))
    return unicodedata.normalize("NFC", "".join(each for each in letters if not unicodedata.combining(each)))


def parts(text: str) -> int:
    """How many SMS it is."""
    units, alone, each = _counted(text)
    return 1 if units <= alone else ceil(units / each)


def cut(text: str, most: int) -> str:
    """As much of the text as `most` SMS hold; what is left out is shown by dots."""
    if parts(text) <= most:
        return text
    shorter = text
    while shorter and parts(f"{shorter}...") > most:
        shorter = shorter[:-1]
    return f"{shorter.rstrip()}..."


def _counted(text: str) -> tuple[int, int, int]:
    if set(text) <= _GSM | _GSM_TWICE:
        return sum(2 if each in _GSM_TWICE else 1 for each in text), _GSM_ALONE, _GSM_EACH
    return len(text.encode("utf-16-le")) // 2, _UNICODE_ALONE, _UNICODE_EACH
