"""What each of the four does in every cycle, from the first page to the last, in both languages, at a desk and in a hand."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from reports.demo.places import COMMUNE_AFTER, PROVINCE_AFTER
from tests.browser.pages import ADMINISTRATOR, COMMUNE, DISTRICT, PROVINCE
from tests.browser.site import Site

pytestmark = pytest.mark.sqlite  # one database is enough: what the pages ask of it is tested on both

WAYS = pytest.mark.parametrize(("lang", "width"), [("vi", 1280), ("en", 360)])
FORM_ONLY_OFFICER = "xa-tq"
NUMBER = "[data-kind=number]"
TO_REVIEW = "a[href$='/review/']"


def goes_to(page: Page, link: str) -> None:
    page.locator(link).first.click()
    page.wait_for_load_state()


@WAYS
def test_an_officer_types_figures_by_keyboard_sees_them_saved_and_what_is_still_blank(lang: str, width: int, page_as: Any, site: Site):
    page = page_as(FORM_ONLY_OFFICER, lang, width)
    figures = ("1.234", "56") if lang == "vi" else ("2.345", "78")
    page.goto("/")
    goes_to(page, f"a[href='/reports/{site.places['commune_now']}/']")
    page.locator(NUMBER).first.focus()
    with page.expect_response("**/save/"):
        page.keyboard.press("Control+a")
        page.keyboard.type(figures[0])
        page.keyboard.press("Enter")
        page.keyboard.type(figures[1])
        page.locator(NUMBER).nth(2).fill("")
    expect(page.locator(".dirty")).to_have_count(0)
    page.reload()
    expect(page.locator(NUMBER).nth(0)).to_have_value(figures[0])
    expect(page.locator(NUMBER).nth(1)).to_have_value(figures[1])
    goes_to(page, "#to-summary")
    expect(page.locator("section.message.error li").first).to_be_visible()
    expect(page.locator(".submit-form button.primary")).to_be_disabled()
    goes_to(page, "section.message.error li a")
    assert "#cell-" in page.url


def test_an_officer_without_javascript_saves_by_the_button(page_as: Any, site: Site):
    page = page_as(COMMUNE, java_script_enabled=False)
    page.goto(f"/reports/{site.places['commune']}/")
    field = page.locator(NUMBER).first
    field.fill("2.345")
    page.locator("#report-form button[type=submit]:visible").first.click()
    expect(page.locator(".message.success")).to_be_visible()
    expect(field).to_have_value("2.345")
    goes_to(page, "#to-summary")
    expect(page.locator("form.submit-form")).to_be_visible()


@pytest.mark.parametrize(("lang", "width", "decisions"), [("vi", 1280, "ra"), ("en", 360, "r")])
def test_a_reviewer_returns_with_a_note_and_accepts_without_leaving_the_keyboard(
    lang: str, width: int, decisions: str, page_as: Any, site: Site
):
    page = page_as(DISTRICT, lang, width)
    waiting = f"/reports/{site.places['district']}/below/?state=submitted"
    page.goto(waiting)
    before = page.locator(f"table.board {TO_REVIEW}").count()
    goes_to(page, f"table.board {TO_REVIEW}")
    for decision in decisions:
        if decision == "r":
            write_note(page, "Số này chưa khớp với biên bản.")
        page.keyboard.press(decision)
        if decision == "r":
            page.keyboard.type("Kiểm tra lại.")
        with page.expect_navigation():
            page.keyboard.press("Control+Enter" if decision == "r" else "Enter")
        expect(page.locator(".message.success")).to_be_visible()
    page.goto(waiting)
    expect(page.locator(f"table.board {TO_REVIEW}")).to_have_count(before - len(decisions))


def write_note(page: Page, text: str) -> None:
    """A note on the first figure, and back to it."""
    page.keyboard.press("j")
    page.keyboard.press("n")
    page.keyboard.type(text)
    page.keyboard.press("Escape")


def test_a_reviewer_without_javascript_finds_sorts_and_lists_the_missing(page_as: Any, site: Site):
    page = page_as(DISTRICT, java_script_enabled=False)
    page.goto(f"/reports/{site.places['district']}/below/")
    everybody = page.locator("table.board tbody tr").count()
    goes_to(page, "table.board thead a >> nth=1")
    expect(page.locator("table.board tbody tr")).to_have_count(everybody)
    page.locator("form.filters select").first.select_option(index=1)
    page.locator("form.filters button").click()
    assert page.locator("table.board tbody tr").count() < everybody
    goes_to(page, "a[href$='/below/missing/']")
    expect(page.locator("#missing-text")).to_be_visible()


@WAYS
def test_a_leader_looks_from_the_cycle_down_to_a_commune_and_at_what_stands_out(lang: str, width: int, page_as: Any, site: Site):
    page = page_as(PROVINCE, lang, width)
    page.goto("/dashboards/")
    goes_to(page, f"a[href='/dashboards/{site.places['province']}/progress/']")
    goes_to(page, "table.heat tbody th a")
    expect(page.locator("ul.key")).to_be_visible()
    for kind in ("timeliness", "indicators", "warnings"):
        page.goto(f"/dashboards/{site.places['province']}/{kind}/")
        with page.expect_download() as download:
            page.locator("a[href$='.csv'], a[href*='.csv?']").first.click()
        assert download.value.path().read_text(encoding="utf-8-sig").splitlines()[0].startswith(("unit_uid", "place"))


@WAYS
def test_an_administrator_plans_a_cycle_and_sees_how_many_reports_it_will_have(lang: str, width: int, page_as: Any):
    page = page_as(ADMINISTRATOR, lang, width)
    page.goto("/admin/")
    goes_to(page, "a[href$='/reports/cycle/plan/']")
    page.locator("[name=version]").select_option(index=1)
    page.locator("[name=uids]").fill(PROVINCE_AFTER)
    page.locator("[name=part]").select_option("H2" if lang == "vi" else "Y")
    page.locator("[name=year]").fill("2027")
    page.locator("button[name=then][value=look]").click()
    page.wait_for_load_state()
    expect(page.locator("button[name=then][value=keep]")).to_be_visible()
    page.locator("button[name=then][value=keep]").click()
    page.wait_for_load_state()
    expect(page.locator(".messagelist .success")).to_be_visible()


def test_a_leader_without_javascript_chooses_an_indicator_and_turns_the_ranking(page_as: Any, site: Site):
    page = page_as(PROVINCE, java_script_enabled=False)
    page.goto(f"/dashboards/{site.places['province']}/indicators/")
    first = page.locator("table.ranking tbody th").first.inner_text()
    page.locator("select[name=order]").select_option("lowest")
    page.locator("form.filters button").click()
    page.wait_for_load_state()
    expect(page.locator("table.ranking tbody th").first).not_to_have_text(first)


def test_an_administrator_without_javascript_counts_and_opens_a_cycle(page_as: Any):
    page = page_as(ADMINISTRATOR, java_script_enabled=False)
    page.goto("/admin/reports/cycle/plan/")
    page.locator("[name=version]").select_option(index=1)
    page.locator("[name=uids]").fill(COMMUNE_AFTER)
    page.locator("[name=part]").select_option("Q1")
    page.locator("[name=year]").fill("2027")
    page.locator("[name=code]").fill("quy-1")
    page.locator("button[name=then][value=look]").click()
    page.locator("button[name=then][value=open]").click()
    expect(page.locator(".messagelist .success")).to_be_visible()
    page.goto("/admin/reports/cycle/?q=quy-1")
    expect(page.locator("#result_list tbody tr")).to_have_count(1)


def test_an_officer_explains_what_is_unusual_submits_and_finds_the_explanation_with_the_report(page_as: Any, site: Site):
    """The last of the ways: a report that is with its superior is no longer filled in."""
    page = page_as(COMMUNE)
    address = f"/reports/{site.places['commune']}/"
    page.goto(address)
    with page.expect_response("**/save/"):
        page.locator("[name=cell-don_giai_quyet]").fill("1")
    expect(page.locator(".dirty")).to_have_count(0)
    with page.expect_response("**/save/"):
        page.locator("[name=cell-dvk_dk_kinh_te]").fill("9")
    expect(page.locator(".dirty")).to_have_count(0)
    for outcome in page.locator("[name^=cell-nv_ket_qua-][name$='-3']").all():
        with page.expect_response("**/save/"):
            outcome.select_option(index=1)
    expect(page.locator(".dirty")).to_have_count(0)
    goes_to(page, "#to-summary")
    explanations = page.locator(".submit-form textarea[name^=explain-]")
    expect(explanations.first).to_be_visible()
    page.locator(".submit-form button.primary").click()
    expect(explanations.first).to_be_focused()  # asked for before anything is sent
    for explanation in explanations.all():
        explanation.fill("Mô hình đăng ký đầu năm, chưa đưa vào sổ.")
    page.locator(".submit-form button.primary").click()
    expect(page.locator(".message.success")).to_be_visible()
    expect(page.locator(".state-submitted").first).to_be_visible()
    reviewer = page_as(DISTRICT)
    reviewer.goto(f"{address}review/")
    expect(reviewer.get_by_text("Mô hình đăng ký đầu năm, chưa đưa vào sổ.").first).to_be_visible()
