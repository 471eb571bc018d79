"""Where an indicator's figure is filled in from: the language of the column `source` (docs/interfaces.md, "Indicators").

A source is a kind and its parts, `:` between: `register:registered:kinh_te`. What it says of a unit is shown beside the unit's
cell and fills it in when the report is begun; the unit may enter something else and then explains it (domain/validation.py).
A new kind is a class here, its reading in `_KINDS`, what it fits in `indicators`, and its query in `queries/sourced.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from reports.domain.skilful_models import Count, ModelField
from units.problems import Problem, gettext_noop


@dataclass(frozen=True, slots=True)
class RegisterCount:
    """`register:WHAT[:FIELD]`: how many Dân vận khéo models of the register, of one field or of all."""

    what: Count
    field: ModelField | None = None


Source = RegisterCount


class SourceError(Exception):
    """A text names no source."""

    def __init__(self, message: str, **params: object) -> None:
        self.problem = Problem(message, params, column="source")
        super().__init__(message % params)


def parse_source(text: str) -> Source:
    """The source that a text names. Raises SourceError."""
    kind, *parts = (part.strip() for part in text.split(":"))
    if kind not in _KINDS:
        raise SourceError(gettext_noop("“%(found)s” is no source; known are %(known)s."), found=kind[:60], known=", ".join(_KINDS))
    return _KINDS[kind](parts)


def _register_count(parts: Sequence[str]) -> RegisterCount:
    if not 1 <= len(parts) <= 2:
        raise SourceError(gettext_noop("Write register:WHAT or register:WHAT:FIELD, as in register:registered:kinh_te."))
    what = _one_of([each.value for each in Count], parts[0])
    return RegisterCount(Count(what), ModelField(_one_of([each.value for each in ModelField], parts[1])) if parts[1:] else None)


def _one_of(known: Sequence[str], word: str) -> str:
    if word not in known:
        raise SourceError(gettext_noop("“%(found)s” is unknown; known are %(known)s."), found=word[:60], known=", ".join(known))
    return word


_KINDS: Mapping[str, Callable[[Sequence[str]], Source]] = {"register": _register_count}
