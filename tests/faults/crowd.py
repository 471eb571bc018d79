"""Several who act on the site at once: at the pages, by services, by commands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from tests.faults.ledger import Attempt, Ledger
from tests.faults.site import Site
from tests.processes import Process

#: who acts at once, and how many acknowledged transitions each makes in a round
ACTORS = {"pages dp1": 8, "pages cp11": 8, "services a": 60, "services b": 60, "commands c": 2}


class Crowd:
    """Those who act in one round, each a process; what they were told of each attempt stands in their ledgers."""

    def __init__(self, site: Site, round_: str, seed: str, actors: Mapping[str, int] = ACTORS) -> None:
        self.site = site
        self.ledgers: list[Ledger] = []
        self.actors: list[Process] = []
        for actor, count in actors.items():
            kind, name = actor.split()
            ledger = Ledger(site.folder / f"{round_}-{name}.ledger")
            words = (kind, name, seed, count, ledger.file, site.port)
            self.actors.append(site.script(f"{round_}-{name}", "tests.faults.act", *words))
            self.ledgers.append(ledger)

    def __enter__(self) -> Self:
        for actor in self.actors:
            actor.start()
        return self

    def __exit__(self, *_: object) -> None:
        for actor in self.actors:
            actor.kill()

    @property
    def are_acting(self) -> bool:
        failed = [actor.log() for actor in self.actors if actor.ended_with not in (None, 0)]
        assert failed == []
        return any(actor.is_running for actor in self.actors)

    def done(self) -> int:
        return sum(ledger.done() for ledger in self.ledgers)

    def attempts(self) -> list[Attempt]:
        return [attempt for ledger in self.ledgers for attempt in ledger.attempts()]
