"""What a period counts of the register, and what may follow what (semantics §10)."""

from __future__ import annotations

from datetime import date

import pytest

from reports.domain.skilful_models import (
    TRANSITIONS,
    UNDER_WAY,
    Count,
    Days,
    ModelAction,
    ModelState,
    Step,
    is_counted,
    target,
)

FIRST_HALF = Days(date(2024, 12, 15), date(2025, 6, 14), date(2024, 12, 15))
SECOND_HALF = Days(date(2025, 6, 15), date(2025, 12, 14), date(2024, 12, 15))


def life(*steps: tuple[str, str] | tuple[str, str, bool]) -> list[Step]:
    """`("register", "2025-03-01")`, with what an appraisal found behind."""
    found, state = [], ModelState.REGISTERED
    for word, day, *effective in steps:
        state = target(ModelAction(word), state)
        found.append(Step(ModelAction(word), date.fromisoformat(day), state, effective[0] if effective else None))
    return found


def counted(days: Days, *steps: tuple[str, str] | tuple[str, str, bool]) -> set[str]:
    up_to = [step for step in life(*steps) if step.on <= days.last]
    return {what.value for what in Count if is_counted(what, up_to, days)}


def test_a_model_registered_in_the_period_counts_as_registered_and_runs_once_it_is_begun():
    assert counted(FIRST_HALF, ("register", "2025-03-01")) == {"registered"}
    assert counted(FIRST_HALF, ("register", "2025-03-01"), ("begin", "2025-03-15")) == {"registered", "running"}


def test_the_first_and_the_last_day_of_a_period_belong_to_it():
    assert counted(FIRST_HALF, ("register", "2024-12-15")) == {"registered"}
    assert counted(FIRST_HALF, ("register", "2025-06-14")) == {"registered"}
    assert counted(FIRST_HALF, ("register", "2024-12-14")) == set()
    assert counted(FIRST_HALF, ("register", "2025-06-15")) == set()


def test_a_model_of_an_earlier_period_runs_until_it_ends():
    begun = ("register", "2024-03-01"), ("begin", "2024-03-15")
    assert counted(FIRST_HALF, *begun) == {"running"}
    assert counted(FIRST_HALF, *begun, ("end", "2025-06-14")) == set()
    assert counted(FIRST_HALF, *begun, ("end", "2025-06-15")) == {"running"}


def test_the_last_appraisal_says_whether_a_model_works_well():
    begun = ("register", "2024-03-01"), ("begin", "2024-03-15"), ("self_assess", "2024-11-01")
    assert counted(FIRST_HALF, *begun, ("appraise", "2024-11-20", True)) == {"running", "effective"}
    again = (
        *begun,
        ("appraise", "2024-11-20", True),
        ("decline", "2024-12-01"),
        ("self_assess", "2025-05-01"),
        ("appraise", "2025-05-20", False),
    )
    assert counted(FIRST_HALF, *begun, ("appraise", "2024-11-20", True), *again) == {"running"}


def test_a_model_that_is_recognised_anew_in_the_same_year_is_counted_once():
    steps = (
        ("register", "2024-03-01"), ("begin", "2024-03-15"), ("self_assess", "2025-04-01"), ("appraise", "2025-04-20", True),
        ("recognise", "2025-05-01"), ("recognise", "2025-11-01"),
    )  # fmt: skip
    assert "recognised" in counted(FIRST_HALF, *steps)
    assert "recognised" not in counted(SECOND_HALF, *steps)


def test_a_model_that_was_struck_out_counts_nowhere():
    assert counted(FIRST_HALF, ("register", "2025-03-01"), ("cancel", "2025-03-02")) == set()


def test_what_was_struck_out_after_the_period_counted_in_it():
    assert counted(FIRST_HALF, ("register", "2025-03-01"), ("cancel", "2025-07-02")) == {"registered"}


@pytest.mark.parametrize("state", [ModelState.ENDED, ModelState.CANCELLED])
def test_nothing_follows_an_end(state: ModelState):
    assert not any(state in transition.sources for transition in TRANSITIONS.values())


def test_whatever_is_under_way_may_end():
    assert TRANSITIONS[ModelAction.END].sources >= UNDER_WAY
