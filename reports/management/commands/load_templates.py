from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext

from reports.services import library
from units.management.refusing import RefusingCommand


class Command(RefusingCommand):
    help = "Publish the project's own library of templates. What was published already stays as it is: run again, it changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        for shelved in library.load(timezone.now()):
            version = shelved.version
            said = gettext("%(code)s version %(number)d: published, %(count)d indicators.")
            if not shelved.is_new:
                said = gettext("%(code)s version %(number)d: published already, %(count)d indicators.")
            self.stdout.write(said % {"code": version.template.code, "number": version.number, "count": len(version.compiled().indicators)})
