"""The form under the hands of an officer: the keyboard as in a sheet, what was copied from one, one press for nothing, files."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.site import Site

pytestmark = pytest.mark.sqlite  # one database is enough: what the pages ask of it is tested on both

COMMUNE = "can-bo-xa"
FIELD = "[data-kind=number]"
PASTE = """(text) => {
  const clipboardData = new DataTransfer();
  clipboardData.setData("text/plain", text);
  document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
}"""
UNREADABLE = "[data-kind=number][aria-invalid=true]"


@pytest.fixture
def form(site: Site, page_as: Any) -> Page:
    page = page_as(COMMUNE)
    page.goto(f"/reports/{site.places['commune']}/")
    return page


def at_field(form: Page) -> int:
    return form.evaluate(f"[...document.querySelectorAll('{FIELD}')].indexOf(document.activeElement)")


def test_the_keyboard_goes_from_figure_to_figure_as_in_a_sheet(form: Page):
    form.locator(FIELD).first.focus()
    places = []
    for key in ("Enter", "ArrowDown", "ArrowUp", "ArrowRight", "ArrowLeft", "Shift+Enter"):
        form.keyboard.press(key)
        places.append(at_field(form))
    assert places == [1, 2, 1, 2, 1, 0]


def test_an_arrow_inside_a_figure_moves_inside_it(form: Page):
    field = form.locator(FIELD).first
    field.fill("123")
    form.keyboard.press("ArrowLeft")
    assert at_field(form) == 0


def test_a_column_from_a_sheet_fills_downwards_and_passes_by_what_is_computed(form: Page):
    fields = form.locator(".figures:nth-of-type(2) [data-kind=number]")
    fields.first.focus()
    with form.expect_response("**/save/"):
        form.evaluate(PASTE, "7\r\n\u00a01.234\r\n\r\n9\r\n")
    expect(fields.nth(0)).to_have_value("7")
    expect(fields.nth(1)).to_have_value("1.234")
    expect(form.locator("#unsent")).to_be_hidden()
    form.reload()
    expect(fields.nth(1)).to_have_value("1.234")


def test_one_press_says_that_nothing_happened_in_what_is_blank(form: Page):
    form.on("dialog", lambda dialog: dialog.accept())
    section = form.locator(".figures", has=form.locator("[data-zero]:visible")).first
    blank = section.locator(FIELD).evaluate_all("fields => fields.filter((field) => !field.value).map((field) => field.name)")
    assert blank
    with form.expect_response("**/save/"):
        section.locator(".zero-all").click()
    for name in blank:
        expect(form.locator(f"[name={name}]")).to_have_value("0")
    expect(form.locator("#unsent")).to_be_hidden()


def test_what_cannot_be_read_stays_in_its_place_with_the_reason_also_when_the_form_is_opened_again(form: Page):
    field = form.locator(FIELD).first
    field.fill("1.23")
    expect(form.locator(UNREADABLE)).to_have_count(1)
    form.reload()
    expect(field).to_have_value("1.23")
    expect(form.locator(UNREADABLE)).to_have_count(1)
    field.fill("1,230")
    expect(form.locator("#unsent")).to_be_visible()
    field.fill("5")
    expect(form.locator(UNREADABLE)).to_have_count(0)
    expect(form.locator("#unsent")).to_be_hidden()


def test_who_types_on_as_an_answer_comes_does_not_clash_with_themselves(form: Page):
    """A busy browser takes a while from keeping what was saved to showing it: the figure is typed anew meanwhile."""
    field = form.locator(FIELD).first
    form.evaluate("""() => {
      const { of } = danvan.unsent;
      danvan.unsent.of = async (report) => { await new Promise((done) => setTimeout(done, 1000)); return of(report); };
    }""")
    with form.expect_response("**/save/"):
        field.fill("41")
    form.wait_for_timeout(300)
    with form.expect_response("**/save/") as second:
        field.fill("42")
    assert second.value.status == 200
    form.reload()
    expect(field).to_have_value("42")


def test_a_link_to_a_figure_leads_into_it(form: Page):
    name = form.locator(FIELD).nth(3).get_attribute("data-code")
    form.evaluate(f"location.hash = '#cell-{name}'")
    expect(form.locator(FIELD).nth(3)).to_be_focused()


def test_a_scan_is_attached_and_taken_away(form: Page):
    form.set_input_files("#attach-file", {"name": "ky-so.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"})
    form.locator("form:has(#attach-file) button").click()
    with form.expect_download() as fetched:
        form.get_by_role("link", name="ky-so.pdf").click()
    assert fetched.value.suggested_filename == "ky-so.pdf"
    form.locator(".attachments li button").click()
    expect(form.get_by_role("link", name="ky-so.pdf")).to_have_count(0)


def test_the_form_on_a_telephone(site: Site, page_as: Any):
    page = page_as(COMMUNE, width=360)
    page.goto(f"/reports/{site.places['commune']}/")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
