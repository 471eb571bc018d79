"""What is wrong, where, and how to mend it: the one form in which the house refuses bad input.

Plain Python, so that rules without a database can use it. Messages are English msgids; `units.wording` puts them into
the reader's language.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any


def gettext_noop(message: str) -> str:
    """Mark a message for translation without importing Django."""
    return message


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. `message` is a msgid with `%(name)s` places for `params`."""

    message: str
    params: Mapping[str, Any] = field(default_factory=dict)
    line: int | None = None
    column: str = ""
    unit_uid: str = ""
    file: str = ""

    def at(self, *, line: int | None = None, column: str | None = None, unit_uid: str | None = None, file: str | None = None) -> Problem:
        """The same problem with its place filled in."""
        return replace(
            self,
            line=self.line if line is None else line,
            column=self.column if column is None else column,
            unit_uid=self.unit_uid if unit_uid is None else unit_uid,
            file=self.file if file is None else file,
        )


class Problems:
    """Collects problems: keeps the first `keep` of them and counts the rest, so that a million bad rows fit in memory."""

    def __init__(self, keep: int = 200) -> None:
        self.keep = keep
        self.kept: list[Problem] = []
        self.count = 0

    def add(self, problem: Problem) -> None:
        self.count += 1
        if len(self.kept) < self.keep:
            self.kept.append(problem)

    def extend(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            self.add(problem)

    def include(self, others: Problems) -> None:
        """Take what others were collected, and their count."""
        self.extend(others.kept)
        self.count += others.count - len(others.kept)

    def refuse_if_any(self) -> None:
        """Raise Refused when something was collected."""
        if self.count:
            raise Refused(self)

    def __iter__(self) -> Iterator[Problem]:
        return iter(self.kept)

    def __len__(self) -> int:
        return self.count


class ProblemsOfFile(Problems):
    """What is wrong with one of several files: told to those of all at once, with its name."""

    def __init__(self, file: str, all_problems: Problems) -> None:
        super().__init__()
        self._file, self._all = file, all_problems

    def add(self, problem: Problem) -> None:
        super().add(problem)
        self._all.add(problem.at(file=self._file))


class Refused(Exception):
    """The input or the action is refused, and nothing was changed. Carries every problem found."""

    def __init__(self, problems: Problems | Iterable[Problem] | Problem) -> None:
        if isinstance(problems, Problem):
            problems = [problems]
        if not isinstance(problems, Problems):
            collected = Problems()
            collected.extend(problems)
            problems = collected
        self.problems = problems
        super().__init__("; ".join(p.message % p.params for p in problems.kept[:3]))
