from __future__ import annotations

from datetime import UTC, datetime, timedelta

from reports.domain.rates import Rates, rates
from reports.domain.workflow import State

DUE = datetime(2025, 6, 18, 16, 59, 59, 999999, tzinfo=UTC)
EARLY, LATE = DUE - timedelta(days=1), DUE + timedelta(days=1)


def test_reports_are_counted_in_total_and_for_each_level():
    facts = [
        ("commune", State.DRAFT, None, DUE),
        ("hamlet", State.ACCEPTED, EARLY, DUE),
        ("hamlet", State.ACCEPTED, LATE, DUE),
        ("hamlet", State.SUBMITTED, EARLY, DUE),
        ("hamlet", State.RETURNED, LATE, DUE),
        ("hamlet", State.NOT_STARTED, None, LATE + timedelta(days=9)),
    ]
    found = rates(facts, LATE)
    assert found["commune"] == Rates(expected=1, missing=1)
    assert found["hamlet"] == Rates(expected=5, received=4, accepted=2, on_time=2, late=2)
    assert found[""] == Rates(expected=6, received=4, accepted=2, on_time=2, late=2, missing=1)


def test_exempt_reports_are_left_out_whatever_they_submitted_before():
    found = rates([("hamlet", State.EXEMPT, EARLY, DUE), ("hamlet", State.EXEMPT, None, DUE), ("hamlet", State.DRAFT, None, DUE)], LATE)
    assert found["hamlet"] == found[""] == Rates(expected=1, missing=1)


def test_a_report_given_back_is_received_and_no_longer_accepted():
    assert rates([("hamlet", State.RETURNED, EARLY, DUE)], LATE)[""] == Rates(expected=1, received=1, on_time=1)


def test_nothing_below_gives_zeros():
    assert rates([], LATE) == {"": Rates()}
    assert rates([], LATE)[""].as_dict() == dict.fromkeys(("expected", "received", "accepted", "on_time", "late", "missing"), 0)
