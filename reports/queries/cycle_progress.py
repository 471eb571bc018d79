"""How far a whole cycle is, level by level, counted in the database (semantics §4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q
from django.utils.translation import get_language

from reports.domain.deadlines import Timeliness
from reports.domain.rates import Rates
from reports.domain.workflow import State
from reports.models import Cycle, Report


@dataclass(frozen=True, slots=True)
class LevelProgress:
    """The reports of one level, exempt ones apart."""

    level: str
    rates: Rates
    exempt: int


def by_level(cycle: Cycle, at: datetime) -> list[LevelProgress]:
    """The cycle's rates at moment `at` for each of its levels, the highest first. One query, whatever the size."""
    expected = ~Q(state=State.EXEMPT.value)
    counts = {
        "expected": Count("pk", filter=expected),
        "received": Count("pk", filter=expected & Q(first_submitted_at__isnull=False)),
        "accepted": Count("pk", filter=Q(state=State.ACCEPTED.value)),
        **{kind.value: Count("pk", filter=Q(timeliness=kind.value)) for kind in (Timeliness.ON_TIME, Timeliness.LATE, Timeliness.MISSING)},
    }
    rows: Iterable[Mapping[str, Any]] = (
        Report.objects.filter(cycle=cycle)
        .with_timeliness(at)
        .order_by("level__rank")
        .values("level__rank", "level__name", "level__name_en")
        .annotate(**counts, exempt=Count("pk", filter=~expected))
    )
    english = get_language() == "en"
    return [
        LevelProgress(
            level=(english and row["level__name_en"]) or row["level__name"],
            rates=Rates(**{name: row[name] for name in counts}),
            exempt=row["exempt"],
        )
        for row in rows
    ]
