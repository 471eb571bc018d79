"""What a way of telling people is: mail, and what a site has in CHANNELS, each a class named by its dotted path (docs/messages.md)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

Message = TypeVar("Message")


class Unreachable(Exception):
    """Nobody there, or somebody who takes nothing from us: no message's fault, and none went out."""


class NotTaken(Exception):
    """This message was refused."""


class HungUp(NotTaken):
    """It was broken off, or fell silent, over this message."""


class Claim:
    """The right to send one message: taken at the last instant, and ticked off at the first.

    What sends and a database share no transaction, so no order of steps rules out both errors: sent twice, and never sent. What can
    be chosen is how long the door stands open. A claim is a lease, which runs out: a sender that dies before the content is out
    leaves the message to a later one. Once it is out, it is ticked off before the last word of who takes it, which may be long in
    coming: a sender that dies then leaves nothing to send again. The door stands open between the two system calls that send the
    content and the tick: for a tenth of a millisecond or two. What slips through comes again under the same identity.
    """

    def __init__(self, take: Callable[[], bool], tick_off: Callable[[], None]) -> None:
        self._take, self._tick_off = take, tick_off
        #: whether the claim may stand in the database, also where the database didn't live to say so
        self.is_taken = False
        #: whether the whole content may be with who takes it
        self.is_out = False

    def take(self) -> bool:
        """Whether the message is ours to send."""
        self.is_taken = True
        self.is_taken = self._take()
        return self.is_taken

    def sent(self) -> None:
        """The content is out."""
        self.is_out = True
        self._tick_off()


class Channel(ABC, Generic[Message]):
    """Something that takes messages; a context manager for as long as some are handed over."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Nothing is left open."""

    @abstractmethod
    def hand_over(self, message: Message) -> bool:
        """Send it. False when somebody else has claimed it. Raises Unreachable or NotTaken; its claim says what stands."""


@dataclass(frozen=True)
class Text:
    """A short message to one address. `key` is the same whenever it is sent."""

    key: str
    to: str
    text: str
    claim: Claim


class Messenger(Channel[Text]):
    """A channel on which people have addresses of their own: a number, a name, an identifier.

    `alias` is its key in CHANNELS, `name` what people call it, `hint` how an address is found.
    """

    def __init__(self, alias: str, name: str, hint: str = "") -> None:
        self.alias, self.name, self.hint = alias, name, hint

    @abstractmethod
    def canonical(self, address: str) -> str:
        """The address as it is kept. Raises Refused for one that is none."""

    def shaped(self, text: str) -> str:
        """The text as it is sent."""
        return text

    def parts(self, text: str) -> int:
        """How many messages a shaped text is counted as."""
        return 1


def messengers() -> dict[str, Messenger]:
    """The messengers of this site, by alias. Raises ImproperlyConfigured."""
    return {alias: _made(alias, told) for alias, told in settings.CHANNELS.items()}


def messenger(alias: str) -> Messenger | None:
    """The one with this alias, where this site has it."""
    return messengers().get(alias)


def _made(alias: str, told: Mapping[str, Any]) -> Messenger:
    try:
        made = import_string(told["BACKEND"])(alias, told["NAME"], **told.get("OPTIONS", {}))
    except (ImportError, KeyError, TypeError, ValueError) as error:
        raise ImproperlyConfigured(f"CHANNELS, {alias}: {type(error).__name__} {error}") from error
    if not isinstance(made, Messenger):
        raise ImproperlyConfigured(f"CHANNELS, {alias}: {told['BACKEND']} is no Messenger.")
    return made
