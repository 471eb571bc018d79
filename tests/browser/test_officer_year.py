"""A year's report under the hands of an officer: opened with its first half, entered by the second half or by the year."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.site import Site

pytestmark = pytest.mark.sqlite  # one database is enough: what the pages ask of it is tested on both

SAVED = "#unsent:not([hidden])"


@pytest.fixture
def form(site: Site, page_as: Any) -> Page:
    page = page_as("xa-tq")
    page.goto(f"/reports/{site.places['commune_now']}/")
    return page


def halves(form: Page, number: int) -> tuple[Locator, Locator, int]:
    """The second half and the year of one figure, and what its six months were."""
    second = form.locator("[data-second]").nth(number)
    first = second.get_attribute("data-first") or ""
    return second, form.locator(f"#entry-{second.get_attribute('data-second')}"), int(first.replace(".", ""))


def test_all_that_it_opened_with_is_saved_with_the_first_thing_said(form: Page):
    opened = form.locator("[data-kind=number]").evaluate_all("fields => fields.map((field) => [field.name, field.value])")
    second, year, first = halves(form, 1)
    expect(second).to_have_value("")
    with form.expect_response("**/save/"):
        second.fill("3")
    expect(form.locator(SAVED)).to_have_count(0)
    form.reload()
    expect(form.locator("#report-form")).not_to_have_attribute("data-opening", "yes")
    for name, value in opened:
        if name != year.get_attribute("name"):
            expect(form.locator(f"[name='{name}']")).to_have_value(value)
    expect(year).to_have_value(f"{first + 3}")
    expect(second).to_have_value("3")


def test_the_year_follows_from_the_second_half_and_the_second_half_from_the_year(form: Page):
    second, year, first = halves(form, 0)
    second.fill("4")
    expect(year).to_have_value(f"{first + 4}")
    year.fill(f"{first + 7}")
    expect(second).to_have_value("7")
    year.fill("1.23")
    expect(second).to_have_value("")


def test_without_a_line_the_year_is_kept_and_sent_later(form: Page, page_as: Any):
    page_as.forgive("ERR_INTERNET_DISCONNECTED")
    second, year, first = halves(form, 2)
    form.context.set_offline(True)
    second.fill("5")
    expect(form.locator("#unsent")).to_be_visible()
    form.context.set_offline(False)
    expect(form.locator("#unsent")).to_be_hidden(timeout=20_000)
    form.reload()
    expect(year).to_have_value(f"{first + 5}")


def test_nothing_happened_means_that_the_year_is_what_six_months_were(form: Page):
    second, year, first = halves(form, 3)
    year.fill("")
    form.locator(f"[data-zero='{second.get_attribute('data-second')}']").click()
    expect(year).to_have_value(f"{first}")
    expect(second).to_have_value("0")


def test_enter_and_a_pasted_column_go_down_the_second_halves(form: Page):
    second, _year, _first = halves(form, 0)
    second.focus()
    form.keyboard.press("Enter")
    assert form.evaluate("document.activeElement.dataset.second") == form.locator("[data-second]").nth(1).get_attribute("data-second")


def test_looking_over_saves_what_it_opened_with(form: Page):
    form.locator("#to-summary").click()
    form.wait_for_url("**/submit/")
    expect(form.locator("main")).to_contain_text("6 tháng")
