"""Files that are made to be read: every figure in them is a number, and the stored decimal to its last digit."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, datetime
from fractions import Fraction
from io import BytesIO, StringIO
from typing import Any

import openpyxl
import pytest

from reports.documents.cell_values import digits_of
from reports.documents.grids import open_sheets
from reports.domain.numbers import parse_vietnamese
from reports.services import rolling_up
from tests.builders import Play, given_cycle, given_template
from tests.domain.builders import indicator
from tests.entrypoints.pages import LOOKED_AT, looked_at, officers, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.once]
FIGURES = {"a": "999999999999.999", "b": "-123456.000001", "c": "0", "d": "123456789012345.678901", "e": ""}
#: the second hamlet's, and the sum of both
OTHERS = {"a": "0.001", "b": "0.1", "c": "", "d": "1", "e": ""}
SUM = {"a": "1000000000000", "b": "-123455.900001", "c": "0", "d": "123456789012346.678901", "e": ""}


@pytest.fixture(autouse=True)
def _in_time():
    with looked_at():
        yield


@pytest.fixture
def play() -> Play:
    play = given_cycle(given_template(*(indicator(code, "decimal", decimals=6, negative=True, levels="hamlet") for code in FIGURES)))
    play.hand_in("H1", **FIGURES)
    play.hand_in("H2", **OTHERS)
    rolling_up.drain_all([play.cycle.pk])
    return play


@pytest.fixture
def client(play: Play) -> Any:
    return signed_in(officers()["commune"])


def fetched(client: Any, address: str) -> bytes:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content


def by_openpyxl(content: bytes) -> list[list[Any]]:
    return [list(row) for row in openpyxl.load_workbook(BytesIO(content)).worksheets[0].values]


def by_ourselves(content: bytes) -> list[list[Any]]:
    """As a workbook that somebody sends is read."""
    return [[None if cell == "" else cell for cell in row] for _line, row in next(open_sheets(BytesIO(content))).rows()]


def plain(cell: Any) -> str:
    """What a cell says, in plain digits; words of digits are those of figures that no spreadsheet keeps."""
    if isinstance(cell, str):
        assert len(cell) > 15
        return parse_vietnamese(cell, decimals=6, negative=True)
    return "" if cell is None else digits_of(float(cell), 6)


READERS = pytest.mark.parametrize("read", [by_openpyxl, by_ourselves])


@READERS
def test_an_annex_reads_back_as_what_was_declared(play: Play, client: Any, read: Any):
    rows = read(fetched(client, f"/reports/{play.report('H1').pk}/annex.xlsx"))
    assert {row[1]: plain(row[3]) for row in rows if row[1] in FIGURES} == FIGURES


@READERS
def test_a_consolidated_annex_reads_back_as_the_totals_and_what_is_below(play: Play, client: Any, read: Any):
    rows = read(fetched(client, f"/reports/{play.report('C').pk}/consolidated.xlsx"))
    found = {row[1]: [plain(cell) for cell in row[3:7]] for row in rows if row[1] in FIGURES}
    assert found == {code: [SUM[code], "", FIGURES[code], OTHERS[code]] for code in FIGURES}


@READERS
def test_a_dashboard_reads_back_as_the_totals_and_its_csv_has_the_same_digits(play: Play, client: Any, read: Any):
    page = f"/dashboards/{play.report('C').pk}"
    for code, figure in FIGURES.items():
        rows = read(fetched(client, f"{page}/indicators.xlsx?indicator={code}"))
        told = {row[1]: plain(row[3]) for row in rows if row[1] in ("H1", "H2")}
        assert told == {"H1": figure, "H2": OTHERS[code]}
        text = fetched(client, f"{page}/indicators.csv?indicator={code}").decode("utf-8-sig")
        assert {row["unit_uid"]: row["value"] for row in csv.DictReader(StringIO(text)) if row["unit_uid"] in told} == told


@pytest.mark.parametrize("name", ["annex.xlsx", "consolidated.xlsx", "status.xlsx", "below/missing/?format=xlsx"])
def test_its_head_stays_in_view_and_on_every_page_that_is_printed(play: Play, client: Any, name: str):
    sheet = openpyxl.load_workbook(
        BytesIO(fetched(client, f"/reports/{play.report('H1' if name == 'annex.xlsx' else 'C').pk}/{name}"))
    ).active
    assert sheet.freeze_panes
    assert sheet.print_title_rows
    assert (sheet.page_setup.paperSize, sheet.page_setup.orientation, sheet.page_setup.fitToHeight) == (9, "landscape", 0)
    assert max(column.width for column in sheet.column_dimensions.values()) >= 30


def days(rows: list[list[Any]]) -> Iterator[date]:
    return (cell.date() if isinstance(cell, datetime) else cell for row in rows for cell in row if isinstance(cell, date))


@READERS
def test_what_is_missing_and_how_all_stand_have_days_that_are_days_and_counts_that_are_numbers(play: Play, client: Any, read: Any):
    missing = read(fetched(client, f"/reports/{play.report('C').pk}/below/missing/?format=xlsx&scope=all"))
    status = read(fetched(client, f"/reports/{play.report('C').pk}/status.xlsx"))
    assert {f"Đơn vị {uid}" for uid in ("C", "H1", "H2", "H3")} & {row[0] for row in missing} == {"Đơn vị H3"}
    assert set(days(missing)) == {date(2025, 6, 18)}
    submitted = play.report("H1").first_submitted_at
    assert submitted
    assert set(days(status)) == {date(2025, 6, 18), submitted.astimezone(LOOKED_AT.tzinfo).date()}
    assert {type(row[-1]) for row in status if row[0] == "Đơn vị H3"} <= {int, float}


def test_a_quotient_that_does_not_end_is_exact_in_its_formula_and_the_nearest_number_beside():
    with looked_at(datetime(2025, 6, 13, 9, 0, 1, tzinfo=LOOKED_AT.tzinfo)):
        version = given_template(indicator("x"), indicator("y"), indicator("q", "percent", formula="x / y", levels="hamlet|commune"))
    play = given_cycle(version)
    play.hand_in("H1", x="1", y="3")
    content = fetched(signed_in(officers()["hamlet"]), f"/reports/{play.report('H1').pk}/annex.xlsx")
    (formula,) = [row[3] for row in by_openpyxl(content) if row[1] == "q"]
    (number,) = [row[3] for row in by_ourselves(content) if row[1] == "q"]
    assert Fraction(formula.removeprefix("=")) == Fraction(100, 3)
    assert number == 100 / 3
