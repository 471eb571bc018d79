from __future__ import annotations

import csv
import io
from fractions import Fraction
from typing import Any

import pytest
from openpyxl import load_workbook

from reports import charts
from tests.builders import Play, given_cycle, given_template, given_user
from tests.domain.builders import indicator
from tests.entrypoints.pages import english, given_two_hamlets_in, looked_at, officers, signed_in, text_of
from tests.entrypoints.test_pages_queries import MOST, asked, given_province

pytestmark = pytest.mark.django_db
PAGES = ("progress/", "progress/?by=state", "timeliness/", "indicators/", "indicators/?indicator=ty_le&order=lowest", "warnings/")
FILES = ("progress.csv", "timeliness.csv", "indicators.csv?indicator=ty_le", "warnings.csv")
WORKBOOKS = tuple(name.replace(".csv", ".xlsx") for name in FILES)


@pytest.fixture
def play() -> Play:
    return given_two_hamlets_in()


def rows_of(response: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))


@pytest.mark.parametrize("page", [*PAGES, *FILES, *WORKBOOKS])
def test_only_who_reaches_a_unit_sees_its_dashboards(play: Play, page: str):
    users = officers()
    path = f"/dashboards/{play.report('D').pk}/{page}"
    with looked_at():
        assert [signed_in(users[who]).get(path).status_code for who in ("province", "district", "viewer", "commune", "stranger")] == [
            200,
            200,
            200,
            404,
            404,
        ]


def test_a_unit_with_nothing_below_has_no_dashboards(play: Play):
    with looked_at():
        assert signed_in(officers()["hamlet"]).get(f"/dashboards/{play.report('H1').pk}/progress/").status_code == 404


def test_the_overview_leads_to_the_topmost_units_in_reach(play: Play):
    with looked_at():
        shown = signed_in(officers()["viewer"]).get("/dashboards/")
    assert f"/dashboards/{play.report('D').pk}/progress/" in shown.content.decode()
    assert f"/dashboards/{play.report('P').pk}/progress/" not in shown.content.decode()


def test_the_map_says_in_words_what_it_says_in_colours(play: Play):
    with looked_at():
        shown = text_of(signed_in(officers()["district"]).get(f"/dashboards/{play.report('C').pk}/progress/"))
    assert "Đơn vị H1 : Đúng hạn" in shown
    assert "Đơn vị H3 : Chưa đến hạn" in shown


def test_a_ratio_stands_beside_its_totals_and_an_incomplete_total_says_how_much_is_in(play: Play):
    with looked_at():
        client = signed_in(officers()["district"])
        shown = text_of(client.get(f"/dashboards/{play.report('D').pk}/indicators/?indicator=ty_le"))
        row = rows_of(client.get(f"/dashboards/{play.report('D').pk}/indicators.csv?indicator=ty_le"))[0]
    assert "1 Đơn vị C 2,43 1.234 30 2/4" in shown
    assert (row["unit_uid"], row["value"], row["ho"], row["ngheo"], row["counted"], row["expected"]) == (
        "C",
        "2.431118314425",
        "1234",
        "30",
        "2",
        "4",
    )


def test_a_dashboards_workbook_has_numbers_for_figures_and_words_for_codes(play: Play):
    with looked_at():
        client = signed_in(officers()["district"])

        def sheet(unit: str, name: str) -> Any:
            return load_workbook(io.BytesIO(client.get(f"/dashboards/{play.report(unit).pk}/{name}").content)).active

        ranking, progress = sheet("D", "indicators.xlsx?indicator=ty_le"), sheet("C", "progress.xlsx")
    rows = [[cell.value for cell in row] for row in ranking.iter_rows(min_row=5, max_row=5)]
    assert rows == [[1, "C", "Đơn vị C", "=1500/617", None, 2, 4, 1234, 30]]
    assert ranking.freeze_panes == "C5"
    assert [cell.value for cell in progress[5]][:4] == ["H1", "Đơn vị H1", "Đã tiếp nhận", "Đúng hạn"]
    assert {type(cell.value) for cell in progress[5][4:]} == {int}


def test_a_blank_has_no_place_in_the_ranking_and_is_no_zero(play: Play):
    with looked_at():
        client = signed_in(officers()["district"])
        row = rows_of(client.get(f"/dashboards/{play.report('C').pk}/indicators.csv?indicator=ho"))[-1]
    assert (row["place"], row["unit_uid"], row["value"]) == ("", "H3", "")


@pytest.mark.parametrize("query", ["indicator=uu_diem", "indicator=loai", "indicator=nope", "indicator=ho&per=cuoc_khac"])
def test_what_can_not_be_ranked_is_not_found(play: Play, query: str):
    with looked_at():
        assert signed_in(officers()["district"]).get(f"/dashboards/{play.report('D').pk}/indicators/?{query}").status_code == 404


def test_charts_are_titled_and_described_and_carry_no_style_of_their_own(play: Play):
    with looked_at():
        shown = signed_in(officers()["district"]).get(f"/dashboards/{play.report('C').pk}/indicators/").content.decode()
    assert "<title>Số hộ" in shown
    assert "<desc>" in shown
    assert "style=" not in shown


def test_what_a_chart_says_does_not_run_into_what_stands_beside_it():
    point = charts.Point(Fraction(95), "95,2 % (1.798/1.888)")
    drawn = charts.lines("Đúng hạn", "", ["6 tháng đầu năm 2024"] * 6, [charts.Line("Tỉnh", [point] * 6)])
    for row in ("95,2 %", "(1.798/1.888)", "6 tháng đầu", "năm 2024"):
        assert drawn.count(f">{row}</tspan>") == 6


def counts(name: str, play: Play) -> dict[str, int]:
    reader = signed_in(given_user(f"viewer of {name}", **{name: "viewer"}))
    return {page: asked(reader, f"/dashboards/{play.report(name).pk}/{page}") for page in PAGES}


def test_every_dashboard_asks_as_often_in_a_large_province_as_in_a_small_one():
    small, large = given_province("P", 1, 1, 4), given_province("Q", 2, 3, 10)
    few, many = counts("P", small), counts("Q", large)
    assert many == few
    assert {page: count for page, count in many.items() if count > MOST} == {}


def test_a_trend_says_where_the_figure_was_defined_otherwise():
    levels = "hamlet|commune"
    given_cycle(given_template(indicator("a", levels=levels, unit="vụ")), period="2024-H1").hand_in("H1", a="3")
    play = given_cycle(given_template(indicator("a", levels=levels, unit="cuộc")), period="2025-H1")
    page = text_of(english(given_user("xem", C="viewer")).get(f"/dashboards/{play.report('C').pk}/indicators/"))
    assert "first half of 2024 Defined otherwise then unit of measure: vụ → cuộc" in page
    assert page.count("Defined otherwise then") == 1
