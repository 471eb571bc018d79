"""What stands beside the figures of a unit that was made of others: what these reported, restated for it and marked."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from reports.models import TemplateVersion
from reports.queries.form_sheet import Sheet, form_sheet
from reports.services import rolling_up
from reports.services.submitting import readiness
from tests.builders import Play, at, given_cycle, given_template, given_user
from tests.domain.builders import indicator
from tests.entrypoints.admin_client import text_of
from tests.entrypoints.pages import signed_in
from tests.unit_builders import HEADER, load_csv, succeed
from units.models import Unit

pytestmark = pytest.mark.django_db

LEVELS = "commune|hamlet"
OPENED = at("2026-06-10 08:00")


def given_version() -> TemplateVersion:
    return given_template(
        indicator("a", levels=LEVELS),
        indicator("b", levels=LEVELS),
        indicator("y", "boolean", levels=LEVELS),
        indicator("ty_le", "percent", levels=LEVELS, formula="a / b"),
    )


def given_half_of_2025(version: TemplateVersion, outline: dict[str, list[str]]) -> Play:
    """The communes A and B in D, accepted; then N and M below P stand in their place."""
    half = given_cycle(version, {"P": {"D": outline}}, period="2025-H1")
    for hamlets in outline.values():
        for uid in hamlets:
            half.hand_in(uid, a="1", b="2")
    half.hand_in("A", a="4", b="10", y="yes")
    half.hand_in("B", a="5", b="10", y="yes")
    rolling_up.drain_all([half.cycle.pk])
    Unit.objects.exclude(uid="P").update(valid_to="2025-06-30")
    load_csv(HEADER, "N,,Xã N,commune,P,2025-07-01,", "M,,Xã M,commune,P,2025-07-01,", "NH,,Thôn,hamlet,N,2025-07-01,")
    return half


def given_half_of_2026(version: TemplateVersion, **plan: object) -> Play:
    return given_cycle(version, {}, period="2026-H1", under=["P"], due=date(2026, 6, 20), opened=OPENED, **plan)


def sheet_of(play: Play, uid: str) -> Sheet:
    report = play.report(uid)
    ready = readiness([report], OPENED)[report.pk]
    return form_sheet(report, ready.below, ready.both)


def year_ago(sheet: Sheet) -> dict[str, object]:
    return {row.code: row.year_ago for row in sheet.rows}


def test_a_merged_unit_has_its_predecessors_figures_of_a_year_ago_beside_its_own_and_the_change() -> None:
    version = given_version()
    given_half_of_2025(version, {"A": [], "B": []})
    succeed("A>N:1", "B>N:1")
    play = given_half_of_2026(version, without=["NH"])
    play.save("N", a="12")
    sheet = sheet_of(play, "N")
    assert (sheet.year_ago_period, sheet.year_ago_is_restated) == ("2025-H1", True)
    assert year_ago(sheet) == {"a": 9, "b": 20, "y": True, "ty_le": 45}
    assert {row.code: row.change for row in sheet.rows}["a"] == Fraction(3)
    assert not any(row.is_year_ago_estimated for row in sheet.rows)

    reader = signed_in(given_user("lan", N="preparer"))
    assert "từ các đơn vị tiền thân" in text_of(reader.get(f"/reports/{play.report('N').pk}/"))


def test_a_share_is_marked_as_estimated_with_what_is_computed_from_it() -> None:
    version = given_version()
    given_half_of_2025(version, {"A": [], "B": []})
    succeed("A>N:0.5", "A>M:0.5", "B>M:1")
    play = given_half_of_2026(version, without=["NH"])
    assert year_ago(sheet_of(play, "N")) == {"a": 2, "b": 5, "y": None, "ty_le": 40}
    assert [row.code for row in sheet_of(play, "N").rows if row.is_year_ago_estimated] == ["a", "b", "ty_le"]
    assert year_ago(sheet_of(play, "M"))["y"] is True


def test_with_reports_below_totals_are_compared_with_those_of_all_predecessors() -> None:
    version = given_version()
    given_half_of_2025(version, {"A": ["A1"], "B": ["B1"]})
    succeed("A>N:1", "B>N:1", "A1>NH:1", "B1>NH:1")
    sheet = sheet_of(given_half_of_2026(version), "N")
    assert sheet.compares_totals
    assert {code: value for code, value in year_ago(sheet).items() if code != "y"} == {"a": 11, "b": 24, "ty_le": Fraction(1100, 24)}


def test_rules_do_not_follow_a_reorganisation_and_the_column_of_the_period_before_does() -> None:
    version = given_template(indicator("a", levels=LEVELS, rules="warn: a >= prev(a)"))
    half = given_cycle(version, {"P": {"D": ["A"]}}, period="2025-H1")
    half.hand_in("A", a="4")
    Unit.objects.filter(uid="A").update(valid_to="2025-06-30")
    load_csv(HEADER, "N,,Xã N,commune,P,2025-07-01,")
    succeed("A>N:1")
    play = given_cycle(version, {}, period="2025-H2", under=["P"], due=date(2025, 12, 20), opened=at("2025-12-10 08:00"))
    play.save("N", a="1")
    report = play.report("N")
    assert readiness([report], OPENED)[report.pk].findings == []
    sheet = sheet_of(play, "N")
    assert (sheet.previous_period, sheet.previous_is_restated, sheet.rows[0].previous) == ("2025-H1", True, 4)
