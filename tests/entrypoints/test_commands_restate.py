"""export_rollup --restate-on, byte by byte as interfaces.md has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import unit_builders
from tests.entrypoints.cli import csv_of, done, given_cycle, given_figures, manage
from units.models import Unit

pytestmark = pytest.mark.django_db

HEADER = "unit_uid,indicator,value,answered,counted,expected"


def given_redrawn_country(*successions: str) -> None:
    """The cycle `k` over P > D > C > H1, H2, H3, of whose units only P goes on; since 1 July N > I1, I2 and M stand below P."""
    given_cycle("a,integer,hamlet|commune|district|province,sum,flow_sum", "y,boolean,hamlet|commune,count_yes,last")
    given_figures("H1,a,4", "H2,a,10", "H2,y,yes", "C,a,5", "D,a,100", "P,a,1000", options=["--state", "accepted", "--confirm-incomplete"])
    Unit.objects.exclude(uid="P").update(valid_to="2025-06-30")
    rows = ["N,,Xã N,commune,P,2025-07-01,", "M,,Xã M,commune,P,2025-07-01,"]
    rows += [f"I{n},,Thôn I{n},hamlet,N,2025-07-01," for n in (1, 2)]
    unit_builders.load_csv(unit_builders.HEADER, *rows)
    done("reorganise", "-", stdin=csv_of("predecessor_uid,successor_uid,effective_on,share", *successions))


def test_own_values_go_to_the_successors_and_up_the_new_tree() -> None:
    given_redrawn_country("C,N,2025-07-01,1", "H1,I1,2025-07-01,1", "H2,I2,2025-07-01,1", "H3,I2,2025-07-01,1")
    ran = done("export_rollup", "k", "--restate-on", "2025-07-01")
    assert ran.lines == [
        HEADER,
        "I1,a,4,1,1,1", "I1,y,,0,1,1",
        "I2,a,10,1,1,2", "I2,y,1,1,1,2",
        "N,a,19,3,3,4", "N,y,1,1,3,4",
        "P,a,1019,4,4,5", "P,y,1,1,4,5",
    ]  # fmt: skip
    assert ran.err.splitlines() == [
        "8 rows.", "Not attributable, in 1 reports: the unit ended without a successor.", "a: 100 is not attributable."
    ]  # fmt: skip


def test_with_shares_figures_are_estimated_and_what_moves_only_whole_stays_out(tmp_path: Path) -> None:
    given_redrawn_country("H1,I1,2025-07-01,1", "H2,I1,2025-07-01,0.35", "H2,M,2025-07-01,0.6", "C,N,2025-07-01,", "C,M,2025-07-01,")
    remarks = tmp_path / "remarks.csv"
    ran = done("export_rollup", "k", "--restate-on", "2025-07-01", "--remarks", remarks)
    assert ran.lines[1:] == [
        "I1,a,7.5,2,2,2", "I1,y,,0,2,2",
        "M,a,6,1,1,1", "M,y,,0,1,1",
        "N,a,7.5,2,2,2", "N,y,,0,2,2",
        "P,a,1013.5,3,3,3", "P,y,,0,3,3",
    ]  # fmt: skip
    assert remarks.read_text().splitlines() == [
        "kind,unit_uid,indicator,value,reason",
        "not_attributable,C,a,5,share_unknown",
        "not_attributable,D,a,100,ended",
        "not_attributable,H2,a,0.5,shares_below_one",
        "not_attributable,H2,y,1,only_whole",
        "estimated,I1,a,7.5,share", "estimated,M,a,6,share", "estimated,N,a,7.5,share", "estimated,P,a,1013.5,share",
    ]  # fmt: skip
    assert "a: 105.5 is not attributable." in ran.err


def test_on_a_day_before_the_tree_changed_the_totals_are_those_of_the_cycle() -> None:
    given_redrawn_country("C,N,2025-07-01,1")
    assert done("export_rollup", "k", "--restate-on", "2025-06-30").lines == done("export_rollup", "k").lines


@pytest.mark.parametrize(
    ("options", "uids"),
    [(["--unit", "N"], ["I1", "N"]), (["--depth", "0"], ["P"]), (["--unit", "P", "I1", "--depth", "1"], ["I1", "M", "N", "P"])],
)
def test_parts_of_the_new_tree_may_be_asked_for(options: list[str], uids: list[str]) -> None:
    given_redrawn_country("C,N,2025-07-01,0.5", "C,M,2025-07-01,0.5", "H1,I1,2025-07-01,1")
    rows = done("export_rollup", "k", "--restate-on", "2025-07-01", *options).lines[1:]
    assert sorted({row.split(",")[0] for row in rows}) == uids


def test_a_unit_to_which_nothing_goes_is_refused() -> None:
    given_redrawn_country("C,N,2025-07-01,1")
    ran = manage("export_rollup", "k", "--restate-on", "2025-07-01", "--unit", "M", "D")
    assert [problem.split(": ")[0] for problem in ran.err.splitlines()] == ["M", "D"]
    assert ran.code == 1


@pytest.mark.parametrize("wrong", [["--restate-on", "1/7/2025"], ["--remarks", "x.csv"], ["--restate-on", "2025-07-01", "--depth", "-1"]])
def test_wrong_usage_exits_with_2(wrong: list[str]) -> None:
    given_cycle()
    assert manage("export_rollup", "k", *wrong).code == 2
