"""Sending rows that are messages, each once, by whatever channel: claimed under a lease, ticked off once out, tried again with patience.

`messaging.channels.Claim` says why in this order.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from time import monotonic, sleep
from typing import Any, TypeVar

from django.db import InterfaceError, OperationalError, connection
from django.db.models import QuerySet

from messaging.channels import Channel, Claim, HungUp, NotTaken, Unreachable
from reports.models.outgoing import Outgoing

logger = logging.getLogger(__name__)

#: before the second try, the third, and so on; a message refused once more than that is set aside
PAUSES = [timedelta(minutes=minutes) for minutes in (5, 10, 30, 60, 180, 360, 720)]
#: how long one run sends: with a channel's longest silence it stays below the time limit of tasks
A_RUN = timedelta(minutes=6)
#: how long a claim keeps others off: longer than a sender that lives takes from there until the content is out
LEASE = timedelta(minutes=1)
#: a channel that breaks off over so many messages in turn is left alone until the next run
HUNG_UP_IN_A_ROW = 3
ERROR_LENGTH = 500
#: seconds between the tries to reach a database that went away
RESTART = (0.1, 0.5, 1, 2, 5, 10, 10)

Row = TypeVar("Row", bound=Outgoing)
Message = TypeVar("Message")


class Run:
    """One run of a sender, which began at moment `at` and sends for as long as `within`."""

    def __init__(self, at: datetime, within: timedelta = A_RUN) -> None:
        self.at, self._within = at, within
        self._began = monotonic()

    @property
    def is_over(self) -> bool:
        return self._has_lasted() >= self._within

    def claim_of(self, row: Outgoing, **noted: Any) -> Claim:
        """The right to send this row; what is `noted` is written as it is ticked off."""
        return Claim(lambda: self.claim(row), lambda: self._tick_off(row, noted))

    def claim(self, row: Outgoing) -> bool:
        """Whether the row is this run's to send: for the length of a lease nobody else takes it up."""
        now = self.at + self._has_lasted()
        free = _table_of(row).filter(pk=row.pk, sent_at__isnull=True, set_aside_at__isnull=True).exclude(try_after__gt=now)
        return bool(free.update(try_after=now + LEASE))

    def _has_lasted(self) -> timedelta:
        return timedelta(seconds=monotonic() - self._began)

    def _tick_off(self, row: Outgoing, noted: dict[str, Any]) -> None:
        """It is out: nobody sends it any more. A database that is being restarted is waited for."""
        _patiently(lambda: _table_of(row).filter(pk=row.pk).update(sent_at=self.at, try_after=None, **noted))


def waiting(rows: QuerySet[Row]) -> QuerySet[Row]:
    """Those of the rows that wait to be sent."""
    return rows.filter(sent_at__isnull=True, set_aside_at__isnull=True)


def set_aside(rows: QuerySet[Row]) -> QuerySet[Row]:
    """Those of the rows that were refused too often to be tried again."""
    return rows.filter(sent_at__isnull=True, set_aside_at__isnull=False)


def try_again(rows: QuerySet[Row]) -> int:
    """Have those of them that were refused tried anew by the next run. Returns how many."""
    return rows.filter(sent_at__isnull=True, attempts__gt=0).update(attempts=0, try_after=None, set_aside_at=None)


def send(channel: Channel[Message], messages: Iterable[tuple[Outgoing, Message, Claim]], run: Run) -> int:
    """Hand the messages, each with its row and its claim, to the channel; how many it took.

    Not to be called in a transaction: each row is claimed, and ticked off, with a statement of its own, and nothing is locked
    while the channel is talked to. A message that it refuses is tried again after a pause, and set aside after the last one. A
    sender that meets another leaves the rest to it.
    """
    sent = hung_up = 0
    for row, message, claim in messages:
        if run.is_over or hung_up == HUNG_UP_IN_A_ROW:
            break
        try:
            if not channel.hand_over(message):
                break
        except Unreachable as error:
            logger.error("%s takes nothing: %s", type(channel).__name__, error)
            break
        except NotTaken as error:
            logger.warning("%s %d was not taken: %s", row._meta.label, row.pk, error)
            _note_refusal(row, claim, run.at, str(error))
            hung_up = hung_up + 1 if isinstance(error, HungUp) else 0
        except (OperationalError, InterfaceError):
            if claim.is_taken and not claim.is_out:
                _patiently(lambda: _give_back(row))  # noqa: B023 - called at once
            raise
        else:
            sent, hung_up = sent + 1, 0
    return sent


def _give_back(row: Outgoing) -> None:
    """It was claimed and didn't go out: let the next run have it."""
    _table_of(row).filter(pk=row.pk, sent_at__isnull=True).update(try_after=None)


def _note_refusal(row: Outgoing, claim: Claim, at: datetime, error: str) -> None:
    last = row.attempts >= len(PAUSES)
    ours = _table_of(row).filter(pk=row.pk)
    if not claim.is_out:
        ours = ours.filter(sent_at__isnull=True)
    _patiently(
        lambda: ours.update(
            sent_at=None,
            attempts=row.attempts + 1,
            last_error=error[:ERROR_LENGTH],
            try_after=None if last else at + PAUSES[row.attempts],
            set_aside_at=at if last else None,
        )
    )


def _table_of(row: Outgoing) -> QuerySet[Any]:
    return type(row)._default_manager.all()


def _patiently(write: Callable[[], object]) -> None:
    """Write, and where the database went away, write once it is back."""
    for pause in RESTART:
        try:
            write()
        except (OperationalError, InterfaceError):
            connection.close_if_unusable_or_obsolete()
            sleep(pause)
        else:
            return
    write()
