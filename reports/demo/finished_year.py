"""The year 2024 in Hà Giang: everybody reported, some late, all was accepted, and the cycle is closed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from reports.demo.chance import happens
from reports.demo.desk import Desk, Users
from reports.demo.figures import Span, of_span
from reports.demo.places import PROVINCE_BEFORE
from reports.demo.windows import COMMUNES, COMMUNES_LATE, DISTRICTS, DISTRICTS_LATE, HAMLETS, HAMLETS_LATE, due_days, opened_at
from reports.domain.periods import parse_period
from reports.models import TemplateVersion
from reports.services.asking_official import ask_for_official
from reports.services.closing import close_cycle
from reports.services.opening import Plan, open_planned
from units.models import Unit

PERIOD = "2024-Y"
SPAN = Span(halves=("first", "second"), begins="2023", ends="2024", sets_tasks_on=date(2024, 12, 10))

#: days from the cut-off
CLOSED_AFTER = 27
_OFFICIAL_AFTER = 14
_WINDOWS = {"hamlet": (HAMLETS, HAMLETS_LATE), "commune": (COMMUNES, COMMUNES_LATE), "district": (DISTRICTS, DISTRICTS_LATE)}


def load(version: TemplateVersion, users: Users) -> None:
    """Open the cycle, take every report through it, and close it."""
    finish(version, users, PERIOD, SPAN, {"hamlet": 4, "commune": 3, "district": 10})


def finish(
    version: TemplateVersion,
    users: Users,
    code: str,
    span: Span,
    late: Mapping[str, int],
    province: str = PROVINCE_BEFORE,
    official: Span | None = None,
    top: str = "",
) -> None:
    """A cycle in which everybody at and below `top`, or the province, reported: of the levels in `late`, so many in a hundred too late.

    With `official` these figures were estimated, and the province asked for official ones once it had submitted.
    """
    top = top or province
    period = parse_period(code)
    levels = [*late, Unit.objects.get(uid=top).level.code]
    due = {level: day for level, day in due_days(period.last_day).items() if level in levels}
    plan = Plan(
        version,
        code,
        period.first_day,
        period.last_day,
        period.last_day,
        [top],
        due,
        levels=levels,
        official_due={} if official else None,
    )
    cycle = open_planned(plan, opened_at(period.last_day)).cycle
    desk = Desk(cycle, of_span(span), users, period.last_day)
    for level, percent in late.items():
        windows, late_windows = _WINDOWS[level]
        uids = desk.uids(level)
        too_late = [uid for uid in uids if happens(uid, f"late|{code}", percent)]
        desk.submissions([uid for uid in uids if uid not in too_late], windows, desk.accept)
        desk.submissions(too_late, late_windows, desk.accept)
    desk.plan(desk.moment(11, 9, 30), lambda at: desk.submit([top], at))
    desk.sweeps((3, 5, 7, 12))
    if official:
        _ask_for_official(desk, official, due, province)
    desk.plan(desk.moment(CLOSED_AFTER, 16), lambda at: close_cycle(cycle, by=users[province], at=at))
    desk.run()


def _ask_for_official(desk: Desk, span: Span, due: Mapping[str, date], province: str) -> None:
    """Two weeks after the estimated figures everybody submits the official ones, and all are accepted."""
    later = {level: day + timedelta(days=_OFFICIAL_AFTER) for level, day in due.items()}

    def ask(at: datetime) -> None:
        ask_for_official(desk.cycle, later, by=desk.users[province], at=at)
        desk.cycle.refresh_from_db()
        desk.figures = of_span(span)

    desk.plan(desk.moment(12, 8), ask)
    for level in set(due) - {"province"}:
        windows, _late = _WINDOWS[level]
        desk.submissions(desk.uids(level), [each.later(_OFFICIAL_AFTER) for each in windows], desk.accept)
    desk.plan(desk.moment(11 + _OFFICIAL_AFTER, 9, 30), lambda at: desk.submit([province], at))
