"""Where the demo plays: Hà Giang as it was until 30 June 2025, and Tuyên Quang since, which it became part of."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext

from reports.demo.chance import shuffled
from reports.domain.choosing import needed
from reports.models import Cycle, Report
from reports.services.reorganising import reorganise_by_file
from units.hamlets import DATA
from units.importing import import_units
from units.inventing import Invented, invent_hamlets
from units.models import Unit
from units.reorganising import Roles
from units.tree import Loaded, units_under

PROVINCE_BEFORE = "2024-P02"
DISTRICT_BEFORE = "2024-D026"
COMMUNE_BEFORE = "2024-C00715"
PROVINCE_AFTER = "2025-P08"
COMMUNE_AFTER = "2025-C02545"
#: the partners of PROVINCE_AFTER in its coordination programme, as they are since July 2025
AGENCIES = {
    "2025-P08-A1": "Đảng ủy Ủy ban nhân dân tỉnh",
    "2025-P08-A2": "Đảng ủy các cơ quan Đảng tỉnh",
    "2025-P08-A3": "Sở Y tế",
    "2025-P08-A4": "Sở Dân tộc và Tôn giáo",
    "2025-P08-A5": "Ngân hàng Nhà nước trên địa bàn tỉnh",
    "2025-P08-A6": "Bộ Chỉ huy Quân sự tỉnh",
}
AGENCY_OF_VISITOR = "2025-P08-A3"

#: of each commune's hamlets this many in a hundred are chosen to be improved in a year, rounded up
CHOSEN_PERCENT = 20


@dataclass(frozen=True, slots=True)
class Place:
    """A report's unit as the demo's figures see it. `hamlets` are those in it (of a commune), whether they report or not."""

    uid: str
    name: str
    level: str
    superior_uid: str
    reports_below: bool
    hamlets: tuple[str, ...] = ()
    is_chosen: bool = False


def load_units() -> tuple[Loaded, Invented]:
    """Import both provinces with the agencies beside one of them, and invent their hamlets."""
    loaded = import_units(rows_under({PROVINCE_BEFORE, PROVINCE_AFTER}))
    import_units(_agencies())
    return loaded, invent_hamlets([PROVINCE_BEFORE, PROVINCE_AFTER])


def _agencies() -> io.BytesIO:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["uid", "code", "name", "level", "parent_uid", "valid_from", "valid_to", "kind", "position"])
    for position, (uid, name) in enumerate(AGENCIES.items(), 1):
        writer.writerow([uid, "", name, "", PROVINCE_AFTER, "2025-07-01", "", Unit.Kind.AGENCY, position])
    return io.BytesIO(text.getvalue().encode())


def redraw(at: datetime) -> None:
    """Record what became of the units that stand, from the project's file."""
    standing = set(Unit.objects.order_by().values_list("uid", flat=True))
    text = io.StringIO()
    with (DATA / "successions_2025.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        writer = csv.DictWriter(text, reader.fieldnames or ())
        writer.writeheader()
        writer.writerows(row for row in reader if {row["predecessor_uid"], row["successor_uid"]} <= standing)
    summary = gettext("Hà Giang becomes part of Tuyên Quang")
    reorganise_by_file(io.BytesIO(text.getvalue().encode()), by=None, at=at, roles=Roles.KEEP, summary=summary)


def rows_under(tops: Iterable[str]) -> io.BytesIO:
    """The rows of the project's units file for these units and all below them; there superiors come first."""
    known = set(tops)
    text = io.StringIO()
    with (DATA / "units_vn.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        writer = csv.DictWriter(text, reader.fieldnames or ())
        writer.writeheader()
        for row in reader:
            if row["uid"] in known or row["parent_uid"] in known:
                known.add(row["uid"])
                writer.writerow(row)
    return io.BytesIO(text.getvalue().encode())


def places_of(cycle: Cycle) -> list[Place]:
    """The units of the cycle's reports, in the order of its tree."""
    hamlets = _hamlets(list(cycle.units.values_list("uid", flat=True)), cycle.reference_day)
    chosen = {uid for uids in hamlets.values() for uid in chosen_among(uids)}
    columns = ("unit__uid", "unit__name", "level__code", "superior__unit__uid", "position", "end")
    rows = Report.objects.filter(cycle=cycle).order_by("position").values_list(*columns)
    return [
        Place(uid, name, level, superior or "", end > position, tuple(hamlets.get(uid, ())), uid in chosen)
        for uid, name, level, superior, position, end in rows
    ]


def _hamlets(tops: list[str], day: date) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    rows: Iterable[tuple[str, str]] = (
        Unit.objects.filter(pk__in=units_under(tops, day).values("pk"), level__code="hamlet")
        .order_by("uid")
        .values_list("parent__uid", "uid")
    )
    for commune, hamlet in rows:
        found.setdefault(commune, []).append(hamlet)
    return found


def chosen_among(hamlets: Sequence[str]) -> list[str]:
    """The hamlets that their commune improves this year."""
    return shuffled(hamlets, "chosen")[: needed(len(hamlets), CHOSEN_PERCENT)]
