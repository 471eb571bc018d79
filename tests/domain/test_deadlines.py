from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from reports.domain.deadlines import Timeliness, add_working_days, days_past, end_of_day, is_working_day, on_or_after, timeliness

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
DUE = end_of_day(date(2025, 6, 18), HANOI)
BEFORE, AFTER = DUE - timedelta(microseconds=1), DUE + timedelta(microseconds=1)


def at(first: datetime | None, moment: datetime, *, exempt: bool = False) -> str:
    return timeliness(exempt=exempt, first=first, due=DUE, at=moment).value


def test_a_day_ends_at_its_last_microsecond_in_the_cycles_time_zone():
    assert DUE.isoformat() == "2025-06-18T23:59:59.999999+07:00"
    assert DUE.astimezone(UTC).isoformat() == "2025-06-18T16:59:59.999999+00:00"


@pytest.mark.parametrize(("first", "expected"), [(BEFORE, "on_time"), (DUE, "on_time"), (AFTER, "late")])
def test_what_is_sent_until_the_last_microsecond_is_on_time_whenever_one_looks(first: datetime, expected: str):
    assert {at(first, moment) for moment in (BEFORE, DUE, AFTER, DUE + timedelta(days=900))} == {expected}


def test_the_first_moment_of_the_next_day_is_the_first_that_is_late():
    midnight = datetime(2025, 6, 19, tzinfo=HANOI)
    assert midnight == AFTER
    assert at(midnight, midnight) == "late"
    assert at(None, midnight) == "missing"


@pytest.mark.parametrize(("moment", "expected"), [(BEFORE, "pending"), (DUE, "pending"), (AFTER, "missing")])
def test_a_report_without_submission_is_pending_until_due_and_missing_after(moment: datetime, expected: str):
    assert at(None, moment) == expected


@pytest.mark.parametrize("first", [None, BEFORE, AFTER])
def test_an_exempt_report_is_exempt_and_nothing_else(first: datetime | None):
    assert {at(first, moment, exempt=True) for moment in (BEFORE, AFTER)} == {"exempt"}


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=-11)), timezone(timedelta(hours=14)), ZoneInfo("America/New_York")])
def test_the_time_zone_in_which_a_moment_is_written_changes_nothing(zone: object):
    moments = (BEFORE, DUE, AFTER)
    assert [at(None, moment.astimezone(zone)) for moment in moments] == ["pending", "pending", "missing"]  # type: ignore[arg-type]
    assert [at(moment.astimezone(zone), AFTER) for moment in moments] == ["on_time", "on_time", "late"]  # type: ignore[arg-type]


def test_every_timeliness_is_reached():
    assert {at(None, BEFORE), at(None, AFTER), at(DUE, DUE), at(AFTER, AFTER), at(None, DUE, exempt=True)} == set(Timeliness)


def test_days_past_are_counted_by_the_calendar_of_the_cycles_zone():
    assert days_past(DUE, DUE, HANOI) == 0
    assert days_past(DUE, AFTER, HANOI) == 1
    assert days_past(DUE, datetime(2025, 6, 15, 0, 0, tzinfo=HANOI), HANOI) == -3
    assert days_past(DUE, datetime(2025, 6, 18, 17, 0, tzinfo=UTC), HANOI) == 1


FRIDAY, SATURDAY, MONDAY = date(2025, 6, 20), date(2025, 6, 21), date(2025, 6, 23)


def test_working_days_are_monday_to_friday_without_days_off():
    assert is_working_day(FRIDAY, ())
    assert not is_working_day(SATURDAY, ())
    assert not is_working_day(FRIDAY, {FRIDAY})


def test_a_due_day_stays_on_a_working_day_and_moves_to_the_next_one_otherwise():
    assert on_or_after(FRIDAY, ()) == FRIDAY
    assert on_or_after(SATURDAY, ()) == MONDAY
    assert on_or_after(FRIDAY, {FRIDAY, MONDAY}) == date(2025, 6, 24)


def test_working_days_are_counted_from_the_day_after():
    assert add_working_days(FRIDAY, 0, ()) == FRIDAY
    assert add_working_days(SATURDAY, 0, ()) == SATURDAY
    assert add_working_days(FRIDAY, 1, ()) == MONDAY
    assert add_working_days(SATURDAY, 1, ()) == MONDAY
    assert add_working_days(FRIDAY, 5, {date(2025, 6, 25)}) == date(2025, 6, 30)
