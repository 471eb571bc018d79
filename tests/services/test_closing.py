from __future__ import annotations

import pytest

from reports.services import closing, opening
from tests.builders import at, given_cycle, given_user
from units.problems import Refused

pytestmark = pytest.mark.django_db
MISSED = at("2025-06-19 00:00")


def test_missing_stays_missing_once_the_cycle_is_closed():
    play = given_cycle()
    play.sweep(MISSED)
    closing.close_cycle(play.cycle, by=None, at=MISSED)
    play.sweep(at("2025-09-01 08:00"))
    assert play.flags("H1") == ["missing"]


def test_a_cycle_is_closed_once_and_reopened_once():
    play = given_cycle()
    closing.close_cycle(play.cycle, by=None, at=MISSED)
    assert (play.cycle.state, play.cycle.closed_at) == ("closed", MISSED)
    with pytest.raises(Refused) as refused:
        closing.close_cycle(play.cycle, by=None, at=MISSED)
    assert [p.message % p.params for p in refused.value.problems] == ["The cycle “t-2025-H1” is in the state “closed”: nothing was done."]
    closing.reopen_cycle(play.cycle, by=None)
    assert (play.cycle.state, play.cycle.closed_at) == ("open", None)
    with pytest.raises(Refused):
        closing.reopen_cycle(play.cycle, by=None)


def test_a_closed_cycle_is_not_opened_anew():
    play = given_cycle()
    closing.close_cycle(play.cycle, by=None, at=MISSED)
    with pytest.raises(Refused):
        opening.open_cycle(play.cycle, MISSED)


@pytest.mark.parametrize(("role", "uid", "may"), [
    ("cycle_manager", "P", True),
    ("cycle_manager", "D", False),
    ("reviewer approver preparer viewer", "P", False),
])  # fmt: skip
def test_only_a_cycle_manager_of_the_units_at_the_top_closes_and_reopens(role: str, uid: str, may: bool):
    play = given_cycle()
    user = given_user("user", **{uid: role})
    if may:
        closing.close_cycle(play.cycle, by=user, at=MISSED)
        closing.reopen_cycle(play.cycle, by=user)
    else:
        with pytest.raises(Refused) as refused:
            closing.close_cycle(play.cycle, by=user, at=MISSED)
        assert [p.message for p in refused.value.problems] == ["Only a cycle manager of the units at the top opens and closes a cycle."]
    play.cycle.refresh_from_db()
    assert play.cycle.state == "open"


def test_a_manager_of_one_of_two_tops_or_of_none_does_not_close():
    play = given_cycle(outline={"P": {"D": {}}, "Q": {"E": {}}})
    for user in (given_user("one", P="cycle_manager"), given_user("nobody")):
        with pytest.raises(Refused):
            closing.close_cycle(play.cycle, by=user, at=MISSED)
    closing.close_cycle(play.cycle, by=given_user("both", P="cycle_manager", Q="cycle_manager"), at=MISSED)
    assert play.cycle.state == "closed"
