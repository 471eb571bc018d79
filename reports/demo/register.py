"""The register of Dân vận khéo models in the demo: of a district's communes and hamlets until 2025, and of communes since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from reports.demo.chance import draw, pick, shuffled
from reports.demo.current_year import year_of
from reports.demo.desk import Users
from reports.demo.places import COMMUNE_AFTER, COMMUNE_BEFORE, DISTRICT_BEFORE, PROVINCE_AFTER, PROVINCE_BEFORE
from reports.domain.periods import parse_period
from reports.domain.skilful_models import TRANSITIONS, ModelAction, ModelBy
from reports.models.cycle import default_time_zone
from reports.policies import RegisterStanding
from reports.services import registering
from reports.services.registering import ModelStep
from units.models import Unit


class _Kind(NamedTuple):
    """A model as units of the region register it."""

    field: str
    name: str
    why: str
    content: str
    group: str
    product: str


_KINDS = (
    _Kind(
        "kinh_te",
        "Cải tạo vườn tạp thành vườn mẫu",
        "Vườn quanh nhà còn bỏ trống, thu nhập của các hộ thấp.",
        "Tổ dân vận đến từng hộ khảo sát, bàn cách làm, góp giống và ngày công; mỗi quý đến lại một lần.",
        "Các hộ nghèo, cận nghèo trong thôn",
        "Mỗi hộ có vườn rau, cây ăn quả cho thu hoạch trong năm",
    ),
    _Kind(
        "kinh_te",
        "Tổ hợp tác chăn nuôi bò vỗ béo",
        "Chăn nuôi nhỏ lẻ, hay mất giá vì bán riêng từng hộ.",
        "Vận động các hộ góp vốn xoay vòng, trồng cỏ, mua và bán chung.",
        "Các hộ chăn nuôi",
        "Tổ hợp tác hoạt động theo quy chế, có quỹ xoay vòng",
    ),
    _Kind(
        "kinh_te",
        "Trồng rau trái vụ theo nhóm hộ",
        "Đất một vụ bỏ hoang mùa khô.",
        "Hội Nông dân hướng dẫn kỹ thuật, nhóm hộ đăng ký diện tích, cam kết không dùng thuốc cấm.",
        "Các hộ có đất một vụ",
        "Diện tích rau trái vụ tăng, có nơi tiêu thụ",
    ),
    _Kind(
        "vhxh",
        "Đưa chuồng trại ra xa nhà ở",
        "Chuồng trại sát nhà gây ô nhiễm, bệnh cho gia súc và người.",
        "Đảng viên làm trước; thôn tổ chức ngày công giúp các hộ neo người di chuyển.",
        "Các hộ còn chuồng trại gần nhà",
        "Không còn chuồng trại dưới gầm sàn, trước cửa nhà",
    ),
    _Kind(
        "vhxh",
        "Đường hoa biên giới",
        "Trục đường thôn chưa sạch, chưa có điểm nhấn.",
        "Chi hội Phụ nữ nhận từng đoạn đường, trồng và chăm hoa, dọn vệ sinh sáng thứ Bảy.",
        "Nhân dân trong thôn",
        "Đường thôn có hoa hai bên, sạch rác",
    ),
    _Kind(
        "vhxh",
        "Xóa hủ tục trong tang lễ",
        "Tang lễ còn kéo dài, mổ nhiều gia súc, tốn kém.",
        "Vận động qua các dòng họ, đưa vào quy ước của thôn; tổ dân vận có mặt từ đầu để giúp gia đình.",
        "Các dòng họ trong thôn",
        "Đám tang không quá 48 giờ, đưa người mất vào quan tài",
    ),
    _Kind(
        "qpan",
        "Tiếng kẻng an ninh",
        "Địa bàn giáp đường lớn, hay mất trộm vặt.",
        "Quy ước hiệu lệnh kẻng; tổ tự quản chia ca, kẻng nhắc giờ học buổi tối và giờ đóng cửa.",
        "Nhân dân trong thôn",
        "Không để xảy ra trộm cắp, học sinh học đúng giờ",
    ),
    _Kind(
        "qpan",
        "Tổ tự quản đường biên, cột mốc",
        "Đường biên dài, qua nhiều nương của dân.",
        "Các hộ có nương giáp biên nhận đoạn, báo tin cho đồn Biên phòng và xã.",
        "Các hộ có đất giáp biên",
        "Đường biên, mốc giới được giữ nguyên, không có vượt biên trái phép",
    ),
    _Kind(
        "htct",
        "Ngày thứ Bảy cùng dân",
        "Cán bộ ít có thời gian xuống thôn trong tuần.",
        "Cán bộ, công chức xã xuống thôn làm việc cùng dân, nghe và trả lời kiến nghị tại chỗ.",
        "Nhân dân các thôn",
        "Kiến nghị được trả lời trong ngày hoặc có hẹn rõ",
    ),
    _Kind(
        "htct",
        "Mỗi đảng viên giúp một hộ thoát nghèo",
        "Nhiều hộ nghèo chưa biết cách làm ăn.",
        "Chi bộ phân công đảng viên giúp từng hộ theo nhóm việc, kiểm điểm hằng tháng.",
        "Hộ nghèo được phân công giúp đỡ",
        "Hộ được giúp có thu nhập tăng, thoát nghèo theo lộ trình",
    ),
)
_AIMS = "Làm chuyển biến cụ thể, thấy được trong năm; lấy việc làm được để vận động hộ khác."
_MEANS = ("Ngày công của Nhân dân, hỗ trợ của xã và các đoàn thể", "Quỹ của chi hội, vốn vay ủy thác qua Ngân hàng Chính sách xã hội")
_LASTING = "Đưa vào quy ước của thôn, giao một chi hội theo dõi, kiểm điểm mỗi quý."
_ASSESSED = "Đã làm đúng nội dung đăng ký; số hộ tham gia tăng, Nhân dân đồng tình. Còn thiếu kinh phí để mở rộng."
_APPRAISED = {
    True: "Đã xem tại chỗ: kết quả đúng như tự đánh giá, có thể nhân rộng.",
    False: "Mới làm được ở ít hộ, chưa thành nếp; đề nghị tiếp tục thực hiện.",
}
_DECLINED = "Kết quả chưa rõ; xét lại sau khi thực hiện thêm một năm."
_SPREAD = "Ba thôn lân cận đã đến học và làm theo."
_ENDED = "Đã hoàn thành mục tiêu, chuyển thành việc thường xuyên của thôn."

#: how far models come, each step with the days from the one before
_WAYS: Sequence[Sequence[tuple[str, int]]] = (
    (),
    (("begin", 15),),
    (("begin", 20),),
    (("begin", 10), ("self_assess", 75)),
    (("begin", 10), ("self_assess", 60), ("appraise", 12)),
    (("begin", 12), ("self_assess", 70), ("appraise", 10), ("recognise", 9)),
    (("begin", 12), ("self_assess", 55), ("appraise", 14), ("decline", 8)),
    (("begin", 9), ("self_assess", 90), ("appraise", 10), ("recognise", 12), ("spread", 30)),
    (("begin", 9), ("self_assess", 80), ("appraise", 10), ("recognise", 12), ("end", 60)),
)
#: in the report of COMMUNE_BEFORE, which is a draft by then, the register differs from what was entered
LATE_COMER = date(2025, 6, 12)
_FIRST, _LAST = date(2024, 12, 18), date(2025, 5, 20)
_COMMUNES, _HAMLETS_EACH, _COMMUNES_AFTER = 7, 3, 14
#: days within which models of the current year are registered, and how long before today at the latest
_FIRST_HALF_OF_CURRENT, _LATEST_BEFORE = 150, 40


def load(users: Users) -> None:
    """Register the models of a district in Hà Giang, as its units and those above would have."""
    scribe = _Scribe(users)
    communes = list(Unit.objects.filter(parent__uid=DISTRICT_BEFORE).order_by("uid"))
    others = shuffled([commune.uid for commune in communes if commune.uid != COMMUNE_BEFORE], "with models")[: _COMMUNES - 1]
    for uid in (COMMUNE_BEFORE, *others):
        hamlets = Unit.objects.filter(parent__uid=uid).order_by("uid").values_list("uid", flat=True)
        for owner in (uid, uid, *list(hamlets)[:_HAMLETS_EACH]):
            scribe.write(owner, _FIRST, _LAST)
    for owner in (DISTRICT_BEFORE, PROVINCE_BEFORE):
        scribe.write(owner, _FIRST, _LAST)


def load_late_comer(users: Users) -> None:
    """One that the visitor's commune registered after its report was begun."""
    _Scribe(users).write(COMMUNE_BEFORE, LATE_COMER, LATE_COMER)


