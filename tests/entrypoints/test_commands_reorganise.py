"""reorganise at the command line: what it records, every refusal with its place, and taking it back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tests import unit_builders
from tests.builders import given_cycle, given_user
from tests.entrypoints.cli import csv_of, done, manage, standard_levels
from units.checking import check_units
from units.models import Membership, Reorganisation, Succession, Unit

pytestmark = pytest.mark.django_db

DAY = date(2025, 7, 1)
EVE = date(2025, 6, 30)


@pytest.fixture(autouse=True)
def _levels(db: None) -> None:
    standard_levels()


def successions(*rows: str) -> bytes:
    return csv_of("predecessor_uid,successor_uid,effective_on,share", *rows)


def given_communes() -> None:
    """Two communes and the one that they become; what ends has its day, what begins too."""
    unit_builders.tree({"P": {"D": ["C1", "C2"]}})
    Unit.objects.filter(uid__in=["D", "C1", "C2"]).update(valid_to=EVE)
    unit_builders.load_csv(unit_builders.HEADER, "N,N,Xã N,commune,P,2025-07-01,", "M,M,Xã M,commune,P,2025-07-01,")


def days(uid: str) -> tuple[date | None, date | None]:
    unit = Unit.objects.get(uid=uid)
    return unit.valid_from, unit.valid_to


def recorded() -> list[tuple[str, str, date, Decimal | None]]:
    rows = Succession.objects.order_by("predecessor__uid", "successor__uid")
    return list(rows.values_list("predecessor__uid", "successor__uid", "effective_on", "share"))


def test_rows_of_succession_are_recorded() -> None:
    given_communes()
    ran = done("reorganise", "-", stdin=successions("C1,N,2025-07-01,1", "C2,N,2025-07-01,0.35", "C2,M,2025-07-01,"))
    assert ran.lines[0] == "Successions: 3 added, 0 changed, 0 unchanged."
    assert recorded() == [("C1", "N", DAY, Decimal(1)), ("C2", "M", DAY, None), ("C2", "N", DAY, Decimal("0.35"))]


def test_predecessors_end_the_day_before_and_successors_begin_on_the_day_with_all_below_them() -> None:
    unit_builders.tree({"P": {"C": ["H"], "N": ["I"]}}, levels=("province", "commune", "hamlet"))
    done("reorganise", "-", stdin=successions("C,N,2025-07-01,1"))
    assert [days(uid) for uid in "CHNIP"] == [(None, EVE), (None, EVE), (DAY, None), (DAY, None), (None, None)]
    assert check_units().problems.count == 0


def test_the_same_file_again_changes_nothing_and_shares_that_were_said_later_are_written() -> None:
    given_communes()
    done("reorganise", "-", stdin=successions("C1,N,2025-07-01,", "C1,M,2025-07-01,"))
    again = done("reorganise", "-", stdin=successions("C1,N,2025-07-01,", "C1,M,2025-07-01,"))
    assert again.out == "Successions: 0 added, 0 changed, 2 unchanged.\n"
    said = done("reorganise", "-", stdin=successions("C1,N,2025-07-01,0.25", "C1,M,2025-07-01,0.75"))
    assert said.lines[0] == "Successions: 0 added, 2 changed, 0 unchanged."
    assert recorded() == [("C1", "M", DAY, Decimal("0.75")), ("C1", "N", DAY, Decimal("0.25"))]
    done("reorganise", "--undo", Reorganisation.objects.latest("pk").pk)
    assert recorded() == [("C1", "M", DAY, None), ("C1", "N", DAY, None)]


def test_every_problem_is_named_with_file_line_and_column_and_nothing_is_written(tmp_path: Path) -> None:
    given_communes()
    path = tmp_path / "successions.csv"
    path.write_bytes(
        successions(
            "C1,N,2025-07-01,1",
            "X,N,2025-07-01,1",
            "C2,Y,2025-07-01,",
            "C1,N,2025-07-01,0.5",
            "C2,C2,2025-07-01,",
            "C2,M,2025-08-01,",
            "C2,M,1/7/2025,",
            "C2,M,2025-07-01,1.5",
            "C2,M,2025-07-01,0",
            "C2,M,2025-07-01,0.1234567",
            ",M,2025-07-01,",
            "C2,N,2025-07-01,0.6",
            "C2,M,2025-07-01,0.5",
            "C1,P,2025-07-01",
        )
    )
    places = [problem.removeprefix(f"{path}:").split(": ")[:2] for problem in manage("reorganise", path).problems]
    assert places[:-1] == [
        ["3", "predecessor_uid"], ["4", "successor_uid"], ["5", "successor_uid"], ["6", "successor_uid"], ["7", "effective_on"],
        ["7", "effective_on"], ["8", "effective_on"], ["9", "share"], ["10", "share"], ["11", "share"], ["12", "predecessor_uid"],
        ["13", "share"],
    ]  # fmt: skip
    assert places[-1][0] == "15"
    assert not Succession.objects.exists()
    assert not Reorganisation.objects.exists()


@pytest.mark.parametrize("file", [b"", b"a,b\n", b"predecessor_uid,successor_uid,effective_on\nC1,N,2025-07-01\n"])
def test_a_file_that_holds_no_successions_is_refused(file: bytes) -> None:
    assert all(problem.startswith("-:1: ") for problem in manage("reorganise", "-", stdin=file).problems)


def test_wrong_usage_exits_with_2(tmp_path: Path) -> None:
    for wrong in ([], ["-", "--undo", "1"], [tmp_path / "none"], ["-", "--roles", "x"]):
        assert manage("reorganise", *wrong).code == 2
    assert manage("reorganise", "--undo", "77").problems == ["There is no reorganisation number 77."]


def test_a_unit_that_reported_before_is_no_successor() -> None:
    given_cycle(outline={"P": {"C": [], "N": []}})
    problems = manage("reorganise", "-", stdin=successions("C,N,2025-07-01,1")).problems
    assert problems == ["-:2: successor_uid: N has reported before 2025-07-01; a successor is a new unit: import one, and name it here."]


def test_a_successor_does_not_outlive_its_superior() -> None:
    given_communes()
    unit_builders.load_csv(unit_builders.HEADER, "O,O,Xã O,commune,D,,")
    problems = manage("reorganise", "-", stdin=successions("C1,N,2025-07-01,1", "C2,O,2025-07-01,1")).problems
    assert problems == ["-:3: effective_on: O can't be valid after its superior D, which ends on 2025-06-30."]
    assert not Succession.objects.exists()


def test_a_failure_in_the_middle_leaves_the_old_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    unit_builders.tree({"P": {"C": [], "N": []}})
    given_user("lan", C="preparer")

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the server went away")

    monkeypatch.setattr(Reorganisation.objects, "create", broken)
    with pytest.raises(RuntimeError, match="went away"):
        done("reorganise", "-", "--roles", "move", stdin=successions("C,N,2025-07-01,1"))
    assert [days(uid) for uid in "CN"] == [(None, None), (None, None)]
    assert list(Membership.objects.values_list("unit__uid", flat=True)) == ["C"]


def test_it_is_taken_back_until_a_cycle_was_opened_on_it() -> None:
    unit_builders.tree({"P": {"C": [], "N": []}})
    done("reorganise", "-", stdin=successions("C,N,2025-07-01,1"))
    number = Reorganisation.objects.get().pk
    given_cycle(outline={"P": {}}, period="2025-H2")
    assert manage("reorganise", "--undo", number).problems == [
        "The cycle t-2025-H2 was opened on the new tree; it can't be undone any more."
    ]
    assert days("C") == (None, EVE)


def test_undone_everything_stands_as_it_stood() -> None:
    unit_builders.tree({"P": {"C": [], "N": []}})
    given_user("lan", C="preparer approver")
    given_user("hoa", C="viewer", N="viewer")
    before = list(Membership.objects.order_by("user", "unit", "role").values_list("user", "unit", "role"))
    ran = done("reorganise", "-", "--roles", "move", stdin=successions("C,N,2025-07-01,1"))
    assert ran.lines[1] == "Days were set for 1 units that end and 1 that begin; 2 roles given."
    assert set(Membership.objects.values_list("unit__uid", flat=True)) == {"N"}
    number = Reorganisation.objects.get().pk
    done("reorganise", "--undo", number)
    assert [days(uid) for uid in "CN"] == [(None, None), (None, None)]
    assert list(Membership.objects.order_by("user", "unit", "role").values_list("user", "unit", "role")) == before
    assert not Succession.objects.exists()
    assert manage("reorganise", "--undo", number).problems == ["This reorganisation is undone already."]


def test_one_that_another_builds_on_is_taken_back_after_that() -> None:
    unit_builders.tree({"P": {"C": [], "N": [], "M": []}})
    done("reorganise", "-", stdin=successions("C,N,2025-07-01,1"))
    done("reorganise", "-", stdin=successions("N,M,2026-01-01,1"))
    first, second = Reorganisation.objects.order_by("pk")
    assert "builds on it; undo that first." in manage("reorganise", "--undo", first.pk).problems[0]
    done("reorganise", "--undo", second.pk)
    done("reorganise", "--undo", first.pk)
    assert days("N") == (None, None)


def test_roles_stay_where_an_open_cycle_waits_for_them() -> None:
    play = given_cycle(outline={"P": {"C1": [], "C2": []}})
    unit_builders.load_csv(unit_builders.HEADER, "N,N,Xã N,commune,P,2025-07-01,")
    given_user("lan", C1="preparer")
    given_user("hoa", C2="preparer")
    play.hand_in("C2", a="1")
    done("reorganise", "-", "--roles", "move", stdin=successions("C1,N,2025-07-01,1", "C2,N,2025-07-01,1"))
    held = sorted(Membership.objects.values_list("user__username", "unit__uid"))
    assert held == [("hoa", "N"), ("lan", "C1"), ("lan", "N")]
