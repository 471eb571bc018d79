"""The table of transitions (semantics §2) as the services take it: every state with every action, and every role."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from reports.domain.workflow import Action, State
from reports.models import JournalEntry, Report
from reports.services import closing, filling
from tests.builders import Play, at, given_cycle, given_template, given_user
from tests.domain.builders import indicator
from units.models import Membership
from units.problems import Refused

pytestmark = pytest.mark.django_db

LEADS_TO = {
    "save": {"not_started": "draft", "draft": "draft", "returned": "returned"},
    "propose": {"draft": "proposed", "returned": "proposed"},
    "send_back": {"proposed": "draft"},
    "submit": {"draft": "submitted", "returned": "submitted", "proposed": "submitted"},
    "withdraw": {"submitted": "draft"},
    "accept": {"submitted": "accepted"},
    "return": {"submitted": "returned"},
    "reopen": {"accepted": "returned"},
    "exempt": {"not_started": "exempt", "draft": "exempt"},
    "unexempt": {"exempt": "draft"},
    "extend": {state: state for state in ("not_started", "draft", "proposed", "submitted", "returned", "accepted")},
    "appraise": {"submitted": "submitted", "accepted": "accepted"},
}
ACTIONS = [action for action in Action if action is not Action.ASK_OFFICIAL]  # that one is taken on a cycle at once
PAIRS = [(state.value, action.value) for state in State for action in ACTIONS]
WAY = {
    "not_started": [],
    "draft": ["save"],
    "proposed": ["save", "propose"],
    "submitted": ["save", "submit"],
    "returned": ["save", "submit", "return"],
    "accepted": ["save", "submit", "accept"],
    "exempt": ["save", "exempt"],
}


def play_with_approval() -> Play:
    return given_cycle(
        given_template(indicator("a", levels="hamlet"), indicator("score", levels="hamlet", entered_by="superior")), approval=["hamlet"]
    )


def take(play: Play, action: str, uid: str, by: Any = None, **more: Any) -> None:
    match action:
        case "save":
            play.save(uid, by=by, a=str(play.report(uid).version))
        case "submit":
            play.submit(uid, by=by)
        case "accept":
            play.accept(uid, by=by)
        case "appraise":
            report = play.report(uid)
            filling.appraise(report.pk, {"score": 7}, by=by, at=play.tick(None), seen=report.version)
        case "extend":
            play.do("extend", uid, by=by, until=play.report(uid).due_on + timedelta(days=1), **more)
        case _:
            play.do({"return": "return_for_correction"}.get(action, action), uid, by=by, **more)


def bring(play: Play, uid: str, state: str) -> None:
    for action in WAY[state]:
        take(play, action, uid)
    assert play.state(uid) == state


def said(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [problem.message % problem.params for problem in refused.value.problems]


@pytest.mark.parametrize(("state", "action"), PAIRS)
def test_an_action_leads_where_the_table_says_or_is_refused_and_leaves_no_trace(state: str, action: str):
    play = play_with_approval()
    bring(play, "H1", state)
    before, steps = Report.objects.filter(cycle=play.cycle).values().get(unit__uid="H1"), len(play.journal("H1"))
    expected = LEADS_TO[action].get(state)
    if expected is None:
        with pytest.raises(Refused) as refused:
            take(play, action, "H1")
        assert said(refused) == [f"The report is in the state “{state}”, where “{action}” can't be done."]
        assert [problem.unit_uid for problem in refused.value.problems] == ["H1"]
        assert Report.objects.filter(cycle=play.cycle).values().get(unit__uid="H1") == before
        assert len(play.journal("H1")) == steps
    else:
        take(play, action, "H1")
        last = play.journal("H1")[-1]
        assert play.state("H1") == expected
        assert len(play.journal("H1")) == steps + 1
        assert (last.action, last.from_state, last.to_state, last.at) == (action, state, expected, play.now)


@pytest.mark.parametrize("action", ACTIONS)
def test_a_closed_cycle_refuses_every_action_until_it_is_reopened(action: Action):
    play = play_with_approval()
    state = next(iter(LEADS_TO[action]))
    bring(play, "H1", state)
    closing.close_cycle(play.cycle, by=None, at=play.tick(None))
    with pytest.raises(Refused) as refused:
        take(play, action, "H1")
    assert said(refused) == ["The cycle t-2025-H1 is not open; a cycle manager can reopen it."]
    closing.reopen_cycle(play.cycle, by=None)
    take(play, action, "H1")
    assert play.state("H1") == LEADS_TO[action][state]


@pytest.mark.parametrize("action", ["send_back", "return", "reopen", "exempt", "extend"])
@pytest.mark.parametrize("reason", ["", " \n"])
def test_these_actions_are_refused_without_a_reason(action: str, reason: str):
    play = play_with_approval()
    bring(play, "H1", next(iter(LEADS_TO[action])))
    with pytest.raises(Refused) as refused:
        take(play, action, "H1", reason=reason)
    assert said(refused) == ["Give a reason: this action is recorded with it."]


# --- Who may ---------------------------------------------------------------------------------------

ROLES = ("preparer", "approver", "reviewer", "viewer", "cycle_manager")
#: by action, who may: role@unit, where H is the unit itself, C its superior, D and P above, S a sibling
WHO = {
    "save": {"preparer@H"},
    "propose": {"preparer@H"},
    "send_back": {"approver@H"},
    "submit": {"approver@H"},
    "withdraw": {"preparer@H", "approver@H"},
    "accept": {"reviewer@C"},
    "return": {"reviewer@C"},
    "reopen": {"reviewer@C"},
    "exempt": {"reviewer@C", *(f"cycle_manager@{unit}" for unit in "HCDP")},
    "unexempt": {"reviewer@C", *(f"cycle_manager@{unit}" for unit in "HCDP")},
    "extend": {"reviewer@C", *(f"cycle_manager@{unit}" for unit in "HCDP")},
    "appraise": {"reviewer@C"},
}
UNITS = {"H": "H1", "S": "H2", "C": "C", "D": "D", "P": "P"}


@pytest.fixture
def users(db: None) -> dict[str, Any]:
    """A user for each role in each unit; and every hamlet has accounts of its own."""
    play_with_approval()
    return {f"{role}@{unit}": given_user(f"{role}-{unit}", **{uid: role}) for role in ROLES for unit, uid in UNITS.items()}


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_is_taken_by_the_roles_of_the_table_and_by_nobody_else(users: dict[str, Any], action: Action):
    play = Play(Report.objects.get(unit__uid="H1").cycle)
    able = set()
    bring(play, "H1", next(iter(LEADS_TO[action])))
    start = Report.objects.filter(unit__uid="H1").values().get()
    for name, user in users.items():
        try:
            take(play, action, "H1", by=user)
        except Refused as refused:
            message = refused.problems.kept[0].message
            outside = name.split("@")[1] == "S"
            wanted = "There is no such report in this cycle." if outside else "You are not the one who may do this to this report."
            assert message == wanted, name
        else:
            able.add(name)
            assert play.journal("H1")[-1].by_id == user.pk
            assert not play.journal("H1")[-1].on_behalf
            Report.objects.filter(unit__uid="H1").update(**{k: v for k, v in start.items() if k not in ("id", "journal_at")})
    assert able == WHO[action]


def test_where_no_approval_is_asked_the_preparer_submits_and_proposing_is_refused(db: None):
    play = given_cycle()
    preparer, approver = given_user("a", H1="preparer"), given_user("b", H1="approver")
    play.save("H1", by=preparer, a="1")
    with pytest.raises(Refused) as refused:
        play.do("propose", "H1", by=preparer)
    assert said(refused) == ["This level asks for no leader's approval: submit the report instead."]
    with pytest.raises(Refused):
        play.submit("H1", by=approver)
    play.submit("H1", by=preparer)
    assert play.state("H1") == "submitted"


def test_an_action_on_several_reports_is_taken_on_all_or_none_and_says_every_reason():
    play = given_cycle()
    for uid in ("H1", "H3"):
        play.save(uid, a="1")
        play.submit(uid)
    with pytest.raises(Refused) as refused:
        play.accept("H1", "H2", "H3", "C")
    assert sorted(problem.unit_uid for problem in refused.value.problems) == ["C", "H2"]
    assert [play.state(uid) for uid in ("H1", "H2", "H3", "C")] == ["submitted", "not_started", "submitted", "not_started"]
    assert [len(play.journal(uid)) for uid in ("H1", "H2", "H3", "C")] == [2, 0, 2, 0]


def test_reports_of_several_ranks_are_submitted_the_deepest_first():
    play = given_cycle()
    for uid in ("P", "D", "C", "H1", "H2", "H3"):
        play.save(uid, a="1")
    play.submit("P", "D", "C", "H1", "H2", "H3")
    assert [play.state(uid) for uid in ("P", "D", "C", "H1")] == ["accepted", "submitted", "submitted", "submitted"]
    with pytest.raises(Refused) as refused:
        play.submit("P", "C")
    assert [problem.unit_uid for problem in refused.value.problems] == ["C", "P"]


# --- Roots -----------------------------------------------------------------------------------------


def test_a_root_is_accepted_as_it_is_submitted_and_reopened_exempted_and_extended_by_a_cycle_manager_alone():
    play = given_cycle()
    preparer = given_user("preparer", P="preparer approver reviewer")
    manager = given_user("manager", P="cycle_manager")
    for action in ("exempt", "extend"):
        with pytest.raises(Refused):
            take(play, action, "P", by=preparer)
    take(play, "exempt", "P", by=manager)
    take(play, "unexempt", "P", by=manager)
    play.save("P", by=preparer, a="1")
    play.submit("P", by=preparer)
    root = play.report("P")
    assert (root.state, root.review_due_at, root.in_correction) == ("accepted", None, False)
    assert [entry.to_state for entry in play.journal("P")] == ["exempt", "not_started", "draft", "accepted"]
    for action in ("reopen", "extend"):
        with pytest.raises(Refused):
            take(play, action, "P", by=preparer)
    take(play, "extend", "P", by=manager)
    take(play, "reopen", "P", by=manager)
    assert play.state("P") == "returned"
    play.submit("P", by=preparer)
    assert (play.state("P"), play.report("P").in_correction) == ("accepted", False)


# --- What an action leaves -------------------------------------------------------------------------


def test_sending_back_returns_a_report_under_correction_to_its_correction():
    play = play_with_approval()
    bring(play, "H1", "returned")
    take(play, "propose", "H1")
    take(play, "send_back", "H1")
    assert play.state("H1") == "returned"


@pytest.mark.parametrize("state", ["draft", "returned"])
def test_extending_a_proposed_report_leaves_what_it_was_before_it_was_proposed(state: str):
    play = play_with_approval()
    bring(play, "H1", state)
    take(play, "propose", "H1")
    take(play, "extend", "H1")
    take(play, "send_back", "H1")
    assert play.state("H1") == state


def test_a_corrected_report_that_is_withdrawn_is_being_corrected_still():
    play = play_with_approval()
    bring(play, "H1", "returned")
    take(play, "submit", "H1")
    take(play, "withdraw", "H1")
    assert play.state("H1") == "returned"
    with pytest.raises(Refused):
        take(play, "exempt", "H1")


def test_an_accepted_correction_ends_it_so_that_a_later_withdrawal_leads_to_draft():
    play = play_with_approval()
    bring(play, "H1", "returned")
    take(play, "submit", "H1")
    take(play, "accept", "H1")
    assert not play.report("H1").in_correction
    take(play, "reopen", "H1")
    assert play.report("H1").in_correction


@pytest.mark.parametrize("state", ["not_started", "draft"])
def test_an_exemption_that_ends_gives_back_the_state_and_every_value(state: str):
    play = play_with_approval()
    bring(play, "H1", state)
    own = play.report("H1").own
    take(play, "exempt", "H1")
    assert (play.state("H1"), play.report("H1").own) == ("exempt", own)
    take(play, "unexempt", "H1")
    assert (play.state("H1"), play.report("H1").own) == (state, own)


@pytest.mark.parametrize("until", [date(2025, 6, 18), date(2025, 6, 17)])
def test_an_extension_is_to_a_later_day_only(until: date):
    play = given_cycle()
    with pytest.raises(Refused) as refused:
        play.do("extend", "H1", until=until)
    assert said(refused) == ["The new due day has to be later than the present one, 18/06/2025."]
    assert (play.report("H1").due_on, play.journal("H1")) == (date(2025, 6, 18), [])


def test_an_extension_is_taken_as_given_on_a_weekend_and_told_in_the_journal():
    play = given_cycle()
    play.do("extend", "H1", until=date(2025, 6, 22))
    report = play.report("H1")
    assert (report.due_on, report.due_at) == (date(2025, 6, 22), at("2025-06-22 23:59:59.999999"))
    assert play.journal("H1")[0].changes == {"due_on": ["2025-06-18", "2025-06-22"]}
    assert play.report("H2").due_on == date(2025, 6, 18)


def test_a_day_of_correction_is_as_given_or_the_cycles_working_days_from_now():
    play = given_cycle(correction_days=5)
    for uid in ("H1", "H2"):
        play.save(uid, a="1")
    play.submit("H1", "H2", at=at("2025-06-12 09:00"))
    play.do("return_for_correction", "H1", at=at("2025-06-13 09:00"))
    play.do("return_for_correction", "H2", at=at("2025-06-13 09:00"), until=date(2025, 6, 15))
    assert play.report("H1").correct_by_at == at("2025-06-20 23:59:59.999999")
    assert play.report("H2").correct_by_at == at("2025-06-15 23:59:59.999999")
    play.submit("H1")
    assert play.report("H1").correct_by_at is None


def test_a_day_of_correction_that_is_past_is_refused_and_today_is_not():
    play = given_cycle()
    play.save("H1", a="1")
    play.submit("H1", at=at("2025-06-12 09:00"))
    with pytest.raises(Refused) as refused:
        play.do("return_for_correction", "H1", at=at("2025-06-13 00:00"), until=date(2025, 6, 12))
    assert said(refused) == ["The day of correction is past."]
    play.do("return_for_correction", "H1", at=at("2025-06-13 23:59"), until=date(2025, 6, 13))
    assert play.report("H1").correct_by_at == at("2025-06-13 23:59:59.999999")


def test_the_review_days_are_working_days_from_the_submission():
    play = given_cycle(review_days=10)
    play.save("H1", a="1")
    play.submit("H1", at=at("2025-08-25 09:00"))
    assert play.report("H1").review_due_at == at("2025-09-10 23:59:59.999999")  # 1 and 2 September are public holidays


def test_notes_on_single_indicators_travel_with_the_return_and_unknown_ones_are_refused():
    play = given_cycle()
    play.save("H1", a="1")
    play.submit("H1")
    with pytest.raises(Refused) as refused:
        play.do("return_for_correction", "H1", notes={"zzz": "sai"})
    assert said(refused) == ["The template has no indicator “zzz”."]
    assert play.state("H1") == "submitted"
    play.do("return_for_correction", "H1", notes={"a": " thiếu thôn 2 "})
    assert [(note.indicator, note.text) for note in play.journal("H1")[-1].notes.all()] == [("a", "thiếu thôn 2")]


def test_an_actor_who_saw_an_older_version_is_refused():
    play = given_cycle()
    play.save("H1", a="1")
    play.submit("H1")
    report = play.report("H1")
    play.do("withdraw", "H1")
    play.submit("H1")
    with pytest.raises(Refused) as refused:
        play.do("return_for_correction", "H1", seen={report.pk: report.version})
    assert said(refused) == ["Somebody else has changed this report meanwhile. Load it again and look before you go on."]
    assert play.state("H1") == "submitted"


# --- On behalf -------------------------------------------------------------------------------------


def test_a_unit_without_accounts_is_filled_in_by_its_superior_and_the_journal_says_so():
    play = given_cycle()
    officer = given_user("officer", C="preparer")
    play.save("H1", by=officer, a="1")
    play.submit("H1", by=officer)
    play.do("withdraw", "H1", by=officer)
    assert [(entry.action, entry.by_id, entry.on_behalf) for entry in play.journal("H1")] == [
        ("save", officer.pk, True),
        ("submit", officer.pk, True),
        ("withdraw", officer.pk, True),
    ]
    play.save("C", by=officer, a="1")
    assert not play.journal("C")[0].on_behalf


@pytest.mark.parametrize("role", ["preparer", "approver"])
def test_a_unit_with_an_account_is_filled_in_by_nobody_else(role: str):
    play = given_cycle()
    given_user("own", H1=role)
    with pytest.raises(Refused):
        play.save("H1", by=given_user("officer", C="preparer approver"), a="1")


def test_an_account_that_only_looks_or_is_disabled_is_no_account_of_the_unit():
    play = given_cycle()
    given_user("looker", H1="viewer")
    former = given_user("former", H1="preparer")
    former.is_active = False
    former.save()
    play.save("H1", by=given_user("officer", C="preparer"), a="1")
    assert play.journal("H1")[0].on_behalf


def test_only_the_direct_superior_acts_for_a_unit_without_accounts():
    play = given_cycle()
    for uid in ("D", "P"):
        with pytest.raises(Refused):
            play.save("H1", by=given_user(f"of-{uid}", **{uid: "preparer approver reviewer cycle_manager"}), a="1")


def test_where_approval_is_asked_the_superiors_approver_submits_for_a_unit_without_accounts():
    play = play_with_approval()
    preparer, approver = given_user("preparer", C="preparer"), given_user("approver", C="approver")
    play.save("H1", by=preparer, a="1")
    play.do("propose", "H1", by=preparer)
    with pytest.raises(Refused):
        play.submit("H1", by=preparer)
    play.submit("H1", by=approver)
    assert play.journal("H1")[-1].on_behalf


@pytest.mark.parametrize("change", ["membership", "account"])
def test_a_former_member_and_a_disabled_user_may_do_nothing(change: str):
    play = given_cycle()
    user = given_user("lan", H1="preparer")
    if change == "membership":
        Membership.objects.filter(user=user).delete()
    else:
        user.is_active = False
        user.save()
    with pytest.raises(Refused) as refused:
        play.save("H1", by=user, a="1")
    assert said(refused) == ["There is no such report in this cycle."]
    assert not JournalEntry.objects.exists()