def load_current(users: Users, at: datetime) -> None:
    """Register models of communes of Tuyên Quang in the current year: in its first half, whose reports speak of them already."""
    scribe = _Scribe(users)
    today = at.astimezone(scribe.zone).date()
    first = parse_period(f"{year_of(today)}-Y").first_day
    last = min(first + timedelta(days=_FIRST_HALF_OF_CURRENT), today - timedelta(days=_LATEST_BEFORE))
    communes = list(Unit.objects.filter(parent__uid=PROVINCE_AFTER).exclude(uid=COMMUNE_AFTER).values_list("uid", flat=True))
    if first < last:
        for owner in (COMMUNE_AFTER, COMMUNE_AFTER, *shuffled(communes, "with models")[:_COMMUNES_AFTER]):
            scribe.write(owner, first, last, until=today - timedelta(days=2))


class _Scribe:
    """Writes models down, two days after each step, in the name of whoever has an account."""

    def __init__(self, users: Users) -> None:
        self.users: Mapping[str, Any] = users
        self.zone = ZoneInfo(default_time_zone())
        self._count = 0

    def write(self, owner: str, first: date, last: date, *, until: date = date(2025, 6, 28)) -> None:
        self._count += 1
        key = f"{owner}|{self._count}"
        kind = pick(key, "kind", _KINDS)
        unit = Unit.objects.select_related("parent", "level").get(uid=owner)
        on = first + timedelta(days=draw(key, "registered", 0, (last - first).days))
        model = registering.register(unit, _content(kind, unit, key), on=on, by=self._keeper(unit), at=self._moment(on))
        way = pick(key, "way", _WAYS) if first < last else ()
        works_well = ("decline", 8) not in way
        for action, days in way:
            on += timedelta(days=days)
            if on > until:
                break
            model = registering.take(model.pk, self._step(ModelAction(action), on, unit, works_well=works_well), seen=model.version)

    def _step(self, action: ModelAction, on: date, unit: Unit, *, works_well: bool) -> ModelStep:
        effective = works_well if action is ModelAction.APPRAISE else None
        above = unit.parent or unit
        actor = self._keeper(unit) if TRANSITIONS[action].by is ModelBy.OWNER else self.users.get(above.uid)
        level = above.level if action is ModelAction.RECOGNISE else None
        return ModelStep(action, on, actor, self._moment(on), _words(action, effective), effective, level)

    def _keeper(self, unit: Unit) -> Any:
        """The unit's account, or its superior's where that acts for it; elsewhere the system."""
        accounts = (self.users.get(each.uid) for each in (unit, unit.parent) if each)
        return next((user for user in accounts if user and RegisterStanding(user).is_one(ModelBy.OWNER, unit)), None)

    def _moment(self, day: date) -> datetime:
        return datetime.combine(day + timedelta(days=2), time(10, 20), self.zone)


def _words(action: ModelAction, effective: bool | None) -> str:
    if effective is not None:
        return _APPRAISED[effective]
    words = {ModelAction.SELF_ASSESS: _ASSESSED, ModelAction.DECLINE: _DECLINED, ModelAction.SPREAD: _SPREAD, ModelAction.END: _ENDED}
    return words.get(action, "")


def _content(kind: _Kind, unit: Unit, key: str) -> dict[str, Any]:
    return {
        "field": kind.field,
        "name": kind.name,
        "why": kind.why,
        "aims": _AIMS,
        "content": kind.content,
        "place": unit.name,
        "group_served": kind.group,
        "people": draw(key, "people", 12, 140),
        "means": pick(key, "means", _MEANS),
        "schedule": "Từ khi đăng ký đến hết năm",
        "product": kind.product,
        "lasting": _LASTING,
    }
