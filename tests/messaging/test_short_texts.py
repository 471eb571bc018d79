from __future__ import annotations

import pytest

from messaging.short_texts import cut, parts, without_marks

pytestmark = pytest.mark.once


def test_vietnamese_without_marks_is_of_the_alphabet_of_which_160_fit():
    text = without_marks("Dân vận: “Đồng Văn” – Ủy ban… chưa nộp")
    assert text == 'Dan van: "Dong Van" - Uy ban... chua nop'
    assert parts(text) == 1


@pytest.mark.parametrize(
    ("text", "count"),
    [
        *(("", 1), ("a" * 160, 1), ("a" * 161, 2), ("a" * 306, 2), ("a" * 307, 3)),
        *(("€" * 80, 1), ("€" * 81, 2)),
        *(("ậ" * 70, 1), ("ậ" * 71, 2), ("ậ" * 134, 2), ("ậ" * 135, 3), ("😀" * 36, 2)),
    ],
)
def test_a_text_is_so_many_sms(text: str, count: int):
    assert parts(text) == count


def test_what_is_too_long_is_cut_and_shows_it():
    assert cut("ngắn", 1) == "ngắn"
    assert cut("a" * 200, 1) == "a" * 157 + "..."
    assert (len(cut("ậ" * 200, 1)), parts(cut("ậ" * 200, 2))) == (70, 2)
