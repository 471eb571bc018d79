"""The year 2024 in Hà Giang: everybody reported, some late, all was accepted, and the cycle is closed."""

from __future__ import annotations

from reports.demo.chance import happens
from reports.demo.desk import Desk, Users
from reports.demo.figures import Span
from reports.demo.places import PROVINCE_BEFORE
from reports.demo.windows import COMMUNES, COMMUNES_LATE, DISTRICTS, DISTRICTS_LATE, HAMLETS, HAMLETS_LATE, due_days, opened_at
from reports.domain.periods import parse_period
from reports.models import TemplateVersion
from reports.services.closing import close_cycle
from reports.services.opening import Plan, open_planned

PERIOD = "2024-Y"
SPAN = Span(halves=("first", "second"), begins="2023", ends="2024")

_CLOSED_AFTER = 27


def load(version: TemplateVersion, users: Users) -> None:
    """Open the cycle, take every report through it, and close it."""
    period = parse_period(PERIOD)
    plan = Plan(version, PERIOD, period.first_day, period.last_day, period.last_day, [PROVINCE_BEFORE], due_days(period.last_day))
    cycle = open_planned(plan, opened_at(period.last_day)).cycle
    desk = Desk(cycle, SPAN, users, period.last_day)
    for level, windows, late_windows, percent in (
        ("hamlet", HAMLETS, HAMLETS_LATE, 4),
        ("commune", COMMUNES, COMMUNES_LATE, 3),
        ("district", DISTRICTS, DISTRICTS_LATE, 10),
    ):
        uids = desk.uids(level)
        late = [uid for uid in uids if happens(uid, f"late|{PERIOD}", percent)]
        desk.submissions([uid for uid in uids if uid not in late], windows, desk.accept)
        desk.submissions(late, late_windows, desk.accept)
    desk.plan(desk.moment(11, 9, 30), lambda at: desk.submit([PROVINCE_BEFORE], at))
    desk.sweeps((3, 5, 7, 12))
    desk.plan(desk.moment(_CLOSED_AFTER, 16), lambda at: close_cycle(cycle, by=users[PROVINCE_BEFORE], at=at))
    desk.run()
