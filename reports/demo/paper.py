"""How the demo's units write: as committees of the Party, with what is common to all said once at each province."""

from __future__ import annotations

from reports.demo.places import PROVINCE_AFTER, PROVINCE_BEFORE
from reports.models import PaperStyle
from units.models import Unit


def load() -> None:
    """Say it at both provinces, for all below them."""
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
