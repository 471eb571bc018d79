"""Rates over the reports strictly below a unit that are not exempt (semantics §4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from reports.domain.deadlines import Timeliness, timeliness
from reports.domain.workflow import State


@dataclass(slots=True)
class Rates:
    expected: int = 0
    received: int = 0
    accepted: int = 0
    on_time: int = 0
    late: int = 0
    missing: int = 0

    def count(self, state: State, first: datetime | None, due: datetime, at: datetime) -> None:
        """Count one report as it stands at moment `at`."""
        when = timeliness(exempt=state is State.EXEMPT, first=first, due=due, at=at)
        if when is Timeliness.EXEMPT:
            return
        self.expected += 1
        self.received += first is not None
        self.accepted += state is State.ACCEPTED
        self.on_time += when is Timeliness.ON_TIME
        self.late += when is Timeliness.LATE
        self.missing += when is Timeliness.MISSING

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


def rates(facts: Iterable[tuple[str, State, datetime | None, datetime]], at: datetime) -> dict[str, Rates]:
    """Rates in total (under the key "") and for each level, from (level, state, first submission, due) of the reports below."""
    by_level = {"": Rates()}
    for level, state, first, due in facts:
        by_level[""].count(state, first, due, at)
        by_level.setdefault(level, Rates()).count(state, first, due, at)
    return by_level
