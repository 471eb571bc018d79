"""Handing a message to the mail server once: claimed at the last instant, ticked off at the first, no row locked (semantics §4)."""

from __future__ import annotations

from contextlib import suppress
from smtplib import SMTPRecipientsRefused, SMTPResponseException, SMTPSenderRefused
from types import TracebackType
from typing import Any

from django.core.mail import EmailMessage, get_connection

from messaging.channels import Channel, Claim, HungUp, NotTaken, Unreachable

CLOSING = 421
TOO_LARGE = 552


class ClaimedMail(EmailMessage):
    """A mail that goes out only if its claim says so, and says that it is out (`channels.Claim`).

    danvan's SMTP asks after the server has answered DATA with 354 and tells as soon as the content is sent; any other
    backend is handed the message between the two. After the final dot the message is the server's (RFC 5321, 6.1); when its
    answer is lost, nobody can know whether it took it (RFC 1047), and RFC 5321, 4.5.4.1, has the client keep it and try
    again. So it is given back then, under the same Message-ID, which lets the mailbox put a second copy aside.
    """

    def __init__(self, *args: Any, claim: Claim, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.claimed_by = claim
        # what danvan's SMTP looks for
        self.claim, self.sent = claim.take, claim.sent


class MailServer(Channel[ClaimedMail]):
    """One connection for many messages, opened with the first and anew when it breaks. A context manager."""

    def __init__(self) -> None:
        self._connection = get_connection()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._hang_up()

    def hand_over(self, message: ClaimedMail) -> bool:
        opened = self._open()
        try:
            return self._send(message)
        except HungUp:
            if opened or message.claimed_by.is_taken:
                raise
        # It ended an old connection before it had the content: idle too long, or as many messages as it takes on one.
        self._open()
        return self._send(message)

    def _open(self) -> bool:
        try:
            return bool(self._connection.open())
        except OSError as error:
            raise Unreachable(str(error)) from error

    def _send(self, message: ClaimedMail) -> bool:
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
        return message.claimed_by.is_taken

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
