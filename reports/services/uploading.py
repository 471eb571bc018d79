"""What a file would change in a report, told before anything is written (semantics §2): new, changed, cleared, or written by both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from reports.models import Report
from reports.queries.timeline import touched_since


class Effect(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    CLEARED = "cleared"
    #: changed in the file, and by somebody else since the file was made: a person chooses
    CLASH = "clash"
    #: left as it was in the file, and changed by somebody else since: theirs stays
    THEIRS = "theirs"


@dataclass(frozen=True, slots=True)
class Change:
    """One cell that differs: what stands in the report now, and what the file says. `code` names the indicator."""

    code: str
    address: str
    effect: Effect
    now: Any
    then: Any

    @property
    def is_written(self) -> bool:
        return self.effect is not Effect.THEIRS


def changes_of(report: Report, values: Iterable[tuple[str, str, Any]], seen: int) -> list[Change]:
    """What these cells (code, address, value) of a file would change, that was made from version `seen` of the report.

    A cell that the file has as it was then is no change, whatever stands there now.
    """
    touched: Mapping[str, Any] = touched_since(report, seen)
    changes = []
    for code, address, value in values:
        now = report.own.get(code)
        before = touched.get(code, now)
        effect = _effect(before, now, value)
        if effect is not None:
            changes.append(Change(code, address, effect, now, value))
    return changes


def _effect(before: Any, now: Any, value: Any) -> Effect | None:
    if _same(value, now):
        return None
    if not _same(before, now):
        return Effect.THEIRS if _same(value, before) else Effect.CLASH
    if now is None:
        return Effect.NEW
    return Effect.CLEARED if value is None else Effect.CHANGED


def _same(one: Any, other: Any) -> bool:
    """Truth is no number, though Python takes True for 1."""
    return type(one) is type(other) and one == other
