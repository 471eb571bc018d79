"""The register of Dân vận khéo models in a browser: registered, taken further, and what it says in the form of a report."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.pages import COMMUNE
from tests.browser.site import Site

pytestmark = pytest.mark.sqlite  # one database is enough: what the pages ask of it is tested on both

COMMUNE_OFFICER_NOW, PROVINCE_NOW = "xa-tq", "tinh-tq"


@pytest.mark.parametrize(("javascript", "width"), [(True, 360), (False, 1280)])
def test_a_model_is_registered_begun_assessed_and_then_appraised_and_recognised_from_above(javascript: bool, width: int, page_as: Any):
    name = f"Bếp ấm bản xa {width}"
    page = page_as(COMMUNE_OFFICER_NOW, "vi", width, java_script_enabled=javascript)
    page.goto("/models/")
    page.locator("a[href='/models/new/']").click()
    page.locator("[name=name]").fill(name)
    page.locator("[name=field]").select_option("vhxh")
    page.locator("[name=on]").fill("02/11/2026")
    page.locator("form.card button.primary").click()
    expect(page.locator("h1")).to_have_text(name)
    address = page.url
    for action, day, words in (("begin", "05/11/2026", ""), ("self_assess", "10/11/2026", "Đã có 12 hộ tham gia.")):
        step(page, action, day, words)
    page = page_as(PROVINCE_NOW, "vi", width, java_script_enabled=javascript)
    page.goto(address)
    page.locator("#step-appraise [name=effective][value=yes]").check()
    step(page, "appraise", "15/11/2026", "Đúng như tự đánh giá.")
    step(page, "recognise", "18/11/2026", "")
    expect(page.locator(".chip.model-recognised")).to_be_visible()
    page.goto("/models/?text=bep+am+ban+xa")
    expect(page.locator("table.board tbody")).to_contain_text(name)


def step(page: Any, action: str, day: str, words: str) -> None:
    form = page.locator(f"#step-{action}")
    if form.get_attribute("open") is None:
        form.locator("summary").click()
    form.locator("[name=on]").fill(day)
    form.locator("[name=text]").fill(words)
    form.locator("button").click()
    expect(page.locator(".message.success")).to_be_visible()


@pytest.mark.parametrize("javascript", [False, True])
def test_what_the_register_says_is_taken_over_into_the_form_with_a_button(javascript: bool, page_as: Any, site: Site):
    page = page_as(COMMUNE, java_script_enabled=javascript)
    page.goto(f"/reports/{site.places['commune']}/")
    button = page.locator(".from-source button").first
    code, says = button.get_attribute("data-put"), button.get_attribute("value")
    cell = page.locator(f"#entry-{code}")
    expect(cell).not_to_have_value(says)
    if javascript:
        with page.expect_response("**/save/"):
            button.click()
        expect(page.locator(".dirty")).to_have_count(0)
    else:
        button.click()
        expect(page.locator(".message.success")).to_be_visible()
    page.reload()
    expect(cell).to_have_value(says)
    expect(page.locator(f".from-source button[data-put={code}]")).to_have_count(0)
    page.locator(f"#entry-{code}").fill("99")  # for who comes next: it differs again
    page.locator("#report-form button.quiet[type=submit]:not([name])").click()
    expect(page.locator("#save-state.unsaved")).to_have_count(0)


def test_enter_in_a_figure_saves_it_where_no_script_runs(page_as: Any, site: Site):
    page = page_as(COMMUNE, java_script_enabled=False)
    page.goto(f"/reports/{site.places['commune']}/")
    source = page.locator(".from-source button").first
    code = source.get_attribute("data-put")
    page.locator(f"#entry-{code}").fill("77")
    page.keyboard.press("Enter")
    expect(page.locator(".message.success")).to_be_visible()
    expect(page.locator(f"#entry-{code}")).to_have_value("77")
