"""A second factor, from the key to the recovery codes and back in."""

from __future__ import annotations

from base64 import b32decode
from email.utils import parsedate_to_datetime
from typing import Any

from django_otp.oath import TOTP
from playwright.sync_api import Page, expect

from reports.demo.accounts import PASSWORD
from tests.browser.looking import DESK, TELEPHONE, overflow, photograph, violations
from tests.browser.site import Site

DISTRICT = "huyen"


def test_a_telephone_is_set_up_and_asked_for_at_the_next_signing_in(site: Site, page_as: Any):
    page = page_as(DISTRICT)
    page.goto("/account/second-factor/")
    key = b32decode(page.locator("code.key").inner_text().replace(" ", ""))
    page.fill("#id_digits", shown(key, page))
    page.locator("main form button").click()
    expect(page.locator(".codes li")).to_have_count(10)
    code = page.locator(".codes li").first.inner_text()
    assert looked_at(page, "recovery-codes") == []
    page.goto("/account/")
    page.locator("header .me summary").click()
    page.locator("header form[action='/logout/'] button").click()
    page.fill("#id_username", DISTRICT)
    page.fill("#id_password", PASSWORD)
    page.locator("main form button").click()
    expect(page).to_have_url(f"{site.url}/account/second-step/")
    assert looked_at(page, "second-step") == []
    page.fill("#id_digits", code)
    page.locator("main form button").click()
    expect(page).to_have_url(f"{site.url}/")


def shown(key: bytes, page: Page) -> str:
    """What a telephone shows whose clock goes as the site's."""
    totp = TOTP(key)
    totp.time = parsedate_to_datetime(page.request.get("/healthz").headers["date"]).timestamp()
    return f"{totp.token():06d}"


def looked_at(page: Page, name: str) -> list[str]:
    found = []
    for width, height in (DESK, TELEPHONE):
        page.set_viewport_size({"width": width, "height": height})
        photograph(page, f"{name}-{width}")
        found += [*overflow(page), *violations(page)]
    return found
