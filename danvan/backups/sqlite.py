"""A database of SQLite as a stream, and back: a copy by the online backup API, a file beside ours, and a change of names."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from django.db import connection

from danvan.backups.working_on import working_on
from units.problems import Problem, Refused, gettext_noop

_CHUNK = 2**18


def server() -> str:
    return f"SQLite {sqlite3.sqlite_version}"


# --- Out -------------------------------------------------------------------------------------------


@contextmanager
def snapshot(without_rows_of: Sequence[str]) -> Iterator[Iterator[bytes]]:
    """A copy as of one moment: for this thread's Django until the end of the block, and as the stream that it gives."""
    with TemporaryDirectory(dir=_ours().parent, prefix="snapshot-") as folder:
        copy = Path(folder) / "copy.sqlite3"
        with _opened(_ours()) as source, _opened(copy) as target:
            source.backup(target)  # in one step, which keeps no writer waiting (WAL): copied in several, each write begins it anew
            for table in without_rows_of:
                target.execute(f'DELETE FROM "{table}"')
            target.commit()
            target.execute("VACUUM")
        with working_on(str(copy)):
            yield _read(copy)


def _read(file: Path) -> Iterator[bytes]:
    with file.open("rb") as source:
        while chunk := source.read(_CHUNK):
            yield chunk


# --- In --------------------------------------------------------------------------------------------


@contextmanager
def one_restore_at_a_time() -> Iterator[None]:
    """Hold our database for a restore. Raises Refused where another one holds it."""
    held = sqlite3.connect(_ours().with_name("restore.lock"), isolation_level=None, timeout=0)
    try:
        held.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        raise Refused(Problem(gettext_noop("Another restore is running on this server: wait for its end."))) from error
    else:
        yield
    finally:
        held.close()


def exists() -> bool:
    return _ours().exists()


def is_empty() -> bool:
    """Whether the database that the settings name has no table, or isn't there."""
    return not exists() or not connection.introspection.table_names()


def load(chunks: Iterable[bytes], suffix: str) -> str:
    """Write a stream into a new file beside ours; its name. One of that name that was left behind is overwritten."""
    file = Path(beside(suffix))
    _forget(file)
    with file.open("wb") as target:
        os.fchmod(target.fileno(), 0o600)
        target.writelines(chunks)
        target.flush()
        os.fsync(target.fileno())
    return str(file)


def put_in_place(loaded: str, kept_as: str) -> bool:
    """Give the loaded file our name, and ours that suffix; whether there was one. Raises Refused while ours is in use."""
    connection.close()
    _close_journal(Path(loaded))
    there = exists()
    if there:
        refuse_while_used()
        os.link(_ours(), beside(kept_as))
    Path(loaded).replace(_ours())
    return there


def refuse_while_used() -> None:
    """Raises Refused where anybody else has our file open. Afterwards all that it holds is in the file itself."""
    connection.close()
    try:
        _close_journal(_ours())
    except sqlite3.OperationalError as error:
        message = gettext_noop("Another program uses the database: stop web server, worker and scheduler first.")
        raise Refused(Problem(message)) from error


def drop(name: str) -> None:
    connection.close()
    _forget(Path(name))


def beside(suffix: str) -> str:
    return f"{_ours()}.{suffix}"


def _ours() -> Path:
    return Path(connection.settings_dict["NAME"])


def _close_journal(file: Path) -> None:
    """Leave the mode of the write-ahead log, which only the last one who has the file open may: a log of another file is poison."""
    with _opened(file) as database:
        database.execute("PRAGMA journal_mode = DELETE")


@contextmanager
def _opened(file: Path) -> Iterator[sqlite3.Connection]:
    database = sqlite3.connect(file, timeout=1)
    try:
        yield database
    finally:
        database.close()


def _forget(file: Path) -> None:
    for ending in ("", "-wal", "-shm", "-journal"):
        Path(f"{file}{ending}").unlink(missing_ok=True)
