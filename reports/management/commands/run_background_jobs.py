from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from reports.documents.makers import MAKERS
from reports.services import background_jobs


class Command(BaseCommand):
    help = "Make the files that were ordered and wait, one after the other: for a site without a worker."

    def handle(self, *args: Any, **options: Any) -> None:
        made = 0
        while background_jobs.run_next(MAKERS, timezone.now()):
            made += 1
        forgotten = background_jobs.expire(timezone.now())
        self.stdout.write(f"{made} done, {forgotten} forgotten")
