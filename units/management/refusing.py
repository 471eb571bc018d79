"""The common manner of the house's commands: refuse with every problem named, exit 1, change nothing."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import translation
from django.utils.translation import gettext

from units.problems import Problems, Refused
from units.wording import say_with_place


class RefusingCommand(BaseCommand):
    """A command that exits 0 with counts, 1 with a line for each problem, 2 on wrong usage (docs/interfaces.md)."""

    #: the code and its settings are checked when they are installed (`check --deploy`, `migrate`), not by each of their commands: all
    #: addresses would be imported, which takes longer than most of them
    requires_system_checks: list[str] = []
    #: what to print as FILE in front of the line of a problem that names none; a command that reads one file sets it
    file_name = ""
    #: the order of the files, for a command that reads several
    file_names: Sequence[str] = ()

    def execute(self, *args: Any, **options: Any) -> str | None:
        with translation.override(settings.LANGUAGE_CODE):
            try:
                said = super().execute(*args, **options)
                self.stdout.flush()
            except Refused as refused:
                self.write_problems(refused.problems)
                sys.exit(1)
            except BrokenPipeError:
                _end_as_a_pipe_does()
            except UnicodeEncodeError as error:
                # the shell's bytes reach Python as halves of surrogate pairs, which no database takes
                raise CommandError(gettext("An argument is not UTF-8."), returncode=2) from error
            return said

    def write_problems(self, problems: Problems, prefix: str = "") -> None:
        """A line on standard error for each problem that was kept, by file and line where there are any, and the count of the rest."""
        order = {name: number for number, name in enumerate(self.file_names)}
        for problem in sorted(problems, key=lambda problem: (order.get(problem.file, -1), problem.line or 0)):
            self.stderr.write(_on_one_line(prefix + say_with_place(problem, problem.file or self.file_name)))
        rest = problems.count - len(problems.kept)
        if rest:
            self.stderr.write(prefix + gettext("… and %(count)d more") % {"count": rest})


def _on_one_line(text: str) -> str:
    return "".join(letter if letter.isprintable() else "�" for letter in text)


def _end_as_a_pipe_does() -> NoReturn:
    """Who read the output has gone (`| head`): end without a word, and leave nothing for Python to flush at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(128 + signal.SIGPIPE)
