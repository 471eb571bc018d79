from __future__ import annotations

from datetime import date

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import F

from tests.unit_builders import HEADER, load_csv, tree
from units.checking import check_units
from units.models import Level, Unit
from units.wording import say_with_place

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

MISNUMBERED = "Its left/right numbers do not follow its superior. `check_units --repair` rebuilds them."


@pytest.fixture
def units():
    return tree({"P": {"D": {"C": ["H1", "H2"]}, "E": {}}, "Q": {"F": {}}})


def problems() -> list[str]:
    return [say_with_place(problem) for problem in check_units().problems]


def test_a_tree_that_is_loaded_or_moved_is_in_order(units):
    assert problems() == []


@pytest.mark.parametrize(
    ("uid", "harm", "found"),
    [
        ("H2", {"lft": F("lft") + 1}, ["H2"]),
        ("H2", {"rght": F("rght") + 3}, ["C", "E", "H2"]),
        ("F", {"rght": F("rght") + 1}, ["F", "Q"]),
        ("Q", {"rght": F("rght") + 1}, ["Q"]),
        ("C", {"depth": 1}, ["C"]),
        ("F", {"tree_id": 1}, ["F"]),
        ("Q", {"tree_id": 1}, ["Q"]),
    ],
)
def test_wrong_numbers_are_found_and_repaired(units, uid, harm, found):
    Unit.objects.filter(uid=uid).update(**harm)

    told = problems()
    assert uid in {problem.partition(":")[0] for problem in told}
    assert {problem.partition(": ")[2] for problem in told} == {MISNUMBERED}

    call_command("check_units", "--repair")
    assert problems() == []


def test_a_superior_that_the_numbers_do_not_follow_is_found_and_the_superior_wins(units):
    Unit.objects.filter(uid="C").update(parent=units["E"])

    assert f"C: {MISNUMBERED}" in problems()

    call_command("check_units", "--repair")
    assert [unit.uid for unit in Unit.objects.all()] == ["P", "D", "E", "C", "H1", "H2", "Q", "F"]


def test_levels_and_validity_that_do_not_fit_are_found(units):
    Unit.objects.filter(uid="C").update(level=Level.objects.get(code="district"))
    Unit.objects.filter(uid="E").update(valid_to=date(2025, 6, 30))
    Unit.objects.filter(uid="Q").update(valid_to=date(2025, 6, 30))

    assert problems() == [
        "C: C can't stand under D, which is of the same or a lower level. Name a unit of a higher level.",
        "F: F can't be valid after its superior Q, which ends on 2025-06-30.",
    ]


def test_circles_are_found_and_repair_refuses_them(units, capsys, settings):
    settings.LANGUAGE_CODE = "en"
    Unit.objects.filter(uid="D").update(parent=units["C"])

    assert "D: Its superiors lead back to itself. Give one of them another superior." in problems()

    with pytest.raises(SystemExit):
        call_command("check_units", "--repair")
    assert "These units stand under each other in a circle: C, D." in capsys.readouterr().err


def test_something_wrong_exits_with_1_and_a_line_for_each_unit(units, capsys):
    Unit.objects.filter(uid="H2").update(lft=99, rght=100)

    with pytest.raises(SystemExit) as exit_:
        call_command("check_units")

    assert exit_.value.code == 1
    assert "H2: " in capsys.readouterr().err


def test_one_code_for_two_units_of_a_level_on_one_day_is_a_warning_only(capsys, settings):
    settings.LANGUAGE_CODE = "en"
    load_csv(
        HEADER,
        "P1,15,Tỉnh Yên Bái,province,,,2025-06-30",
        "P2,15,Tỉnh Lào Cai,province,,2025-07-01,",
        "P3,15,Tỉnh Lào Cai mới,province,,2026-01-01,",
        "D,15,Huyện,district,P1,,2025-06-30",
    )

    call_command("check_units")

    captured = capsys.readouterr()
    assert captured.err == "warning: P3: It has the official code 15 at the same time as P2.\n"
    assert captured.out == "4 units are in order; 1 warnings.\n"


def test_the_number_of_queries_does_not_grow_with_the_tree(units, django_assert_num_queries):
    tree({f"T{i}": [f"T{i}-{j}" for j in range(20)] for i in range(20)})
    with django_assert_num_queries(4 if connection.vendor == "sqlite" else 8, exact=False):
        assert check_units().problems.count == 0
