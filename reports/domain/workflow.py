"""The life of a report: ONE table of transitions (semantics §2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    NOT_STARTED = "not_started"
    DRAFT = "draft"
    PROPOSED = "proposed"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    ACCEPTED = "accepted"
    EXEMPT = "exempt"


#: a report in these states waits for its own unit
WITH_ITS_UNIT = (State.NOT_STARTED, State.DRAFT, State.PROPOSED, State.RETURNED)


class Action(StrEnum):
    SAVE = "save"
    PROPOSE = "propose"
    SEND_BACK = "send_back"
    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    ACCEPT = "accept"
    RETURN = "return"
    REOPEN = "reopen"
    EXEMPT = "exempt"
    UNEXEMPT = "unexempt"
    EXTEND = "extend"
    APPRAISE = "appraise"
    ASK_OFFICIAL = "ask_official"


class By(StrEnum):
    """Who may take an action. Whether a user is one is answered in `reports.policies` alone."""

    PREPARER = "preparer"
    APPROVER = "approver"
    SUBMITTER = "submitter"  # the approver; where the level asks for no approval, the preparer
    OWNER = "owner"  # preparer or approver of the submitting unit
    REVIEWER = "reviewer"  # of the superior unit; of a root, the cycle manager
    SUPERVISOR = "supervisor"  # reviewer of the superior unit, or cycle manager
    MANAGER = "manager"  # cycle manager of every unit at the top: of a whole cycle at once

    @property
    def is_the_unit(self) -> bool:
        """Is it the unit itself that acts, or its superior on its behalf?"""
        return self in (By.PREPARER, By.APPROVER, By.SUBMITTER, By.OWNER)


class Then(StrEnum):
    """Where an action leads when that isn't one fixed state."""

    SAME = "same"
    RESUME = "resume"  # what it was before it was proposed or exempted
    EDITING = "editing"  # draft; returned where it is being corrected
    RECEIVED = "received"  # submitted; accepted where there is no superior to accept it
    ANEW = "anew"  # draft, with what was entered; not_started where nothing was


@dataclass(frozen=True, slots=True)
class Transition:
    action: Action
    sources: frozenset[State]
    by: By
    then: State | Then
    needs_reason: bool = False
    needs_approval_level: bool = False


def _row(action: Action, sources: str, by: By, then: State | Then, **conditions: bool) -> tuple[Action, Transition]:
    return action, Transition(action, frozenset(State(source) for source in sources.split()), by, then, **conditions)


TRANSITIONS: Mapping[Action, Transition] = dict(
    [
        _row(Action.SAVE, "not_started draft returned", By.PREPARER, Then.EDITING),
        _row(Action.PROPOSE, "draft returned", By.PREPARER, State.PROPOSED, needs_approval_level=True),
        _row(Action.SEND_BACK, "proposed", By.APPROVER, Then.RESUME, needs_reason=True),
        _row(Action.SUBMIT, "draft returned proposed", By.SUBMITTER, Then.RECEIVED),
        _row(Action.WITHDRAW, "submitted", By.OWNER, Then.EDITING),
        _row(Action.ACCEPT, "submitted", By.REVIEWER, State.ACCEPTED),
        _row(Action.RETURN, "submitted", By.REVIEWER, State.RETURNED, needs_reason=True),
        _row(Action.REOPEN, "accepted", By.REVIEWER, State.RETURNED, needs_reason=True),
        _row(Action.EXEMPT, "not_started draft", By.SUPERVISOR, State.EXEMPT, needs_reason=True),
        _row(Action.UNEXEMPT, "exempt", By.SUPERVISOR, Then.RESUME),
        _row(
            Action.EXTEND,
            "not_started draft proposed submitted returned accepted",
            By.SUPERVISOR,
            Then.SAME,
            needs_reason=True,
        ),
        # semantics §5: a figure that is entered by the superior is kept on the child's report by the superior's reviewer
        _row(Action.APPRAISE, "submitted accepted", By.REVIEWER, Then.SAME),
        # semantics §2: the official figures are a second submission, opened for all at once; no fault, and no day of correction
        _row(Action.ASK_OFFICIAL, "not_started draft proposed submitted returned accepted", By.MANAGER, Then.ANEW),
    ]
)

EDITABLE = TRANSITIONS[Action.SAVE].sources
WITH_SUPERIOR = frozenset({State.SUBMITTED, State.ACCEPTED})


def target(action: Action, *, state: State, resume: State | None, in_correction: bool, has_superior: bool) -> State:
    """The state that `action` leads to from `state`."""
    match TRANSITIONS[action].then:
        case Then.SAME:
            return state
        case Then.RESUME:
            return resume or State.NOT_STARTED
        case Then.EDITING:
            return State.RETURNED if in_correction else State.DRAFT
        case Then.RECEIVED:
            return State.SUBMITTED if has_superior else State.ACCEPTED
        case Then.ANEW:
            return State.NOT_STARTED if state is State.NOT_STARTED else State.DRAFT
        case State() as fixed:
            return fixed
