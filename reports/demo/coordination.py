"""The coordination programme of Tuyên Quang in the year under way: agencies beside the tree report what came of agreed tasks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from reports.demo.chance import draw, pick, shuffled
from reports.demo.current_year import year_of
from reports.demo.desk import Desk, Users, Window
from reports.demo.places import AGENCIES, AGENCY_OF_VISITOR, PROVINCE_AFTER, Place
from reports.demo.tasks import tasks_answered
from reports.domain.periods import parse_period
from reports.models import Cycle, TemplateVersion
from reports.models.cycle import default_time_zone
from reports.services.closing import close_cycle
from reports.services.opening import Plan, open_planned
from units.levels import AGENCIES as OF_AGENCIES
from units.models import Unit

TEMPLATE = "phoi-hop"

#: from the cut-off to the due days; agencies report well before it
_AGENCY_DUE_BEFORE, _PROVINCE_DUE_AFTER, _OPENED_BEFORE = 9, 6, 20
_ACCEPTED, _SUBMITTED = 2, 2
_SUBMITTED_ON = (Window(-6, 9, -4, 10), Window(-4, 14, -2, 9))
_SUBMITTED_LATELY = (Window(-2, 15, 0, 0), Window(-1, 10, 0, 0))
#: of the year before, from its cut-off
_AGENCIES_THEN, _PROVINCE_THEN, _CLOSED_AFTER = Window(-12, 9, -9, 10), Window(2, 9, 2, 10), 8

_TASKS = (
    "Tuyên truyền chủ trương, chính sách mới đến đoàn viên, hội viên và Nhân dân",
    "Vận động Nhân dân giải phóng mặt bằng các công trình trọng điểm",
    "Giải quyết kiến nghị của Nhân dân sau đối thoại",
    "Khám bệnh, tư vấn sức khỏe cho đồng bào vùng sâu, vùng xa",
    "Hỗ trợ hộ nghèo vay vốn phát triển sản xuất",
    "Giúp xã vùng cao làm nhà ở, đường giao thông nông thôn",
    "Xây dựng mô hình Dân vận khéo tại cơ quan, đơn vị",
    "Kiểm tra việc thực hiện dân chủ ở cơ sở",
    "Bồi dưỡng nghiệp vụ dân vận cho cán bộ, công chức",
)
_NOTABLE = (
    "Phối hợp tổ chức tốt các đợt về cơ sở, giải quyết kịp thời kiến nghị của Nhân dân ngay tại thôn, bản.",
    "Các đơn vị trực thuộc đều đăng ký và duy trì mô hình Dân vận khéo thiết thực.",
    "Nội dung phối hợp bám sát nhiệm vụ chính trị của tỉnh, có phân công, theo dõi từng quý.",
)
_LIMITS = (
    "Việc trao đổi thông tin giữa các cơ quan chưa thường xuyên. Nguyên nhân: chưa thống nhất đầu mối theo dõi.",
    "Một số nội dung phối hợp còn chung chung, chưa gắn với địa bàn cụ thể.",
)
_OWNER = "Ban Tuyên giáo và Dân vận Tỉnh ủy"
_CONTEST = "Cuộc thi báo chí viết về Dân vận khéo"
_WORKS = (
    ("Giải A", "Con đường mang tên lòng dân", "Xã Tân Trào"),
    ("Giải B", "Phiên chợ không rác", "Xã Sơn Dương"),
    ("Giải B", "Tiếng loa ở bản vùng cao", "Xã Đồng Văn"),
    ("Giải C", "Tổ dân vận và những ngôi nhà mới", "Xã Hàm Yên"),
    ("Giải C", "Hiến đất mở trường", "Xã Chiêm Hóa"),
    ("Giải C", "Người lính và mùa ngô mới", "Xã Mèo Vạc"),
)


def load(version: TemplateVersion, users: Users, at: datetime) -> None:
    """The programme of the year before, whose tasks come back; and that of this year, opened before moment `at`: some agencies have
    reported, the visitor's is about to.
    """
    today = at.astimezone(ZoneInfo(default_time_zone())).date()
    year = year_of(today)
    _load_year_before(version, users, year - 1)
    desk = Desk(_opened(version, f"{year}-Y", at - timedelta(days=_OPENED_BEFORE)), partial(_figures, year=year), users, today)
    early = shuffled([uid for uid in AGENCIES if uid != AGENCY_OF_VISITOR], "reports early")
    desk.submissions(early[:_ACCEPTED], _SUBMITTED_ON, desk.accept)
    desk.submissions(early[_ACCEPTED : _ACCEPTED + _SUBMITTED], _SUBMITTED_LATELY, None)
    desk.drafts([AGENCY_OF_VISITOR], [-1], lacking=30)
    desk.drafts([PROVINCE_AFTER], [-1])
    desk.run()


def _load_year_before(version: TemplateVersion, users: Users, year: int) -> None:
    code = f"{year}-Y"
    last_day = parse_period(code).last_day
    opened = datetime.combine(last_day - timedelta(days=_OPENED_BEFORE), time(9), ZoneInfo(default_time_zone()))
    cycle = _opened(version, code, opened)
    desk = Desk(cycle, partial(_figures, year=year), users, last_day)
    desk.submissions(AGENCIES, [_AGENCIES_THEN], desk.accept)
    desk.submissions([PROVINCE_AFTER], [_PROVINCE_THEN], None)
    desk.run()
    close_cycle(cycle, by=None, at=desk.moment(_CLOSED_AFTER, 9))


def _opened(version: TemplateVersion, code: str, at: datetime) -> Cycle:
    period = parse_period(code)
    due = {
        OF_AGENCIES: period.last_day - timedelta(days=_AGENCY_DUE_BEFORE),
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
        levels=["province"],
        kinds=list(Unit.Kind.values),
    )
    return open_planned(plan, at).cycle


def _figures(place: Place, *, year: int) -> dict[str, str]:
    return _of_province(place.uid) if place.level == "province" else _of_agency(place, year)


def _of_agency(place: Place, year: int) -> dict[str, str]:
    """Where the year before set tasks, those are answered instead of the ones that were agreed on paper."""
    uid = place.uid
    meetings, passed_on = draw(uid, "meetings", 3, 14), draw(uid, "requests", 4, 25)
    return {
        "bang_nhiem_vu": tasks_answered(place, _agreed(place, year)),
        "hn_tuyen_truyen": str(meetings),
        "luot_nguoi_du": str(meetings * draw(uid, "audience", 40, 160)),
        "kien_nghi_nhan": str(passed_on),
        "kien_nghi_giai_quyet": str(passed_on - draw(uid, "unsettled", 0, 4)),
        "cong_trinh_an_sinh": str(draw(uid, "works", 1, 9)),
        "kinh_phi": str(draw(uid, "funds", 40, 900)),
        "bang_nam_toi": _table(_agreed(place, year + 1)),
    } | _in_common(uid)


def _of_province(uid: str) -> dict[str, str]:
    """What the owner of the programme adds: its own work, and the contest that it held with all of them."""
    prizes = [prize for prize, _, _ in _WORKS]
    return {
        "hn_tuyen_truyen": "2",
        "luot_nguoi_du": "410",
        "tac_pham_du_thi": "512",
        "giai_a": str(prizes.count("Giải A")),
        "giai_b": str(prizes.count("Giải B")),
        "giai_c": str(prizes.count("Giải C")),
        "giai_kk": "15",
        "giai_trung_uong": "1",
        "bang_giai": _table([[_CONTEST, *work] for work in _WORKS]),
    } | _in_common(uid)


def _in_common(uid: str) -> dict[str, str]:
    return {
        "vb_phoi_hop": str(draw(uid, "documents", 1, 6)),
        "cuoc_kiem_tra": str(draw(uid, "inspections", 1, 4)),
        "ket_qua_noi_bat": pick(uid, "notable", _NOTABLE),
        "han_che": pick(uid, "limits", _LIMITS),
    }


def _agreed(place: Place, year: int) -> list[list[str]]:
    """The tasks agreed with an agency for a year, each with who does it and its day."""
    chosen = shuffled(_TASKS, f"tasks|{place.uid}|{year}")[: draw(place.uid, f"tasks|{year}", 4, 6)]
    return [[task, pick(place.uid, f"who|{task}", (place.name, _OWNER)), _day(place.uid, task, year)] for task in chosen]


def _day(uid: str, task: str, year: int) -> str:
    return date(year, draw(uid, f"due|{task}", 3, 12), 10).strftime("%d/%m/%Y")


def _table(rows: Sequence[Sequence[str]]) -> str:
    return json.dumps(rows, ensure_ascii=False)
