from __future__ import annotations

from datetime import date
from fractions import Fraction
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from reports.documents.workbooks import Book, Column
from reports.domain.numbers import parse_vietnamese
from reports.services import rolling_up
from tests.builders import Play, given_cycle, given_template
from tests.domain.builders import indicator
from tests.entrypoints.pages import given_form_cycle, officers
from units.models import Unit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_time")]


def sheet_of(content: bytes) -> Any:
    return openpyxl.load_workbook(BytesIO(content)).worksheets[0]


def rows_of(response: Any) -> list[list[Any]]:
    assert response.status_code == 200
    return [[cell.value for cell in row] for row in sheet_of(response.content).iter_rows()]


def row_of(response: Any, name: str) -> list[Any]:
    return next(row for row in rows_of(response) if name in row)


def exact_figure(cell: Any) -> Fraction:
    """The figure that a cell holds, whichever of the three ways it was written."""
    if isinstance(cell, str) and cell.startswith("="):
        return Fraction(cell[1:])
    return Fraction(parse_vietnamese(cell, decimals=20, negative=True) if isinstance(cell, str) else repr(cell))


_figures = st.one_of(
    st.integers(-(10**15), 10**15).map(Fraction),
    st.builds(lambda whole, places: Fraction(whole, 10**places), st.integers(-(10**15) + 1, 10**15 - 1), st.integers(0, 6)),
    st.fractions(max_denominator=10**9).filter(lambda each: abs(each.numerator) < 10**15),
)


@settings(max_examples=20, deadline=None)
@given(st.lists(_figures, min_size=1, max_size=60))
def test_every_figure_reads_back_as_the_exact_one(figures):
    with translation.override("vi"):
        book = Book("x")
        sheet = book.sheet("x", [], [Column("a")])
        for figure in figures:
            sheet.row([figure])
        content = book.content()
    cells = [row[0].value for row in sheet_of(content).iter_rows(min_row=2)]
    assert [exact_figure(cell) for cell in cells] == figures
    shown = CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_index(0).to_python()[1:]
    assert all(isinstance(cell[0], str) or cell[0] == float(figure) for cell, figure in zip(shown, figures, strict=True))


def test_more_digits_than_a_spreadsheet_keeps_are_text_with_a_note():
    book = Book("x")
    sheet = book.sheet("x", [], [Column("a")])
    sheet.row([Fraction("123456789012345.678901")])
    with translation.override("vi"):
        cell = sheet_of(book.content()).cell(2, 1)
    assert exact_figure(cell.value) == Fraction("123456789012345.678901")
    assert cell.comment is not None


def test_an_annex_holds_what_was_declared_beside_a_year_ago(client):
    version = given_form_cycle(period="2024-H1", reference_day=date(2025, 6, 1)).cycle.version
    earlier = Play(version.cycles.get())
    earlier.hand_in("H1", ho="2700")
    play = given_cycle(version)
    play.hand_in("H1", ho="2782", ngheo="189", tien="1234.5", co_to="no", loai="kha")
    client.force_login(officers()["commune"])
    page = client.get(f"/reports/{play.report('H1').pk}/annex.xlsx")
    assert row_of(page, "Số hộ")[3:] == [2782, 2700, 82]
    assert row_of(page, "Tỷ lệ")[3] == "=9450/1391"
    assert row_of(page, "Kinh phí")[3] == 1234.5
    assert row_of(page, "Có tổ")[3] == "không"
    assert "Ưu điểm" not in {cell for row in rows_of(page) for cell in row}


def test_blank_and_zero_are_told_apart(client):
    play = given_form_cycle()
    play.hand_in("H1", ho="0")
    client.force_login(officers()["hamlet"])
    page = client.get(f"/reports/{play.report('H1').pk}/annex.xlsx")
    assert row_of(page, "Số hộ")[3] == 0
    assert row_of(page, "Hộ nghèo")[3] is None


def test_a_consolidated_annex_has_a_column_for_each_child_and_says_what_is_not_in(client):
    play = given_form_cycle()
    play.hand_in("H1", ho="1200", ngheo="300", co_to="yes", loai="tot")
    play.hand_in("H2", ho="0", co_to="no", loai="kha")
    rolling_up.drain_all()
    client.force_login(officers()["commune"])
    page = client.get(f"/reports/{play.report('C').pk}/consolidated.xlsx")
    assert row_of(page, "Số hộ")[3:] == [1200, None, 1200, 0, None]
    assert row_of(page, "Tỷ lệ")[3:] == [25, None, 25, None, None]
    assert row_of(page, "Có tổ")[3:] == [1, None, 1, 0, None]
    totals = [row for row in rows_of(page) if row[1] and row[1].startswith("– ")]
    assert [row[3:] for row in totals] == [[1, None, 1, 0, None], [1, None, 0, 1, None]]
    assert any("2/4" in str(cell) for row in rows_of(page) for cell in row)
    sheet = sheet_of(page.content)
    assert (sheet.freeze_panes, sheet.page_setup.orientation, sheet.print_title_rows) == ("D6", "landscape", "$4:$5")


def test_no_cell_becomes_a_formula_that_somebody_named_a_unit(client):
    play = given_form_cycle()
    for uid in ("H1", "C"):
        Unit.objects.filter(uid=uid).update(name="=cmd|'/c calc'!A1")
    play.hand_in("H1", ho="1")
    client.force_login(officers()["commune"])
    for report, name in (("C", "status"), ("C", "consolidated"), ("H1", "annex")):
        page = client.get(f"/reports/{play.report(report).pk}/{name}.xlsx")
        cells = [cell for row in sheet_of(page.content).iter_rows() for cell in row if str(cell.value).startswith("=cmd")]
        assert cells
        assert b"<f>cmd" not in page.content


def test_the_status_has_days_as_days_and_counts_as_numbers(client):
    play = given_form_cycle()
    play.save("H1", ho="1")
    client.force_login(officers()["commune"])
    row = row_of(client.get(f"/reports/{play.report('C').pk}/status.xlsx"), "Đơn vị H1")
    assert row[5].date() == date(2025, 6, 18)
    assert isinstance(row[8], int)


@pytest.mark.parametrize("name", ["annex", "consolidated", "status"])
def test_what_is_out_of_reach_is_not_found(client, name):
    play = given_form_cycle()
    play.hand_in("H1", ho="1")
    client.force_login(officers()["stranger"])
    assert client.get(f"/reports/{play.report('H1').pk}/{name}.xlsx").status_code == 404


@pytest.mark.parametrize(("name", "most"), [("annex", 16), ("consolidated", 16), ("status", 16)])
def test_a_workbook_asks_as_much_for_many_units_as_for_few(client, django_assert_max_num_queries, name, most):
    version = given_template(indicator("a", levels="hamlet|commune"))
    play = given_cycle(version, outline={"P": {"D": {"C": [f"H{number}" for number in range(1, 41)]}}})
    play.save("C")
    play.submit("C")
    client.force_login(officers()["commune"])
    with django_assert_max_num_queries(most):
        assert client.get(f"/reports/{play.report('C').pk}/{name}.xlsx").status_code == 200
