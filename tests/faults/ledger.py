"""What those who act were told, attempt by attempt: the other book, against which the journal is held."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from reports.models import JournalEntry
from tests.faults.country import BEGINS_AT, TOKEN_CELL


class Outcome(StrEnum):
    DONE = "done"
    REFUSED = "refused"
    #: the answer was lost, or said that something went wrong: it may have been done, or not
    LOST = "lost"
    DEADLOCK = "deadlock"


@dataclass(frozen=True)
class Attempt:
    """One try to take an action on some reports, all or none. The token is unique, and the journal keeps it."""

    token: str
    action: str
    units: list[str]
    outcome: Outcome
    seconds: float = 0.0
    said: str = ""


class Ledger:
    """A file of attempts: one process writes it, another reads it meanwhile."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def write(self, attempt: Attempt) -> None:
        with self.file.open("a") as lines:
            lines.write(json.dumps(asdict(attempt)) + "\n")

    def attempts(self) -> Iterator[Attempt]:
        if self.file.exists():
            for line in self.file.read_text().splitlines(keepends=True):
                if line.endswith("\n"):
                    row = json.loads(line)
                    yield Attempt(**row | {"outcome": Outcome(row["outcome"])})

    def done(self) -> int:
        return sum(attempt.outcome is Outcome.DONE for attempt in self.attempts())


def contradictions(attempts: Iterable[Attempt]) -> Iterator[str]:
    """Where the journal of all reports and the attempts don't fit: a transition lost, doubled, half done, or made by nobody."""
    entries = JournalEntry.objects.filter(at__gte=BEGINS_AT).select_related("report__unit")
    written = Counter((token_of(entry), entry.report.unit.uid) for entry in entries)
    for attempt in attempts:
        found = [written.pop((attempt.token, unit), 0) for unit in attempt.units]
        if found not in _allowed(attempt):
            yield f"{attempt} has {found} journal entries"
    yield from (f"the journal has {count} entries of {token!r} for {unit}, which nobody made" for (token, unit), count in written.items())


def _allowed(attempt: Attempt) -> list[list[int]]:
    all_of_them, none = [1] * len(attempt.units), [0] * len(attempt.units)
    match attempt.outcome:
        case Outcome.DONE:
            return [all_of_them]
        case Outcome.LOST:
            return [all_of_them, none]
        case Outcome.REFUSED | Outcome.DEADLOCK:
            return [none]


def token_of(entry: JournalEntry) -> str:
    """What whoever made the transition left in the journal."""
    return str(entry.reason or entry.changes.get(TOKEN_CELL, ["", ""])[1])
