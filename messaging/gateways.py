"""Messengers that are reached by one HTTPS request a message: chat, and SMS. What they are called for is data (docs/messages.md)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from messaging import outward, short_texts
from messaging.channels import HungUp, Messenger, NotTaken, Text, Unreachable
from units.problems import Problem, Refused, gettext_noop

#: bytes of an answer that are looked at
_MOST_READ = 4096
#: answers that say nothing against the message: not let in, too many, and the gateway's own mistakes
_OF_GATEWAY = frozenset({401, 403, 407, 429, *range(500, 600)})
_NAMES = re.compile(r"\{([a-z]+)\}")


class ChatGateway(Messenger):
    """One request a message: by POST with a JSON body or a form, or by GET, with `{to}`, `{text}` and `{id}` put into its values.

    `taken` are fields that the answer, a JSON object, has where a message was taken: many gateways say 200 to everything. `address` is the
    expression that an address fits. Everything is checked as it is made: ValueError for what can't be meant.
    """

    def __init__(
        self,
        alias: str,
        name: str,
        *,
        url: str,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        form: Mapping[str, str] | None = None,
        taken: Mapping[str, Any] | None = None,
        address: str = r"[\w.@+:-]{2,64}",
        hint: str = "",
    ) -> None:
        super().__init__(alias, name, hint)
        if body is not None and form is not None:
            raise ValueError("a request has a body or a form, and not both")
        self._url, self._headers, self._taken = url, dict(headers or {}), dict(taken or {})
        self._query, self._body, self._form = query, body, form
        try:
            self._address = re.compile(address)
        except re.error as error:
            raise ValueError(f"address is no expression: {error}") from error
        self._request(dict.fromkeys(("id", *self.places("x")), "x"))

    def canonical(self, address: str) -> str:
        found = address.strip()
        if not self._address.fullmatch(found):
            raise Refused(Problem(gettext_noop("This is no address of %(name)s."), {"name": self.name}))
        return found

    def places(self, to: str, text: str = "") -> dict[str, str]:
        """What may stand in braces in a request, but for `id`."""
        return {"to": to, "text": text}

    def hand_over(self, message: Text) -> bool:
        claim = message.claim
        method, url, content, headers = self._request({"id": message.key, **self.places(message.to, message.text)})
        try:
            answer = outward.send(method, url, content, headers, may_send=claim.take, is_out=claim.sent, most=_MOST_READ)
        except outward.NotOurs:
            return False
        except outward.Undelivered as error:
            said = _without(message.to, str(error))
            if not claim.is_out:
                raise Unreachable(said) from error
            silent = error.status is None or error.status in _OF_GATEWAY
            raise (HungUp if silent else NotTaken)(f"{error.status or ''} {said}".strip()) from error
        if not _has(answer.content, self._taken):
            raise NotTaken(_without(message.to, answer.content.decode(errors="replace")))
        return True

    def _request(self, places: Mapping[str, str]) -> tuple[str, str, bytes, dict[str, str]]:
        headers = {"User-Agent": "danvan", "Idempotency-Key": places["id"], **self._headers}
        url = self._url
        if self._query:
            parts = urlsplit(url)
            url = urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, urlencode(_put(self._query, places)))))))
        if self._form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            return "POST", url, urlencode(_put(self._form, places)).encode(), headers
        if self._body is not None:
            headers["Content-Type"] = "application/json"
            return "POST", url, json.dumps(_put(self._body, places), ensure_ascii=False).encode(), headers
        return "GET", url, b"", headers


class SmsGateway(ChatGateway):
    """The same, to mobile numbers of Viet Nam: `{to}` is +84…, `{digits}` 84…, `{national}` 0….

    A text goes without marks unless `marks` says otherwise, and is cut to `most_parts` SMS.
    """

    def __init__(self, alias: str, name: str, *, marks: bool = False, most_parts: int = 2, **more: Any) -> None:
        super().__init__(alias, name, **more)
        if most_parts < 1:
            raise ValueError("most_parts is 1 or more")
        self._marks, self._most_parts = marks, most_parts

    def canonical(self, address: str) -> str:
        found = re.fullmatch(r"(?:\+?84|0)([35789][0-9]{8})", re.sub(r"[ .()-]", "", address))
        if found is None:
            raise Refused(Problem(gettext_noop("This is no mobile number of Viet Nam: ten digits that begin with 03, 05, 07, 08 or 09.")))
        return f"+84{found[1]}"

    def places(self, to: str, text: str = "") -> dict[str, str]:
        return {**super().places(to, text), "digits": to[1:], "national": f"0{to[3:]}"}

    def shaped(self, text: str) -> str:
        return short_texts.cut(text if self._marks else short_texts.without_marks(text), self._most_parts)

    def parts(self, text: str) -> int:
        return short_texts.parts(text)


def _put(said: Any, places: Mapping[str, str]) -> Any:
    """The same with every `{name}` in its texts replaced: in values, never in names, and never in what was put in. Raises ValueError."""
    match said:
        case str():
            if unknown := set(_NAMES.findall(said)) - set(places):
                raise ValueError(f"nothing is called {', '.join(sorted(unknown))} in a request")
            return _NAMES.sub(lambda found: places[found[1]], said)
        case Mapping():
            return {name: _put(value, places) for name, value in said.items()}
        case list():
            return [_put(value, places) for value in said]
    return said


def _has(content: bytes, wanted: Mapping[str, Any]) -> bool:
    if not wanted:
        return True
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(said, dict) and all(name in said and said[name] == value for name, value in wanted.items())


def _without(address: str, said: str) -> str:
    """What a gateway said, for a log that names nobody's number."""
    return said.replace(address, "…").replace(address.removeprefix("+"), "…")
