from __future__ import annotations

import os
import random
from collections.abc import Generator, Iterator
from typing import Any

import pytest

from tests.faults.country import BEGINS_AT
from tests.faults.site import Site, running_site
from tests.faults.told import Told


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure says what chance came from, and how its site stood then."""
    report = yield
    if report.failed and report.when == "call":
        again = f"FAULT_SEED={os.environ['FAULT_SEED']} FAULT_ROUNDS={os.environ.get('FAULT_ROUNDS') or 1} .venv/bin/python -m tests.run"
        report.sections.append(("to have the same chance again", f"{again} {item.nodeid}"))
        site = getattr(item, "funcargs", {}).get("site")
        if isinstance(site, Site):
            report.sections.append(("the site as it stood", site.as_it_stands()))
    return report


@pytest.fixture(scope="session")
def seed() -> str:
    """What all chance in this test comes from: FAULT_SEED, which the header of the run shows (tests/conftest.py)."""
    return os.environ["FAULT_SEED"]


@pytest.fixture(scope="session")
def rounds() -> int:
    """How often a test goes round: FAULT_ROUNDS, once where nothing is said."""
    return int(os.environ.get("FAULT_ROUNDS") or 1)


@pytest.fixture
def chance(seed: str, request: pytest.FixtureRequest) -> random.Random:
    print(f"FAULT_SEED={seed}")
    return random.Random(f"{seed} {request.node.name}")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any) -> Iterator[Site]:
    """A site of the module's own (tests/faults/site.py), with nothing in it and nothing started."""
    with django_db_blocker.unblock(), running_site(tmp_path_factory.mktemp("site"), BEGINS_AT) as running:
        yield running


@pytest.fixture
def told() -> Iterator[Told]:
    figures = Told()
    yield figures
    print(figures)
