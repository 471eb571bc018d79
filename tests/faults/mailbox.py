"""A real mail server, in a thread, that counts what it was given; and that can be told to misbehave."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from danvan.embedded import HOST, free_port

TAKEN = "250 OK"


@dataclass(frozen=True)
class Letter:
    message_id: str
    to: tuple[str, ...]
    subject: str
    text: str


class HangUp(Exception):
    """The server ends the connection without another word."""


def _at_once() -> float:
    return 0


def _taken(letter: Letter) -> str:
    return TAKEN


class Mailbox:
    """Keeps every letter whose content arrived whole, whatever was answered then, until it is emptied.

    `before_content` is called as a client says DATA, before it may send the content, and says for how many seconds to be silent
    first; `answer` gives the word on a whole letter, after `thinks_for` seconds. Either may raise HangUp. Both are called in the
    server's thread.
    """

    def __init__(self) -> None:
        self.port = free_port()
        self.letters: list[Letter] = []
        self.before_content: Callable[[], float] = _at_once
        self.thinks_for = 0.0
        self.answer: Callable[[Letter], str] = _taken
        self._controller: Controller | None = None

    @property
    def url(self) -> str:
        return f"smtp://{HOST}:{self.port}"

    def start(self) -> None:
        self._controller = _Controller(self, hostname=HOST, port=self.port)
        self._controller.start()

    def stop(self) -> None:
        if self._controller:
            self._controller.stop()
            self._controller = None

    def close_for_new_connections(self) -> None:
        """Like a server that is about to go down: what is open goes on."""
        assert self._controller
        assert self._controller.server
        self._controller.server.close()

    def behave(self) -> None:
        self.before_content, self.answer, self.thinks_for = _at_once, _taken, 0.0

    def by_message_id(self) -> Counter[str]:
        return Counter(letter.message_id for letter in self.letters)

    def recipients(self) -> list[str]:
        """Everybody who got something, as often as they did."""
        return sorted(address for letter in self.letters for address in letter.to)

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd asks for this name
        message = message_from_bytes(envelope.content, policy=default)
        letter = Letter(str(message["Message-ID"]), tuple(envelope.rcpt_tos), str(message["Subject"]), message.get_content())
        self.letters.append(letter)
        await asyncio.sleep(self.thinks_for)
        try:
            return self.answer(letter)
        except HangUp:
            _cut_off(server)
            return TAKEN


def _cut_off(server: SMTP) -> None:
    assert isinstance(server.transport, asyncio.Transport)
    server.transport.abort()


class _Server(SMTP):
    def __init__(self, mailbox: Mailbox, **options: Any) -> None:
        super().__init__(mailbox, **options)
        self._mailbox = mailbox

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd asks for this name
        try:
            await asyncio.sleep(self._mailbox.before_content())
        except HangUp:
            _cut_off(self)
            return
        await super().smtp_DATA(arg)


class _Controller(Controller):
    def factory(self) -> SMTP:
        return _Server(self.handler, **self.SMTP_kwargs)


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox()
    box.start()
    try:
        yield box
    finally:
        box.stop()
