"""Timeliness exists once in Python and once in the database: both say the same at every moment (semantics §4)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reports.domain.deadlines import Timeliness, timeliness
from reports.domain.rates import rates
from reports.domain.workflow import State
from reports.models import Flag, Report
from reports.queries.progress import by_level
from reports.services.flagging import condition
from tests.builders import Play, at, given_cycle
from tests.properties.long_form import ROUNDS

pytestmark = pytest.mark.django_db
DUE = at("2025-06-18 23:59:59.999999")
ZONES = [UTC, ZoneInfo("Asia/Ho_Chi_Minh"), ZoneInfo("America/New_York"), ZoneInfo("Pacific/Kiritimati")]
near = st.sampled_from([-1_000_000, -999_999, -2, -1, 0, 1, 2, 999_999, 1_000_000, 1_000_001])
far = st.integers(-(10**13), 10**13)
moments = st.builds(lambda offset, zone: (DUE + timedelta(microseconds=offset)).astimezone(zone), near | far, st.sampled_from(ZONES))
states = st.sampled_from([State.NOT_STARTED, State.DRAFT, State.PROPOSED, State.RETURNED, State.EXEMPT])


@pytest.fixture
def play(db: None) -> Play:
    return given_cycle(outline={"P": {}})


@settings(max_examples=60 * ROUNDS, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(state=states, first=st.none() | moments, due=moments, moment=moments, server=st.sampled_from(ZONES))
@example(State.DRAFT, DUE, DUE, DUE, UTC)
@example(State.DRAFT, DUE + timedelta(microseconds=1), DUE, DUE, UTC)
@example(State.DRAFT, None, DUE, DUE, UTC)
@example(State.DRAFT, None, DUE, DUE + timedelta(microseconds=1), UTC)
@example(State.EXEMPT, DUE + timedelta(microseconds=1), DUE, DUE, UTC)
def test_python_and_the_database_agree_at_every_moment(
    play: Play, state: State, first: datetime | None, due: datetime, moment: datetime, server: ZoneInfo
):
    play.reports("P").update(state=state.value, first_submitted_at=first, due_at=due)
    expected = timeliness(exempt=state is State.EXEMPT, first=first, due=due, at=moment)
    with timezone.override(server):
        reports = Report.objects.filter(cycle=play.cycle).with_timeliness(moment)
        assert reports.get().timeliness == expected
        assert reports.filter(condition(Flag.Kind.MISSING, moment)).exists() == (expected is Timeliness.MISSING)
        assert reports.filter(condition(Flag.Kind.LATE, moment)).exists() == (expected is Timeliness.LATE)
        [level] = by_level(play.cycle, moment)
    assert level.rates == rates([("province", state, first, due)], moment)["province"]
