"""What a year's report opens with and is held against (semantics §7)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from reports.models import TemplateVersion
from reports.queries.form_sheet import Halves, Sheet, enterable, form_sheet
from reports.queries.past import Past
from reports.queries.so_far import opening_of
from reports.services.submitting import readiness
from tests.builders import Play, at, given_cycle, given_template
from tests.domain.builders import indicator
from tests.unit_builders import HEADER, load_csv
from units.models import Succession, Unit

pytestmark = pytest.mark.django_db
LATE = at("2025-12-16 09:00")


def given_version() -> TemplateVersion:
    return given_template(
        indicator("cuoc", levels="hamlet|commune"),
        indicator("ho", levels="hamlet|commune", up="leaf_sum", time="stock_last"),
        indicator("diem", "decimal", levels="hamlet", up="mean", time="mean", decimals=1),
        indicator("co", "boolean", levels="hamlet", time="max"),
        indicator("loi", "text", levels="hamlet", time="last"),
        indicator("ty_le", "percent", levels="hamlet|commune", formula="cuoc / ho"),
    )


def of_a_year(version: TemplateVersion | None = None, **halves: dict[str, str]) -> Play:
    """The year's cycle, once hamlet 1 has handed in these parts of it."""
    version = version or given_version()
    for period, figures in halves.items():
        given_cycle(version, period=f"2025-{period}").hand_in("H1", **figures)
    return given_cycle(version, period="2025-Y", opened=LATE)


def opened(play: Play, uid: str) -> tuple[Any, Any]:
    report = play.report(uid)
    found = opening_of(report, enterable(report), Past.of(report).so_far.get(report.unit_id), {})
    return (found.values, found.periods) if found else (None, None)


def sheet_of(play: Play, uid: str, *, opening: bool = False) -> Sheet:
    report = play.report(uid)
    ready = readiness([report], LATE)[report.pk]
    return form_sheet(report, ready.below, ready.both, opening=opening)


def test_the_year_opens_with_what_its_halves_make_of_each_indicator():
    play = of_a_year(
        H1={"cuoc": "3", "ho": "40", "diem": "8", "co": "yes", "loi": "Đầu năm."}, H2={"cuoc": "4", "ho": "41", "diem": "8.5", "co": "no"}
    )
    values, periods = opened(play, "H1")
    assert values == {"cuoc": 7, "ho": 41, "diem": "8.3", "co": True, "loi": "Đầu năm."}
    assert periods == ["2025-H1", "2025-H2"]


def test_what_is_begun_opens_as_it_was_left_and_what_has_no_part_opens_empty():
    play = of_a_year(H1={"cuoc": "3"})
    play.save("H1", ho="1")
    assert opened(play, "H1") == (None, None)
    assert opened(play, "H2") == (None, None)


def test_only_what_the_unit_may_enter_is_opened_with():
    version = given_version()
    given_cycle(version, period="2025-H1", levels=("commune",), under=["C"]).hand_in("C", cuoc="3", ho="40")
    assert opened(given_cycle(version, period="2025-Y"), "C")[0] == {"cuoc": 3}


def test_halves_go_before_quarters_and_a_quarter_stands_in_for_a_half_that_is_not_there():
    play = of_a_year(Q1={"cuoc": "1"}, Q2={"cuoc": "1"}, H1={"cuoc": "5"}, Q3={"cuoc": "10"})
    found = Past.of(play.report("H1")).so_far[play.report("H1").unit_id]
    assert (found.periods, found.own, found.six_months, found.since) == (["2025-H1", "2025-Q3"], {"cuoc": 15}, {"cuoc": 5}, {"cuoc": 10})


def test_a_half_year_opens_with_its_quarters_and_has_no_six_months_of_its_own():
    version = given_version()
    for period in ("2025-Q1", "2025-Q2"):
        given_cycle(version, period=period).hand_in("H1", cuoc="2")
    play = given_cycle(version, period="2025-H1")
    assert opened(play, "H1") == ({"cuoc": 4}, ["2025-Q1", "2025-Q2"])
    assert Past(play.cycle, [play.report("H1").unit_id]).six_months == {}


