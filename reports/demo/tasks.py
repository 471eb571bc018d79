"""Tasks that the demo's reports set for the next period, and what the next reports say became of them (semantics §11)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date

from reports.demo.chance import draw, happens, pick, shuffled
from reports.demo.places import Place
from reports.domain.tasks import Result

_TASKS = (
    ("Xây dựng đề án nâng cao chất lượng hoạt động của tổ dân vận thôn", "Ban Dân vận"),
    ("Tổ chức đối thoại của người đứng đầu cấp ủy, chính quyền với Nhân dân về đất đai", "Thường trực cấp ủy"),
    ("Rà soát, củng cố các mô hình Dân vận khéo hoạt động cầm chừng", "Khối Dân vận"),
    ("Tập huấn nghiệp vụ dân vận cho tổ trưởng tổ dân vận", "Ban Dân vận"),
    ("Tiếp tục khảo sát việc thực hiện quy chế dân chủ ở cơ sở", "Ủy ban Mặt trận Tổ quốc"),
    ("Trả lời dứt điểm các kiến nghị về đường giao thông, nước sinh hoạt", "Ủy ban nhân dân"),
    ("Vận động Nhân dân di chuyển chuồng trại gia súc ra xa nhà ở", "Hội Nông dân"),
    ("Giám sát việc công khai các khoản đóng góp của Nhân dân", "Ban Thanh tra nhân dân"),
)
_SAID = {
    Result.DONE: ("Đã ban hành và triển khai đến các thôn.", "Hoàn thành trước thời hạn.", ""),
    Result.UNDER_WAY: ("Đã làm ở hai phần ba số thôn.", "Đang lấy ý kiến Nhân dân."),
    Result.NOT_DONE: ("Trùng với kế hoạch của cấp trên, không thực hiện riêng.",),
    Result.CARRIED_ON: ("Mưa lũ kéo dài, chuyển thực hiện sang kỳ sau.", "Chờ bố trí kinh phí."),
}


def tasks_set(place: Place, day: date) -> str:
    """The table of tasks that an office sets in a report dated about `day`, as text."""
    count = draw(place.uid, f"tasks|{day}", 2, 3)
    rows = [[what, who, _due(place, what, day)] for what, who in shuffled(_TASKS, f"tasks|{day}|{place.uid}")[:count]]
    return json.dumps(rows, ensure_ascii=False)


def tasks_answered(place: Place, asked: Sequence[Sequence[str]]) -> str:
    """The table of tasks that came back, each with what became of it, as text."""
    return json.dumps([[*row[:3], *_answer(place, row[0])] for row in asked], ensure_ascii=False)


def _due(place: Place, what: str, day: date) -> str:
    month = day.month + draw(place.uid, f"due|{what}", 3, 9)
    return date(day.year + (month - 1) // 12, (month - 1) % 12 + 1, 28).strftime("%d/%m/%Y")


def _answer(place: Place, what: str) -> tuple[str, str]:
    key = f"{place.uid}|{what}"
    if happens(key, "done", 62):
        result = Result.DONE
    else:
        result = pick(key, "result", (Result.UNDER_WAY, Result.UNDER_WAY, Result.CARRIED_ON, Result.NOT_DONE))
    return result.value, pick(key, "said", _SAID[result])
