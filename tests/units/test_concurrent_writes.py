from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.transaction import TransactionManagementError

from tests.unit_builders import HEADER, load_csv, tree
from units import tree as living_tree
from units.checking import check_units
from units.locks import hold
from units.models import Level, Unit
from units.problems import Refused


def at_once(*jobs: Any) -> list[Any]:
    """Run the jobs in threads of their own, each with its own connection."""

    def run(job: Any) -> Any:
        try:
            return job()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


@pytest.mark.django_db(transaction=True)
def test_units_moved_by_many_at_once_leave_the_numbers_right():
    tree({f"P{p}": {f"D{p}{d}": [f"C{p}{d}{c}" for c in range(4)] for d in range(3)} for p in range(3)})
    districts = list(Unit.objects.filter(level__code="district"))

    def mover(seed: int) -> None:
        choices = random.Random(seed)
        communes = list(Unit.objects.filter(level__code="commune"))
        for _ in range(15):
            living_tree.move(choices.choice(communes), choices.choice(districts))

    at_once(*(lambda seed=seed: mover(seed) for seed in range(4)))

    assert check_units().problems.count == 0
    assert Unit.objects.count() == 48


@pytest.mark.django_db(transaction=True)
def test_units_added_moved_made_roots_and_deleted_by_many_at_once_leave_the_numbers_right():
    tree({f"P{p}": {f"D{p}{d}": [f"C{p}{d}{c}" for c in range(3)] for d in range(2)} for p in range(2)})
    commune = Level.objects.get(code="commune")
    tops = [*Unit.objects.filter(level__code="province"), None]

    def writer(seed: int) -> int:
        choices = random.Random(seed)
        kept = 0
        for number in range(12):
            district = choices.choice(list(Unit.objects.filter(level__code="district")))
            living_tree.move(district, choices.choice(tops))
            added = Unit(uid=f"N{seed}-{number}", name=f"Xã {seed} {number}", level=commune, parent=district)
            living_tree.save(added)
            if choices.random() < 0.5:
                living_tree.delete(added)
            else:
                kept += 1
        return kept

    kept = at_once(*(lambda seed=seed: writer(seed) for seed in range(3)))

    assert list(check_units().problems) == []
    assert Unit.objects.count() == 18 + sum(kept)


@pytest.mark.django_db(transaction=True)
def test_an_import_and_moves_at_once_leave_the_numbers_right():
    units = tree({"P": {"D": [f"C{c}" for c in range(10)], "E": []}})
    rows = [f"N{n},{n},Xã,commune,E,," for n in range(50)]

    def move_communes() -> None:
        for commune in Unit.objects.filter(parent__uid="D"):
            living_tree.move(commune, units["E"])

    at_once(
        lambda: load_csv(HEADER, *rows),
        move_communes,
    )

    assert check_units().problems.count == 0
    assert Unit.objects.filter(parent__uid="E").count() == 60


@pytest.mark.django_db(transaction=True)
def test_a_move_that_fits_and_one_that_does_not_end_in_one_effect_and_one_refusal():
    units = tree({"P": {"D": {"C": {}}}, "Q": {}})

    def attempt(superior: Unit) -> bool:
        try:
            living_tree.move(Unit.objects.get(uid="D"), superior)
        except Refused:
            return False
        return True

    assert at_once(lambda: attempt(units["Q"]), lambda: attempt(units["C"])) == [True, False]
    assert check_units().problems.count == 0
    assert Unit.objects.get(uid="D").parent_id == units["Q"].pk


@pytest.mark.django_db(transaction=True)
def test_a_lock_outside_a_transaction_is_an_error():
    with pytest.raises(TransactionManagementError):
        hold("something")


@pytest.mark.django_db(transaction=True)
def test_a_lock_makes_the_second_wait_for_the_first():
    seen: list[str] = []

    def work(name: str) -> None:
        with transaction.atomic():
            hold("tests")
            seen.append(f"{name} in")
            connection.cursor().execute("SELECT 1")
            seen.append(f"{name} out")

    at_once(*(lambda name=name: work(name) for name in "abcd"))

    assert [seen[i].split()[0] == seen[i + 1].split()[0] for i in range(0, 8, 2)] == [True] * 4
