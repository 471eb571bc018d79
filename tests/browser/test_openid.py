"""In at the province's identity provider and out again, in a browser: what the page's policy would forbid is tried for real."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from danvan import embedded
from tests.browser.looking import DESK, TELEPHONE, overflow, photograph, violations
from tests.browser.site import Site, environment, prepared, running_site
from tests.identity_provider.people import CLIENT, CLIENT_SECRET, PERSON_PASSWORD
from tests.identity_provider.running import running_provider

NAME = "Tài khoản tỉnh"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Site]:
    """The demo, with an identity provider beside the passwords."""
    folder, port = tmp_path_factory.mktemp("provider"), embedded.free_port()
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "gw" in base.name else base
    demo = prepared(shared)
    clock = environment(folder)["CLOCK_AHEAD"]
    with running_provider(folder, f"http://{embedded.HOST}:{port}", CLOCK_AHEAD=clock) as issuer:
        told = {"OIDC_ISSUER": issuer, "OIDC_CLIENT_ID": CLIENT, "OIDC_CLIENT_SECRET": CLIENT_SECRET, "OIDC_MATCH": "username"}
        with running_site(demo, tmp_path_factory.mktemp("site"), port, CLOCK_AHEAD=clock, OIDC_NAME=NAME, **told) as running:
            yield running


def test_in_at_the_provider_and_out_of_both(site: Site, page_as: Any):
    page = page_as("")
    page.goto("/cycles/")
    page_as.forgive("leaves the origin: http://127.0.0.1"), page_as.forgive("favicon.ico")  # the provider's own
    found = []
    for width, height in (DESK, TELEPHONE):
        page.set_viewport_size({"width": width, "height": height})
        photograph(page, f"sign-in-with-provider-{width}")
        found += [*overflow(page), *violations(page)]
    assert found == []
    page.get_by_role("link", name=NAME).click()
    page.fill("#id_username", "huyen")
    page.fill("#id_password", PERSON_PASSWORD)
    page.locator("form").evaluate("form => form.submit()")
    expect(page).to_have_url(f"{site.url}/cycles/")
    page.goto("/account/")
    photograph(page, "account-with-provider")
    page.locator("header .me summary").click()
    page.locator("header form[action='/logout/'] button").click()
    expect(page).to_have_url(re.compile(f"{re.escape(site.url)}/login/[?]state="))
    page.get_by_role("link", name=NAME).click()
    expect(page.locator("#id_password")).to_be_visible()
    assert page.url.startswith("http://127.0.0.1")
    assert not page.url.startswith(site.url)
