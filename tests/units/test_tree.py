from __future__ import annotations

from array import array
from datetime import date

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit_builders import tree
from units import tree as living_tree
from units.checking import check_units
from units.models import Level, Unit
from units.problems import Refused

pytestmark = pytest.mark.django_db

DAY = date(2025, 6, 14)


def uids(units) -> list[str]:
    return [unit.uid for unit in units]


def messages(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [problem.message % problem.params for problem in refused.value.problems]


def test_a_subtree_is_the_unit_and_all_below_it_valid_on_the_day():
    tree({"P": {"D": {"C": ["H1", "H2"]}, "E": {}}, "Q": {}})

    assert uids(living_tree.units_under(["D"], DAY)) == ["D", "C", "H1", "H2"]
    assert uids(living_tree.units_under(["Q", "C", "P"], DAY)) == ["P", "D", "C", "H1", "H2", "E", "Q"]


def test_units_begin_on_their_first_day_and_end_after_their_last():
    tree({"P": ["D"]}, valid_from="2025-01-01", valid_to="2025-06-30")

    assert uids(living_tree.units_under(["P"], date(2024, 12, 31))) == []
    assert uids(living_tree.units_under(["P"], date(2025, 1, 1))) == ["P", "D"]
    assert uids(living_tree.units_under(["P"], date(2025, 6, 30))) == ["P", "D"]
    assert uids(living_tree.units_under(["P"], date(2025, 7, 1))) == []


def test_unknown_units_are_refused_each_by_its_name():
    tree({"P": {}})

    with pytest.raises(Refused) as refused:
        living_tree.units_under(["X", "P", "Y"], DAY)

    assert [problem.unit_uid for problem in refused.value.problems] == ["X", "Y"]


def test_a_subtree_of_nothing_is_empty():
    tree({"P": {}})

    assert uids(living_tree.units_under([], DAY)) == []


def test_ancestors_come_from_the_root_down():
    units = tree({"P": {"D": {"C": ["H"]}}})

    assert uids(living_tree.ancestors_of(units["H"])) == ["P", "D", "C"]
    assert uids(living_tree.descendants_of(units["D"])) == ["C", "H"]


def test_a_unit_moves_with_all_below_it():
    units = tree({"P": {"D": {"C": ["H1", "H2"]}, "E": {}}, "Q": {"F": {}}})

    living_tree.move(units["C"], units["F"])

    assert uids(living_tree.units_under(["Q"], DAY)) == ["Q", "F", "C", "H1", "H2"]
    assert uids(living_tree.units_under(["P"], DAY)) == ["P", "D", "E"]
    assert check_units().problems.count == 0


def test_a_district_may_be_skipped_on_a_path():
    units = tree({"P": {"D": {"C": {}}}})

    living_tree.move(units["C"], units["P"])

    assert uids(living_tree.ancestors_of(Unit.objects.get(uid="C"))) == ["P"]


def test_a_unit_cannot_stand_under_one_of_its_own_level():
    units = tree({"P": {"D": {}, "E": {}}})

    with pytest.raises(Refused) as refused:
        living_tree.move(units["D"], units["E"])

    assert messages(refused) == ["D can't stand under E, which is of the same or a lower level. Name a unit of a higher level."]
    assert Unit.objects.get(uid="D").parent_id == units["P"].pk


def test_a_unit_cannot_stand_below_itself():
    units = tree({"P": {"D": {"C": {}}}})

    with pytest.raises(Refused) as refused:
        living_tree.move(units["D"], units["C"])

    assert messages(refused) == ["D can't stand under C, which is itself or stands below it."]


def test_a_unit_cannot_outlive_its_superior():
    units = tree({"P": {"D": {}}})
    units["P"].valid_to = date(2025, 6, 30)

    with pytest.raises(Refused) as refused:
        living_tree.save(units["P"])

    assert messages(refused) == ["D can't be valid after its superior P, which ends on 2025-06-30."]


def test_an_agency_needs_a_territorial_superior_and_has_none_below():
    units = tree({"P": {"D": {}}})
    agency = Unit(uid="A", name="Ban Dân vận", kind=Unit.Kind.AGENCY)

    with pytest.raises(Refused) as refused:
        living_tree.save(agency)
    assert messages(refused) == ["The agency A needs a territorial unit to stand under."]

    agency.parent = units["P"]
    living_tree.save(agency)
    with pytest.raises(Refused) as refused:
        living_tree.move(units["D"], agency)
    assert messages(refused) == ["D can't stand under A: nothing stands under an agency."]


def test_saving_a_unit_that_was_moved_meanwhile_keeps_the_numbers_right():
    units = tree({"P": {"D": {"C": {}}, "E": {}}})
    stale = Unit.objects.get(uid="C")
    living_tree.move(units["C"], units["E"])

    stale.name = "Xã mới"
    living_tree.save(stale)

    assert Unit.objects.get(uid="C").name == "Xã mới"
    assert check_units().problems.count == 0


def test_new_units_find_their_place_among_their_siblings():
    units = tree({"P": ["D1", "D3"]})

    living_tree.save(Unit(uid="D2", code="D2", name="Huyện", level=Level.objects.get(code="district"), parent=units["P"]))

    assert uids(living_tree.units_under(["P"], DAY)) == ["P", "D1", "D2", "D3"]


def test_deleting_a_unit_closes_the_gap():
    units = tree({"P": {"D": ["C"], "E": []}})

    living_tree.delete(units["C"])

    assert uids(living_tree.units_under(["P"], DAY)) == ["P", "D", "E"]
    assert check_units().problems.count == 0


forests = st.integers(0, 40).flatmap(lambda size: st.tuples(*(st.integers(0, number) for number in range(size))))


@given(forests)
@settings(max_examples=200, deadline=None)
def test_numbers_of_random_forests_nest_without_gaps(superiors):
    """Unit number i + 1 stands under one of those before it, or under none (0)."""
    numbers = living_tree.number_forest(array("i", (0, *superiors)))
    size = len(superiors)

    below = {number: {number} for number in range(1, size + 1)}
    for number in range(size, 0, -1):
        if superiors[number - 1]:
            below[superiors[number - 1]] |= below[number]
    assert all(numbers.right[n] - numbers.left[n] + 1 == 2 * len(below[n]) for n in below)
    assert all(
        (m in below[n]) == (numbers.tree[m] == numbers.tree[n] and numbers.left[n] <= numbers.left[m] <= numbers.right[n])
        for n in below
        for m in below
    )
    assert all(numbers.depth[n] == (numbers.depth[superiors[n - 1]] + 1 if superiors[n - 1] else 0) for n in below)


@given(st.lists(st.integers(0, 100), min_size=1, max_size=30))
@settings(max_examples=25, deadline=None)
def test_units_loaded_in_bulk_have_the_numbers_that_mptt_itself_computes(choices):
    with transaction.atomic():
        tree(_outline(choices))
        loaded = list(Unit.objects.order_by("pk").values_list("uid", "tree_id", "lft", "rght", "depth"))

        Unit.objects.rebuild()

        assert list(Unit.objects.order_by("pk").values_list("uid", "tree_id", "lft", "rght", "depth")) == loaded
        assert check_units().problems.count == 0
        transaction.set_rollback(True)


def _outline(choices: list[int]) -> dict:
    """A forest of at most four levels: each choice puts a unit under one of those made before it, or makes a root."""
    roots: dict = {}
    places = [(roots, 0)]
    for index, choice in enumerate(choices):
        home, depth = places[choice % len(places)]
        inner: dict = {}
        home[f"U{(index * 37) % 101:03}"] = inner
        if depth < 3:
            places.append((inner, depth + 1))
    return roots
