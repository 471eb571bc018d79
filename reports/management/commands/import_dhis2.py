from __future__ import annotations

import shutil
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from reports.documents.dhis2.template_in import DhisTemplate
from reports.documents.dhis2.units_in import unit_rows
from reports.domain.template_file import parse_rows
from reports.management.arguments import opened, text_of, usage_error
from reports.models import ReportTemplate
from reports.services import configuring
from units.importing import import_rows
from units.management.progress import Progress
from units.management.refusing import RefusingCommand
from units.problems import Problems

UNITS, TEMPLATE = "units", "template"


class Command(RefusingCommand):
    help = "Take DHIS2's metadata (JSON): its organisation units as units, or a data set as a template's next version."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=[UNITS, TEMPLATE])
        parser.add_argument("file", metavar="FILE", help="as /api/metadata.json exports it; - is standard input")
        template = parser.add_argument_group("of a template")
        template.add_argument("--code", type=text_of(ReportTemplate.code.field), help="its code; it is made where there is none")
        template.add_argument("--name", type=text_of(ReportTemplate.name.field), help="its name in Vietnamese")
        template.add_argument("--levels", metavar="a|b", help="who enters the figures: the codes of levels")
        template.add_argument("--data-set", metavar="CODE", default="", help="which data set, by code or id, where the file holds several")
        template.add_argument("--publish", action="store_true", help="publish the version: it never changes from then on")

    def handle(self, *args: Any, **options: Any) -> None:
        self.file_name = options["file"]
        with _rereadable(self.file_name) as source:
            if options["what"] == UNITS:
                self._units(source)
            elif options["code"] and options["name"] and options["levels"]:
                self._template(source, options)
            else:
                raise usage_error(gettext("a template needs --code, --name and --levels"))

    def _units(self, source: BinaryIO) -> None:
        progress, unreadable = Progress(sys.stderr, gettext("units written")), Problems()
        try:
            loaded = import_rows(unit_rows(source, unreadable), unreadable, progress)
        finally:
            progress.end()
        self.write_problems(loaded.warnings, gettext("Warning: "))
        counts = {"added": loaded.added, "changed": loaded.changed, "unchanged": loaded.unchanged}
        self.stdout.write(gettext("Units: %(added)d added, %(changed)d changed, %(unchanged)d unchanged.") % counts)

    def _template(self, source: BinaryIO, options: dict[str, Any]) -> None:
        problems = Problems()
        rows = DhisTemplate(source).rows(options["data_set"], options["code"], options["levels"], problems)
        indicators = parse_rows(rows, configuring.level_codes(), problems)
        with transaction.atomic():
            version = configuring.add_version(options["code"], options["name"], indicators)
            if options["publish"]:
                configuring.publish(version, timezone.now())
        state = gettext("published") if version.is_published else gettext("draft")
        counts = {"code": options["code"], "number": version.number, "state": state, "count": len(indicators)}
        self.stdout.write(gettext("%(code)s version %(number)d (%(state)s): %(count)d indicators.") % counts)


@contextmanager
def _rereadable(name: str) -> Iterator[BinaryIO]:
    """The file of that name, which can be read from its beginning again, as standard input can't."""
    with opened(name) as source:
        if source.seekable():
            yield source
            return
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(source, copy)
            copy.seek(0)
            yield copy
