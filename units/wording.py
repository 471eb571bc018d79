"""Problems in the reader's language."""

from __future__ import annotations

from django.utils.translation import gettext

from units.problems import Problem


def say(problem: Problem) -> str:
    """The message alone, translated, with its values filled in."""
    return gettext(problem.message) % problem.params


def say_with_place(problem: Problem, file: str = "") -> str:
    """`FILE:LINE: COLUMN: what is wrong`, or without a file `UNIT_UID: what is wrong` (docs/interfaces.md)."""
    if file and problem.line is not None:
        place = f"{file}:{problem.line}: "
        return f"{place}{problem.column}: {say(problem)}" if problem.column else f"{place}{say(problem)}"
    return ": ".join(part for part in (problem.unit_uid, problem.column, say(problem)) if part)
