"""The honest provider as a process, and a browser's way through it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

import requests

from tests.identity_provider.people import PERSON_PASSWORD
from tests.processes import Process, wait_until


@contextmanager
def running_provider(folder: Path, back: str, **more: str) -> Iterator[str]:
    """Its issuer while it runs; `back` is where the site is that it sends people back to, `more` its environment."""
    told = folder / "issuer"
    environment = {name: value for name, value in os.environ.items() if name not in ("DJANGO_SETTINGS_MODULE", "DATABASE_URL")}
    command = [sys.executable, "-m", "tests.identity_provider.program", str(folder), back]
    process = Process(command, environment | more, folder / "log")
    process.start()
    try:
        wait_until(lambda: told.exists() and told.read_text(), "the identity provider", 30, [process.log_file])
        yield told.read_text()
    finally:
        process.kill()


class Browser(requests.Session):
    """Somebody at the provider, who follows it up to where it sends them back."""

    def sign_in(self, address: str, person: str, back: str) -> str:
        """Where the provider sends this person back to, from the address that the site sent them to."""
        answer = self._followed(self.get(address, allow_redirects=False, timeout=10), back)
        if answer.is_redirect:
            return answer.headers["Location"]
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', answer.text)
        assert token, answer.text
        sent = {"username": person, "password": PERSON_PASSWORD, "csrfmiddlewaretoken": token[1]}
        answer = self._followed(self.post(answer.url, data=sent, allow_redirects=False, timeout=10), back)
        return answer.headers["Location"]

    def _followed(self, answer: requests.Response, back: str) -> requests.Response:
        while answer.is_redirect and not answer.headers["Location"].startswith(back):
            answer = self.get(urljoin(answer.url, answer.headers["Location"]), allow_redirects=False, timeout=10)
        return answer
