"""The life of a Dân vận khéo model: ONE table of transitions, and which models a period counts (semantics §10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class ModelField(StrEnum):
    """What a model is about: the four fields of the movement."""

    ECONOMY = "kinh_te"
    CULTURE = "vhxh"
    DEFENCE = "qpan"
    POLITICS = "htct"


class ModelState(StrEnum):
    REGISTERED = "registered"
    RUNNING = "running"
    SELF_ASSESSED = "self_assessed"
    APPRAISED = "appraised"
    RECOGNISED = "recognised"
    NOT_RECOGNISED = "not_recognised"
    SPREAD = "spread"
    ENDED = "ended"
    CANCELLED = "cancelled"


class ModelAction(StrEnum):
    REGISTER = "register"
    EDIT = "edit"
    BEGIN = "begin"
    SELF_ASSESS = "self_assess"
    APPRAISE = "appraise"
    RECOGNISE = "recognise"
    DECLINE = "decline"
    SPREAD = "spread"
    END = "end"
    CANCEL = "cancel"
    HAND_OVER = "hand_over"  # by a reorganisation of its units, which is nobody's step and so has no row in the table


class ModelBy(StrEnum):
    """Who may take an action. Whether a user is one is answered in `reports.policies` alone."""

    OWNER = "owner"  # preparer of the unit that runs the model
    SUPERIOR = "superior"  # reviewer of a unit above; of a root, its cycle manager


@dataclass(frozen=True, slots=True)
class ModelTransition:
    """`then` None leaves the state as it is."""

    action: ModelAction
    sources: frozenset[ModelState]
    by: ModelBy
    then: ModelState | None
    needs_text: bool = False


_Row = tuple[ModelAction, ModelTransition]


def _row(action: ModelAction, sources: str, by: ModelBy, then: ModelState | None, **conditions: bool) -> _Row:
    return action, ModelTransition(action, frozenset(ModelState(source) for source in sources.split()), by, then, **conditions)


TRANSITIONS: Mapping[ModelAction, ModelTransition] = dict(
    [
        _row(ModelAction.REGISTER, "", ModelBy.OWNER, ModelState.REGISTERED),
        _row(ModelAction.EDIT, "registered running", ModelBy.OWNER, None),
        _row(ModelAction.BEGIN, "registered", ModelBy.OWNER, ModelState.RUNNING),
        _row(ModelAction.SELF_ASSESS, "running not_recognised", ModelBy.OWNER, ModelState.SELF_ASSESSED, needs_text=True),
        _row(ModelAction.APPRAISE, "self_assessed", ModelBy.SUPERIOR, ModelState.APPRAISED, needs_text=True),
        _row(ModelAction.RECOGNISE, "appraised recognised", ModelBy.SUPERIOR, ModelState.RECOGNISED),
        _row(ModelAction.DECLINE, "appraised", ModelBy.SUPERIOR, ModelState.NOT_RECOGNISED, needs_text=True),
        _row(ModelAction.SPREAD, "recognised", ModelBy.OWNER, ModelState.SPREAD, needs_text=True),
        _row(
            ModelAction.END,
            "registered running self_assessed appraised recognised not_recognised spread",
            ModelBy.OWNER,
            ModelState.ENDED,
            needs_text=True,
        ),
        # a registration by mistake, or of a model that another unit has registered: it counts nowhere
        _row(ModelAction.CANCEL, "registered", ModelBy.OWNER, ModelState.CANCELLED, needs_text=True),
    ]
)

#: begun and not ended
UNDER_WAY = frozenset(ModelState) - {ModelState.REGISTERED, ModelState.ENDED, ModelState.CANCELLED}


def target(action: ModelAction, state: ModelState) -> ModelState:
    """The state that `action` leads to from `state`."""
    return TRANSITIONS[action].then or state


# --- Counting ---------------------------------------------------------------------------------------


class Count(StrEnum):
    """What of the register a figure says, for the days of a period."""

    REGISTERED = "registered"  # registered in it
    RUNNING = "running"  # begun, and not ended, on its last day
    EFFECTIVE = "effective"  # of these, appraised as effective when last appraised
    RECOGNISED = "recognised"  # recognised in it, whatever the level, and not earlier in the same year


@dataclass(frozen=True, slots=True)
class Step:
    """What happened to a model on a day. `effective` says what an appraisal found."""

    action: ModelAction
    on: date
    then: ModelState
    effective: bool | None = None


@dataclass(frozen=True, slots=True)
class Days:
    """The days that a figure speaks of, and the first one of the year that they lie in."""

    first: date
    last: date
    year_begins: date


def is_counted(what: Count, steps: Sequence[Step], days: Days) -> bool:
    """Whether a model counts for `what`. `steps` are all of its life up to the last day, in their order."""
    if not steps or steps[-1].then is ModelState.CANCELLED:
        return False
    match what:
        case Count.REGISTERED:
            return days.first <= steps[0].on
        case Count.RUNNING:
            return steps[-1].then in UNDER_WAY
        case Count.EFFECTIVE:
            found = [step.effective for step in steps if step.action is ModelAction.APPRAISE]
            return steps[-1].then in UNDER_WAY and bool(found and found[-1])
        case Count.RECOGNISED:
            recognised = [step.on for step in steps if step.action is ModelAction.RECOGNISE and step.on >= days.year_begins]
            return bool(recognised) and recognised[0] >= days.first
