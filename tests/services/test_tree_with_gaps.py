"""Who is whose superior where a unit on the path doesn't report (semantics §1)."""

from __future__ import annotations

from datetime import date

import pytest

from tests.builders import given_cycle
from tests.unit_builders import HEADER, load_csv

pytestmark = pytest.mark.django_db


def test_what_stands_below_a_unit_that_has_ended_reports_to_the_one_above_it() -> None:
    load_csv(HEADER, "P,,Tỉnh,province,,,", "D,,Huyện,district,P,,2024-12-31", "C,,Xã,commune,D,,")
    play = given_cycle(outline={}, under=["P"], reference_day=date(2025, 6, 14))
    assert play.report("C").superior == play.report("P")
    assert not play.reports("D").exists()


def test_a_level_that_does_not_report_is_passed_over() -> None:
    play = given_cycle(outline={"P": {"D": {"C": ["H"]}}}, levels=["province", "hamlet"])
    assert play.report("H").superior == play.report("P")
    assert play.report("P").levels_below == ["hamlet"]
