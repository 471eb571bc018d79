"""When the units of Hà Giang reported, in days after the cut-off, a Saturday in 2024 and in 2025 (due days: docs/field.md)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from reports.demo.desk import Window
from reports.models.cycle import default_time_zone

#: days from the cut-off to each level's due day
_DUE_AFTER = {"hamlet": 2, "commune": 4, "district": 6, "province": 11}

HAMLETS = (
    Window(-5, 8, -4, 9),
    Window(-5, 14, -4, 9),
    Window(-4, 9, -3, 10),
    Window(-3, 8, -2, 15),
    Window(-3, 19, -1, 8),
    Window(-2, 10, -1, 14),
    Window(-2, 16, -1, 14),
    Window(-1, 8, 2, 9),
    Window(-1, 15, 2, 9),
    Window(2, 7, 2, 16),
    Window(2, 13, 3, 8),
    Window(2, 20, 3, 8),
)
HAMLETS_LATE = (Window(3, 7, 3, 14), Window(3, 10, 3, 14))
COMMUNES = (Window(3, 15, 4, 14), Window(3, 17, 4, 14), Window(4, 8, 5, 8), Window(4, 10, 5, 8), Window(4, 16, 5, 15), Window(4, 21, 5, 15))
COMMUNES_LATE = (Window(5, 9, 5, 16), Window(5, 14, 6, 8))
DISTRICTS = (Window(6, 9, 9, 8), Window(6, 11, 9, 10), Window(6, 15, 9, 15), Window(6, 16, 10, 8))
DISTRICTS_LATE = (Window(9, 10, 10, 9),)


def due_days(cut_off: date) -> dict[str, date]:
    """The due day of each level."""
    return {level: cut_off + timedelta(days=days) for level, days in _DUE_AFTER.items()}


def opened_at(cut_off: date) -> datetime:
    """When the cycle was opened: in the morning, a month before."""
    return datetime.combine(cut_off - timedelta(days=30), time(8), ZoneInfo(default_time_zone()))
