"""A report filled in with a spreadsheet: fetched, filled in, sent back, looked over, and saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import DESK, TELEPHONE, overflow, photograph, violations
from tests.browser.site import Site

COMMUNE = "can-bo-xa"


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_a_report_is_filled_in_with_a_spreadsheet(site: Site, page_as: Any, tmp_path: Path, lang: str):
    page = page_as(COMMUNE, lang)
    page.goto(f"/reports/{site.places['commune']}/")
    with page.expect_download() as fetched:
        page.locator("#workbook a").click()
    file = tmp_path / "da nhap.xlsx"
    fetched.value.save_as(file)
    enter(file, "so_thon" if lang == "vi" else "dt_dinh_ky", 4321)
    page.set_input_files("#workbook-file", file)
    page.locator("form:has(#workbook-file) button").click()
    expect(page.locator("tbody strong", has_text="4.321" if lang == "vi" else "4,321")).to_have_count(1)
    assert looked_at(page, f"workbook-preview-{lang}") == []
    page.locator("form[action$='apply/'] button").click()
    expect(page.locator(".message.success")).to_be_visible()


def test_a_wrong_cell_is_named_and_a_wrong_file_is_refused(site: Site, page_as: Any, tmp_path: Path):
    page = page_as(COMMUNE)
    page_as.forgive("422")
    page.goto(f"/reports/{site.places['commune']}/")
    with page.expect_download() as fetched:
        page.locator("#workbook a").click()
    file = tmp_path / "sai.xlsx"
    fetched.value.save_as(file)
    cell = enter(file, "so_thon", "khoảng 12")
    page.set_input_files("#workbook-file", file)
    page.locator("form:has(#workbook-file) button").click()
    expect(page.locator(".message.error li strong")).to_have_text(cell)
    assert looked_at(page, "workbook-refused-cell") == []
    page.go_back()
    page.set_input_files("#workbook-file", {"name": "so lieu.xlsx", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"})
    page.locator("form:has(#workbook-file) button").click()
    expect(page.locator(".message.error").first).to_be_visible()


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_many_reports_are_filled_in_with_one_spreadsheet(site: Site, page_as: Any, tmp_path: Path, lang: str):
    page = page_as(COMMUNE, lang)
    page.goto(f"/reports/{site.places['commune']}/below/")
    with page.expect_download() as fetched:
        page.locator("a[href$='/below/workbook.xlsx']").click()
    file = tmp_path / "nhieu don vi.xlsx"
    fetched.value.save_as(file)
    figure = 8765 if lang == "vi" else 7654
    enter_many(file, {"dt_dinh_ky": [figure], "dvk_duy_tri": ["khoảng 12"]})
    page.set_input_files("form[action$='/below/workbook/'] input[type=file]", file)
    page.locator("form[action$='/below/workbook/'] button").click()
    expect(page.locator("#upload progress")).to_be_visible()
    assert looked_at(page, f"units-workbook-waits-{lang}") == []
    site.work()
    expect(page.locator("tbody strong", has_text=f"{figure:,}".replace(",", "." if lang == "vi" else ","))).to_have_count(1)
    expect(page.locator(".message.error li")).to_have_count(1)
    assert looked_at(page, f"units-workbook-preview-{lang}") == []
    page.locator("form[action$='apply/'] button").click()
    site.work()
    expect(page.locator(".message.success")).to_be_visible()
    assert looked_at(page, f"units-workbook-saved-{lang}") == []


def test_a_wrong_file_for_many_is_refused_once_it_was_looked_over(site: Site, page_as: Any, tmp_path: Path):
    page = page_as(COMMUNE)
    page.goto(f"/reports/{site.places['commune']}/below/")
    page.set_input_files(
        "form[action$='/below/workbook/'] input[type=file]", {"name": "a.csv", "mimeType": "text/csv", "buffer": b"a,b\n1,2\n"}
    )
    page.locator("form[action$='/below/workbook/'] button").click()
    site.work()
    expect(page.locator("#upload .message.error")).to_be_visible()
    assert looked_at(page, "units-workbook-refused") == []


def enter_many(file: Path, columns: dict[str, list[object]]) -> None:
    """Write down a column, into the cells that are not locked, from the first unit on."""
    book = openpyxl.load_workbook(file)
    sheet = book.worksheets[0]
    head = next(row for row in sheet.iter_rows() if any(cell.value == "unit_uid" for cell in row))
    for code, values in columns.items():
        place = next(cell.column for cell in head if cell.value == code)
        below = (sheet.cell(row, place) for row in range(head[0].row + 1, sheet.max_row + 1))
        for cell, value in zip((cell for cell in below if not cell.protection.locked), values, strict=False):
            cell.value = value
    book.save(file)


def enter(file: Path, code: str, value: object) -> str:
    """Write into the indicator's figure as a person does, who sees its row; the address of the cell."""
    book = openpyxl.load_workbook(file)
    sheet = book.worksheets[0]
    row = next(row for row in sheet.iter_rows() if any(cell.value == code for cell in row))
    cell = next(cell for cell in row if not cell.protection.locked)
    cell.value = value
    book.save(file)
    return str(cell.coordinate)


def looked_at(page: Page, name: str) -> list[str]:
    found: list[str] = []
    for width, height in (DESK, TELEPHONE):
        page.set_viewport_size({"width": width, "height": height})
        found += [*overflow(page), *violations(page)]
        photograph(page, f"{name}-{width}")
    return found
