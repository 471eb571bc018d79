"""Tasks of the period before in the form of a report: answered as one types, and with the button where no script runs."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.pages import COMMUNE
from tests.browser.site import Site

pytestmark = pytest.mark.sqlite  # one database is enough: what the pages ask of it is tested on both

TABLE = "#cell-nv_ket_qua table.answers"


@pytest.mark.parametrize(("javascript", "width"), [(False, 1280), (True, 360)])
def test_tasks_that_came_back_are_answered_in_the_form_and_counted(javascript: bool, width: int, page_as: Any, site: Site):
    page = page_as(COMMUNE, "vi", width, java_script_enabled=javascript)
    page.goto(f"/reports/{site.places['commune']}/")
    rows = page.locator(f"{TABLE} tbody tr")
    tasks = rows.count()
    assert tasks >= 2
    result = "Đã hoàn thành" if javascript else "Đang thực hiện"
    if javascript:
        with page.expect_response("**/save/"):
            rows.nth(0).locator("select").select_option(result)
        expect(page.locator(".dirty")).to_have_count(0)
        expect(page.locator("#own-nv_hoan_thanh")).to_have_text("1")
    else:
        rows.nth(0).locator("select").select_option(result)
        page.locator("#report-form button.quiet[type=submit]:not([name])").click()
        expect(page.locator(".message.success")).to_be_visible()
        expect(page.locator("#own-nv_hoan_thanh")).to_have_text("0")
    page.reload()
    expect(rows.nth(0).locator("select")).to_have_value(result)
    expect(page.locator("#own-nv_phai_tra_loi")).to_have_text(str(tasks))
    page.goto(f"/reports/{site.places['commune']}/submit/")
    expect(page.locator("section.message.error").last).to_contain_text("Kết quả thực hiện nhiệm vụ đã đề ra")
