from __future__ import annotations

import hashlib
from collections import defaultdict
from datetime import date
from decimal import Decimal

import pytest
from django.core.management import call_command

from tests.unit_builders import HEADER, load_csv
from units import tree
from units.checking import check_units
from units.hamlets import all_hamlets, spread
from units.inventing import Invented, invent_hamlets
from units.models import Succession, Unit
from units.problems import Refused


@pytest.fixture(scope="module")
def hamlets():
    by_commune = defaultdict(list)
    for hamlet in all_hamlets():
        by_commune[hamlet.commune_2024].append(hamlet)
    return by_commune


def test_the_generator_reproduces_the_published_checksum(hamlets):
    lines = [f"H{h.code},{h.name},{commune.removeprefix('2024-')}\n" for commune in sorted(hamlets) for h in hamlets[commune]]

    assert len(lines) == 90_508
    assert hashlib.sha256("".join(lines).encode()).hexdigest() == "68543004058bcf10c32a962a775b3910352b3ff70e2a692f609046aba523156b"


@pytest.mark.parametrize(
    ("commune", "count", "first"),
    [
        ("C00712", 7, ["Tổ dân phố 1", "Tổ dân phố 2"]),
        ("C00715", 19, ["Bản Kéo Dài", "Bản Bó Đeng", "Bản Phja Vài"]),
        ("C01858", 6, ["Bản Lũng Luông", "Bản Khau Mòn", "Bản Khau Ngà", "Bản Kéo Khoang", "Bản Kéo Quằng", "Bản Tổng Ngần"]),
        ("C04486", 4, ["Thôn 1", "Thôn 2", "Thôn 3", "Thôn 4"]),
        ("C28993", 10, ["Ấp Vĩnh Sơn", "Ấp Nhơn An", "Ấp An Hậu"]),
        ("C24190", 6, ["Thôn 1", "Thôn 2", "Thôn 3", "Buôn Chư Nur", "Buôn Ea Tlá", "Buôn Ea Mlăng"]),
    ],
)
def test_communes_have_the_published_hamlets(hamlets, commune, count, first):
    names = [hamlet.name for hamlet in hamlets[f"2024-{commune}"]]

    assert len(names) == count == len(set(names))
    assert names[: len(first)] == first


def test_a_split_commune_gives_its_hamlets_in_blocks_the_first_ones_larger():
    assert spread(7, ["a", "b", "c"]) == ["a", "a", "a", "b", "b", "c", "c"]
    assert spread(4, ["a"]) == ["a"] * 4


OLD_TREE = [
    HEADER,
    "2024-P02,02,Tỉnh Hà Giang,province,,,2025-06-30",
    "2024-D026,026,Huyện Đồng Văn,district,2024-P02,,2025-06-30",
    "2024-C00712,00712,Thị trấn Phố Bảng,commune,2024-D026,,2025-06-30",
    "2024-C00715,00715,Xã Lũng Cú,commune,2024-D026,,2025-06-30",
]
NEW_TREE = [
    HEADER,
    "2025-P08,08,Tỉnh Tuyên Quang,province,,2025-07-01,",
    "2025-C00715,00715,Xã Lũng Cú,commune,2025-P08,2025-07-01,",
]


@pytest.mark.django_db
def test_hamlets_come_under_the_communes_that_stand_and_under_no_others():
    load_csv(*OLD_TREE)

    assert invent_hamlets() == Invented(hamlets=26, successions=0)
    assert Unit.objects.filter(level__code="hamlet", parent__uid="2024-C00712").count() == 7
    assert check_units().problems.count == 0


@pytest.mark.django_db
def test_hamlets_of_2025_succeed_those_of_2024():
    load_csv(*OLD_TREE)
    load_csv(*NEW_TREE)

    assert invent_hamlets(["2024-P02"]) == Invented(hamlets=45, successions=19)
    old = Unit.objects.get(uid="2024-H0071501")
    succession = Succession.objects.get(predecessor=old)
    new = succession.successor
    assert (old.name, old.code, old.parent.uid, old.valid_from, old.valid_to) == (
        "Bản Kéo Dài", "0071501", "2024-C00715", None, date(2025, 6, 30)
    )  # fmt: skip
    assert (new.uid, new.name, new.parent.uid, new.valid_from, new.valid_to) == (
        "2025-H0071501", "Bản Kéo Dài", "2025-C00715", date(2025, 7, 1), None
    )  # fmt: skip
    assert (succession.effective_on, succession.share) == (date(2025, 7, 1), Decimal(1))


@pytest.mark.django_db
def test_hamlets_may_be_asked_for_by_a_unit_of_2025():
    load_csv(*OLD_TREE)
    load_csv(*NEW_TREE)

    assert invent_hamlets(["2025-P08"]) == Invented(hamlets=59, successions=19)  # 40 of them of 2025
    assert Unit.objects.filter(parent__uid="2024-C00712").count() == 0


@pytest.mark.django_db
def test_hamlets_are_invented_once_and_what_was_changed_stays():
    load_csv(*OLD_TREE)
    invent_hamlets()
    hamlet = Unit.objects.get(uid="2024-H0071501")
    hamlet.name = "Thôn thật"
    tree.save(hamlet)
    load_csv(*NEW_TREE)

    assert invent_hamlets() == Invented(hamlets=40, successions=19)
    assert invent_hamlets() == Invented(hamlets=0, successions=0)
    assert Unit.objects.get(uid="2024-H0071501").name == "Thôn thật"


@pytest.mark.django_db
def test_hamlets_under_an_unknown_unit_are_refused(capsys, in_english):
    load_csv(*OLD_TREE)
    with pytest.raises(Refused):
        invent_hamlets(["2024-P02", "2024-P99"])

    with pytest.raises(SystemExit):
        call_command("generate_hamlets", "--under", "2024-P99")
    assert "2024-P99: " in capsys.readouterr().err
    assert Unit.objects.filter(level__code="hamlet").count() == 0
