"""One look at a page: with axe-core, at a desk and on a telephone, for what the policy forbids, and at what it weighs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page, Request

from danvan.places import VAR_DIR

_VENDOR = Path(__file__).parent / "vendor"
AXE = (_VENDOR / json.loads((_VENDOR / "manifest.json").read_text())[0]["file"]).read_text()
#: WCAG 2.2 AA, and what axe's authors hold to be good practice beside it
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
#: until the service worker, where a page asks for one, is at work and has seen the page that it keeps
_WORKER_DONE = """async (kept) => {
  if (!document.querySelector("script[src*='/offline']")) return;
  await navigator.serviceWorker.ready;
  const isKept = () => caches.match(location.origin + location.pathname, { ignoreVary: true });
  for (let tries = 0; kept && tries < 50 && !(await isKept()); tries += 1) await new Promise((done) => setTimeout(done, 100));
}"""
_RUN_AXE = "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']}).then(found => found.violations)"
SCREENSHOTS = VAR_DIR / "screenshots"
#: width and height of a screen, at a desk and in a hand
DESK, TELEPHONE = (1280, 800), (360, 740)
#: bytes over the line for a page that is seen for the first time, and for each one after it
FIRST_VIEW, NEXT_VIEW = 150_000, 60_000
#: what needs `unsafe-inline`
_INLINE = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>|<style[^>]*>|<[^>]*\sstyle=[^>]*>|<[^>]*\son[a-z]+=[^>]*>|javascript:")


def looked_over(page: Page, address: str, name: str) -> None:
    """Open the page twice: axe finds nothing, nothing scrolls sideways, nothing is inline, and it is light."""
    lines = Lines(page)
    found = at_first_sight(page, lines, address, name)
    page.reload()
    again = lines.taken()
    found += [f"next view: {again} bytes"] if again > NEXT_VIEW else []
    page.close()
    assert not found, "\n".join([name, *found])


def at_first_sight(page: Page, lines: Lines, address: str, name: str) -> list[str]:
    """What is wrong with a page whose files the browser has not seen yet, at a desk and on a telephone."""
    lines.forget()
    answer = page.goto(address, wait_until="load")
    assert answer
    if not answer.ok:
        return [f"{address} answers {answer.status}"]
    if urlsplit(page.url).path != urlsplit(address).path:
        return [f"{address} leads to {page.url}"]
    found = [f"inline: {each[:160]}" for each in _INLINE.findall(answer.text())]
    found += [f"policy: {answer.headers['content-security-policy']}"] if "unsafe" in answer.headers["content-security-policy"] else []
    first = lines.taken(kept="x-keep-offline" in answer.headers)
    found += [f"first view: {first} bytes"] if first > FIRST_VIEW else []
    for width, height in (DESK, TELEPHONE):
        page.set_viewport_size({"width": width, "height": height})
        found += [f"{width}: {each}" for each in overflow(page)]
        photograph(page, f"{name}-{width}")
        # unrolled: a field that a sticky bar covers in part at one moment is not too small
        page.set_viewport_size({"width": width, "height": page.evaluate("document.documentElement.scrollHeight")})
        found += [f"{width}: {each}" for each in violations(page)]
    return found


class Lines:
    """Counts the bytes that come over the line, as they are on it: compressed, with their heads; the service worker's too."""

    def __init__(self, page: Page) -> None:
        self._bytes = 0
        self._page = page
        page.context.on("requestfinished", self._count_of_worker)
        self._session = page.context.new_cdp_session(page)
        self._session.on("Network.loadingFinished", self._count)
        self._session.send("Network.enable")

    def forget(self) -> None:
        """What the browser has kept so far comes over the line once more."""
        self._session.send("Network.clearBrowserCache")
        self._bytes = 0

    def _count(self, finished: dict[str, float]) -> None:
        self._bytes += int(finished["encodedDataLength"])

    def _count_of_worker(self, request: Request) -> None:
        if request.service_worker:
            sizes = request.sizes()
            self._bytes += sizes["responseHeadersSize"] + sizes["responseBodySize"]

    def taken(self, *, kept: bool = False) -> int:
        """How many came since this was asked last; `kept` says whether the service worker keeps this page."""
        self._page.evaluate(_WORKER_DONE, kept)
        taken, self._bytes = self._bytes, 0
        return taken


def violations(page: Page) -> list[str]:
    """What axe-core finds on the page as it stands. The policy stays in force: the debugger's own scripts are outside of it."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found = page.evaluate(_RUN_AXE, TAGS)
    return [
        f"{each['id']} ({each['impact']}): {each['help']}: {node['target']} {node['html'][:160]}"
        for each in found
        for node in each["nodes"][:4]
    ]


def overflow(page: Page) -> list[str]:
    """The innermost elements that make the body scroll sideways; nothing where it doesn't."""
    return page.evaluate(
        """() => {
          const wide = document.documentElement.clientWidth;
          if (Math.max(document.documentElement.scrollWidth, document.body.scrollWidth) <= wide) return [];
          const out = [...document.body.querySelectorAll("*")].filter((each) => each.getBoundingClientRect().right > wide + 1);
          const found = out.filter((each) => !out.some((other) => other !== each && each.contains(other))).slice(0, 8);
          return ["scrolls sideways", ...found.map((each) => each.outerHTML.slice(0, 160))];
        }"""
    )


def photograph(page: Page, name: str) -> None:
    """A picture of the whole page in `var/screenshots`, to be looked at."""
    page.screenshot(
        path=SCREENSHOTS / f"{re.sub(r'[^A-Za-z0-9._-]+', '-', name)}.png", full_page=True, caret="initial"
    )  # hiding it would need an inline style
