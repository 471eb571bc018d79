"""Mail by SMTP, asking at the last instant whether a message may go and saying at once that it is out: what sends each reminder once."""

from __future__ import annotations

import logging
import re
import smtplib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends import smtp

logger = logging.getLogger(__name__)

#: Seconds for a server's word on a message that it has. RFC 5321 (4.5.3.2.6) asks for ten minutes, since who hangs up
#: earlier makes duplicates; a task may not run that long.
PATIENCE = 120.0


class NotOurs(Exception):
    """Somebody else sends this message."""


class AskingSMTP(smtplib.SMTP):
    """A connection that calls `may_send` between the server's 354 and the content, and `is_out` once the content is sent.

    Where the answer is no, or is an exception, the connection is closed without the final dot: the only way to take
    back a DATA command, and the server forgets the message (RFC 5321, 4.1.1.4).
    """

    may_send: Callable[[], bool] | None = None
    is_out: Callable[[], None] | None = None

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Hand over the content, which `sendmail` gives as bytes. Raises NotOurs when `may_send` says no."""
        content = _stuffed(msg)
        code, reply = self.docmd("DATA")
        if code != 354:
            with suppress(smtplib.SMTPServerDisconnected):
                self.rset()
            raise smtplib.SMTPDataError(code, reply)
        self._ask()
        self.send(content)
        self._tell()
        with self._patience():
            return self.getreply()

    def sendmail(self, *args: Any, **kwargs: Any) -> dict[str, tuple[int, bytes]]:
        refused = super().sendmail(*args, **kwargs)
        for address, (code, reply) in refused.items():
            logger.warning("The mail server refused %s alone: %d %s", address, code, reply.decode(errors="replace"))
        return refused

    def _ask(self) -> None:
        ours = False
        try:
            ours = self.may_send is None or self.may_send()
        finally:
            if not ours:
                self.close()
        if not ours:
            raise NotOurs

    def _tell(self) -> None:
        if self.is_out is None:
            return
        told = False
        try:
            self.is_out()
            told = True
        finally:
            if not told:
                self.close()

    @contextmanager
    def _patience(self) -> Iterator[None]:
        sock = self.sock
        limit = sock.gettimeout() if sock else None
        if sock is None or limit is None:
            yield
            return
        sock.settimeout(max(limit, PATIENCE))
        yield
        sock.settimeout(limit)


class AskingSMTPoverTLS(AskingSMTP, smtplib.SMTP_SSL):
    """The same where TLS comes first (`smtp+ssl://`)."""


class EmailBackend(smtp.EmailBackend):
    """Django's, with all of its options, on connections that ask `message.claim()` and call `message.sent()`, where it has them."""

    #: what a message with a claim looks for: other backends don't ask, so it claims before it is handed to them
    asks_claims = True

    connection: AskingSMTP | None

    @property
    def connection_class(self) -> type[AskingSMTP]:
        return AskingSMTPoverTLS if self.use_ssl else AskingSMTP

    def _send(self, email_message: EmailMessage) -> bool:
        self.open()
        if self.connection:
            self.connection.may_send = getattr(email_message, "claim", None)
            self.connection.is_out = getattr(email_message, "sent", None)
        try:
            return super()._send(email_message)  # type: ignore[misc]  # which Django's stubs leave out
        except NotOurs:
            self.close()
            return False


def _stuffed(content: bytes) -> bytes:
    """The content as DATA wants it: lines that begin with a dot get another one, and a dot alone ends it."""
    stuffed = re.sub(rb"(?m)^\.", b"..", content)
    return stuffed + (b".\r\n" if stuffed.endswith(b"\r\n") else b"\r\n.\r\n")
