"""Seals: blocks of rows in the order of their ids, each with a digest over their text and over the seal before.

Row by row, a chain would make every writer wait for the one before. A tick seals what is committed instead, as ledgers of databases
do (docs/security.md): nobody who writes knows of it. On PostgreSQL ids are given out before rows are seen: so it notes
how far the rows reach, and seals up to there once everybody has ended who was writing there then; a smaller id can't come after that.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any

from django.db import models, transaction
from django.db.models import Max
from django.utils import timezone

from audit.models import Seal, SealMark
from audit.watching import sealed
from units.locks import clock, hold, writers_ended
from units.problems import Problem, gettext_noop

#: rows of one block at most: what a verifier says of a broken one is "in here"
BLOCK = 10_000
_LOCK = "audit.sealing"


def seal_all() -> int:
    """Seal what may be sealed now, and note how far the rest reaches. Returns how many rows were sealed."""
    return sum(_seal(model) for model in sealed())


def _seal(model: type[models.Model]) -> int:
    kind, count = model._meta.label_lower, 0
    mark = SealMark.objects.filter(pk=kind).first()
    if mark is not None and writers_ended(model._meta.db_table, mark.noted_at):
        while block := _seal_block(model, mark.upto):
            count += block
        SealMark.objects.filter(pk=kind, noted_at=mark.noted_at).delete()
        mark = None
    if mark is None:
        _note(model, kind)
    return count


def _note(model: type[models.Model], kind: str) -> None:
    newest = model._default_manager.aggregate(newest=Max("pk"))["newest"] or 0
    if newest > _last(kind):
        SealMark.objects.update_or_create(pk=kind, defaults={"upto": newest, "noted_at": clock()})


def _last(kind: str) -> int:
    """Up to which row the table is sealed."""
    return Seal.objects.filter(kind=kind).aggregate(last=Max("last"))["last"] or 0


def _seal_block(model: type[models.Model], upto: int) -> int:
    """Seal the next block up to that row. Returns how many rows are in it; none where there are none."""
    kind = model._meta.label_lower
    with transaction.atomic():
        hold(_LOCK)
        after = _last(kind)
        columns = [field.attname for field in model._meta.concrete_fields]
        rows = list(islice(_rows(model, columns, after, upto), BLOCK))
        if not rows:
            return 0
        before = Seal.objects.order_by("-pk").values_list("digest", flat=True).first() or ""
        seal = Seal(kind=kind, after=after, last=rows[-1][0], count=len(rows), columns=columns, at=timezone.now())
        seal.digest = digest_of(seal, before, rows)
        seal.save()
        return len(rows)


def _rows(model: type[models.Model], columns: list[str], after: int, upto: int) -> Iterator[tuple[Any, ...]]:
    rows = model._default_manager.filter(pk__gt=after, pk__lte=upto).order_by("pk").values_list("pk", *columns)
    return rows[:BLOCK].iterator(chunk_size=2000)


def digest_of(seal: Seal, before: str, rows: Iterable[tuple[Any, ...]]) -> str:
    """SHA-256 over the seal before, what this one says of itself, and each row as a line of JSON."""
    made = hashlib.sha256()
    head = [before, seal.kind, seal.after, seal.last, seal.count, seal.columns, seal.at]
    for line in ([head], rows):
        for each in line:
            made.update(_text(each).encode() + b"\n")
    return made.hexdigest()


def _text(values: Any) -> str:
    return json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> Any:
    """A value that JSON has no word for, alike on both databases and in every time zone."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return str(value)


def verify() -> tuple[list[Problem], int, str]:
    """Hold every row against its seal, and every seal against the one before: what is wrong, how many rows held, the newest digest."""
    problems: list[Problem] = []
    models_by_kind = {model._meta.label_lower: model for model in sealed()}
    reached: dict[str, int] = {}
    held, before = 0, ""
    for seal in Seal.objects.order_by("pk").iterator(chunk_size=1000):
        model = models_by_kind[seal.kind]
        if seal.after != reached.get(seal.kind, 0):
            message = gettext_noop(
                "Seal %(seal)d of %(kind)s begins after row %(after)d, where row %(reached)d was reached: a seal is missing."
            )
            words = {"seal": seal.pk, "kind": seal.kind, "after": seal.after, "reached": reached.get(seal.kind, 0)}
            problems.append(Problem(message, words))
        rows = list(model._default_manager.filter(pk__gt=seal.after, pk__lte=seal.last).order_by("pk").values_list("pk", *seal.columns))
        if len(rows) != seal.count:
            message = gettext_noop("%(kind)s, rows %(after)d to %(last)d: %(count)d were sealed on %(at)s, %(found)d are there.")
            problems.append(Problem(message, _words(seal) | {"found": len(rows)}))
        elif digest_of(seal, before, rows) != seal.digest:
            message = gettext_noop("%(kind)s, rows %(after)d to %(last)d, sealed on %(at)s: a row, or a seal, is not what was sealed.")
            problems.append(Problem(message, _words(seal)))
        held, before = held + len(rows), seal.digest
        reached[seal.kind] = seal.last
    return problems, held, before


def _words(seal: Seal) -> dict[str, Any]:
    at = timezone.localtime(seal.at).strftime("%d/%m/%Y %H:%M")
    return {"kind": seal.kind, "after": seal.after + 1, "last": seal.last, "count": seal.count, "at": at}


def unsealed() -> int:
    """Rows that no seal holds yet."""
    return sum(model._default_manager.filter(pk__gt=_last(model._meta.label_lower)).count() for model in sealed())
