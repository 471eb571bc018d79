from __future__ import annotations

from itertools import pairwise

import pytest

from reports.domain.periods import PeriodKind, is_part_of, overlap, parse_period
from units.problems import Refused


@pytest.mark.parametrize(
    ("code", "first_day", "last_day"),
    [
        ("2025-H1", "2024-12-15", "2025-06-14"),
        ("2025-H2", "2025-06-15", "2025-12-14"),
        ("2025-Y", "2024-12-15", "2025-12-14"),
        ("2025-Q1", "2024-12-15", "2025-03-14"),
        ("2025-Q2", "2025-03-15", "2025-06-14"),
        ("2025-Q3", "2025-06-15", "2025-09-14"),
        ("2025-Q4", "2025-09-15", "2025-12-14"),
        ("2025-M01", "2024-12-15", "2025-01-14"),
        ("2025-M03", "2025-02-15", "2025-03-14"),
        ("2025-M12", "2025-11-15", "2025-12-14"),
        ("2021..2025", "2020-12-15", "2025-12-14"),
    ],
)
def test_a_period_has_the_states_days(code: str, first_day: str, last_day: str):
    period = parse_period(code)
    assert (period.first_day.isoformat(), period.last_day.isoformat()) == (first_day, last_day)


@pytest.mark.parametrize(
    "codes",
    [
        ["2025-H1", "2025-H2", "2026-H1"],
        ["2024-Y", "2025-Y"],
        [f"2025-Q{number}" for number in (1, 2, 3, 4)],
        [*(f"2025-M{number:02}" for number in range(1, 13)), "2026-M01"],
        ["2024-H2", "2025-M01"],
        ["2021..2025", "2026-Y"],
    ],
)
def test_a_period_begins_the_day_after_the_one_before_ended(codes: list[str]):
    periods = [parse_period(code) for code in codes]
    assert [(later.first_day - earlier.last_day).days for earlier, later in pairwise(periods)] == [1] * (len(codes) - 1)


@pytest.mark.parametrize(
    ("code", "kind", "ago"),
    [
        ("2025-H1", PeriodKind.HALF, "2024-H1"),
        ("2025-Y", PeriodKind.YEAR, "2024-Y"),
        ("2025-Q4", PeriodKind.QUARTER, "2024-Q4"),
        ("2025-M01", PeriodKind.MONTH, "2024-M01"),
        ("2021..2025", PeriodKind.SPAN, None),
    ],
)
def test_a_year_ago_is_the_same_kind_of_period_of_the_year_before(code: str, kind: PeriodKind, ago: str | None):
    period = parse_period(code)
    assert (period.kind, period.year_ago) == (kind, ago)


@pytest.mark.parametrize(
    "code",
    [
        *("", "2025", "2025-H3", "2025-H0", "2025-Q5", "2025-M13", "2025-M00", "2025-M1", "2025-y", "25-H1", " 2025-H1", "2025-H1\n"),
        *("2025..2025", "2025..2021", "2021-2025", "0000-Y", "0001-H1", "٢٠٢٥-H1", "2025-H1-2"),
    ],
)
def test_what_names_no_period_is_refused(code: str):
    with pytest.raises(Refused) as refused:
        parse_period(code)
    assert [problem.params["code"] for problem in refused.value.problems] == [code]


@pytest.mark.parametrize(
    ("part", "whole", "lies_in"),
    [
        ("2025-H1", "2025-Y", True),
        ("2025-Q4", "2025-Y", True),
        ("2025-M06", "2025-H1", True),
        ("2023-Y", "2021..2025", True),
        ("2025-Q3", "2025-H1", False),
        ("2024-H2", "2025-Y", False),
        ("2025-Y", "2025-Y", False),
        ("2025-Y", "2025-H1", False),
    ],
)
def test_what_is_part_of_what(part: str, whole: str, lies_in: bool):
    assert is_part_of(part, whole) == lies_in


def test_a_quarter_overlaps_its_half_and_no_other():
    assert [overlap("2025-Q2", other) for other in ("2025-H1", "2025-H2", "2025-Y", "2024-Y")] == [True, False, True, False]
