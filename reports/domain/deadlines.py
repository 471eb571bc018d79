"""Due days, working days and timeliness (semantics §1 and §4)."""

from __future__ import annotations

from collections.abc import Container
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum


class Timeliness(StrEnum):
    EXEMPT = "exempt"
    ON_TIME = "on_time"
    LATE = "late"
    MISSING = "missing"
    PENDING = "pending"


def end_of_day(day: date, zone: tzinfo) -> datetime:
    """The last microsecond of `day` in `zone`: what is sent at 00:00:00 of the next day is late."""
    return datetime.combine(day, time.max, zone)


def timeliness(*, exempt: bool, first: datetime | None, due: datetime, at: datetime) -> Timeliness:
    """How a report stands at moment `at`; `first` is the moment of its first submission (semantics §4)."""
    if exempt:
        return Timeliness.EXEMPT
    if first is not None:
        return Timeliness.ON_TIME if first <= due else Timeliness.LATE
    return Timeliness.MISSING if at > due else Timeliness.PENDING


def days_past(due: datetime, at: datetime, zone: tzinfo) -> int:
    """How many days `at` lies after the due day, in `zone`; below zero, how many are left."""
    return (at.astimezone(zone).date() - due.astimezone(zone).date()).days


def is_working_day(day: date, days_off: Container[date]) -> bool:
    """Monday to Friday and no day off; make-up Saturdays don't count."""
    return day.weekday() < 5 and day not in days_off


def on_or_after(day: date, days_off: Container[date]) -> date:
    """`day` itself where it is a working day, or else the next one: how a due day is set up."""
    while not is_working_day(day, days_off):
        day += timedelta(days=1)
    return day


def add_working_days(day: date, count: int, days_off: Container[date]) -> date:
    """The `count`-th working day after `day` (which itself doesn't count); for 0, `day`."""
    while count:
        day += timedelta(days=1)
        count -= is_working_day(day, days_off)
    return day
