"""Timeliness and rates as the database counts them (semantics §4)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from reports.domain.rates import Rates
from reports.models import Report
from reports.queries.board import board
from reports.queries.progress import by_level, progress_of_cycles, rates_below
from tests.builders import Play, at, given_cycle

pytestmark = pytest.mark.django_db
DUE = at("2025-06-18 23:59:59.999999")
MICROSECOND = timedelta(microseconds=1)
NEXT_DAY = at("2025-06-19 00:00:00")


def timeliness(play: Play, uid: str, moment: datetime) -> str:
    return Report.objects.filter(cycle=play.cycle).with_timeliness(moment).get(unit__uid=uid).timeliness


@pytest.mark.parametrize(
    ("first", "expected"),
    [(DUE - MICROSECOND, "on_time"), (DUE, "on_time"), (DUE + MICROSECOND, "late"), (NEXT_DAY, "late"), (NEXT_DAY + MICROSECOND, "late")],
)
def test_a_submission_is_on_time_until_the_last_microsecond_of_the_due_day(first: datetime, expected: str):
    play = given_cycle()
    play.save("H1", a="1")
    play.submit("H1", at=first)
    assert {timeliness(play, "H1", moment) for moment in (DUE, NEXT_DAY, at("2030-01-01 00:00"))} == {expected}


def test_without_a_submission_a_report_is_pending_until_then_and_missing_after():
    play = given_cycle()
    moments = (DUE - MICROSECOND, DUE, DUE + MICROSECOND, NEXT_DAY)
    assert [timeliness(play, "H1", moment) for moment in moments] == ["pending", "pending", "missing", "missing"]
    play.do("exempt", "H1")
    assert [timeliness(play, "H1", moment) for moment in moments] == ["exempt"] * 4


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "America/New_York"])
def test_the_servers_time_zone_changes_nothing(zone: str):
    with timezone.override(zone):
        play = given_cycle()
        play.save("H1", a="1")
        play.save("H2", a="1")
        play.submit("H1", at=DUE.astimezone(UTC))
        play.submit("H2", at=(DUE + MICROSECOND).astimezone(UTC))
        assert [timeliness(play, uid, NEXT_DAY.astimezone(UTC)) for uid in ("H1", "H2", "H3")] == ["on_time", "late", "missing"]
        assert play.report("H1").due_at == DUE


def test_an_extension_makes_a_late_report_timely_whenever_one_looks():
    play = given_cycle()
    play.save("H1", a="1")
    play.submit("H1", at=at("2025-06-20 08:00"))
    assert timeliness(play, "H1", NEXT_DAY) == "late"
    play.do("extend", "H1", until=date(2025, 6, 20))
    assert timeliness(play, "H1", NEXT_DAY) == "on_time"


def test_the_first_submission_never_changes():
    play = given_cycle()
    play.save("H1", a="1")
    play.submit("H1", at=at("2025-06-12 08:00"))
    first = play.report("H1").first_submitted_at
    play.do("withdraw", "H1")
    play.submit("H1", at=at("2025-06-30 08:00"))
    play.do("return_for_correction", "H1")
    play.submit("H1")
    play.accept("H1")
    play.do("reopen", "H1")
    play.submit("H1")
    report = play.report("H1")
    assert (report.first_submitted_at, report.submitted_at) == (first, play.now)
    assert timeliness(play, "H1", at("2025-07-30 08:00")) == "on_time"


@pytest.fixture
def midway() -> Play:
    """H1 accepted on time, H2 late and submitted, H3 missing, H4 exempt, K's hamlet on time; C missing, K pending until the 25th."""
    play = given_cycle(outline={"P": {"D": {"C": ["H1", "H2", "H3", "H4"], "K": ["H5"]}}})
    play.hand_in("H1", a="1")
    play.save("H5", a="1")
    play.submit("H5")
    play.do("exempt", "H4")
    play.do("extend", "K", until=date(2025, 6, 25))
    play.save("H2", a="1")
    play.submit("H2", at=at("2025-06-20 08:00"))
    return play


def test_rates_are_over_the_reports_strictly_below_that_are_not_exempt_in_total_and_by_level(midway: Play):
    reports = {uid: midway.report(uid) for uid in ("P", "D", "C", "K", "H1")}
    found = rates_below(list(reports.values()), at("2025-06-21 08:00"))
    hamlets_of_c = Rates(expected=3, received=2, accepted=1, on_time=1, late=1, missing=1)
    hamlets = Rates(expected=4, received=3, accepted=1, on_time=2, late=1, missing=1)
    communes = Rates(expected=2, missing=1)
    below_d = Rates(expected=6, received=3, accepted=1, on_time=2, late=1, missing=2)
    below_p = Rates(expected=7, received=3, accepted=1, on_time=2, late=1, missing=3)
    assert found[reports["C"].pk] == {"": hamlets_of_c, "hamlet": hamlets_of_c}
    assert found[reports["D"].pk] == {"": below_d, "commune": communes, "hamlet": hamlets}
    assert found[reports["P"].pk] == {"": below_p, "district": Rates(expected=1, missing=1), "commune": communes, "hamlet": hamlets}
    assert found[reports["H1"].pk] == {"": Rates()}


def test_rates_of_the_moment_before_say_pending(midway: Play):
    report = midway.report("D")
    assert rates_below([report], DUE)[report.pk][""].missing == 0
    assert rates_below([report], NEXT_DAY)[report.pk][""].missing == 2


def test_a_whole_cycle_counts_as_its_parts_do(midway: Play):
    moment = at("2025-06-21 08:00")
    levels = by_level(midway.cycle, moment)
    assert [(row.rates.expected, row.rates.missing, row.exempt) for row in levels] == [(1, 1, 0), (1, 1, 0), (2, 1, 0), (4, 1, 1)]
    [progress] = progress_of_cycles(Report.objects.all(), moment)
    assert [rates for _, rates in progress.levels] == [row.rates for row in levels]
    assert [top.unit.uid for top in progress.tops] == ["P"]


def test_a_board_shows_each_child_with_what_is_below_it(midway: Play):
    midway.sweep(at("2025-06-21 08:00"))
    rows = board(midway.report("D"), at("2025-06-21 08:00"))
    assert [(row.report.unit.uid, row.report.timeliness, row.rates[""].expected, row.flags) for row in rows] == [
        ("C", "missing", 3, ["missing"]),
        ("K", "pending", 1, []),
    ]
