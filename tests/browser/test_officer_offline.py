"""The form without a line: it opens, keeps what is typed through kills and other readers, and sends it once the line is back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from reports.demo.accounts import PASSWORD
from tests.browser.site import Site

pytestmark = pytest.mark.sqlite  # one database is enough: what the pages ask of it is tested on both

COMMUNE = "can-bo-xa"
FIELD = "[data-kind=number]"
SENT = "#save-state:not(.unsaved)"
INSTALLED = "Promise.race([navigator.serviceWorker.ready.then(() => true), new Promise((over) => setTimeout(over, 10000))])"


@pytest.fixture
def form(site: Site, page_as: Any) -> Iterator[Page]:
    """A commune's form, opened twice: from the second time on the service worker has it."""
    page = page_as(COMMUNE)
    opened(page, site)
    page_as.forgive("ERR_INTERNET_DISCONNECTED")
    page_as.forgive("ERR_FAILED")
    page_as.forgive("409 (Conflict)")
    yield page
    page.context.set_offline(False)


def opened(page: Page, site: Site) -> None:
    page.goto("/")
    assert page.evaluate(INSTALLED), "no service worker within ten seconds"
    page.goto(f"/reports/{site.places['commune']}/")


def first(page: Page) -> Any:
    return page.locator(FIELD).first


def typed(page: Page, text: str, number: int = 0) -> None:
    page.locator(FIELD).nth(number).fill(text)


def unsent(page: Page) -> Any:
    return page.locator("#unsent:visible")


def second_window(page: Page, site: Site) -> tuple[BrowserContext, Page]:
    """The same officer at another machine."""
    browser = page.context.browser
    assert browser
    context = browser.new_context(base_url=site.url, storage_state=page.context.storage_state(indexed_db=False))
    return context, context.new_page()


def test_a_form_that_was_opened_opens_again_without_a_line_and_sends_what_was_typed_once_it_is_back(form: Page, site: Site):
    form.context.set_offline(True)
    form.reload()
    expect(form.locator("#save-state")).to_contain_text("Không có mạng")
    typed(form, "11")
    expect(unsent(form)).to_have_text("1 chưa gửi")
    form.reload()
    expect(first(form)).to_have_value("11")
    expect(unsent(form)).to_have_text("1 chưa gửi")
    form.context.set_offline(False)
    expect(unsent(form)).to_have_count(0)
    expect(form.locator(SENT)).to_contain_text("Đã lưu")
    form.reload()
    expect(first(form)).to_have_value("11")


def test_what_was_typed_survives_a_killed_tab(form: Page):
    context = form.context
    tab = context.new_page()
    context.set_offline(True)
    tab.goto(form.url)
    typed(tab, "12")
    expect(unsent(tab)).to_have_text("1 chưa gửi")
    tab.close(run_before_unload=False)
    form.reload()
    expect(first(form)).to_have_value("12")
    context.set_offline(False)
    expect(unsent(form)).to_have_count(0)


def test_my_work_says_what_is_not_sent_and_sends_it(form: Page):
    form.context.set_offline(True)
    typed(form, "13")
    expect(unsent(form)).to_have_text("1 chưa gửi")
    form.goto("/")
    expect(form.locator("#waiting li")).to_contain_text("1 chưa gửi")
    form.context.set_offline(False)
    expect(form.locator("#waiting")).to_be_hidden()


def test_with_no_form_open_the_browser_has_the_service_worker_send_what_is_left(form: Page, site: Site):
    address = form.url
    browser = form.context.new_cdp_session(form)
    workers: list[Any] = []
    browser.on("ServiceWorker.workerRegistrationUpdated", lambda told: workers.extend(told["registrations"]))
    browser.send("ServiceWorker.enable")
    form.context.set_offline(True)
    typed(form, "71")
    expect(form.locator("#save-state")).to_contain_text("Không có mạng")
    form.goto("/offline/")
    form.context.set_offline(False)
    woken = {"origin": site.url, "registrationId": workers[-1]["registrationId"], "tag": "unsent", "lastChance": False}
    browser.send("ServiceWorker.dispatchSyncEvent", woken)
    form.wait_for_function(
        'async (address) => /cell-[^>]*value="71"/.test(await (await fetch(address)).text())', arg=address, timeout=10_000
    )


def test_two_who_wrote_the_same_figure_are_both_shown_and_a_person_chooses(form: Page, site: Site):
    other_context, other = second_window(form, site)
    opened(other, site)
    form.context.set_offline(True)
    typed(form, "21")
    typed(form, "22", 1)
    expect(unsent(form)).to_have_text("2 chưa gửi")
    with other.expect_response("**/save/"):
        typed(other, "31")
    form.context.set_offline(False)
    clash = form.locator(".conflict")
    expect(clash.get_by_role("button", name="31")).to_be_visible()
    expect(clash.get_by_role("button", name="21")).to_be_visible()
    expect(unsent(form)).to_have_text("1 chưa gửi")
    form.reload()
    clash.get_by_role("button", name="21").click()
    expect(unsent(form)).to_have_count(0)
    other.reload()
    expect(first(other)).to_have_value("21")
    expect(other.locator(FIELD).nth(1)).to_have_value("22")
    other_context.close()


def test_an_answer_that_got_lost_writes_nothing_twice_and_asks_nobody(form: Page):
    """The server saved, its answer never arrived, and the figure was typed anew meanwhile."""
    form.route("**/save/", lost)
    typed(form, "41")
    expect(form.locator("#save-state")).to_contain_text("Không có mạng")
    typed(form, "42")
    form.unroute("**/save/")
    expect(unsent(form)).to_have_count(0)
    expect(form.locator(".conflict")).to_have_count(0)
    form.reload()
    expect(first(form)).to_have_value("42")


def lost(route: Any) -> None:
    route.fetch()
    route.abort("internetdisconnected")


def test_who_signs_in_next_sees_neither_the_copy_nor_the_unsent_figures_of_the_one_before(form: Page, site: Site):
    form.context.set_offline(True)
    typed(form, "51")
    expect(unsent(form)).to_have_text("1 chưa gửi")
    form.context.set_offline(False)
    form.context.clear_cookies(name="sessionid")
    form.goto("/login/")
    form.context.set_offline(True)
    form.goto(f"/reports/{site.places['commune']}/")
    expect(form.locator("h1")).to_have_text("Không có mạng")
    form.context.set_offline(False)
    signed_in(form, "huyen")
    expect(form.locator("#waiting")).to_be_hidden()
    form.context.clear_cookies(name="sessionid")
    signed_in(form, COMMUNE)
    expect(form.locator("#waiting")).to_be_hidden()
    form.goto(f"/reports/{site.places['commune']}/")
    expect(first(form)).to_have_value("51")


def signed_in(page: Page, username: str) -> None:
    page.goto("/login/")
    page.fill("[name=username]", username)
    page.fill("[name=password]", PASSWORD)
    page.locator("form button.primary").click()
    page.wait_for_url("**/")


def test_figures_of_one_officer_are_not_saved_in_the_name_of_the_next(form: Page, site: Site, page_as: Any):
    page_as.forgive("403")
    before = first(form).input_value()
    other = page_as("huyen")
    other.goto("/")
    [theirs] = [cookie for cookie in other.context.cookies() if cookie["name"] == "sessionid"]
    form.context.add_cookies([{"name": "sessionid", "value": theirs["value"], "url": site.url}])
    typed(form, "61")
    expect(form.locator("#save-state")).to_contain_text("đăng nhập")
    expect(unsent(form)).to_have_text("1 chưa gửi")
    assert before != "61"
