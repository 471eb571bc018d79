"""Texts in TCVN3 and VNI are recognised and read; everything else stays as it is."""

from __future__ import annotations

import csv
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from reports.domain.legacy_letters import _ONSETS, _RIMES, TCVN3, VNI, Font, font_of, in_unicode, is_syllable
from tests.properties.long_form import ROUNDS

ROOT = Path(__file__).parents[2]
TONES = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
SMALL = [unicodedata.normalize("NFC", vowel + tone) for vowel in "aăâeêioôơuưy" for tone in TONES if vowel + tone not in "aeiouy"] + ["đ"]


def recognised(text: str) -> tuple[Font, str] | None:
    font = font_of(text)
    return None if font is None else (font, in_unicode(text, font))


def written(text: str, letters: dict[str, str]) -> str:
    """As the font has it."""
    back = {letter: sign for sign, letter in letters.items()}
    return "".join(back.get(letter, letter) for letter in unicodedata.normalize("NFC", text))


def in_vni(text: str) -> str:
    return written(text, dict(VNI))


def in_tcvn3(text: str) -> str:
    return written(text.lower(), dict(TCVN3))


def test_every_vietnamese_letter_is_in_the_tables_and_comes_back_as_itself() -> None:
    assert len(SMALL) == 67
    assert set(TCVN3.values()) == {*SMALL, *"ĂÂÊÔƠƯĐ"}
    assert set(VNI.values()) == {*SMALL, *(letter.upper() for letter in SMALL)}
    assert len(set(VNI.values())) == len(VNI) == 134
    for letters in (TCVN3, VNI):
        assert {letters[sign] for letter in letters.values() for sign in [written(letter, dict(letters))]} == set(letters.values())


@pytest.mark.parametrize(
    ("text", "font", "meant"),
    [
        ("C«ng t¸c d©n vËn", Font.TCVN3, "Công tác dân vận"),
        ("UBND x· vµ H§ND huyÖn §ång V¨n ®· tæ chøc 12 cuéc ®èi tho¹i (100%).", Font.TCVN3, None),
        ("- ¦u ®iÓm: cÊp ñy, chÝnh quyÒn quan t©m;\n· Nh©n d©n ®ång thuËn ë th«n, b¶n.", Font.TCVN3, None),
        ("Coâng taùc daân vaän", Font.VNI, "Công tác dân vận"),
        ("UBND xaõ vaø HÑND huyeän Ñoàng Vaên ñaõ toå chöùc 12 cuoäc ñoái thoaïi.", Font.VNI, None),
        ("ÖU ÑIEÅM: NGÖÔØI DAÂN ÑOÀNG THUAÄN", Font.VNI, "ƯU ĐIỂM: NGƯỜI DÂN ĐỒNG THUẬN"),
    ],
)
def test_a_text_in_an_old_font_is_told_and_read(text: str, font: Font, meant: str | None) -> None:
    said = {
        "UBND": "UBND xã và HĐND huyện Đồng Văn đã tổ chức 12 cuộc đối thoại" + (" (100%)." if font is Font.TCVN3 else "."),
        "- ¦u ": "- Ưu điểm: cấp ủy, chính quyền quan tâm;\n· Nhân dân đồng thuận ở thôn, bản.",
    }
    found = recognised(text)
    assert found == (font, meant or next(words for head, words in said.items() if text.startswith(head)))


@pytest.mark.parametrize(
    "text",
    [
        "", "Tốt", "có nhà là có tất cả", "không có gì", "Cà phê, cô giáo và bé", "café, naïve, résumé, façade, Müller, Škoda",
        "5 µm ± 3 §7 © 2025 ® 10 m² ½ ¾ × ÷", "«Bonjour», dit-il à l'été", "El niño comió piña", "Grüße aus Köln, schöne Straße",
        "có nhà không", "Xã có 12 thôn; không phát sinh.", "Ý kiến", "ôn hoà", "à", "¶ · ¸",
    ],
)  # fmt: skip
def test_whatever_else_people_write_is_not_touched(text: str) -> None:
    assert recognised(text) is None


def corpus() -> list[str]:
    """Vietnamese and English that the project has: names of units and indicators, its glossary, its pages."""
    texts: list[str] = []
    for name in ("units/data/units_vn.csv", "reports/data/template_dan_van.csv", "docs/glossary.csv"):
        with (ROOT / name).open(encoding="utf-8", newline="") as file:
            texts += [cell for row in csv.reader(file) for cell in row if cell and not cell.isdigit()]
    for page in (ROOT / "docs").glob("*.md"):
        texts += page.read_text(encoding="utf-8").splitlines()
    return sorted(set(texts))


def test_no_text_of_the_projects_own_is_touched_and_its_vietnamese_is_read_from_both_fonts() -> None:
    texts = corpus()
    assert [text for text in texts if recognised(text)] == []
    sure = [text for text in texts if sum(is_syllable(word) and not word.isascii() for word in text.split()) >= 6 and is_vietnamese(text)]
    assert len(sure) > 30
    for text in sure:
        for font, write in ((Font.TCVN3, in_tcvn3), (Font.VNI, in_vni)):
            found = recognised(write(text))
            expected = text.lower() if font is Font.TCVN3 else text
            assert found == (font, unicodedata.normalize("NFC", expected)), text


def is_vietnamese(text: str) -> bool:
    """All of it syllables, and none of a letter that stands alone: such a sign may be no letter."""
    words = [word.strip(".,;:()%/-–“”\"'") for word in text.split()]
    return all(is_syllable(word) and (len(word) > 1 or word.isascii()) for word in words if word) and all(
        ord(letter) < 0x2000 for letter in text
    )


SYLLABLES = st.builds(
    lambda onset, rime, tone: onset + rime + tone,
    st.sampled_from(["", *_ONSETS]), st.sampled_from(sorted(_RIMES)), st.sampled_from(TONES),
)  # fmt: skip


def toned(words: list[str]) -> str:
    """The tone on the last vowel of each word, in one form or the other of Unicode."""
    made = []
    for word in words:
        bare, tone = word.rstrip("".join(TONES)), word[len(word.rstrip("".join(TONES))) :]
        last = max((place for place, letter in enumerate(bare) if letter in "aăâeêioôơuưy"), default=-1)
        made.append(unicodedata.normalize("NFC", bare[: last + 1] + tone + bare[last + 1 :]))
    return " ".join(made)


@hypothesis_settings(max_examples=40 * ROUNDS, deadline=None)
@given(st.lists(SYLLABLES, min_size=1, max_size=12), st.sampled_from(["NFC", "NFD"]))
def test_ordinary_vietnamese_is_never_touched(words: list[str], form: str) -> None:
    words = [word for word in words if is_syllable(unicodedata.normalize("NFC", toned([word])))]
    assert recognised(unicodedata.normalize(form, toned(words))) is None  # type: ignore[arg-type]


@hypothesis_settings(max_examples=40 * ROUNDS, deadline=None)
@given(st.lists(st.from_regex(r"[A-Za-z]{1,10}[.,;:§©®µ²½°±«»×÷’“”–]?", fullmatch=True), max_size=20))
def test_english_is_never_touched(words: list[str]) -> None:
    assert recognised(" ".join(words)) is None
