"""A thematic survey of five years in Đồng Văn (docs/field.md, S2): a team of the district finds out how its communes did."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from reports.demo.chance import draw, happens, pick
from reports.demo.desk import Desk, Users, Window
from reports.demo.figures import Span
from reports.demo.finished_year import finish
from reports.demo.narratives import office_narratives
from reports.demo.places import COMMUNE_BEFORE, DISTRICT_BEFORE, Place
from reports.domain.numbers import parse_plain
from reports.domain.periods import parse_period
from reports.models import Report, TemplateVersion
from reports.models.cycle import default_time_zone
from reports.services import filling
from reports.services.opening import Plan, open_planned

TEMPLATE = "khao-sat"
PERIOD = "2020..2024"
#: of these years only Đồng Văn has reports in the demo; 2024 is the whole province's
YEARS_BEFORE = (2020, 2021, 2022, 2023)

_OPENED = date(2025, 1, 6)
_DUE = {"commune": date(2025, 2, 14), "district": date(2025, 3, 14)}
_SUBMITTED = (Window(-8, 9, 5, 10), Window(-4, 15, 7, 9), Window(-2, 10, 11, 14), Window(0, 16, 14, 15))

_RATINGS = ("tot", "kha", "trung_binh", "yeu")
_DONE = {
    "quan_triet": "Đã tổ chức quán triệt đến cán bộ, đảng viên và phổ biến tại họp thôn bằng tiếng phổ thông và tiếng dân tộc.",
    "quy_che": "Quy chế được cụ thể hóa thành quy chế phối hợp giữa Ủy ban nhân dân, Mặt trận và các đoàn thể của xã.",
    "doi_thoai": "Người đứng đầu cấp ủy đối thoại định kỳ; các kiến nghị được giao từng bộ phận giải quyết, có thông báo lại.",
    "giam_sat": "Mặt trận và các đoàn thể chọn nội dung giám sát sát với việc thu, chi các khoản đóng góp và chính sách cho hộ nghèo.",
    "che_do": "Khối dân vận họp mỗi quý một lần, sơ kết sáu tháng, tổng kết năm; có phân công thành viên phụ trách thôn.",
}
_EVIDENCE = "Sổ nghị quyết, biên bản hội nghị, báo cáo năm lưu tại văn phòng Đảng ủy xã."
_FINDINGS = (
    "Hồ sơ đầy đủ, số liệu khớp với báo cáo định kỳ; cách làm có thể nhân rộng.",
    "Có triển khai nhưng hồ sơ một số năm chưa đầy đủ, đề nghị bổ sung.",
    "Kết quả chưa đều giữa các năm; cần phân công rõ người theo dõi.",
    "Còn hình thức, chưa gắn với địa bàn cụ thể; đề nghị có kế hoạch khắc phục.",
)
_CONCLUSIONS = (
    "Xã thực hiện nghiêm túc chương trình, đạt kết quả rõ trong đối thoại và hòa giải ở cơ sở.",
    "Xã cơ bản thực hiện tốt; cần khắc phục việc lưu trữ hồ sơ và chế độ họp khối dân vận.",
    "Xã cần tập trung nâng cao chất lượng đối thoại và theo dõi việc giải quyết kiến nghị.",
)


def load_years_before(version: TemplateVersion, users: Users) -> None:
    """The year reports that the survey looks back on."""
    for year in YEARS_BEFORE:
        span = Span((f"first of {year}", f"second of {year}"), begins=f"{year - 1}", ends=f"{year}")
        finish(version, users, f"{year}-Y", span, {"commune": 6}, top=DISTRICT_BEFORE)


def load(version: TemplateVersion, users: Users) -> None:
    """Open the survey, let the communes answer, and the team look at most of them; the visitor's commune has still to begin."""
    period = parse_period(PERIOD)
    plan = Plan(version, PERIOD, period.first_day, period.last_day, period.last_day, [DISTRICT_BEFORE], _DUE, levels=list(_DUE))
    opened = datetime.combine(_OPENED, time(8), ZoneInfo(default_time_zone()))
    desk = Desk(open_planned(plan, opened).cycle, _figures, users, _DUE["commune"])
    communes = [uid for uid in desk.uids("commune") if uid != COMMUNE_BEFORE]
    seen = [uid for uid in communes if happens(uid, "team was there", 80)]
    desk.submissions(seen, _SUBMITTED, partial(_find_out, desk))
    desk.submissions([uid for uid in communes if uid not in seen], _SUBMITTED, None)
    desk.drafts([DISTRICT_BEFORE], [16])
    desk.run()


def _figures(place: Place) -> dict[str, str]:
    """What the unit says itself; the figures of the five years come from their source."""
    words = office_narratives(place, "five years")
    if place.level == "district":
        return words
    answers = {f"tu_danh_gia_{code}": _RATINGS[_rating(place.uid, code)] for code in _DONE}
    done = {f"ket_qua_{code}": words for code, words in _DONE.items()}
    return {**answers, **done, "minh_chung_doi_thoai": _EVIDENCE, "minh_chung_che_do": _EVIDENCE, **words}


def _rating(uid: str, code: str) -> int:
    return draw(uid, f"own rating|{code}", 0, 2)


def _find_out(desk: Desk, uids: Sequence[str], at: datetime) -> None:
    """Write the team's findings, which are no better than what the commune says of itself; then accept."""
    indicators = desk.cycle.version.compiled().by_code
    for report in Report.objects.filter(cycle=desk.cycle, unit__uid__in=uids).select_related("unit"):
        values = {code: parse_plain(text, indicators[code]) for code, text in _findings(report.unit.uid).items()}
        filling.appraise(report.pk, values, by=desk.users.get(DISTRICT_BEFORE), at=at, seen=report.version)
    desk.accept(uids, at + timedelta(minutes=20))


def _findings(uid: str) -> dict[str, str]:
    found = {code: _rating(uid, code) + happens(uid, f"finds worse|{code}", 25) for code in _DONE}
    ratings = {f"doan_danh_gia_{code}": _RATINGS[rating] for code, rating in found.items()}
    remarks = {f"doan_nhan_xet_{code}": _FINDINGS[rating] for code, rating in found.items()}
    overall = _RATINGS[round(sum(found.values()) / len(found))]
    return {**ratings, **remarks, "xep_loai_doan": overall, "ket_luan_doan": pick(uid, "conclusion", _CONCLUSIONS)}
