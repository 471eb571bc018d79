"""A report that can't be added up, in a running site: set aside after its tries, and nobody else is held up."""

from __future__ import annotations

import pytest

from reports.models import Report, Rollup, RollupMark
from reports.services import rolling_up
from tests.builders import Play
from tests.faults.country import given_country
from tests.faults.site import Site

# It brings a PostgreSQL of its own; what the rest of the suite runs on doesn't matter, so it is run once.
pytestmark = pytest.mark.postgresql


@pytest.fixture
def play(site: Site) -> Play:
    """An accepted hamlet of the commune CP11 has lost its figure to something that is none, as the worker comes up."""
    play = given_country()
    Report.objects.filter(unit__uid="HP112").update(own={"a": ["?"]})
    site.worker.start()
    site.scheduler.start()
    return play


def counted(uid: str) -> int:
    """Reports that the stored total holds, whatever is marked."""
    return Rollup.objects.get(report__unit__uid=uid).counted


def aside() -> list[str]:
    return [total.report.unit.uid for total in rolling_up.set_aside()]


def test_it_is_set_aside_and_everybody_else_goes_on(site: Site, play: Play):
    site.wait_until(lambda: aside() == ["CP11"] and not RollupMark.objects.exists(), "the total to be set aside")
    assert (counted("CP11"), counted("CP12"), counted("P"), counted("Q")) == (0, 1, 5, 6)
    play.accept("HP123", "HQ113", at=site.clock)
    site.wait_until(lambda: (counted("P"), counted("Q")) == (6, 7), "what was accepted elsewhere")
    assert (aside(), site.worker.log().count("The total of report")) == (["CP11"], rolling_up.TRIES)
    site.worker.kill()
    site.worker.start()
    Report.objects.filter(unit__uid="HP112").update(own={"a": 10})
    assert rolling_up.try_again(rolling_up.set_aside()) == 1
    site.wait_until(lambda: (counted("CP11"), counted("P")) == (1, 7), "the total that can be computed again")
    assert aside() == []
