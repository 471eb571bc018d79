"""Figures and periods as their readers say them."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from reports import wording


@pytest.mark.parametrize(
    ("code", "vietnamese", "english"),
    [
        ("2025-H1", "6 tháng đầu năm 2025", "first half of 2025"),
        ("2025-H2", "6 tháng cuối năm 2025", "second half of 2025"),
        ("2025-Y", "năm 2025", "year 2025"),
        ("2025-Q1", "quý I năm 2025", "first quarter of 2025"),
        ("2025-Q4", "quý IV năm 2025", "fourth quarter of 2025"),
        ("2025-M01", "tháng 01 năm 2025", "January 2025"),
        ("2025-M12", "tháng 12 năm 2025", "December 2025"),
        ("2021..2025", "giai đoạn 2021–2025", "2021–2025"),
    ],
)
def test_a_period_is_named_as_an_officer_says_it(code: str, vietnamese: str, english: str):
    with override("vi"):
        assert wording.period_name(code) == vietnamese
    with override("en"):
        assert wording.period_name(code) == english


@pytest.mark.parametrize(
    ("code", "vietnamese", "english"), [("trung_binh", "Trung bình", "average"), ("dan_van_kheo", "dan van kheo", "dan van kheo")]
)
def test_a_choice_reads_in_words_where_the_project_knows_it_and_else_as_its_code(code: str, vietnamese: str, english: str):
    with override("vi"):
        assert wording.choice_label(code) == vietnamese
    with override("en"):
        assert wording.choice_label(code) == english
