from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils.translation import gettext

from units.csv_files import open_file
from units.importing import import_units
from units.management.progress import Progress
from units.management.refusing import RefusingCommand


class Command(RefusingCommand):
    help = "Add and update units by uid from a CSV file: all of it or nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file",
            metavar="FILE",
            help="uid,code,name,level,parent_uid,valid_from,valid_to[,kind,name_en,position,agency_id]; - is standard input",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.file_name = options["file"]
        progress = Progress(sys.stderr, gettext("units written"))
        try:
            with open_file(self.file_name) as source:
                loaded = import_units(source, progress)
        except OSError as error:
            raise CommandError(f"{self.file_name}: {error.strerror}", returncode=2) from error
        finally:
            progress.end()
        self.write_problems(loaded.warnings, gettext("Warning: "))
        counts = {"added": loaded.added, "changed": loaded.changed, "unchanged": loaded.unchanged}
        self.stdout.write(gettext("Units: %(added)d added, %(changed)d changed, %(unchanged)d unchanged.") % counts)
