"""Where an indicator's figure or table comes from: the language of the column `source` (docs/interfaces.md, "Indicators").

A source is a kind and its parts, `:` between: `register:registered:kinh_te`. What it says of a unit is shown beside the unit's
cell and fills it in when the report is begun; the unit may enter something else and then explains it (domain/validation.py).
Tables of tasks, and what is counted of them, are the report's own (semantics §11).

A new kind is a class here, its reading in `_KINDS`, what it fits in `indicators`, and its query in `queries/sourced.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from reports.domain.skilful_models import Count, ModelField
from reports.domain.tasks import TaskCount
from units.problems import Problem, gettext_noop


@dataclass(frozen=True, slots=True)
class RegisterCount:
    """`register:WHAT[:FIELD]`: how many Dân vận khéo models of the register, of one field or of all."""

    what: Count
    field: ModelField | None = None


@dataclass(frozen=True, slots=True)
class TaskTable:
    """`tasks`: a table of what is to be done, by whom, until which day."""


@dataclass(frozen=True, slots=True)
class AnswerTable:
    """`answers:CODE`: a table that answers the tasks which the report before set in its table CODE, and left open in its own."""

    tasks: str


@dataclass(frozen=True, slots=True)
class TaskTally:
    """`count:WHAT:CODE`: how many tasks of a table, counted anew with every save and never typed."""

    what: TaskCount
    table: str


@dataclass(frozen=True, slots=True)
class ReportedFigure:
    """`report:TEMPLATE:CODE:N`: what the unit reported by this template for the N-th year of the cycle's period."""

    template: str
    code: str
    year: int


Source = RegisterCount | TaskTable | AnswerTable | TaskTally | ReportedFigure


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


def _task_table(parts: Sequence[str]) -> TaskTable:
    if parts:
        raise SourceError(gettext_noop("Nothing follows tasks: write it alone."))
    return TaskTable()


def _answer_table(parts: Sequence[str]) -> AnswerTable:
    if len(parts) != 1:
        raise SourceError(gettext_noop("Write answers:CODE with the code of a table of tasks."))
    return AnswerTable(parts[0])


def _task_tally(parts: Sequence[str]) -> TaskTally:
    if len(parts) != 2:
        raise SourceError(gettext_noop("Write count:WHAT:CODE with the code of a table of tasks or of answers."))
    return TaskTally(TaskCount(_one_of([each.value for each in TaskCount], parts[0])), parts[1])


def _reported_figure(parts: Sequence[str]) -> ReportedFigure:
    if len(parts) != 3 or not parts[0] or not parts[1] or not re.fullmatch("[1-9][0-9]?", parts[2], re.ASCII):
        raise SourceError(gettext_noop("Write report:TEMPLATE:CODE:N, the N-th year of the period, as in report:dan-van:dt_dinh_ky:1."))
    return ReportedFigure(parts[0], parts[1], int(parts[2]))


def _one_of(known: Sequence[str], word: str) -> str:
    if word not in known:
        raise SourceError(gettext_noop("“%(found)s” is unknown; known are %(known)s."), found=word[:60], known=", ".join(known))
    return word


_KINDS: Mapping[str, Callable[[Sequence[str]], Source]] = {
    "register": _register_count,
    "tasks": _task_table,
    "answers": _answer_table,
    "count": _task_tally,
    "report": _reported_figure,
}
