"""import_units, check_units and generate_hamlets at the command line; their rules have tests of their own in tests/units."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import unit_builders
from tests.entrypoints.cli import csv_of, done, manage, standard_levels
from units.models import Unit

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _levels(db: None) -> None:
    standard_levels()


ROWS = ["P,1,Tỉnh P,province,,,", "C,3,Xã C,commune,P,,2025-06-30"]


def units(*rows: str) -> bytes:
    return csv_of(unit_builders.HEADER, *rows)


def test_it_prints_what_was_added_changed_and_left() -> None:
    assert done("import_units", "-", stdin=units(*ROWS)).out == "Units: 2 added, 0 changed, 0 unchanged.\n"
    changed = units("C,3,Phường C,commune,P,,2025-06-30", ROWS[0], "H,4,Thôn,hamlet,C,,2025-06-30")
    assert done("import_units", "-", stdin=changed).out == "Units: 1 added, 1 changed, 1 unchanged.\n"


def test_a_byte_order_mark_and_windows_line_ends_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "units.csv"
    path.write_bytes(b"\xef\xbb\xbf" + units(*ROWS).replace(b"\n", b"\r\n"))
    assert done("import_units", path).out == "Units: 2 added, 0 changed, 0 unchanged.\n"


def test_every_problem_is_named_with_file_line_and_column_and_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "units.csv"
    path.write_bytes(
        units(
            *ROWS,
            "X,,Xã X,commune,nowhere,,",
            "P,,Tỉnh P,province,,,",
            "Y,,Xã Y,commune,C,,2025-06-30",
            "Z,,,village,P,2025-02-30,",
            "R1,,Một,district,R2,,",
            "R2,,Hai,commune,R1,,",
        )
    )
    places = [problem.removeprefix(f"{path}:").split(": ")[:2] for problem in manage("import_units", path).problems]
    assert sorted(places) == [
        ["4", "parent_uid"], ["5", "uid"], ["6", "parent_uid"], ["7", "level"], ["7", "name"], ["7", "valid_from"], ["8", "parent_uid"]
    ]  # fmt: skip
    assert not Unit.objects.exists()


@pytest.mark.parametrize(
    ("file", "places"),
    [
        (b"", ["-:1"]),
        (b"uid,name\nP,Tinh\n", ["-:1"] * 5),
        (b"\xff\xfeu\x00i\x00d\x00\n", ["-:1"]),
        (units(*ROWS) + b"H,4,Th\xf4n,hamlet,C,,\n", ["-:4"]),
        (units(*ROWS) + b"H,4,Th\0n,hamlet,C,,\n", ["-:4"]),
        (units(*ROWS) + b'H,4,"Th"on,hamlet,C,,\n', ["-:4"]),
    ],
)
def test_a_file_that_is_no_list_of_units_is_refused(file: bytes, places: list[str]) -> None:
    problems = manage("import_units", "-", stdin=file).problems
    assert [problem.split(": ")[0] for problem in problems] == places
    assert not Unit.objects.exists()


def test_check_units_names_each_unit_that_stands_wrongly_and_repairs_the_numbers() -> None:
    done("import_units", "-", stdin=units(*ROWS))
    assert done("check_units").lines[-1] == "2 units are in order; 0 warnings."
    Unit.objects.filter(uid="C").update(lft=77)
    ran = manage("check_units")
    assert all(problem.startswith(("P: ", "C: ")) for problem in ran.problems)
    assert ran.problems
    assert done("check_units", "--repair").lines[-1] == "2 units are in order; 0 warnings."


def test_generated_hamlets_stand_under_the_communes_named() -> None:
    done("import_units", "-", stdin=units(*ROWS, "D,5,Xã D,commune,P,,2025-06-30"))
    ran = manage("generate_hamlets", "--under", "ZZ", "YY")
    assert ran.problems == ["ZZ: There is no such unit.", "YY: There is no such unit."]
    done("generate_hamlets", "--under", "C", "--under", "C")
    assert set(Unit.objects.filter(level__code="hamlet").values_list("parent__uid", flat=True)) <= {"C"}
