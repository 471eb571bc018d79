"""A program that asks the API for somebody."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts import tokens
from accounts.models import Scope

ROOT = "/api/v1"


class Program:
    """Brings its token with each request; what it sends is JSON, and `seen` goes into If-Match."""

    def __init__(self, user: Any, *scopes: str, unit: Any = None) -> None:
        at = timezone.now()
        self.token, self.secret = tokens.issue(user, "chương trình", scopes or Scope.values, days=30, unit=unit, at=at)
        self.client = Client()

    def ask(self, method: str, path: str, sent: Any = None, *, seen: object = None, **headers: str) -> Any:
        headers = {"Authorization": f"Bearer {self.secret}", **headers}
        if seen is not None:
            headers["If-Match"] = seen if seen == "*" else f'"{seen}"'
        content: Any = {} if sent is None else {"data": json.dumps(sent), "content_type": "application/json"}
        return self.client.generic(method, ROOT + path, headers=headers, **content)

    def get(self, path: str, **headers: str) -> Any:
        return self.ask("GET", path, **headers)

    def send(self, path: str, content: bytes, name: str = "tep.xlsx", headers: Mapping[str, str] | None = None, **fields: Any) -> Any:
        """POST a file, with the other fields of its form."""
        headers = {"Authorization": f"Bearer {self.secret}", **(headers or {})}
        return self.client.post(ROOT + path, {"file": SimpleUploadedFile(name, content), **fields}, headers=headers)

    def post(self, path: str, sent: Any = None, **more: Any) -> Any:
        return self.ask("POST", path, {} if sent is None else sent, **more)


def told(answer: Any, status: int, kind: str = "") -> Any:
    """The JSON of an answer with this status; of a problem of this kind."""
    assert answer.status_code == status, (answer.status_code, answer.content.decode()[:600])
    found = answer.json()
    if kind:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert (found["type"], found["status"]) == (f"urn:problem-type:danvan:{kind}", status)
    return found
