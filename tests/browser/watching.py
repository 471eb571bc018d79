"""What no page may do, whoever looks at it: complain in the console, fail, or ask another origin."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Request

#: a page that moves on gives up what it was still asking for
_GIVEN_UP = "net::ERR_ABORTED"


class Watch:
    """Collects what a browser context should not have had to tell."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.origin = urlsplit(url).netloc
        self.complaints: list[str] = []
        self._forgiven: list[str] = []
        context.on("console", self._hear)
        context.on("weberror", lambda told: self._tell(f"script: {told.error}"))
        context.on("requestfailed", lambda request: self._tell(f"failed: {request.url} {request.failure}", request.failure != _GIVEN_UP))
        context.on("request", self._ask)

    def _tell(self, complaint: str, wrong: bool = True) -> None:
        if wrong:
            self.complaints.append(complaint)

    def _hear(self, told: ConsoleMessage) -> None:
        """What has no address is said of the test's own tools: axe measures with inline styles, which the policy refuses."""
        address = told.location["url"]
        self._tell(f"console: {told.text} ({address})", told.type == "error" and address != "")

    def _ask(self, request: Request) -> None:
        parts = urlsplit(request.url)
        self._tell(f"leaves the origin: {request.url}", parts.scheme not in ("data", "blob") and parts.netloc != self.origin)

    def forgive(self, words: str) -> None:
        """This test brings about what is complained of in these words."""
        self._forgiven.append(words)

    def unforgiven(self) -> list[str]:
        return [each for each in self.complaints if not any(words in each for words in self._forgiven)]
