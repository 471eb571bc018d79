"""Timing two ways of the same work in turns, so that whatever else the machine does falls on both."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Work = Callable[[], object]


@dataclass(frozen=True)
class Setting:
    """Where a job is measured: how often, with a folder for its files."""

    repeat: int
    folder: Path


@dataclass
class Line:
    """A figure measured, with what it is held against. Times in seconds, one for each sample.

    At most `most` times the yardstick's median, `most_seconds`, `most_queries`, `most_megabytes`: None where there is no bar.
    """

    job: str
    ours: list[float]
    yardstick: list[float] = field(default_factory=list)
    against: str = ""
    most: float | None = None
    most_seconds: float | None = None
    queries: int | None = None
    most_queries: int | None = None
    megabytes: float | None = None
    most_megabytes: float | None = None
    #: how many reports the database has
    reports: int = 0
    #: what was checked besides the time
    note: str = ""


def idle() -> None:
    """The yardstick of what is measured for its own sake."""


def timed(work: Work) -> float:
    """Seconds that the work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def in_turns(
    repeat: int, ours: Work, yardstick: Work, prepare: Work = idle, prepare_yardstick: Work | None = None
) -> tuple[list[float], list[float]]:
    """Both, `repeat` times in turns after a run that doesn't count; `prepare` comes before each, untimed."""
    ways = [(ours, prepare), (yardstick, prepare if prepare_yardstick is None else prepare_yardstick)]
    samples: tuple[list[float], list[float]] = [], []
    for number in range(repeat + 1):
        for kept, (work, before) in zip(samples, ways, strict=True):
            before()
            seconds = timed(work)
            if number:
                kept.append(seconds)
    return samples


@contextmanager
def counting_queries(connection: Any) -> Iterator[list[str]]:
    """The statements that are sent meanwhile, but for what begins and ends transactions."""
    sent: list[str] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        sent.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield sent


def peak_memory() -> float:
    """The most memory that this process has taken so far, in megabytes."""
    return int(re.search(r"VmHWM:\s+([0-9]+)", Path("/proc/self/status").read_text())[1]) / 1024  # type: ignore[index]


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
