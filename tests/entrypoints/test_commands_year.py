"""year_from_parts: the format of export_rollup, from cycles that are parts of another."""

from __future__ import annotations

import pytest

from tests import unit_builders
from tests.entrypoints.cli import done, figures, given_cycle, manage
from units.models import Unit

pytestmark = pytest.mark.django_db

FIGURES = [
    "ho,integer,hamlet|commune,leaf_sum,stock_last",
    "doi_thoai,integer,commune|hamlet,sum,flow_sum",
    "diem,decimal,hamlet,mean,mean",
    "ty_le,percent,commune|hamlet,formula,formula,doi_thoai / ho",
    "co,boolean,hamlet,count_yes,max",
]


def given_a_year(*parts: str, under: str = "P") -> None:
    """The cycle `k` is the first half; cycles of the other periods are named by them."""
    given_cycle(*FIGURES)
    dues = [f"{level}=2025-12-30" for level in unit_builders.LEVELS]
    for period in (*parts, "2025-Y"):
        done("open_cycle", "--template", "t", "--period", period, "--under", under, "--due", *dues, "--code", period)


def accepted(cycle: str, *rows: str) -> None:
    done("import_reports", cycle, "-", "--state", "accepted", "--confirm-incomplete", stdin=figures(*rows))


def test_the_year_is_made_of_its_halves_by_each_units_own_values() -> None:
    given_a_year("2025-H2")
    accepted("k", "H1,ho,10", "H1,doi_thoai,2", "H1,diem,80", "H1,co,yes", "H2,ho,5", "C,doi_thoai,1")
    accepted("2025-H2", "H1,ho,12", "H1,doi_thoai,4", "H1,diem,85.5", "H1,co,no", "H3,diem,1")
    done("transition", "k", "exempt", "--unit", "H3", "--reason", "vì sao")
    written = done("year_from_parts", "2025-Y", "--parts", "2025-H2", "k")
    assert written.err == "30 rows.\n"
    assert written.lines[0] == "unit_uid,indicator,value,answered,counted,expected"
    assert [line for line in written.lines if line.startswith(("C,", "H1,", "H2,"))] == [
        "C,ho,17,2,4,4", "C,doi_thoai,7,2,4,4", "C,diem,41.875,2,4,4", "C,ty_le,41.176470588235,,4,4", "C,co,1,1,4,4",
        "H1,ho,12,1,1,1", "H1,doi_thoai,6,1,1,1", "H1,diem,82.75,1,1,1", "H1,ty_le,50,,1,1", "H1,co,1,1,1,1",
        "H2,ho,5,1,1,1", "H2,doi_thoai,,0,1,1", "H2,diem,,0,1,1", "H2,ty_le,,,1,1", "H2,co,,0,1,1",
    ]  # fmt: skip
    assert [line for line in written.lines if line.startswith("P,ho")] == ["P,ho,17,2,4,6"]


def test_parts_of_different_provinces_go_together() -> None:
    given_a_year()
    unit_builders.tree({"Q": ["E"]})
    dues = ["--due", *(f"{level}=2025-12-30" for level in unit_builders.LEVELS)]
    done("open_cycle", "--template", "t", "--period", "2025-H1", "--under", "Q", *dues, "--code", "q")
    done("open_cycle", "--template", "t", "--period", "2025-Y", "--under", "P", "Q", *dues, "--code", "all")
    accepted("k", "C,doi_thoai,1")
    assert done("year_from_parts", "all", "--parts", "k", "q").out.count("\n") == 8 * 5 + 1


def test_what_is_no_part_is_refused_with_every_reason() -> None:
    given_a_year("2025-Q1", "2024-H2")
    ran = manage("year_from_parts", "2025-Y", "--parts", "none", "k", "2024-H2", "k", "2025-Y")
    assert ran.problems == [
        "There is no cycle “none”.",
        "“2024-H2” is no part of “2025-Y”: its period, 2024-H2, doesn't lie in 2025-Y.",
        "“k” is named twice as a part.",
        "“2025-Y” is no part of “2025-Y”: its period, 2025-Y, doesn't lie in 2025-Y.",
    ]
    overlapping = manage("year_from_parts", "2025-Y", "--parts", "k", "2025-Q1")
    assert overlapping.problems == ["“k” and “2025-Q1” hold the same units at the same time: name one of them."]
    assert manage("year_from_parts", "2025-Y").code == 2


def test_the_country_of_another_template_is_no_part() -> None:
    given_a_year()
    done("import_template", "reports/data/template_dan_van.csv", "--code", "u", "--name", "Mẫu khác", "--publish")
    dues = [f"{level}=2025-12-30" for level in unit_builders.LEVELS]
    done("open_cycle", "--template", "u", "--period", "2025-H1", "--under", "P", "--due", *dues, "--code", "other")
    assert manage("year_from_parts", "2025-Y", "--parts", "other").problems == [
        "“other” is a cycle of another template than “2025-Y”, and no part of it."
    ]


def test_restated_units_of_a_new_map_have_what_their_predecessors_reported() -> None:
    given_cycle(*FIGURES)
    accepted("k", "H1,ho,10", "H1,doi_thoai,2", "H2,ho,5", "C,doi_thoai,1", "H3,doi_thoai,7")
    Unit.objects.exclude(uid="P").update(valid_to="2025-06-30")
    unit_builders.load_csv(unit_builders.HEADER, "N,,Xã N,commune,P,2025-07-01,", "NH,,Thôn,hamlet,N,2025-07-01,")
    unit_builders.succeed("C>N:1", "H1>NH:1", "H2>NH:0.5")
    dues = [f"{level}=2025-12-30" for level in unit_builders.LEVELS]
    done("open_cycle", "--template", "t", "--period", "2025-Y", "--under", "P", "--due", *dues, "--code", "nam")
    plain = done("year_from_parts", "nam", "--parts", "k")
    assert [line for line in plain.lines if line.startswith("NH,ho")] == ["NH,ho,,0,0,1"]
    restated = done("year_from_parts", "nam", "--parts", "k", "--restate")
    assert [line for line in restated.lines if line.startswith(("NH,ho", "N,ho", "N,doi_thoai"))] == [
        "N,ho,12.5,1,2,2", "N,doi_thoai,3,2,2,2", "NH,ho,12.5,1,1,1"
    ]  # fmt: skip
    assert "1 report stays out" in restated.err
