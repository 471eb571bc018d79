"""How the demo's units write: as committees of the Party, with what is common to all said once at each province."""

from __future__ import annotations

from reports.demo.places import AGENCIES, PROVINCE_AFTER, PROVINCE_BEFORE
from reports.models import PaperStyle
from units.models import Unit

_PARTY, _STATE = PaperStyle.Layout.PARTY, PaperStyle.Layout.STATE
#: of each agency: its layout, the body above it, its symbol, who signs
_OF_AGENCIES = (
    (_PARTY, "Tỉnh ủy Tuyên Quang", "ĐU", "T/M Ban Thường vụ", "Bí thư"),
    (_PARTY, "Tỉnh ủy Tuyên Quang", "ĐUCCQ", "T/M Ban Thường vụ", "Bí thư"),
    (_STATE, "Ủy ban nhân dân tỉnh Tuyên Quang", "SYT", "Thủ trưởng cơ quan", "Giám đốc"),
    (_STATE, "Ủy ban nhân dân tỉnh Tuyên Quang", "SDTTG", "Thủ trưởng cơ quan", "Giám đốc"),
    (_STATE, "Ngân hàng Nhà nước Việt Nam", "NHNN", "Thủ trưởng cơ quan", "Giám đốc"),
    (_STATE, "Quân khu 2", "BCH", "Thủ trưởng cơ quan", "Chỉ huy trưởng"),
)


def load() -> None:
    """Say it at both provinces, for all below them, and at each agency, which is none of theirs."""
    for province in Unit.objects.filter(uid__in=(PROVINCE_BEFORE, PROVINCE_AFTER)):
        PaperStyle.objects.create(
            unit=province,
            layout=PaperStyle.Layout.PARTY,
            superior_name="Đảng bộ {unit}",
            issuer_name="Ban Dân vận",
            symbol="BDV",
            authority="T/M Ban Dân vận",
            post="Trưởng Ban",
            recipients="Ban Dân vận cấp trên (để báo cáo),\nThường trực cấp ủy (để báo cáo),\nLưu Ban Dân vận.",
        )
    agencies = Unit.objects.in_bulk(AGENCIES, field_name="uid")
    for uid, (layout, superior, symbol, authority, post) in zip(AGENCIES, _OF_AGENCIES, strict=True):
        PaperStyle.objects.create(
            unit=agencies[uid],
            layout=layout,
            superior_name=superior,
            issuer_name="{unit}",
            symbol=symbol,
            place_name="Tuyên Quang",
            authority=authority,
            post=post,
            recipients="Ban Tuyên giáo và Dân vận Tỉnh ủy (để báo cáo),\nLưu văn thư.",
        )
