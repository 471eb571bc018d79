"""The scoring of chosen hamlets: in Đồng Văn for the first half of 2025, and what Tuyên Quang's communes choose for next year."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from reports.demo.chance import draw, happens, pick
from reports.demo.current_year import year_of
from reports.demo.desk import Desk, Users, Window
from reports.demo.narratives import scoring_narratives
from reports.demo.places import (
    CHOSEN_PERCENT,
    COMMUNE_AFTER,
    COMMUNE_BEFORE,
    DISTRICT_BEFORE,
    PROVINCE_AFTER,
    PROVINCE_BEFORE,
    Place,
    chosen_among,
)
from reports.demo.windows import due_days, opened_at
from reports.domain.numbers import parse_plain
from reports.domain.periods import parse_period
from reports.models import Report, Selection, SelectionChoice, TemplateVersion
from reports.models.cycle import default_time_zone
from reports.services import choosing, filling
from reports.services.opening import Plan, open_planned
from units.models import Level, Unit
from units.tree import units_named

TEMPLATE = "cham-diem-thon"
PERIOD = "2025-H1"
_ZONE = ZoneInfo(default_time_zone())

#: each criterion with its maximum, in the template's order
_CRITERIA = {
    "to_dan_van": 10,
    "sinh_hoat": 15,
    "tuyen_truyen": 15,
    "mo_hinh": 15,
    "dan_chu": 15,
    "nong_thon_moi": 15,
    "an_ninh": 10,
    "bao_cao": 5,
}
_REASONS = (
    "Có hai tháng không có biên bản sinh hoạt.",
    "Số liệu chưa có minh chứng kèm theo.",
    "Mô hình mới đăng ký, chưa đánh giá được kết quả.",
    "Còn hộ chưa thực hiện cam kết vệ sinh môi trường.",
    "Báo cáo tháng 4 gửi chậm.",
)
_VISITS = (
    ("Ban Dân vận, Mặt trận Tổ quốc", "Kiểm tra hồ sơ, dự sinh hoạt tổ dân vận", "Duy trì nền nếp; bổ sung biên bản hai tháng đầu năm"),
    (
        "Thường trực cấp ủy, các đoàn thể",
        "Nắm tình hình, kiểm tra mô hình Dân vận khéo",
        "Hướng dẫn thôn hoàn thiện hồ sơ đăng ký",
    ),
    ("Ban Dân vận, Hội Phụ nữ", "Kiểm tra vệ sinh môi trường, đường thôn", "Đề nghị thôn phát động lại ngày vệ sinh hằng tuần"),
)
_VISITED = {
    "commune": ("Thôn được chọn ở trung tâm xã", "Thôn được chọn ở vùng cao", "Thôn được chọn giáp ranh xã bạn"),
    "district": ("Xã và hai thôn được chọn", "Thị trấn và một tổ dân phố được chọn", "Xã vùng biên và một thôn được chọn"),
}
_SUBMITTED = (Window(-3, 9, 2, 9), Window(-1, 15, 2, 14), Window(2, 8, 3, 9))
_REVIEWED_COMMUNES = (Window(3, 15, 5, 9), Window(4, 9, 5, 15))
#: of Tuyên Quang's communes so many in a hundred have chosen
_HAVE_CHOSEN_PERCENT = 60


def load(version: TemplateVersion, users: Users) -> None:
    """Choose the hamlets of Đồng Văn's communes, freeze them, and take their sheets through their cycle, some not to its end."""
    period = parse_period(PERIOD)
    selection = _choose_in_dong_van(users)
    due = {level: day for level, day in due_days(period.last_day).items() if level != "province"}
    plan = Plan(version, PERIOD, period.first_day, period.last_day, period.last_day, [DISTRICT_BEFORE], due, selection=selection)
    desk = Desk(open_planned(plan, opened_at(period.last_day)).cycle, _figures, users, period.last_day)
    left = set(desk.uids("hamlet", COMMUNE_BEFORE)[-1:])
    desk.submissions([uid for uid in desk.uids("hamlet") if uid not in left], _SUBMITTED, partial(_appraise, desk))
    desk.submissions(left, _SUBMITTED[-1:], None)
    communes = [uid for uid in desk.uids("commune") if uid != COMMUNE_BEFORE and happens(uid, "scores sent", 75)]
    desk.submissions(communes, _REVIEWED_COMMUNES, desk.accept)
    desk.drafts([DISTRICT_BEFORE], [6])
    desk.run()


