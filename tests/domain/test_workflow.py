from __future__ import annotations

import itertools

import pytest

from reports.domain.workflow import TRANSITIONS, Action, By, State, Then, target

#: semantics §2: action, the states from which it leads, who takes it
TABLE = """
save       not_started draft returned                                    preparer
propose    draft returned                                                preparer
send_back  proposed                                                      approver
submit     draft returned proposed                                       submitter
withdraw   submitted                                                     owner
accept     submitted                                                     reviewer
return     submitted                                                     reviewer
reopen     accepted                                                      reviewer
exempt     not_started draft                                             supervisor
unexempt   exempt                                                        supervisor
extend     not_started draft proposed submitted returned accepted        supervisor
appraise   submitted accepted                                            reviewer
ask_official not_started draft proposed submitted returned accepted      manager
"""
ROWS = {line.split()[0]: line.split()[1:] for line in TABLE.strip().splitlines()}


def test_the_table_has_these_actions_and_no_others():
    assert set(ROWS) == {action.value for action in Action} == {action.value for action in TRANSITIONS}


@pytest.mark.parametrize(("state", "action"), list(itertools.product(State, Action)))
def test_an_action_leads_from_the_states_of_its_row_alone(state: State, action: Action):
    assert (state in TRANSITIONS[action].sources) == (state.value in ROWS[action][:-1])


@pytest.mark.parametrize("action", Action)
def test_an_action_is_taken_by_those_of_its_row(action: Action):
    assert TRANSITIONS[action].by is By(ROWS[action][-1])


def test_these_actions_need_a_reason():
    needing = {action.value for action, row in TRANSITIONS.items() if row.needs_reason}
    assert needing == {"send_back", "return", "reopen", "exempt", "extend"}


def test_only_proposing_asks_for_a_level_with_the_leaders_approval():
    assert [action for action, row in TRANSITIONS.items() if row.needs_approval_level] == [Action.PROPOSE]


def led(action: str, state: str, *, resume: str = "", correcting: bool = False, superior: bool = True) -> str:
    return target(
        Action(action), state=State(state), resume=State(resume) if resume else None, in_correction=correcting, has_superior=superior
    ).value


def test_saving_makes_a_draft_and_leaves_a_returned_report_returned():
    assert led("save", "not_started") == "draft"
    assert led("save", "draft") == "draft"
    assert led("save", "returned", correcting=True) == "returned"


def test_sending_back_and_ending_an_exemption_lead_to_what_was_before():
    assert led("send_back", "proposed", resume="draft") == "draft"
    assert led("send_back", "proposed", resume="returned", correcting=True) == "returned"
    assert led("unexempt", "exempt", resume="not_started") == "not_started"
    assert led("unexempt", "exempt", resume="draft") == "draft"


def test_a_report_without_a_superior_is_accepted_as_it_is_submitted():
    assert led("submit", "draft") == "submitted"
    assert led("submit", "draft", superior=False) == "accepted"


def test_withdrawing_leads_to_draft_or_to_returned_where_it_was_being_corrected():
    assert led("withdraw", "submitted") == "draft"
    assert led("withdraw", "submitted", correcting=True) == "returned"


def test_reviewing_leads_to_one_state():
    assert (led("accept", "submitted"), led("return", "submitted"), led("reopen", "accepted")) == ("accepted", "returned", "returned")
    assert (led("propose", "returned", correcting=True), led("exempt", "draft")) == ("proposed", "exempt")


def test_official_figures_begin_as_a_draft_of_what_was_entered():
    assert {led("ask_official", state) for state in ("draft", "proposed", "submitted", "accepted")} == {"draft"}
    assert led("ask_official", "returned", correcting=True) == "draft"
    assert led("ask_official", "not_started") == "not_started"


@pytest.mark.parametrize("action", [action for action, row in TRANSITIONS.items() if row.then is Then.SAME])
def test_an_extension_and_an_appraisal_leave_the_state(action: Action):
    assert [led(action, state) for state in TRANSITIONS[action].sources] == [state.value for state in TRANSITIONS[action].sources]
