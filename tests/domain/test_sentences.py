"""Figures in sentences: what is printed, what is left out, what can't be published."""

from __future__ import annotations

import pytest

from reports.domain.sentences import paragraphs, problems_of
from tests.domain.builders import indicator

KNOWN = {each.code: each for each in (indicator("dk"), indicator("dx"), indicator("uu", "text"))}
TEXT = "Tổ chức {dk} cuộc đối thoại định kỳ[, {dx} cuộc đột xuất].\n\nTiếp {dx} lượt.\nKhông có số."


@pytest.mark.parametrize(
    ("figures", "printed"),
    [
        ({"dk": "1.234", "dx": "0"}, ["Tổ chức 1.234 cuộc đối thoại định kỳ, 0 cuộc đột xuất.", "Tiếp 0 lượt.", "Không có số."]),
        ({"dk": "1"}, ["Tổ chức 1 cuộc đối thoại định kỳ.", "Không có số."]),
        ({"dx": "2"}, ["Tổ chức …… cuộc đối thoại định kỳ, 2 cuộc đột xuất.", "Tiếp 2 lượt.", "Không có số."]),
        ({}, ["Không có số."]),
    ],
)
def test_a_blank_takes_its_part_or_its_paragraph_along_and_zero_does_not(figures: dict[str, str], printed: list[str]):
    assert paragraphs(TEXT, lambda code: figures.get(code, "")) == printed


@pytest.mark.parametrize(
    ("text", "params"),
    [
        ("Có {khac} cuộc", {"code": "khac"}),
        ("Có {uu}", {"code": "uu"}),
        ("Có {dk cuộc", {"line": "Có {dk cuộc"}),
        ("Có dk} cuộc", {"line": "Có dk} cuộc"}),
        ("Có {dk}[, {dx}", {"line": "Có {dk}[, {dx}"}),
        ("Có {dk}[ cuộc]", {"part": " cuộc"}),
        ("Kỳ {period}", {"code": "period"}),
    ],
)
def test_what_cannot_be_filled_is_told_with_its_place(text: str, params: dict[str, str]):
    assert [problem.params for problem in problems_of(text, KNOWN)] == [params]


def test_a_sound_text_and_a_subject_with_its_period_have_no_problem():
    assert not list(problems_of(TEXT, KNOWN))
    assert not list(problems_of("Kết quả {period}", KNOWN, is_subject=True))
