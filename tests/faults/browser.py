"""Somebody at a browser: signs in, keeps the session, follows nothing by itself."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import SimpleCookie
from types import MappingProxyType
from urllib.parse import urlencode

from danvan.embedded import HOST

#: seconds for an answer: longer than any restart
PATIENCE = 30.0


class NoAnswer(Exception):
    """The connection was refused, or broke, or the server said that something went wrong: nobody knows what was done."""


@dataclass(frozen=True)
class Answer:
    status: int
    location: str
    body: str


class Browser:
    def __init__(self, port: int, name: str, password: str) -> None:
        self.port, self.name, self.password = port, name, password
        self._cookies: dict[str, str] = {}

    def sign_in(self) -> None:
        self._cookies.clear()
        self.get("/login/")
        answer = self.post("/login/", {"username": self.name, "password": self.password})
        assert answer.status == http.client.FOUND, f"{self.name} can't sign in: {answer}"

    @property
    def is_signed_in(self) -> bool:
        return "sessionid" in self._cookies

    def keep_cookie(self, name: str, value: str) -> None:
        self._cookies[name] = value

    def get(self, path: str) -> Answer:
        return self._ask("GET", path)

    def post(self, path: str, fields: Mapping[str, object], headers: Mapping[str, str] = MappingProxyType({})) -> Answer:
        return self._ask("POST", path, urlencode({name: str(value) for name, value in fields.items()}), headers)

    def _ask(self, method: str, path: str, body: str | None = None, also: Mapping[str, str] = MappingProxyType({})) -> Answer:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items()), **also}
        if body is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded", "X-CSRFToken": self._cookies.get("csrftoken", "")}
        connection = http.client.HTTPConnection(HOST, self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            answer = Answer(response.status, response.headers.get("Location", ""), response.read().decode(errors="replace"))
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswer(repr(error)) from error
        finally:
            connection.close()
        for line in response.headers.get_all("Set-Cookie", []):
            self._cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
        if answer.status >= http.client.INTERNAL_SERVER_ERROR:
            raise NoAnswer(f"{answer.status} for {method} {path}")
        return answer
