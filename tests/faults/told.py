"""What a run has to tell: the figures of docs/reliability.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from tests.faults.ledger import Attempt, Outcome
from tests.faults.quiet import Settled


@dataclass
class Told:
    """What a test has to tell when it is over: figures for docs/reliability.md."""

    faults: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    until_the_next_answer: list[float] = field(default_factory=list)
    settling: list[float] = field(default_factory=list)
    reminders: int = 0
    sent_again: int = 0

    def note(self, attempts: Sequence[Attempt], settled: Settled) -> None:
        self.outcomes.update(attempt.outcome for attempt in attempts)
        self.settling += [settled.seconds] if attempts else []
        self.reminders, self.sent_again = settled.reminders, settled.sent_again

    def __str__(self) -> str:
        lines = [
            f"transitions: {', '.join(f'{count} {outcome}' for outcome, count in sorted(self.outcomes.items()))}",
            f"faults: {', '.join(f'{count} × {name}' for name, count in sorted(self.faults.items()))}",
            f"seconds from a fault to the next acknowledged transition: {spread(self.until_the_next_answer)}",
            f"seconds from the last transition until no total was stale: {spread(self.settling)}",
            f"reminders that arrived: {self.reminders}; of these again under the same Message-ID: {self.sent_again}",
        ]
        return "\n".join(lines)


def spread(seconds: Sequence[float]) -> str:
    return f"median {median(seconds):.2f}, most {max(seconds):.2f}" if seconds else "none"
