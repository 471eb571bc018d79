"""Small trees of units for tests."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from units.importing import import_units
from units.levels import make_standard_levels
from units.models import Level, Succession, Unit
from units.tree import Loaded

HEADER = "uid,code,name,level,parent_uid,valid_from,valid_to"
LEVELS = ("province", "district", "commune", "hamlet")


def tree(outline: Mapping[str, Any], levels: Sequence[str] = LEVELS, valid_from: str = "", valid_to: str = "") -> dict[str, Unit]:
    """The units of an outline such as `{"P": {"D": {"C": ["H1", "H2"]}}}`, by uid, at these levels from the top.

    An inner part may be a mapping, or a sequence of uids that have nothing below them.
    """
    rows = list(_rows(outline, levels, ""))
    load_csv(HEADER, *(f"{uid},{uid},Đơn vị {uid},{level},{superior},{valid_from},{valid_to}" for uid, level, superior in rows))
    return Unit.objects.in_bulk([uid for uid, _, _ in rows], field_name="uid")


def _rows(outline: Mapping[str, Any] | Sequence[str], levels: Sequence[str], superior: str) -> Iterator[tuple[str, str, str]]:
    below = outline if isinstance(outline, Mapping) else dict.fromkeys(outline, ())
    for uid, inner in below.items():
        yield uid, levels[0], superior
        yield from _rows(inner, levels[1:], uid)


def load_csv(*lines: str) -> Loaded:
    """Import a units file of these lines; the standard levels are there even after a flush."""
    make_standard_levels(Level)
    return import_units(io.BytesIO("\n".join(lines).encode()))


def succeed(*ways: str, on: str = "2025-07-01") -> None:
    """`A>N:0.5` as successions of a day; without a share nobody has said it."""
    for way in ways:
        pair, _, share = way.partition(":")
        old, new = (Unit.objects.get(uid=uid) for uid in pair.split(">"))
        day = date.fromisoformat(on)
        Succession.objects.create(predecessor=old, successor=new, effective_on=day, share=(share and Decimal(share)) or None)
