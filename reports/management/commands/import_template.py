from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from reports.domain.template_file import parse_indicators, parse_texts
from reports.management.arguments import opened, text_of
from reports.models import ReportTemplate
from reports.services import configuring
from units.management.refusing import RefusingCommand


class Command(RefusingCommand):
    help = "Record an indicator file as a template's next version."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="indicators as CSV (docs/interfaces.md); - is standard input")
        parser.add_argument(
            "--code", type=text_of(ReportTemplate.code.field), required=True, help="the template's code; it is made where there is none"
        )
        parser.add_argument("--name", type=text_of(ReportTemplate.name.field), required=True, help="the template's name in Vietnamese")
        parser.add_argument("--name-en", type=text_of(ReportTemplate.name_en.field), help="its name in English")
        parser.add_argument("--texts", metavar="FILE", help="what its sections say in the document (docs/interfaces.md)")
        parser.add_argument("--publish", action="store_true", help="publish the version: it never changes from then on")

    def handle(self, *args: Any, **options: Any) -> None:
        self.file_name = options["file"]
        with opened(self.file_name) as source, transaction.atomic():
            indicators = parse_indicators(source, configuring.level_codes())
            texts = self._texts(options["texts"])
            version = configuring.add_version(options["code"], options["name"], indicators, name_en=options["name_en"], texts=texts)
            if options["publish"]:
                configuring.publish(version, timezone.now())
        state = gettext("published") if version.is_published else gettext("draft")
        counts = {"code": options["code"], "number": version.number, "state": state, "count": len(indicators)}
        self.stdout.write(gettext("%(code)s version %(number)d (%(state)s): %(count)d indicators.") % counts)

    def _texts(self, file: str | None) -> dict[str, str]:
        if not file:
            return {}
        indicators_file, self.file_name = self.file_name, file
        with opened(file) as source:
            texts = parse_texts(source)
        self.file_name = indicators_file
        return texts
