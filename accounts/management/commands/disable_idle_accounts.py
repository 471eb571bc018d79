from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import gettext

from accounts.idle import disable_idle


class Command(BaseCommand):
    help = "Disable the accounts that nobody signed in to for IDLE_DAYS (settings); prints them. The scheduler does it every day."

    def handle(self, **options: Any) -> None:
        names = disable_idle(timezone.now())
        for name in names:
            self.stdout.write(name)
        self.stdout.write(gettext("%(count)d accounts disabled.") % {"count": len(names)})
