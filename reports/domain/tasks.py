"""Tasks that a report sets and the next one answers (semantics §11): rows of tables with columns that mean something.

A table of tasks has three columns: what, by whom, until which day. A table of answers has these and two more: what became of it,
and what there is to say. Rows are texts like those of any table, so they are saved, kept, compared and printed as any are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from enum import StrEnum
from typing import Any

from reports.domain.privacy import addresses_a_person
from units.problems import Problem, gettext_noop

Row = Sequence[str]
WHAT, BY_WHOM, UNTIL, RESULT, REMARK = range(5)
TASK_COLUMNS, ANSWER_COLUMNS = 3, 5

_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")


class Result(StrEnum):
    """What became of a task, in the words that stand in the table."""

    DONE = "Đã hoàn thành"
    UNDER_WAY = "Đang thực hiện"
    NOT_DONE = "Không thực hiện"
    CARRIED_ON = "Chuyển sang kỳ sau"


#: what comes back in the report after
OPEN = frozenset({Result.UNDER_WAY, Result.CARRIED_ON})


class TaskCount(StrEnum):
    """What is counted of a table's rows."""

    SET = "set"
    DONE = "done"
    UNDER_WAY = "under_way"
    NOT_DONE = "not_done"
    CARRIED_ON = "carried_on"
    OVERDUE = "overdue"  # due by the cut-off, and not done


def day_of(text: str) -> date | None:
    """The day that a task is due, written as dd/mm/yyyy; None where that is none."""
    match = _DAY.fullmatch(text.strip())
    try:
        return date(int(match[3]), int(match[2]), int(match[1])) if match else None
    except ValueError:
        return None


def result_of(row: Row) -> Result | None:
    """What the row says of its task; None where it says nothing that is known."""
    words = row[RESULT].strip().casefold() if len(row) > RESULT else ""
    return next((each for each in Result if each.casefold() == words), None)


def count(what: TaskCount, rows: Sequence[Row], cut_off: date) -> int:
    """How many rows of a table count for `what`, in a period that ends on `cut_off`."""
    match what:
        case TaskCount.SET:
            return len(rows)
        case TaskCount.OVERDUE:
            return sum(_is_overdue(row, cut_off) for row in rows)
    wanted = Result[what.name]
    return sum(result_of(row) is wanted for row in rows)


def _is_overdue(row: Row, cut_off: date) -> bool:
    due = day_of(row[UNTIL])
    return due is not None and due <= cut_off and result_of(row) is not Result.DONE


def to_answer(tasks: Sequence[Row], answers: Sequence[Row]) -> list[list[str]]:
    """The rows that the next report has to answer: what this one set, and what it left open, each task once."""
    rows = [row[:TASK_COLUMNS] for row in answers if result_of(row) in OPEN] + [row[:TASK_COLUMNS] for row in tasks]
    return [[*cells, "", ""] for cells in dict.fromkeys(map(tuple, rows))]


def answered(asked: Sequence[Row], own: Sequence[Row]) -> list[list[str]]:
    """The rows of a table of answers: each task that is asked for with what the unit says of it, then what else the unit wrote."""
    said = {tuple(row[:TASK_COLUMNS]): list(row) for row in own}
    rows = [said.pop(tuple(row[:TASK_COLUMNS]), list(row)) for row in asked]
    return rows + list(said.values())


# --- What is wrong with a table as it is submitted --------------------------------------------------


def problems_of_tasks(name: str, rows: Sequence[Row]) -> Iterator[Problem]:
    """Each task says what is to be done, by which body or post, until which day."""
    for number, row in enumerate(rows, 1):
        if not row[WHAT] or not row[BY_WHOM]:
            yield _problem(gettext_noop("“%(name)s”, row %(row)d: say what is to be done, and which body or post does it."), name, number)
        if day_of(row[UNTIL]) is None:
            message = gettext_noop("“%(name)s”, row %(row)d: say until which day, as dd/mm/yyyy, for instance 30/11/2025.")
            yield _problem(message, name, number)
        if addresses_a_person(row[BY_WHOM]):
            message = gettext_noop("“%(name)s”, row %(row)d: “%(found)s” looks like a person; name the body or the post.")
            yield _problem(message, name, number, found=row[BY_WHOM])


def problems_of_answers(name: str, rows: Sequence[Row], asked: Sequence[Row]) -> Iterator[Problem]:
    """Every task that was set is answered; what is not done, and what is carried on, says why."""
    known = {tuple(row[:TASK_COLUMNS]): row for row in rows}
    for number, task in enumerate(asked, 1):
        row = known.get(tuple(task[:TASK_COLUMNS]))
        result = result_of(row) if row else None
        if row is None or result is None:
            message = gettext_noop("“%(name)s”: say what became of “%(task)s”: %(results)s.")
            yield _problem(message, name, number, task=task[WHAT], results=", ".join(Result))
        elif result in (Result.NOT_DONE, Result.CARRIED_ON) and not row[REMARK].strip():
            yield _problem(gettext_noop("“%(name)s”: say why “%(task)s” is not done or is carried on."), name, number, task=task[WHAT])


def _problem(message: str, name: str, number: int, **params: Any) -> Problem:
    return Problem(message, {"name": name, "row": number, **params})
