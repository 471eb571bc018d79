from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.db.models import Q

from reports.queries.predecessors import FromPredecessors, from_predecessors, predecessors_of
from tests.builders import Play, at, given_cycle, given_template
from tests.domain.builders import indicator
from tests.unit_builders import HEADER, load_csv, succeed
from units.models import Unit

pytestmark = pytest.mark.django_db

LEVELS = "province|district|commune"


def pk(uid: str) -> int:
    return Unit.objects.get(uid=uid).pk


def given_two_trees() -> Any:
    """A half-year of communes A and B below P, accepted; and the year of N, which they became."""
    version = given_template(indicator("a", levels=LEVELS), indicator("y", "boolean", levels=LEVELS), indicator("t", "text", levels=LEVELS))
    half = given_cycle(version, {"P": ["A", "B"]}, period="2025-H1")
    half.hand_in("A", a="4", y="yes", t="một")
    half.hand_in("B", a="5", y="yes", t="hai")
    Unit.objects.filter(uid__in="AB").update(valid_to="2025-06-30")
    load_csv(HEADER, "N,,Xã N,commune,P,2025-07-01,", "M,,Xã M,commune,P,2025-07-01,")
    return given_cycle(version, {}, period="2025-Y", under=["P"], due=date(2025, 12, 20), opened=at("2025-12-10 08:00"))


def half_of(year: Play, *uids: str) -> dict[int, list[FromPredecessors]]:
    return from_predecessors(year.cycle, predecessors_of([pk(uid) for uid in uids]), Q(cycle__period="2025-H1"))


def test_a_unit_has_its_predecessors_halves_as_one_report() -> None:
    year = given_two_trees()
    succeed("A>N:1", "B>N:1")
    (part,) = half_of(year, "N", "M")[pk("N")]
    assert (part.own, part.estimated) == ({"a": 9, "y": True}, frozenset())
    assert [report.unit.uid for report in part.reports] == ["A", "B"]
    assert part.cycle.period == "2025-H1"


def test_a_share_gives_its_part_and_marks_it_estimated() -> None:
    year = given_two_trees()
    succeed("A>N:0.5", "A>M:0.5", "B>M:")
    found = half_of(year, "N", "M")
    assert {unit: [(part.own, sorted(part.estimated)) for part in parts] for unit, parts in found.items()} == {
        pk("N"): [({"a": 2}, ["a"])], pk("M"): [({"a": 2}, ["a"])]
    }  # fmt: skip
    succeed("P>M:0.25")
    assert predecessors_of([pk("M")]) == {pk("M"): {pk("A"): Decimal("0.5"), pk("P"): Decimal("0.25")}}
    assert half_of(year, "M")[pk("M")][0].own["a"] == Fraction(2)


def test_where_the_unit_reported_itself_its_predecessors_are_not_asked() -> None:
    year = given_two_trees()
    succeed("A>B:1")
    assert half_of(year, "B") == {}


def test_of_two_cycles_of_a_period_the_one_opened_last_comes_last() -> None:
    year = given_two_trees()
    succeed("A>N:1", "B>N:1")
    later = given_cycle(year.cycle.version, {}, period="2025-H1", under=["P"], opened=at("2025-06-12 08:00"))
    later.hand_in("B", a="7")
    later.hand_in("A", a="1")
    assert [part.own["a"] for part in half_of(year, "N")[pk("N")]] == [9, 8]


def test_predecessors_are_found_however_many_reorganisations_ago_and_through_a_circle() -> None:
    given_two_trees()
    succeed("A>B:0.5", "B>N:1", "P>A:0.5", "N>A:1")
    assert predecessors_of([pk("N")]) == {pk("N"): {pk("B"): Decimal(1), pk("A"): Decimal("0.5"), pk("P"): Decimal("0.25")}}


def test_it_takes_the_same_two_queries_whatever_the_number_of_units_and_of_reorganisations(django_assert_num_queries: Any) -> None:
    year = given_two_trees()
    succeed("P>A:1", "A>N:1", "B>M:1")
    for units in (["N"], ["N", "M"]):
        keys = [pk(uid) for uid in units]
        with django_assert_num_queries(2):
            from_predecessors(year.cycle, predecessors_of(keys), Q(cycle__period="2025-H1"))
