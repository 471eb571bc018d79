from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import pytest

from tests.faults.country import BEGINS_AT
from tests.faults.ledger import Attempt, Outcome
from tests.faults.quiet import Settled
from tests.faults.site import Site, running_site


@pytest.fixture(scope="session")
def seed() -> str:
    """What all chance in this test comes from: FAULT_SEED, which the header of the run shows (tests/conftest.py)."""
    return os.environ["FAULT_SEED"]


@pytest.fixture(scope="session")
def rounds() -> int:
    """How often a test goes round: FAULT_ROUNDS, once where nothing is said."""
    return int(os.environ.get("FAULT_ROUNDS") or 1)


@pytest.fixture
def chance(seed: str, request: pytest.FixtureRequest) -> random.Random:
    print(f"FAULT_SEED={seed}")
    return random.Random(f"{seed} {request.node.name}")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any) -> Iterator[Site]:
    """A site of the module's own (tests/faults/site.py), with nothing in it and nothing started."""
    with django_db_blocker.unblock(), running_site(tmp_path_factory.mktemp("site"), BEGINS_AT) as running:
        yield running


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
        self.settling.append(settled.seconds)
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


@pytest.fixture
def told() -> Iterator[Told]:
    figures = Told()
    yield figures
    print(figures)
