from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from reports.domain.comparing import Change
from reports.models import TemplateVersion
from reports.queries.form_sheet import form_sheet
from reports.services.submitting import readiness
from tests.builders import NOON, Play, at, given_cycle, given_template
from tests.domain.builders import indicator

pytestmark = pytest.mark.django_db


def given_version() -> TemplateVersion:
    return given_template(
        indicator("ho", levels="hamlet|commune", up="leaf_sum", required=True),
        indicator("cuoc", levels="commune"),
        indicator("ty_le", "percent", levels="hamlet|commune", formula="cuoc / ho"),
        indicator("cham", "decimal", levels="hamlet", entered_by="superior"),
        indicator("loi", "text", levels="hamlet", section="B"),
    )


def sheet_of(play: Play, uid: str) -> dict[str, Any]:
    report = play.report(uid)
    ready = readiness([report], NOON)[report.pk]
    return {row.code: row for row in form_sheet(report, ready.below, ready.both).rows}


def test_a_hamlet_sees_what_it_enters_and_what_is_computed_for_it():
    rows = sheet_of(given_cycle(given_version()), "H1")
    assert {code: row.may_be_entered for code, row in rows.items()} == {"ho": True, "ty_le": False, "cham": False, "loi": True}


def test_a_commune_sees_totals_of_what_only_hamlets_enter_and_no_texts_of_theirs():
    rows = sheet_of(given_cycle(given_version()), "C")
    assert {code: row.may_be_entered for code, row in rows.items()} == {"ho": False, "cuoc": True, "ty_le": False, "cham": False}


def test_below_own_and_both_stand_beside_each_other():
    play = given_cycle(given_version())
    play.hand_in("H1", ho="40")
    play.save("C", cuoc="10")
    rows = sheet_of(play, "C")
    assert (rows["ho"].below, rows["ho"].own, rows["ho"].both) == (40, None, 40)
    assert (rows["cuoc"].below, rows["cuoc"].own, rows["cuoc"].both) == (None, 10, 10)
    assert (rows["ty_le"].below, rows["ty_le"].both) == (None, 25)


def test_progress_counts_what_is_answered_and_zero_is_an_answer():
    play = given_cycle(given_version())
    play.save("H1", ho="0")
    report = play.report("H1")
    ready = readiness([report], NOON)[report.pk]
    sections = form_sheet(report, ready.below, ready.both).sections
    assert [(each.title, each.answered, each.entered, each.required_blank) for each in sections] == [("A", 1, 1, 0), ("B", 0, 1, 0)]


def test_a_year_ago_is_compared_with_the_own_figure_of_a_hamlet_and_the_total_of_a_commune():
    version = given_version()
    before = given_cycle(version, period="2024-H1", due=date(2024, 6, 18), opened=at("2024-06-10 12:00"))
    before.hand_in("H1", ho="30")
    before.hand_in("H2", ho="5")
    before.hand_in("C", cuoc="7")
    play = given_cycle(version)
    play.hand_in("H1", ho="40")
    assert (sheet_of(play, "H1")["ho"].year_ago, sheet_of(play, "H1")["ho"].change) == (30, Fraction(10))
    commune = sheet_of(play, "C")
    assert (commune["ho"].year_ago, commune["ho"].change) == (35, Fraction(5))
    assert (commune["ty_le"].year_ago, commune["ty_le"].change) == (20, None)


def test_the_sheet_names_the_periods_that_it_compares_with_and_has_no_column_for_none():
    version = given_version()
    before = given_cycle(version, period="2024-H1", due=date(2024, 6, 18), opened=at("2024-06-10 12:00"))
    before.hand_in("H1", ho="30")
    play = given_cycle(version)
    reports = [play.report(uid) for uid in ("H1", "H2", "C")]
    ready = readiness(reports, NOON)
    sheets = [form_sheet(report, ready[report.pk].below, ready[report.pk].both) for report in reports]
    assert [(each.previous_period, each.year_ago_period, each.columns) for each in sheets] == [("", "2024-H1", 3), ("", "", 1), ("", "", 3)]


def test_a_figure_of_a_year_ago_that_was_no_number_then_is_not_compared_with_a_number():
    given_cycle(given_template(indicator("g", "choice", choices="tot|yeu", levels="hamlet")), period="2024-H1").hand_in("H1", g="tot")
    play = given_cycle(given_template(indicator("g", levels="hamlet")), period="2025-H1")
    play.save("H1", g="3")
    row = sheet_of(play, "H1")["g"]
    assert (row.own, row.year_ago, row.change) == (3, None, None)


def test_nothing_is_marked_as_changed_before_the_first_submission():
    play = given_cycle(given_version())
    play.save("H1", ho="4")
    assert not any(row.is_changed for row in sheet_of(play, "H1").values())


def test_an_adjustment_stands_at_its_figure():
    play = given_cycle(given_version())
    play.save("C", cuoc="1")
    play.adjust("C", "ho", "-3", "Trùng.")
    row = sheet_of(play, "C")["ho"]
    assert ([each.amount for each in row.adjustments], row.both) == (["-3"], -3)


def test_a_figure_that_was_defined_otherwise_a_year_ago_says_in_what():
    given_cycle(given_template(indicator("a", unit="vụ"), indicator("b")), period="2024-H1").hand_in("H1", a="3", b="1")
    rows = sheet_of(given_cycle(given_template(indicator("a", unit="cuộc"), indicator("b")), period="2025-H1"), "H1")
    assert (rows["a"].year_ago, rows["a"].year_ago_redefined) == (3, [Change("unit", "vụ", "cuộc")])
    assert not rows["b"].year_ago_redefined
