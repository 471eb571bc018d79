"""What looks random in the demo and isn't: the same everywhere and always, from SHA-256 alone."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def draw(uid: str, purpose: str, low: int, high: int) -> int:
    """A number from `low` to `high`, both included, that depends on nothing but the words."""
    digest = hashlib.sha256(f"demo-v1|{purpose}|{uid}".encode()).digest()
    return low + int.from_bytes(digest[:8], "big") % (high - low + 1)


def happens(uid: str, purpose: str, percent: int) -> bool:
    """True in `percent` of a hundred cases."""
    return draw(uid, purpose, 0, 99) < percent


def pick(uid: str, purpose: str, choices: Sequence[T]) -> T:
    return choices[draw(uid, purpose, 0, len(choices) - 1)]


def shuffled(items: Sequence[T], purpose: str) -> list[T]:
    """The items in an order that looks random; their texts decide."""
    return sorted(items, key=lambda item: draw(str(item), purpose, 0, 2**63))
