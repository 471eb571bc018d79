"""Keys of backups, as age writes them: the public one in the settings, the private one in a file that no server has."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pyrage
from django.conf import settings

from danvan.backups.archive import Identity, Recipient
from units.problems import Problem, Problems, Refused, gettext_noop


def recipients() -> list[Recipient]:
    """Whom BACKUP_RECIPIENTS names. Raises Refused: there is no backup that everybody may read."""
    if not settings.BACKUP_RECIPIENTS:
        message = gettext_noop("BACKUP_RECIPIENTS names no key. Make a pair with make_backup_key, and name its public key there.")
        raise Refused(Problem(message))
    found, problems = [], Problems()
    for each in settings.BACKUP_RECIPIENTS:
        try:
            found.append(pyrage.x25519.Recipient.from_str(each))
        except pyrage.RecipientError as error:
            message = gettext_noop("BACKUP_RECIPIENTS: %(key)s is no public key of age: %(error)s")
            problems.add(Problem(message, {"key": each, "error": error}))
    problems.refuse_if_any()
    return found


def identities(files: Sequence[str]) -> list[Identity]:
    """The private keys in these files; `-` is standard input. Raises Refused."""
    found, problems = [], Problems()
    for name in files:
        for number, line in enumerate(_lines(name), start=1):
            if not line.strip() or line.startswith("#"):
                continue
            try:
                found.append(pyrage.x25519.Identity.from_str(line.strip()))
            except pyrage.IdentityError:
                problems.add(Problem(gettext_noop("This is no private key of age (AGE-SECRET-KEY-…)."), file=name, line=number))
    if not found and not problems:
        problems.add(Problem(gettext_noop("There is no private key in it."), file=files[0]))
    problems.refuse_if_any()
    return found


def _lines(name: str) -> list[str]:
    try:
        return sys.stdin.read().splitlines() if name == "-" else Path(name).read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(Problem(gettext_noop("can't be read: %(error)s"), {"error": error}, file=name)) from error


def make_pair(file: Path, at: datetime) -> str:
    """Write a new private key into a file that only its owner reads; the public one. Raises Refused where the file is there."""
    made = pyrage.x25519.Identity.generate()
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Refused(Problem(gettext_noop("can't be written: %(error)s"), {"error": error}, file=str(file))) from error
    with os.fdopen(descriptor, "w") as target:
        target.write(f"# created: {at.isoformat(timespec='seconds')}\n# public key: {made.to_public()}\n{made}\n")
    return str(made.to_public())
