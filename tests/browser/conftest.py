"""The system's Chromium on the demo. No test here asks the database: Playwright's loop runs in this process, and Django would refuse."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from reports.demo.accounts import PASSWORD
from tests import servers
from tests.browser.looking import photograph
from tests.browser.site import Site, prepared, running_site
from tests.browser.watching import Watch

#: nothing that a browser does of its own accord, and nothing of a screen
FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 15_000

PageAs = Callable[..., Page]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Site]:
    """The demo, copied and served for this file, so that what one file's visitors write no other one sees."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    with running_site(prepared(shared), tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for this file: while it runs, this process's Django could not ask a database, as other files' tests do."""
    try:
        executable = servers.chromium()
    except servers.Missing as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=executable, args=FLAGS, chromium_sandbox=os.geteuid() != 0)
        yield running
        running.close()


@pytest.fixture(scope="module")
def signed_in(site: Site, browser: Browser) -> Callable[[str], Any]:
    """The cookies of a user, who signs in once a file."""
    known: dict[str, Any] = {"": None}

    def cookies(username: str) -> Any:
        if username not in known:
            with browser.new_context(base_url=site.url) as context:
                token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', context.request.get("/login/").text())
                assert token
                form = {"username": username, "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
                assert context.request.post("/login/", form=form).url == f"{site.url}/"
                known[username] = context.storage_state()
        return known[username]

    return cookies


def _at_the_end(page: Page, name: str) -> None:
    if not page.is_closed():
        photograph(page, name)


@pytest.fixture
def page_as(site: Site, browser: Browser, signed_in: Callable[[str], Any], request: pytest.FixtureRequest) -> Iterator[PageAs]:
    """`page_as(username, lang, width)` is a page of a signed-in user's own window ("" is nobody).

    Whatever it complained of fails the test at the end, but for what `page_as.forgive(words)` says was brought about on purpose.
    """
    watches: list[Watch] = []

    def opened(username: str, lang: str = "vi", width: int = 1280, **options: Any) -> Page:
        state = signed_in(username)
        context: BrowserContext = stack.enter_context(
            browser.new_context(base_url=site.url, storage_state=state, viewport={"width": width, "height": 800}, **options)
        )
        context.set_default_timeout(PATIENCE_MS)
        context.add_cookies([{"name": "django_language", "value": lang, "url": site.url}])
        watches.append(Watch(context, site.url))
        page = context.new_page()
        stack.callback(_at_the_end, page, request.node.name)
        return page

    def forgive(words: str) -> None:
        for watch in watches:
            watch.forgive(words)

    opened.forgive = forgive  # type: ignore[attr-defined]
    with ExitStack() as stack:
        yield opened
    assert [complaint for watch in watches for complaint in watch.unforgiven()] == []
