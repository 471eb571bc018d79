from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.test.utils import CaptureQueriesContext

from reports.queries.restated import from_predecessors, predecessors_of
from tests.builders import at, given_cycle, given_template
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


def test_a_unit_has_its_predecessors_halves_as_one_report() -> None:
    year = given_two_trees()
    succeed("A>N:1", "B>N:1")
    (part,) = from_predecessors(year.cycle, [pk("N"), pk("M")], ["2025-H1"])[pk("N")]
    assert (part.own, part.estimated) == ({"a": 9, "y": True}, frozenset())
    assert [report.unit.uid for report in part.reports] == ["A", "B"]
    assert part.cycle.period == "2025-H1"


def test_a_share_gives_its_part_and_marks_it_estimated() -> None:
    year = given_two_trees()
    succeed("A>N:0.5", "A>M:0.5", "B>M:")
    found = from_predecessors(year.cycle, [pk("N"), pk("M")], ["2025-H1"])
    assert {unit: [(part.own, sorted(part.estimated)) for part in parts] for unit, parts in found.items()} == {
        pk("N"): [({"a": 2}, ["a"])], pk("M"): [({"a": 2}, ["a"])]
    }  # fmt: skip
    succeed("P>M:0.25")
    assert predecessors_of([pk("M")]) == {pk("M"): {pk("A"): Decimal("0.5"), pk("P"): Decimal("0.25")}}
    assert from_predecessors(year.cycle, [pk("M")], ["2025-H1"])[pk("M")][0].own["a"] == Fraction(2)


def test_where_the_unit_reported_itself_its_predecessors_are_not_asked() -> None:
    year = given_two_trees()
    succeed("A>B:1")
    assert from_predecessors(year.cycle, [pk("B")], ["2025-H1"]) == {}


def test_it_takes_the_same_few_queries_whatever_the_number_of_units(django_assert_num_queries: Any) -> None:
    year = given_two_trees()
    succeed("A>N:1", "B>M:1")
    year.template.indicators  # noqa: B018  (compiled before)
    for units in (["N"], ["N", "M"]):
        keys = [pk(uid) for uid in units]
        with django_assert_num_queries(4) as asked:
            from_predecessors(year.cycle, keys, ["2025-H1"])
        assert isinstance(asked, CaptureQueriesContext)
