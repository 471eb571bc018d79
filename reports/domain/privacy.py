"""What looks like a citizen's data: the system holds figures about services and work, and no citizens (semantics §9)."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

#: how a person is addressed, with a name behind it: "đồng chí Bí thư" is a post, "xã Ông Đình" a place
_ADDRESSED = re.compile(
    r"(?i:(?:^|[,;:()–-]\s*|\b(?:và|do|giao)\s+)(?:ông|bà|anh|chị|em|cụ|đồng chí|đ/c)\.?) +"
    r"(?!(?i:bí thư|phó|chủ tịch|chủ nhiệm|trưởng|thường trực|ủy viên|chi hội|ban) )[A-ZĐÀ-Ỹ]"
)
_IDENTITY = re.compile(r"(?<!\d)0\d{2}([ .\-]?)\d{3}\1\d{3}\1\d{3}(?!\d)")
_OLD_IDENTITY = re.compile(r"(?<!\d)(?<!\d[.,])\d{9}(?!\d)(?![.,]\d)")
# A mobile number has nine digits after the prefix, a fixed line ten; a day such as 05.06.2025 begins alike.
_TELEPHONE = re.compile(
    r"(?<![\d.,])(?!\d\d[ .\-]\d\d[ .\-](?:19|20)\d\d)"
    r"(?:(?:\+|00)84[ .\-)]{0,2}(?:\(0\)[ .\-]?)?|\(?0|84(?=\d{9,10}(?!\d)))"
    r"(?:[35789](?:[ .\-)]{0,2}\d){8}|2(?:[ .\-)]{0,2}\d){9})(?!\d)"
)

#: names of a citizen's data, as they are written with and (in codes) without marks
_PERSON_FIELDS = (
    r"họ (?:và )?tên", r"họ,? tên đệm", r"danh tính", r"căn cước", r"cccd", r"cmnd", r"cmt", r"chứng minh (?:nhân dân|thư)", r"hộ chiếu",
    r"(?:số|mã) định danh", r"số điện thoại", r"sđt", r"số di động", r"ngày(?: tháng)?(?: năm)? sinh(?! hoạt)", r"năm sinh(?! hoạt)",
    r"full ?name", r"first ?name", r"last ?name", r"family ?name", r"surname", r"date of birth", r"year of birth", r"dob",
    r"birth ?(?:date|day)", r"(?:tele)?phone", r"(?:phone|mobile|telephone) (?:number|no)", r"(?:identity|id|identification) card",
    r"citizen id(?:entity)?", r"national id(?:entity)?", r"(?:identity|id|identification) (?:number|no)", r"passport",
)  # fmt: skip


def looks_personal(text: str) -> Literal["identity", "telephone"] | None:
    """What kind of a citizen's number `text` seems to hold, if any. Amounts such as 250.000.000 are fine."""
    if _IDENTITY.search(text):
        return "identity"
    if _TELEPHONE.search(text):
        return "telephone"
    return "identity" if _OLD_IDENTITY.search(text) else None


def addresses_a_person(text: str) -> bool:
    """Whether a body or a post is asked for and a person is named: "ông Nguyễn Văn A"; names alone can't be told from places."""
    return _ADDRESSED.search(unicodedata.normalize("NFC", text)) is not None


def names_a_person_field(name: str) -> bool:
    """Whether a field of this name or code would hold a citizen's data: "Họ và tên", "so_cccd", "Date of birth"."""
    return _search(name).search(_words(name)) is not None


def is_a_person_field(name: str) -> bool:
    """Whether the name is nothing but that of a citizen's datum: "Số CCCD" is, "Số người được cấp căn cước" is not."""
    return re.fullmatch(r"(?:số |the )?(?:thẻ )?(?:" + _search(name).pattern + r")(?: công dân)?", _words(name)) is not None


def _search(name: str) -> re.Pattern[str]:
    return _WITHOUT_MARKS if name.isascii() else _WITH_MARKS


def _words(name: str) -> str:
    """Lower case, with single spaces between words; commas stay, since they part what isn't one name."""
    return " ".join(re.sub(r"[^\w,]|_", " ", unicodedata.normalize("NFC", name).casefold()).split())


def without_marks(text: str) -> str:
    """Vietnamese without its marks: "Đồng Văn" → "Dong Van"."""
    decomposed = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


_WITH_MARKS = re.compile(r"\b(?:" + "|".join(_PERSON_FIELDS) + r")\b")
_WITHOUT_MARKS = re.compile(without_marks(_WITH_MARKS.pattern))
