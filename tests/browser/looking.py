"""One look at a page: with axe-core, at a desk and on a telephone, for what the policy forbids, and at what it weighs."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Page

from danvan.places import VAR_DIR

_VENDOR = Path(__file__).parent / "vendor"
AXE = (_VENDOR / json.loads((_VENDOR / "manifest.json").read_text())[0]["file"]).read_text()
#: WCAG 2.2 AA, and what axe's authors hold to be good practice beside it
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
_RUN_AXE = "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']}).then(found => found.violations)"
SCREENSHOTS = VAR_DIR / "screenshots"
#: width and height of a screen, at a desk and in a hand
DESK, TELEPHONE = (1280, 800), (360, 740)
#: at which each language is looked at: English, with its longer words, where they have the least room
WIDTHS = {"vi": (DESK, TELEPHONE), "en": (TELEPHONE,)}
#: bytes over the line for a page that is seen for the first time, and for each one after it
FIRST_VIEW, NEXT_VIEW = 150_000, 60_000
#: what needs `unsafe-inline`
_INLINE = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>|<style[^>]*>|<[^>]*\sstyle=[^>]*>|<[^>]*\son[a-z]+=[^>]*>|javascript:")


def looked_over(page: Page, address: str, name: str, widths: Sequence[tuple[int, int]]) -> None:
    """Open the page at these widths: axe finds nothing, nothing scrolls sideways, nothing is inline, and it is light."""
    lines = Lines(page)
    answer = page.goto(address, wait_until="load")
    assert answer
    assert answer.ok, f"{address} answers {answer.status}"
    found = [f"inline: {each[:160]}" for each in _INLINE.findall(answer.text())]
    found += [f"policy: {answer.headers['content-security-policy']}"] if "unsafe" in answer.headers["content-security-policy"] else []
    first = lines.taken()
    found += [f"first view: {first} bytes"] if first > FIRST_VIEW else []
    for width, height in widths:
        page.set_viewport_size({"width": width, "height": height})
        found += [f"{width}: {each}" for each in overflow(page)]
        photograph(page, f"{name}-{width}")
        # unrolled: a field that a sticky bar covers in part at one moment is not too small
        page.set_viewport_size({"width": width, "height": page.evaluate("document.documentElement.scrollHeight")})
        found += [f"{width}: {each}" for each in violations(page)]
    page.reload()
    again = lines.taken()
    found += [f"next view: {again} bytes"] if again > NEXT_VIEW else []
    page.close()
    assert not found, "\n".join([name, *found])


class Lines:
    """Counts the bytes that come over the line, as they are on it: compressed, with their heads."""

    def __init__(self, page: Page) -> None:
        self._bytes = 0
        session = page.context.new_cdp_session(page)
        session.on("Network.loadingFinished", self._count)
        session.send("Network.enable")

    def _count(self, finished: dict[str, float]) -> None:
        self._bytes += int(finished["encodedDataLength"])

    def taken(self) -> int:
        """How many came since this was asked last."""
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
