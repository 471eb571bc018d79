"""The coordination programme of Tuyên Quang in the year under way: agencies beside the tree report what came of agreed tasks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from reports.demo.chance import draw, pick, shuffled
from reports.demo.current_year import year_of
from reports.demo.desk import Desk, Users, Window
from reports.demo.places import AGENCIES, AGENCY_OF_VISITOR, PROVINCE_AFTER, Place
from reports.domain.periods import parse_period
from reports.models import TemplateVersion
from reports.models.cycle import default_time_zone
from reports.services.opening import Plan, open_planned
from units.levels import AGENCIES as OF_AGENCIES
from units.models import Unit

TEMPLATE = "phoi-hop"

#: from the cut-off to the due days; agencies report well before it
_AGENCY_DUE_BEFORE, _PROVINCE_DUE_AFTER, _OPENED_BEFORE = 9, 6, 20
_ACCEPTED, _SUBMITTED = 2, 2
_SUBMITTED_ON = (Window(-6, 9, -4, 10), Window(-4, 14, -2, 9))
_SUBMITTED_LATELY = (Window(-2, 15, 0, 0), Window(-1, 10, 0, 0))

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
_WHY_NOT = ("Chờ bố trí kinh phí", "Vướng mặt bằng, chuyển sang quý sau", "Phối hợp với địa phương còn chậm")
_NOTABLE = (
    "Phối hợp tổ chức tốt các đợt về cơ sở, giải quyết kịp thời kiến nghị của Nhân dân ngay tại thôn, bản.",
    "Các đơn vị trực thuộc đều đăng ký và duy trì mô hình Dân vận khéo thiết thực.",
    "Nội dung phối hợp bám sát nhiệm vụ chính trị của tỉnh, có phân công, theo dõi từng quý.",
)
_LIMITS = (
    "Việc trao đổi thông tin giữa các cơ quan chưa thường xuyên. Nguyên nhân: chưa thống nhất đầu mối theo dõi.",
    "Một số nội dung phối hợp còn chung chung, chưa gắn với địa bàn cụ thể.",
)
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
    """Open the programme's cycle at moment `at`: some agencies have reported, the visitor's is about to."""
    today = at.astimezone(ZoneInfo(default_time_zone())).date()
    period = parse_period(f"{year_of(today)}-Y")
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
    desk = Desk(open_planned(plan, at - timedelta(days=_OPENED_BEFORE)).cycle, _figures, users, today)
    early = shuffled([uid for uid in AGENCIES if uid != AGENCY_OF_VISITOR], "reports early")
    desk.submissions(early[:_ACCEPTED], _SUBMITTED_ON, desk.accept)
    desk.submissions(early[_ACCEPTED : _ACCEPTED + _SUBMITTED], _SUBMITTED_LATELY, None)
    desk.drafts([AGENCY_OF_VISITOR], [-1], lacking=30)
    desk.drafts([PROVINCE_AFTER], [-1])
    desk.run()


def _figures(place: Place) -> dict[str, str]:
    return _of_province(place.uid) if place.level == "province" else _of_agency(place.uid)


def _of_agency(uid: str) -> dict[str, str]:
    agreed = shuffled(_TASKS, f"tasks|{uid}")[: draw(uid, "tasks", 4, 6)]
    states = [pick(uid, f"state|{task}", ("done", "done", "done", "done", "under way", "not begun")) for task in agreed]
    meetings, passed_on = draw(uid, "meetings", 3, 14), draw(uid, "requests", 4, 25)
    return {
        "nv_thong_nhat": str(len(agreed)),
        "nv_hoan_thanh": str(states.count("done")),
        "nv_dang_lam": str(states.count("under way")),
        "nv_chua_lam": str(states.count("not begun")),
        "bang_nhiem_vu": _table([_task(uid, task, state) for task, state in zip(agreed, states, strict=True)]),
        "hn_tuyen_truyen": str(meetings),
        "luot_nguoi_du": str(meetings * draw(uid, "audience", 40, 160)),
        "kien_nghi_nhan": str(passed_on),
        "kien_nghi_giai_quyet": str(passed_on - draw(uid, "unsettled", 0, 4)),
        "cong_trinh_an_sinh": str(draw(uid, "works", 1, 9)),
        "kinh_phi": str(draw(uid, "funds", 40, 900)),
        "nv_nam_toi": "3",
        "bang_nam_toi": _table([[task, "Ban Tuyên giáo và Dân vận", "Quý IV"] for task in shuffled(_TASKS, f"next|{uid}")[:3]]),
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


def _task(uid: str, task: str, state: str) -> list[str]:
    due = f"Quý {pick(uid, f'due|{task}', ('I', 'II', 'III', 'IV'))}"
    result = {"done": "Hoàn thành", "under way": "Đang thực hiện", "not begun": "Chưa thực hiện"}[state]
    return [task, due, result, "" if state == "done" else pick(uid, f"why|{task}", _WHY_NOT)]


def _table(rows: Sequence[Sequence[str]]) -> str:
    return json.dumps(rows, ensure_ascii=False)
