"""The way back: everything is loaded and looked over beside what stands, and takes its place at the very end, at once.

Whoever is killed before that has changed nothing: a database under another name is dropped by the next restore, and a file of the
store that no row refers to harms nobody.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

import redis
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection

from audit import acting, recording
from audit.models import AuditEntry
from danvan.backups import archive, contents, proving
from danvan.backups.taking import KIND
from danvan.backups.working_on import working_on
from units.problems import Problem, Problems, Refused, gettext_noop

#: how the database is called that is being loaded
LOADING = "restoring"
_CHUNK = 2**18

Say = Callable[[str], object]


@dataclass
class Restored:
    """What was restored, what is wrong with it, and where the database is kept that stood there before."""

    about: dict[str, Any]
    problems: Problems
    kept: str = ""


def restore(
    file: Path, identities: Sequence[archive.Identity], at: datetime, say: Say, *, replace: bool = False, migrate: bool = False
) -> Restored:
    """Put the backup in the place of the database that the settings name, and its files into the store. Raises Refused.

    `replace`: of one that isn't empty as well; it is kept under another name. `migrate`: bring an older version's to this one.
    What is found wrong with the data keeps nobody from getting them back, and is told.
    """
    engine = contents.engine()
    with engine.one_restore_at_a_time():
        empty = engine.is_empty()
        if not empty and not replace:
            message = gettext_noop(
                "The database %(name)s is not empty. With --replace it is kept under another name, and gives up its place."
            )
            raise Refused(Problem(message, {"name": connection.settings_dict["NAME"]}))
        if engine.exists():
            engine.refuse_while_used()
        about, problems, loaded = load(file, identities, LOADING, older_too=migrate)
        with working_on(loaded):
            if migrate:
                call_command("migrate", interactive=False, verbosity=0)
            problems.include(proving.prove(say))
        kept_as = f"before_{at:%Y%m%d_%H%M%S}"
        kept = engine.beside(kept_as) if engine.put_in_place(loaded, kept_as) else ""
        if kept and empty:
            engine.drop(kept)
            kept = ""
    recording.record(AuditEntry.Action.RESTORED, KIND, acting.now(), file.name, {"made": about["at"], "kept": kept})
    _forget_sessions(problems)
    return Restored(about, problems, kept)


def _forget_sessions(problems: Problems) -> None:
    """Those that the cache holds were begun on what stood there before."""
    try:
        cache.clear()
    except redis.RedisError as error:
        message = gettext_noop(
            "The broker doesn't answer (%(error)s). It holds sessions: empty it with redis-cli FLUSHDB before you start."
        )
        problems.add(Problem(message, {"error": error}))


def load(file: Path, identities: Sequence[archive.Identity], suffix: str, *, older_too: bool) -> tuple[dict[str, Any], Problems, str]:
    """Load the backup into a new database beside ours, and its files into the store, where only those of this backup refer to them.

    What it is about, where it differs from what was backed up, and the database's name. Raises Refused.
    """
    about, _ = archive.check(file, identities)
    _refuse_other(about, file, older_too=older_too)
    engine = contents.engine()
    parts = archive.read(file, identities)
    after: list[archive.Part] = []
    loaded = engine.load(_database(parts, after), suffix)
    for part in chain(after, parts):
        if part.name != archive.END:
            _put(part)
    with working_on(loaded):
        problems = proving.compare(about)
    return about, problems, loaded


def _refuse_other(about: dict[str, Any], file: Path, *, older_too: bool) -> None:
    problems = Problems()
    if about["kind"] != connection.vendor:
        message = gettext_noop("The backup is of %(server)s, and DATABASE_URL names %(ours)s: name one of the same kind.")
        problems.add(Problem(message, {"server": about["server"], "ours": connection.display_name}))
    unknown, missing = contents.migrations_unknown_and_missing(about["migrations"])
    if unknown:
        message = gettext_noop("The backup is of a newer version, with %(names)s: install that version, and restore it there.")
        problems.add(Problem(message, {"names": ", ".join(unknown)}))
    elif missing and not older_too:
        message = gettext_noop(
            "The backup is of an older version, without %(names)s. Install that version, or say --migrate to bring its data to this one."
        )
        problems.add(Problem(message, {"names": ", ".join(missing)}))
    if problems.count:
        raise Refused([problem.at(file=str(file)) for problem in problems])


def _database(parts: Iterator[archive.Part], after: list[archive.Part]) -> Iterator[bytes]:
    """The database's stream; the part that follows it goes to `after`, unread."""
    for part in parts:
        if part.name.startswith(archive.DATABASE):
            yield from _chunks(part)
        elif part.name != archive.ABOUT:
            after.append(part)
            return


def _chunks(part: archive.Part) -> Iterator[bytes]:
    while chunk := part.content.read(_CHUNK):
        yield chunk


def _put(part: archive.Part) -> None:
    """A file into the store under its own name; the same one that is there already stays.

    Raises SuspiciousFileOperation for a name outside of the store.
    """
    place = Path(default_storage.path(part.name))
    place.parent.mkdir(parents=True, exist_ok=True)
    unfinished = place.with_name(f"{place.name}.part")
    made = hashlib.sha256()
    try:
        with unfinished.open("wb") as target:
            for chunk in _chunks(part):
                made.update(chunk)
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
        with suppress(FileNotFoundError), place.open("rb") as there:
            if hashlib.file_digest(there, "sha256").digest() == made.digest():
                return
        unfinished.rename(place)
    finally:
        unfinished.unlink(missing_ok=True)
