"""The common manner of the house's commands: refuse with every problem named, exit 1, change nothing."""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import translation
from django.utils.translation import gettext

from units.problems import Refused
from units.wording import say_with_place


class RefusingCommand(BaseCommand):
    """A command that exits 0 with counts, 1 with a line for each problem, 2 on wrong usage (docs/interfaces.md)."""

    #: what to print as FILE in front of a problem's line; a command that reads a file sets it
    file_name = ""

    def execute(self, *args: Any, **options: Any) -> str | None:
        with translation.override(settings.LANGUAGE_CODE):
            try:
                return super().execute(*args, **options)
            except Refused as refused:
                for problem in refused.problems:
                    self.stderr.write(say_with_place(problem, self.file_name))
                rest = refused.problems.count - len(refused.problems.kept)
                if rest:
                    self.stderr.write(gettext("… and %(count)d more") % {"count": rest})
                sys.exit(1)
