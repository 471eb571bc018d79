"""Handing a message to the mail server once: claimed at the last instant, ticked off at the first, no row locked (semantics §4)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from smtplib import SMTPRecipientsRefused, SMTPResponseException, SMTPSenderRefused
from types import TracebackType
from typing import Any, Self

from django.core.mail import EmailMessage, get_connection

CLOSING = 421
TOO_LARGE = 552


class ClaimedMessage(EmailMessage):
    """A message that goes out only if `claim()` says so, and says by `sent()` that it is out.

    danvan's SMTP asks after the server has answered DATA with 354 and tells as soon as the content is sent; any other
    backend is handed the message between the two.

    A mail server and a database share no transaction, so no order of steps rules out both errors: sent twice, and never
    sent. What can be chosen is how long the door stands open. A claim is a lease, which runs out: a sender that dies before
    the content is out leaves the message to a later one. Once it is out, it is ticked off before the server's last word,
    which may take minutes: a sender that dies then leaves nothing to send again. The door stands open between the two
    system calls that send the content and the tick: for a tenth of a millisecond or two, and a message that slips through
    comes again under the same Message-ID, which lets the mailbox put the second copy aside. After the final dot the message
    is the server's (RFC 5321, 6.1); when its answer is lost, nobody can know whether it took it (RFC 1047), and RFC 5321,
    4.5.4.1, has the client keep it and try again. So it is given back then, under the same Message-ID too.
    """

    def __init__(self, *args: Any, claim: Callable[[], bool], tick_off: Callable[[], None], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._claim, self._tick_off = claim, tick_off
        #: whether the claim may stand in the database, also where the database didn't live to say so
        self.claimed = False
        #: whether the server may have the whole content
        self.is_out = False

    def claim(self) -> bool:
        """Whether the message is ours to send."""
        self.claimed = True
        self.claimed = self._claim()
        return self.claimed

    def sent(self) -> None:
        """The content is out."""
        self.is_out = True
        self._tick_off()


class Unreachable(Exception):
    """No server, or one that takes nothing from us: no message's fault."""


class NotTaken(Exception):
    """The server, or the writing of its address, refused this message."""


class HungUp(NotTaken):
    """The server broke off, or fell silent, over this message."""


class MailServer:
    """One connection for many messages, opened with the first and anew when it breaks. A context manager."""

    def __init__(self) -> None:
        self._connection = get_connection()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._hang_up()

    def take(self, message: ClaimedMessage) -> bool:
        """Hand it over. False when somebody else has claimed it. Raises Unreachable or NotTaken; `message.claimed` says what stands."""
        opened = self._open()
        try:
            return self._hand_over(message)
        except HungUp:
            if opened or message.claimed:
                raise
        # It ended an old connection before it had the content: idle too long, or as many messages as it takes on one.
        self._open()
        return self._hand_over(message)

    def _open(self) -> bool:
        try:
            return bool(self._connection.open())
        except OSError as error:
            raise Unreachable(str(error)) from error

    def _hand_over(self, message: ClaimedMessage) -> bool:
        try:
            if getattr(self._connection, "asks_claims", False):
                self._connection.send_messages([message])
            elif message.claim():
                self._connection.send_messages([message])
                message.sent()
        except (OSError, ValueError) as error:
            failure = _failure(error)
            if isinstance(failure, HungUp) or isinstance(error, ValueError):
                self._hang_up()
            raise failure from error
        return message.claimed

    def _hang_up(self) -> None:
        with suppress(OSError):
            self._connection.close()


def _failure(error: OSError | ValueError) -> Unreachable | NotTaken:
    """Whose fault it was. The answer to MAIL is about the sender, unless it is about the size."""
    said = str(error)
    if isinstance(error, SMTPRecipientsRefused):
        codes = {code for code, _ in error.recipients.values()}
    elif isinstance(error, SMTPResponseException):
        codes = {error.smtp_code}
    else:
        return NotTaken(said) if isinstance(error, ValueError) else HungUp(said)
    if CLOSING in codes:
        return HungUp(said)
    if isinstance(error, SMTPSenderRefused) and TOO_LARGE not in codes:
        return Unreachable(said)
    return NotTaken(said)
