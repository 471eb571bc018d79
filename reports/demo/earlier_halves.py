"""The first halves of 2023 and 2024 in Hà Giang, when hamlets had no reports of their own: what trends are drawn from."""

from __future__ import annotations

from reports.demo.desk import Users
from reports.demo.figures import Span
from reports.demo.finished_year import finish
from reports.models import TemplateVersion


def load(version: TemplateVersion, users: Users) -> None:
    """Open each cycle, take every report through it, and close it."""
    finish(version, users, "2023-H1", Span(("first of 2023",), begins="2022", ends="2023-06"), {"commune": 14, "district": 20})
    finish(version, users, "2024-H1", Span(("first",), begins="2023", ends="2024-06"), {"commune": 7, "district": 10})