def _choose_in_dong_van(users: Users) -> Selection:
    name = "Chọn 20% số thôn nâng cao chất lượng dân vận năm 2025"
    selection = _opened("chon-thon-2025", name, DISTRICT_BEFORE, date(2025, 2, 1), date(2025, 2, 14))
    for choice in selection.choices.select_related("unit"):
        _choose(choice, users, datetime(2025, 2, draw(choice.unit.uid, "day of choice", 3, 14), 9, 30, tzinfo=_ZONE))
    choosing.freeze(selection, by=users[PROVINCE_BEFORE], at=datetime(2025, 2, 17, 8, tzinfo=_ZONE))
    return selection


def let_choose(users: Users, at: datetime) -> None:
    """Let Tuyên Quang's communes choose for next year, as of moment `at`; the visitor's has not done so yet."""
    today = at.astimezone(_ZONE).date()
    year = year_of(today) + 1
    name = f"Chọn 20% số thôn nâng cao chất lượng dân vận năm {year}"
    selection = _opened(f"chon-thon-{year}", name, PROVINCE_AFTER, today - timedelta(days=12), today + timedelta(days=10))
    for choice in selection.choices.select_related("unit"):
        if choice.unit.uid != COMMUNE_AFTER and happens(choice.unit.uid, "has chosen", _HAVE_CHOSEN_PERCENT):
            day = today - timedelta(days=draw(choice.unit.uid, "day of choice", 1, 9))
            _choose(choice, users, datetime.combine(day, time(14, 15), _ZONE))


def _opened(code: str, name: str, top: str, on: date, choose_by: date) -> Selection:
    level = Level.objects.get(code="hamlet")
    selection = Selection.objects.create(code=code, name=name, level=level, share=CHOSEN_PERCENT, on=on, choose_by=choose_by)
    selection.units.set(units_named([top]))
    choosing.open_selection(selection, by=None)
    return selection


def _choose(choice: SelectionChoice, users: Users, at: datetime) -> None:
    uids = list(choice.units_below.order_by("unit__uid").values_list("unit__uid", flat=True))
    chosen = Unit.objects.filter(uid__in=chosen_among(uids)).values_list("pk", flat=True)
    choosing.choose(choice.pk, list(chosen), by=users.get(choice.unit.uid), at=at, seen=0)


def _figures(place: Place) -> dict[str, str]:
    if place.level == "hamlet":
        return {f"tc_{code}": _plain(score) for code, score in _self_scores(place.uid).items()} | scoring_narratives(place)
    visits = draw(place.uid, "visits", 2, 6)
    rows = [_visit(place, number) for number in range(visits)]
    return {"so_lan_kiem_tra": str(visits), "nhat_ky_kiem_tra": json.dumps(rows, ensure_ascii=False)} | scoring_narratives(place)


def _self_scores(uid: str) -> dict[str, int]:
    """In halves of a point."""
    weakness = draw(uid, "weakness", 1, 4)
    return {code: 2 * most - draw(uid, f"self-score|{code}", 0, most * weakness // 4) for code, most in _CRITERIA.items()}


def _appraise(desk: Desk, uids: Sequence[str], at: datetime) -> None:
    """Score as the commune does, half a point or more below what a hamlet gives itself here and there; then accept."""
    indicators = desk.cycle.version.compiled().by_code
    for report in Report.objects.filter(cycle=desk.cycle, unit__uid__in=uids).select_related("unit"):
        texts = _appraisal(report.unit.uid)
        values = {code: parse_plain(text, indicators[code]) for code, text in texts.items()}
        by = desk.users.get(desk.by_uid[report.unit.uid].superior_uid)
        filling.appraise(report.pk, values, by=by, at=at, seen=report.version)
    desk.accept(uids, at + timedelta(minutes=5))


def _appraisal(uid: str) -> dict[str, str]:
    texts, total = {}, 0
    for code, score in _self_scores(uid).items():
        less = draw(uid, f"less|{code}", 1, 5) if happens(uid, f"lowered|{code}", 30) else 0
        total += score - less
        texts[f"td_{code}"] = _plain(score - less)
        if less:
            texts[f"ly_do_{code}"] = pick(uid, f"reason|{code}", _REASONS)
    return texts | {"diem_cong_nhan": _plain(total)}


def _plain(halves: int) -> str:
    return f"{halves // 2}.5" if halves % 2 else str(halves // 2)


def _visit(place: Place, number: int) -> list[str]:
    """A row of the log: one visit a month, to a hamlet of the place or, from a district, to one of its communes."""
    day = f"{draw(place.uid, f'visit day|{number}', 1, 28):02}/{number % 6 + 1:02}/2025"
    return [day, pick(place.uid, f"visited|{number}", _VISITED[place.level]), *pick(place.uid, f"visit|{number}", _VISITS)]
