"""An upgrade on trial: a copy of the site's data is brought to this version, timed, looked over, and dropped.

A migration keeps writers waiting as long as it holds a lock that excludes theirs. Locks are looked at from another connection while it
runs, so what is held for less than a look may be missed, and every span is right to two looks.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.commands import migrate
from django.db import connection
from django.utils.translation import gettext

from danvan.backups import archive, contents, postgresql, proving, restoring
from danvan.backups.working_on import working_on
from units.problems import Problem, Problems, Refused, gettext_noop

#: how the copy is called
REHEARSING = "rehearsal"
#: seconds between two looks at the locks
LOOK_EVERY = 0.01
#: locks that keep writers waiting, and the one that keeps readers waiting too
EXCLUDING = ("ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock")

_HELD = (
    "SELECT c.relname, l.mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE l.pid = %s AND l.granted AND l.mode = ANY(%s) AND c.relkind IN ('r', 'p') AND n.nspname = 'public' AND c.reltuples > 0"
)


@dataclass
class Step:
    """One migration, or what `migrate` does before and after all of them: seconds, and those for which it held which lock on a table."""

    name: str
    seconds: float = 0.0
    held: dict[tuple[str, str], float] = field(default_factory=dict)


def rehearse(
    say: Callable[[str], object], file: Path | None = None, identities: Sequence[archive.Identity] = ()
) -> tuple[list[Step], Problems]:
    """Migrate a copy, of that backup or of the database as it stands, look it over, and drop it. Raises Refused."""
    if connection.vendor != "postgresql":
        raise Refused(Problem(gettext_noop("Only an upgrade on PostgreSQL is rehearsed: nobody else can write while SQLite migrates.")))
    with postgresql.one_restore_at_a_time():
        problems, copy = Problems(), ""
        try:
            if file is None:
                with postgresql.snapshot(contents.tables_without_rows()) as database:
                    copy = postgresql.load(database, REHEARSING)
            else:
                _, problems, copy = restoring.load(file, identities, REHEARSING, older_too=True)
            with working_on(copy):
                say(gettext("Loaded: %(name)s.") % {"name": copy})
                steps = migrated()
                problems.include(proving.prove(say))
        finally:
            if copy:
                postgresql.drop(copy)
    return steps, problems


def migrated() -> list[Step]:
    """Bring the database to this version; what each step of that took and held."""
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    with _watching(pid) as steps:
        call_command(_Telling(steps), interactive=False, verbosity=0)
    return [step for step in steps if step.seconds >= LOOK_EVERY or step.held]


class _Telling(migrate.Command):
    """Django's `migrate`, which begins a step with each migration."""

    def __init__(self, steps: list[Step]) -> None:
        super().__init__()
        self._steps = steps

    def migration_progress_callback(self, action: str, migration: Any = None, fake: bool = False) -> None:
        if action == "apply_start":
            self._steps.append(Step(f"{migration.app_label}.{migration.name}"))
        elif action == "apply_success":
            self._steps.append(Step("migrate"))


@contextmanager
def _watching(pid: int) -> Iterator[list[Step]]:
    """Look at the locks of that connection until the end of the block; whoever appends a step begins it."""
    steps, over = [Step("migrate")], threading.Event()

    def look() -> None:
        before = time.monotonic()
        with postgresql.another_connection(connection.settings_dict["NAME"]) as other:
            while not over.is_set():
                found = other.execute(_HELD, [pid, list(EXCLUDING)]).fetchall()
                now, step = time.monotonic(), steps[-1]
                step.seconds += now - before
                for lock in found:
                    step.held[lock] = step.held.get(lock, 0.0) + now - before
                before = now
                over.wait(LOOK_EVERY)

    thread = threading.Thread(target=look, name="look at locks")
    thread.start()
    try:
        yield steps
    finally:
        over.set()
        thread.join()
