"""Which days are no working days: Vietnam's public holidays and the administration's own days off (semantics §1)."""

from __future__ import annotations

from datetime import date, datetime

import holidays
from django.utils.translation import get_language, gettext

from reports.domain.deadlines import add_working_days, end_of_day, is_working_day, on_or_after
from reports.models import Cycle, DayOff


class DaysOff:
    """A container of days off; the administration's own are asked for once."""

    def __init__(self) -> None:
        self._public = holidays.country_holidays("VN", language="en_US" if get_language() == "en" else "vi")
        self._own = dict(DayOff.objects.values_list("day", "name"))

    def name_of(self, day: date) -> str:
        """What day off it is, as the administration or the State calls it; empty for a day off without a name and for any other."""
        return self._own.get(day) or str(self._public.get(day) or "")

    def of_year(self, year: int) -> list[tuple[date, str, bool]]:
        """The days off of a year, in order: what each is called, and whether it is a public holiday alone."""
        public = holidays.country_holidays("VN", language=self._public.language, years=year)
        own = {day: name for day, name in self._own.items() if day.year == year}
        return [(day, self.name_of(day), day not in own) for day in sorted({*public, *own})]

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and (day in self._own or day in self._public)


def next_working_day(day: date, days_off: DaysOff | None = None) -> date:
    """`day` or the next working day: where a due day is set up."""
    return on_or_after(day, DaysOff() if days_off is None else days_off)


def why_off(day: date, days_off: DaysOff) -> str:
    """Why nobody works on this day; empty for a working day."""
    if is_working_day(day, days_off):
        return ""
    return days_off.name_of(day) or (gettext("day off") if day in days_off else gettext("weekend"))


def working_days_from(cycle: Cycle, at: datetime, count: int) -> datetime:
    """The end of the `count`-th working day after moment `at`, in the cycle's time zone."""
    day = at.astimezone(cycle.zone).date()
    return end_of_day(add_working_days(day, count, DaysOff()), cycle.zone)
