"""What others keep of units, so that no file may change it: a port that the reports app fills as it starts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from units.problems import Problem


class Remade(NamedTuple):
    """A standing unit to which a file gives another kind, level or validity; days are ISO 8601 text, None where open."""

    line: int
    uid: str
    is_other: bool
    valid_from: str | None
    valid_to: str | None


Keeper = Callable[[Sequence[Remade]], Iterator[Problem]]
_keepers: list[Keeper] = []


def install(keeper: Keeper) -> None:
    _keepers.append(keeper)


def kept_of(units: Sequence[Remade]) -> Iterator[Problem]:
    """Why these can't become what a file says."""
    for keeper in _keepers:
        yield from keeper(units)
