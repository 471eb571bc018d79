"""What a unit's predecessors came to in an old cycle: by stored totals where all came whole, else from what was entered."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any

import pytest

from reports.domain.aggregation import figures
from reports.domain.restating import Sum
from reports.models import Report
from reports.queries.bridge import Bridge, bridge_of
from reports.services import rolling_up
from reports.services.reorganising import reorganise_by_file, undo
from tests.builders import LEVELS, Play, given_cycle, given_template
from tests.domain.builders import indicator
from tests.unit_builders import HEADER, load_csv, succeed
from units.models import Reorganisation, Unit
from units.reorganising import Roles

pytestmark = pytest.mark.django_db

OLD = {"P": {"D": {"A": ["A1", "A2"], "B": ["B1"]}}}
ALL = "|".join(LEVELS)


def given_old_cycle(outline: dict[str, Any] = OLD) -> Play:
    """Every unit of P and below reported 1, and yes; all is accepted. Then P2 > N > N1, N2 and M stand instead."""
    version = given_template(indicator("a", levels=ALL), indicator("y", "boolean", levels=ALL), indicator("r", "percent", formula="a / a"))
    play = given_cycle(version, outline)
    for uid in Report.objects.order_by("-position").values_list("unit__uid", flat=True):
        play.hand_in(uid, a="1", y="yes")
    rolling_up.drain_all()
    Unit.objects.update(valid_to="2025-06-30")
    load_csv(
        HEADER,
        "P2,,Tỉnh,province,,2025-07-01,",
        *(f"{uid},,Xã,commune,P2,2025-07-01," for uid in "NM"),
        *(f"N{number},,Thôn,hamlet,N,2025-07-01," for number in (1, 2)),
    )
    return play


def came(play: Play, uid: str) -> Sum:
    unit = Unit.objects.get(uid=uid)
    return Bridge([unit]).sums(play.cycle)[unit.pk]


def told(play: Play, uid: str) -> tuple[dict[str, Any], int, int]:
    found = came(play, uid)
    return figures(play.template, found.cells), found.counted, found.expected


@pytest.mark.parametrize("hamlets", [2, 7])
def test_what_came_whole_is_read_as_totals_in_four_statements_however_much_is_below(hamlets: int, django_assert_num_queries: Any) -> None:
    below = [f"A{number}" for number in range(hamlets)]
    play = given_old_cycle({"P": {"D": {"A": below}}})
    succeed("A>N:1", *(f"{uid}>N1:1" for uid in below))
    unit = Unit.objects.get(uid="N")
    with django_assert_num_queries(4):
        found = Bridge([unit]).sums(play.cycle)[unit.pk]
    assert (found.cells["a"], found.counted) == ({"n": hamlets + 1, "sum": hamlets + 1}, hamlets + 1)


def test_what_ended_above_stays_out_and_what_is_below_it_comes_by_its_totals() -> None:
    play = given_old_cycle()
    succeed("P>P2:1", "A>N:1", "A1>N1:1", "A2>N2:1", "B>M:1", "B1>M:1")
    assert told(play, "P2") == ({"a": 6, "y": 6, "r": 100}, 6, 6)
    assert told(play, "N") == ({"a": 3, "y": 3, "r": 100}, 3, 3)


def test_what_was_split_within_one_superior_is_exact_there_and_estimated_below() -> None:
    play = given_old_cycle()
    succeed("A>N1:0.25", "A>N2:0.75", "A1>N1:1", "A2>N2:0.5", "A2>M:0.5")
    assert told(play, "N") == ({"a": Fraction(5, 2), "y": 1, "r": 100}, 3, 3)
    assert came(play, "N").estimated == {"a"}
    assert told(play, "P2") == ({"a": 3, "y": 1, "r": 100}, 3, 3)
    assert came(play, "P2").estimated == set()


def test_parts_of_a_unit_move_nothing_that_moves_only_whole_also_where_they_come_together() -> None:
    play = given_old_cycle()
    succeed("A>N1:0.5", "A>N2:0.5", "A1>N1:1", "A2>N2:1")
    assert told(play, "N") == ({"a": 3, "y": 2, "r": 100}, 3, 3)


def test_it_goes_through_several_reorganisations() -> None:
    play = given_old_cycle()
    succeed("A>N:1", "A1>N1:1", "A2>N2:1", "B>N:0.5", "B1>M:1")
    Unit.objects.exclude(uid="P2").update(valid_to="2026-06-30")
    load_csv(HEADER, "Z,,Xã,commune,P2,2026-07-01,")
    succeed("N>Z:1", "N1>Z:1", "N2>Z:1", "M>Z:0.1", on="2026-07-01")
    assert told(play, "Z") == ({"a": Fraction(36, 10), "y": 3, "r": 100}, 5, 5)


def test_what_was_undone_leads_nowhere() -> None:
    play = given_old_cycle()
    rows = b"predecessor_uid,successor_uid,effective_on,share\nA,N,2025-07-01,1\nA1,N1,2025-07-01,1\n"
    reorganise_by_file(io.BytesIO(rows), by=None, at=play.now, roles=Roles.KEEP)
    assert told(play, "N")[0]["a"] == 2
    undo(Reorganisation.objects.get(), by=None, at=play.now)
    assert bridge_of(Unit.objects.filter(uid="N")) is None


def test_totals_are_taken_as_they_stand_until_they_are_recomputed() -> None:
    play = given_old_cycle()
    succeed("A>N:1", "A1>N1:1", "A2>N2:1")
    play.do("reopen", "A1")
    assert told(play, "N")[0]["a"] == 3
    rolling_up.drain_all()
    assert told(play, "N") == ({"a": 2, "y": 2, "r": 100}, 2, 3)


def test_a_report_whose_figures_can_not_be_read_is_not_counted() -> None:
    play = given_old_cycle()
    succeed("A1>N1:1", "A2>N2:1")
    Report.objects.filter(unit__uid="A1").update(own={"a": ["?"]})
    assert told(play, "N") == ({"a": 1, "y": 1, "r": 100}, 1, 2)
