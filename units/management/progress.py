"""Progress of long work: a counting line on a terminal, nothing in a pipe."""

from __future__ import annotations

from typing import TextIO


class Progress:
    """Call it with how much is done; `end` wipes the line."""

    def __init__(self, stream: TextIO, what: str) -> None:
        self.stream = stream
        self.what = what
        self.shown = stream.isatty()

    def __call__(self, done: int) -> None:
        if self.shown:
            self.stream.write(f"\r{self.what}: {done:,}")
            self.stream.flush()

    def end(self) -> None:
        if self.shown:
            self.stream.write("\r\x1b[K")