def test_the_six_months_stand_beside_each_figure_and_the_second_half_follows_from_the_year():
    play = of_a_year(H1={"cuoc": "3", "ho": "40"})
    play.save("H1", cuoc="10", ho="41")
    sheet = sheet_of(play, "H1")
    rows = {row.code: row for row in sheet.rows}
    assert (sheet.six_months_period, sheet.columns) == ("2025-H1", 2)
    assert {code: row.six_months for code, row in rows.items()} == {
        "cuoc": 3, "ho": 40, "diem": None, "co": None, "loi": None, "ty_le": Fraction(15, 2),
    }  # fmt: skip
    assert rows["cuoc"].halves == Halves(3, Fraction(7))
    assert rows["ho"].halves is None


def test_a_commune_sees_the_six_months_of_all_below_it_and_splits_its_own():
    version = given_version()
    half = given_cycle(version, period="2025-H1")
    half.hand_in("H1", cuoc="3")
    half.hand_in("C", cuoc="1")
    play = given_cycle(version, period="2025-Y")
    play.save("C", cuoc="6")
    row = {row.code: row for row in sheet_of(play, "C").rows}["cuoc"]
    assert (row.six_months, row.halves) == (4, Halves(1, Fraction(5)))


def test_nobody_has_said_that_nothing_happened_in_a_second_half_that_is_not_there():
    play = of_a_year(H1={"cuoc": "3"})
    report = play.report("H1")
    report.own = opened(play, "H1")[0]
    ready = readiness([report], LATE)[report.pk]
    row = next(row for row in form_sheet(report, ready.below, ready.both, opening=True).rows if row.code == "cuoc")
    assert row.halves is not None
    assert (row.own, row.halves.second) == (3, None)


def test_the_previous_period_has_no_column_where_it_is_the_year_ago():
    version = given_version()
    given_cycle(version, period="2024-Y", reference_day=at("2025-01-01 00:00").date()).hand_in("H1", cuoc="1")
    sheet = sheet_of(given_cycle(version, period="2025-Y"), "H1")
    assert (sheet.previous_period, sheet.year_ago_period, sheet.shows_previous, sheet.columns) == ("2024-Y", "2024-Y", False, 3)


def test_a_years_six_months_cost_two_queries_and_a_half_years_none(django_assert_num_queries: Any):
    play = of_a_year(H1={"cuoc": "3"})
    half, unit = given_cycle(play.cycle.version, period="2026-H1").cycle, play.report("H1").unit_id
    with django_assert_num_queries(0):
        assert Past(half, [unit]).six_months == {}
    with django_assert_num_queries(2):
        assert Past(play.cycle, [unit]).six_months[unit].six_months == {"cuoc": 3}


def test_a_commune_made_in_july_opens_with_the_six_months_of_its_predecessors():
    version = given_version()
    load_csv(
        HEADER, "P,P,Tỉnh,province,,,", "A,A,Xã A,commune,P,,2025-06-30", "B,B,Xã B,commune,P,,2025-06-30", "N,N,Xã N,commune,P,2025-07-01,"
    )
    half = given_cycle(version, {}, period="2025-H1", under=["P"], reference_day=date(2025, 6, 14))
    half.hand_in("A", cuoc="3", ho="40")
    half.hand_in("B", cuoc="5", ho="11")
    for uid, share in (("A", Decimal(1)), ("B", Decimal("0.5"))):
        units = {"predecessor": Unit.objects.get(uid=uid), "successor": Unit.objects.get(uid="N")}
        Succession.objects.create(**units, effective_on=date(2025, 7, 1), share=share)
    play = given_cycle(version, {}, period="2025-Y", under=["P"], opened=LATE)
    report = play.report("N")
    found = opening_of(report, enterable(report), Past.of(report).so_far.get(report.unit_id), {})
    assert found is not None
    assert (found.values["cuoc"], found.periods, [unit.uid for unit in found.predecessors]) == (6, ["2025-H1"], ["A", "B"])
    play.save("N", cuoc="7")
    sheet = sheet_of(play, "N")
    row = next(row for row in sheet.rows if row.code == "cuoc")
    assert (sheet.six_months_period, row.six_months, row.is_estimated, row.halves) == ("2025-H1", 6, True, Halves(6, Fraction(1)))
