"""However seldom a sweep runs, the open flags are what the table of semantics §4 says, read literally from what happened."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.domain.deadlines import add_working_days, end_of_day, timeliness
from reports.models import Flag, Report
from reports.queries.calendar import DaysOff
from reports.services import flagging
from tests.builders import ZONE, Play, at, given_cycle, given_template
from tests.domain.builders import indicator
from tests.properties.brute_force import Oracle, Value
from tests.properties.long_form import ROUNDS
from units.problems import Refused

pytestmark = pytest.mark.django_db
UNITS = ("P", "C", "H1", "H2")
REVIEW_DAYS, CORRECTION_DAYS = 2, 1
DUE = at("2025-06-18 23:59:59.999999")
START = at("2025-06-16 08:00")
OFTEN = ("submit", "submit", "submit", "accept", "return_for_correction", "return_for_correction", "withdraw", "reopen")
SELDOM = ("save", "exempt", "unexempt", "extend", "propose", "send_back")

steps = st.tuples(
    st.sampled_from(OFTEN + SELDOM),
    st.sampled_from(["P", "C", "C", "H1", "H1", "H2"]),
    st.integers(0, 9),
    st.sampled_from([1, 1, 24 * 60, 5 * 24 * 60]),
    st.booleans(),
)


@dataclass
class Seen:
    """What a reader of the history notes down, with nothing taken from the columns that the sweep reads."""

    first: datetime | None = None
    due: datetime = DUE
    submitted: datetime | None = None
    correct_by: datetime | None = None
    declared: dict[str, Value] = field(default_factory=dict)


@settings(max_examples=15 * ROUNDS, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(history=st.lists(steps, min_size=5, max_size=25), every=st.booleans())
def test_sweeps_at_any_moments_end_with_the_flags_that_one_last_sweep_leaves(history: list[tuple[str, str, int, int, bool]], every: bool):
    with transaction.atomic():
        play = _opened()
        seen = {uid: Seen() for uid in UNITS}
        for uid in ("H1", "C"):
            _take(play, "submit", uid, 0, seen[uid])
        for action, uid, figure, minutes, sweeps in history:
            _take(play, action, uid, figure, seen[uid])
            assert _open_flags(play, but="figures_changed") <= _deserved(play, seen)
            play.now += timedelta(minutes=minutes)
            if sweeps or every:
                play.sweep(play.now)
        play.sweep(play.now)
        often = _open_flags(play)
        assert often == _deserved(play, seen)
        again = flagging.sweep(play.now, [play.cycle.pk])
        assert {*again.raised.values(), *again.cleared.values()} == {0}
        Flag.objects.all().delete()
        play.sweep(play.now)
        assert _open_flags(play) == often
        transaction.set_rollback(True)


def _opened() -> Play:
    play = given_cycle(
        given_template(indicator("a", levels="province|commune|hamlet")),
        {"P": {"D": {"C": ["H1", "H2"]}}},
        levels=["province", "commune", "hamlet"],
        approval=["hamlet"],
        review_days=REVIEW_DAYS,
        correction_days=CORRECTION_DAYS,
        opened=START,
    )
    for uid in UNITS:
        play.save(uid, a="1")
    return play


def _take(play: Play, action: str, uid: str, figure: int, seen: Seen) -> None:
    until = _day(play.now) + timedelta(days=figure)
    try:
        match action:
            case "save":
                play.save(uid, a=str(figure))
            case "submit":
                play.submit(uid)
            case "accept":
                play.accept(uid)
            case "extend":
                play.do(action, uid, until=until)
            case _:
                play.do(action, uid)
    except Refused:
        return
    _note(play, action, uid, until, seen)


def _note(play: Play, action: str, uid: str, until: date, seen: Seen) -> None:
    if action == "submit":
        seen.first = seen.first or play.now
        seen.submitted, seen.correct_by = play.now, None
        seen.declared = _both(play, uid)
    elif action in ("return_for_correction", "reopen"):
        seen.correct_by = _working_days_after(play.now, CORRECTION_DAYS)
    elif action == "extend":
        seen.due = end_of_day(until, ZONE)


def _deserved(play: Play, seen: dict[str, Seen]) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for uid, facts in seen.items():
        state = play.state(uid)
        when = timeliness(exempt=state == "exempt", first=facts.first, due=facts.due, at=play.now)
        if when in ("missing", "late"):
            found.add((uid, when.value))
        if facts.correct_by is not None and facts.correct_by < play.now:
            found.add((uid, "correction_overdue"))
        if state == "submitted" and facts.submitted and _working_days_after(facts.submitted, REVIEW_DAYS) < play.now:
            found.add((uid, "review_overdue"))
        if state in ("submitted", "accepted") and facts.declared != _both(play, uid):
            found.add((uid, "figures_changed"))
    return found


def _both(play: Play, uid: str) -> dict[str, Value]:
    oracle = Oracle(play.cycle)
    return oracle.both(oracle.reports[play.report(uid).pk])


def _day(moment: datetime) -> date:
    return moment.astimezone(ZONE).date()


def _working_days_after(moment: datetime, count: int) -> datetime:
    return end_of_day(add_working_days(_day(moment), count, DaysOff()), ZONE)


def _open_flags(play: Play, but: str = "") -> set[tuple[str, Any]]:
    flags = Flag.objects.filter(report__in=Report.objects.filter(cycle=play.cycle), cleared_at=None).exclude(kind=but)
    return set(flags.values_list("report__unit__uid", "kind"))
