"""The year under way in Tuyên Quang as it is since 1 July 2025: its communes stand directly under the province.

Its first half is finished, estimated first and official later, so that the reports of the year open with it.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from reports.demo.chance import shuffled
from reports.demo.desk import Desk, Users, Window
from reports.demo.figures import Span, of_span
from reports.demo.finished_year import CLOSED_AFTER, finish
from reports.demo.places import COMMUNE_AFTER, PROVINCE_AFTER
from reports.domain.periods import parse_period
from reports.models import TemplateVersion
from reports.models.cycle import default_time_zone
from reports.services.opening import Plan, open_planned

_COMMUNE_DUE_AFTER = 3
_PROVINCE_DUE_AFTER = 11
_OPENED_BEFORE = 24

_ACCEPTED, _SUBMITTED, _RETURNED, _DRAFT = 5, 9, 3, 27
_DAYS_OF_SUBMISSION = (Window(-6, 9, -4, 10), Window(-5, 14, -3, 15), Window(-4, 10, -2, 9))
_DAYS_OF_RECENT_SUBMISSION = (Window(-2, 9, 0, 0), Window(-1, 15, 0, 0))
_DAYS_OF_DRAFTS = (-9, -7, -6, -3, -2, -1)

_REASON = "Số hộ nghèo chưa khớp với kết quả rà soát cuối năm; đề nghị kiểm tra lại."
_NOTES = {"ho_ngheo": "Đối chiếu với quyết định phê duyệt kết quả rà soát hộ nghèo."}


def load(version: TemplateVersion, users: Users, at: datetime) -> None:
    """Open the cycle of the year at moment `at`, with the first reports of early communes, once its first half is finished."""
    today = at.astimezone(ZoneInfo(default_time_zone())).date()
    period = parse_period(f"{year_of(today)}-Y")
    _finish_first_half(version, users, period.year, today)
    due = {
        "commune": period.last_day + timedelta(days=_COMMUNE_DUE_AFTER),
        "province": period.last_day + timedelta(days=_PROVINCE_DUE_AFTER),
    }
    plan = Plan(
        version,
        period.code,
        period.first_day,
        period.last_day,
        period.last_day,
        [PROVINCE_AFTER],
        due,
        levels=["province", "commune"],
        official_due={},
    )
    cycle = open_planned(plan, at - timedelta(days=_OPENED_BEFORE)).cycle
    span = Span(halves=("first", "second"), begins=f"{period.year - 1}", ends=f"{period.year}")
    desk = Desk(cycle, of_span(span), users, today)
    early = shuffled([uid for uid in desk.uids("commune") if uid != COMMUNE_AFTER], "early")
    accepted, submitted, returned, drafts = ([early.pop() for _ in range(count)] for count in (_ACCEPTED, _SUBMITTED, _RETURNED, _DRAFT))
    desk.submissions(accepted, _DAYS_OF_SUBMISSION, desk.accept)
    desk.submissions(returned, _DAYS_OF_SUBMISSION, lambda uids, moment: desk.give_back(uids, moment, reason=_REASON, notes=_NOTES))
    desk.submissions(submitted, _DAYS_OF_RECENT_SUBMISSION, None)
    desk.drafts(drafts, _DAYS_OF_DRAFTS)
    desk.run()


def _finish_first_half(version: TemplateVersion, users: Users, year: int, today: date) -> None:
    """In a year that is young there is none yet."""
    half = parse_period(f"{year}-H1")
    if half.last_day + timedelta(days=CLOSED_AFTER) < today:
        estimated, official = (Span(("first",), begins=f"{year - 1}", ends=ends) for ends in (f"{year}-06", f"{year}-07"))
        finish(version, users, half.code, estimated, {"commune": 6}, PROVINCE_AFTER, official)


def year_of(today: date) -> int:
    """The year whose last report isn't due yet."""
    return today.year + (today > parse_period(f"{today.year}-Y").last_day + timedelta(days=_PROVINCE_DUE_AFTER))
