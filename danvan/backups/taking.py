"""Making a backup: a snapshot of the database first, then the files that it refers to, which are never deleted before their rows."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any, cast

import pyrage
from django.core.files.storage import default_storage

from audit import acting, recording
from audit.models import AuditEntry
from danvan.backups import archive, contents
from units.problems import Problem, Refused, gettext_noop

NAME = re.compile(r"danvan-\d{8}T\d{6}Z\.age(\.part)?")
#: what the journal calls it
KIND = "backup"
#: names of missing files that are kept in the backup's end
_NAMED = 200


@dataclass
class Made:
    """A backup that is there: where, how large, its digest, what it is about, how many files are in it, and which were not to be had."""

    file: Path
    size: int = 0
    sha256: str = ""
    about: dict[str, Any] = field(default_factory=dict)
    files: int = 0
    missing: list[str] = field(default_factory=list)
    missing_count: int = 0


def make(folder: Path, recipients: Sequence[archive.Recipient], at: datetime, *, verify: bool = False) -> Made:
    """Write a backup into the folder, for whoever has a private key of one of the recipients. It has its name once it is whole.

    `verify`: it is also made for a key that only this process has, opened again with that, and read to its end. Raises Refused.
    """
    own = [pyrage.x25519.Identity.generate()] if verify else []
    made = Made(folder / f"danvan-{at:%Y%m%dT%H%M%S}Z.age")
    unfinished = made.file.with_name(f"{made.file.name}.part")
    with _alone_in(folder):
        try:
            with unfinished.open("wb") as target:
                os.fchmod(target.fileno(), 0o600)
                archive.write(target, [*recipients, *(key.to_public() for key in own)], _parts(made, at))
                target.flush()
                os.fsync(target.fileno())
            if own:
                archive.check(unfinished, own)
            with unfinished.open("rb") as source:
                made.sha256, made.size = hashlib.file_digest(source, "sha256").hexdigest(), unfinished.stat().st_size
            unfinished.rename(made.file)
            _write_names(folder)
        except OSError as error:
            raise Refused(Problem(gettext_noop("can't be written: %(error)s"), {"error": error}, file=str(unfinished))) from error
        finally:
            unfinished.unlink(missing_ok=True)
    told = {"sha256": made.sha256, "size": made.size, "files": made.files, "missing": made.missing_count}
    recording.record(AuditEntry.Action.TAKEN, KIND, acting.now(), made.file.name, told)
    return made


def _parts(made: Made, at: datetime) -> Iterator[archive.Part]:
    with contents.engine().snapshot(contents.tables_without_rows()) as database:
        made.about = contents.about(at)
        yield archive.of_words(archive.ABOUT, made.about)
        yield from archive.in_blocks(database)
        for name in contents.files():
            yield from _file(name, made)
    yield archive.of_words(archive.END, {"files": made.files, "missing": made.missing_count, "names": made.missing})


def _file(name: str, made: Made) -> Iterator[archive.Part]:
    """A file of the store; one that isn't there is told of, and keeps nobody from having a backup of all others."""
    try:
        content = default_storage.open(name)
    except FileNotFoundError:
        made.missing_count += 1
        made.missing += [name] if len(made.missing) < _NAMED else []
        return
    with content:
        yield archive.Part(name, content.size, cast(IO[bytes], content))
    made.files += 1


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Nobody else makes a backup in this folder; what a killed one has left behind is deleted. Raises Refused."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Refused(Problem(gettext_noop("Another backup is being made there."), file=str(folder))) from error
        for left in _ours(folder, ".part"):
            left.unlink()
        yield


def keep(folder: Path, count: int) -> list[Path]:
    """Delete all backups of the folder but the newest; those deleted."""
    gone = backups(folder)[:-count]
    for file in gone:
        file.unlink()
    _write_names(folder)
    return gone


def backups(folder: Path) -> list[Path]:
    """The backups of the folder, the newest last."""
    return _ours(folder, ".age")


def newest() -> datetime | None:
    """When the last backup was made, by the journal: wherever it lies, and whichever host made it."""
    taken = AuditEntry.objects.filter(kind=KIND, action=AuditEntry.Action.TAKEN)
    return taken.order_by("-pk").values_list("at", flat=True).first()


def _ours(folder: Path, ending: str) -> list[Path]:
    return sorted(file for file in folder.glob(f"*{ending}") if NAME.fullmatch(file.name))


def _write_names(folder: Path) -> None:
    """Have the disk hold what was renamed and deleted."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
