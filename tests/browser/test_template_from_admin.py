"""A template of their own, without a programmer: an administrator builds it in admin, opens a cycle, and an officer fills it in."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from reports.demo.places import PROVINCE_AFTER
from tests.browser.pages import ADMINISTRATOR
from tests.browser.site import Site

pytestmark = pytest.mark.sqlite  # one database is enough: what the pages ask of it is tested on both

OFFICER = "xa-tq"
NAME = "Báo cáo nắm tình hình Nhân dân"
FIGURES = "A. Số liệu"
COMMON = {"section": FIGURES, "value_type": "integer", "aggregate_up": "sum", "aggregate_time": "flow_sum"}
INDICATORS: list[dict[str, Any]] = [
    {**COMMON, "code": "so_buoi", "name_vi": "Số buổi nắm tình hình", "required": True},
    {**COMMON, "code": "so_nguoi", "name_vi": "Số lượt người dự", "rules": "error: so_buoi > 0 or so_nguoi == 0"},
    {
        **COMMON,
        "code": "binh_quan",
        "name_vi": "Bình quân người dự một buổi",
        "value_type": "decimal",
        "decimals": "1",
        "aggregate_up": "formula",
        "aggregate_time": "formula",
        "formula": "so_nguoi / so_buoi",
        "levels": ("commune", "province"),
    },
    {
        **COMMON,
        "section": "B. Nhận định",
        "code": "noi_len",
        "name_vi": "Vấn đề nổi lên",
        "value_type": "text",
        "aggregate_up": "none",
        "aggregate_time": "none",
    },
]


def test_a_sixth_template_is_built_published_opened_and_filled_in_without_a_programmer(page_as: Any, site: Site):
    administrator = page_as(ADMINISTRATOR)
    _begin_template(administrator)
    for indicator in INDICATORS:
        _add_indicator(administrator, indicator)
    _publish(administrator)
    _open_cycle(administrator)
    officer = page_as(OFFICER)
    _fill_in(officer)
    _submit(officer)


def _begin_template(page: Page) -> None:
    page.goto("/admin/")
    page.locator("a[href$='/reports/reporttemplate/add/']").first.click()
    page.locator("[name=code]").fill("nam-tinh-hinh")
    page.locator("[name=name]").fill(NAME)
    page.locator("[name=_continue]").click()
    page.locator("form[action$='/draft/'] button").click()
    expect(page.locator(".messagelist .success")).to_be_visible()


def _add_indicator(page: Page, indicator: dict[str, Any]) -> None:
    """By the button of the version's page, which the form leads back to."""
    page.locator(".object-tools a[href*='/reports/indicator/add/']").click()
    for name in ("section", "code", "name_vi", "decimals", "formula", "rules"):
        if name in indicator:
            page.locator(f"[name={name}]").fill(indicator[name])
    for name in ("value_type", "aggregate_up", "aggregate_time"):
        page.locator(f"[name={name}]").select_option(indicator[name])
    for level in indicator.get("levels", ("commune",)):
        page.locator(f"[name=levels][value={level}]").check()
    page.locator("[name=required]").set_checked(indicator.get("required", False))
    page.locator("[name=_save]").click()
    expect(page.locator("#indicators tbody td a").last).to_have_text(indicator["code"])


def _publish(page: Page) -> None:
    page.locator("#problems").wait_for(state="detached")
    page.locator(".object-tools a[href$='/confirm/']").click()
    page.locator("form[action$='/publish/'] button").click()
    expect(page.locator(".messagelist .success")).to_be_visible()


def _open_cycle(page: Page) -> None:
    page.goto("/admin/reports/cycle/plan/")
    page.locator("[name=version]").select_option(label=f"{NAME} v1")
    page.locator("[name=part]").select_option("M11")
    page.locator("[name=year]").fill("2026")
    page.locator("[name=uids]").fill(PROVINCE_AFTER)
    for level in ("district", "hamlet"):
        page.locator(f"[name=reports_{level}]").uncheck()
    page.locator("button[name=then][value=look]").click()
    expect(page.locator("#review .plan-count strong")).to_have_text("125")
    page.locator("button[name=then][value=open]").click()
    expect(page.locator(".messagelist .success")).to_be_visible()


def _fill_in(page: Page) -> None:
    page.goto("/")
    page.locator("article.task", has_text=NAME).locator("a").first.click()
    page.locator("#entry-so_buoi").fill("4")
    page.locator("#entry-so_nguoi").fill("150")
    with page.expect_response("**/save/"):
        page.locator("#entry-noi_len").fill("Nhân dân mong sớm có đường vào thôn vùng cao.")
        page.locator("#entry-so_buoi").focus()
    expect(page.locator("#own-binh_quan")).to_have_text("37,5")


def _submit(page: Page) -> None:
    page.locator("#to-summary").click()
    expect(page.locator(".message.success")).to_be_visible()
    page.locator(".submit-form button.primary").click()
    expect(page.locator(".chip.state-submitted").first).to_be_visible()
