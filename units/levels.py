"""The levels that every installation starts with (semantics §1). Others are made in admin."""

from __future__ import annotations

from typing import Any

#: the rank at which agencies report in cycles opened for them; no unit stands at it, an agency itself has no level
AGENCIES = "agency"

#: code, name, English name, rank
STANDARD_LEVELS = (
    ("province", "Cấp tỉnh", "Province", 0),
    ("district", "Cấp huyện", "District", 1),
    ("commune", "Cấp xã", "Commune", 2),
    ("hamlet", "Thôn, tổ dân phố", "Hamlet", 3),
    (AGENCIES, "Cơ quan phối hợp", "Agency", 99),
)


def make_standard_levels(level_model: Any) -> None:
    """Add those of the standard levels that are missing; `level_model` is Level or its image in a migration."""
    for code, name, name_en, rank in STANDARD_LEVELS:
        level_model.objects.get_or_create(code=code, defaults={"name": name, "name_en": name_en, "rank": rank})
