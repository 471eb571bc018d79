"""A reorganisation whose process is killed in the middle leaves the old tree, and nothing in the way of the next try."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from danvan.places import BASE_DIR
from tests import unit_builders
from tests.builders import given_user
from tests.entrypoints.cli import csv_of, done, standard_levels
from tests.worker import database_url
from units.checking import check_units
from units.models import Membership, Reorganisation, Succession, Unit

pytestmark = pytest.mark.django_db(transaction=True)


def test_killed_after_its_last_statement_it_leaves_the_old_tree_and_can_be_done_again(tmp_path: Path) -> None:
    standard_levels()
    unit_builders.tree({"P": {"D": ["C1", "C2"]}})
    unit_builders.load_csv(unit_builders.HEADER, "N,N,Xã N,commune,P,,")
    given_user("lan", C1="preparer")
    file = tmp_path / "successions.csv"
    file.write_bytes(csv_of("predecessor_uid,successor_uid,effective_on,share", "C1,N,2025-07-01,1", "C2,N,2025-07-01,1"))
    before = standing()

    command = [sys.executable, "-m", "tests.entrypoints.halfway", "units_succession", "reorganise", str(file), "--roles", "copy"]
    environment = os.environ | {"DATABASE_URL": database_url()}
    with subprocess.Popen(command, cwd=BASE_DIR, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"halfway\n"
        process.kill()
    assert process.returncode == -9
    assert standing() == before
    assert not Reorganisation.objects.exists()
    assert list(check_units().problems) == []

    assert "2 added" in done("reorganise", str(file), "--roles", "copy").out
    assert Unit.objects.get(uid="C1").valid_to == date(2025, 6, 30)


def standing() -> list[object]:
    """The tree with its days, its successions and its roles."""
    return [
        list(Unit.objects.order_by("pk").values_list("uid", "parent__uid", "valid_from", "valid_to", "tree_id", "lft", "rght")),
        list(Succession.objects.values_list()),
        list(Membership.objects.order_by("pk").values_list("user__username", "unit__uid", "role")),
    ]
