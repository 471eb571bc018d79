"""Random trees, templates, states and sequences of transitions: after every step each stored total equals §5 read literally."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.domain.aggregation import answered, figures
from reports.domain.workflow import Action
from reports.models import Report, Rollup, RollupMark
from reports.queries.consolidated import total_of
from reports.queries.summing import both_of
from reports.services import filling, flagging
from tests.builders import LEVELS, Play, given_cycle, given_template
from tests.domain.builders import indicator
from tests.properties.brute_force import FORMULAS, Oracle, Value
from tests.properties.long_form import ROUNDS
from tests.unit_builders import load_csv
from units.problems import Refused

pytestmark = pytest.mark.django_db

_NOT_HERE = (Action.PROPOSE, Action.SEND_BACK, Action.EXTEND, Action.APPRAISE, Action.ASK_OFFICIAL)
ACTIONS = [action.value for action in Action if action not in _NOT_HERE]
reporting_levels = st.sampled_from([LEVELS, LEVELS, LEVELS[1:], ("province", "commune", "hamlet"), ("province", "hamlet"), ("commune",)])
level_sets = st.lists(st.sampled_from(LEVELS), min_size=1, unique=True).map("|".join)
whole = st.integers(-(10**15) + 1, 10**15 - 1)
decimals = st.decimals(-(10**15) + 1, 10**15 - 1, places=6).map(lambda value: f"{value:f}")
NUMBERS = {"s": whole.map(str), "l": decimals, "m": st.integers(0, 20).map(str), "lo": decimals, "hi": decimals, "mean": decimals}


@st.composite
def outlines(draw: st.DrawFn) -> list[str]:
    """Rows of a units file: each unit under an earlier one of a higher level, or seldom a root; ranks may be missing on a path."""
    rows, ranks = ["u0,u0,Đơn vị 0,province,,,"], [0]
    for number in range(1, draw(st.integers(3, 10))):
        above = [i for i, rank in enumerate(ranks) if rank < 3]
        parent = draw(st.sampled_from([*above[::-1], None]))
        rank = draw(st.integers(0 if parent is None else ranks[parent] + 1, 3))
        ranks.append(rank)
        rows.append(f"u{number},u{number},Đơn vị {number},{LEVELS[rank]},{'' if parent is None else f'u{parent}'},,")
    return rows


@st.composite
def templates(draw: st.DrawFn) -> list[Any]:
    def levels() -> str:
        return draw(level_sets)

    chosen = [
        indicator("s", levels=levels(), negative=True),
        indicator("l", "decimal", levels=levels(), up="leaf_sum", negative=True, decimals=6),
        indicator("m", levels=levels(), up=draw(st.sampled_from(["sum", "max", "leaf_sum"])), time="max"),
        indicator("y", "boolean", levels=levels()),
        indicator("ratio", "percent", formula="s / l", levels=levels()),
        indicator("plus", "decimal", formula="coalesce(s, 0) + coalesce(ratio, 0)", levels=levels()),
        indicator("yes_per", "decimal", formula="y / s", levels=levels()),
        indicator("any", "boolean", formula="coalesce(s, 0) + coalesce(m, 0) >= 1", levels=levels()),
        indicator("grade", "choice", choices="a|b", formula="if(m >= 10, 'a', 'b')", levels=levels()),
        indicator("lo", "decimal", levels=levels(), up="min", time="min", negative=True, decimals=6),
        indicator("hi", "decimal", levels=levels(), up="max", time="max", negative=True, decimals=6),
        indicator("mean", "decimal", levels=levels(), up="mean", time="mean", negative=True, decimals=6),
        indicator("c", "choice", choices="x|y|z", levels=levels()),
        indicator("note", "text", levels=levels()),
    ]
    return draw(st.permutations(chosen))


@st.composite
def steps(draw: st.DrawFn) -> tuple[str, int, dict[str, str]]:
    """An action, the number of a unit (taken modulo how many there are), and the figures of a save."""
    action = draw(st.sampled_from([*(["hand_in"] * 8), *ACTIONS, "reopen", "exempt", "save", "submit", "accept", "adjust"]))
    own = {code: draw(value) for code, value in NUMBERS.items() if draw(st.booleans())}
    own |= {"y": draw(st.sampled_from(["yes", "no", ""]))} if draw(st.booleans()) else {}
    own |= {"c": draw(st.sampled_from(["x", "y", "z", ""]))} if draw(st.booleans()) else {}
    return action, draw(st.integers(0, 9)), own


@settings(max_examples=15 * ROUNDS, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(rows=outlines(), indicators=templates(), reporting=reporting_levels, sequence=st.lists(steps(), min_size=8, max_size=16))
def test_every_stored_total_equals_the_definition_after_every_step(
    rows: list[str], indicators: list[Any], reporting: tuple[str, ...], sequence: list[tuple[str, int, dict[str, str]]]
) -> None:
    with transaction.atomic():
        play = _opened(rows, indicators, reporting)
        if play is not None:
            uids = sorted(Report.objects.filter(cycle=play.cycle).values_list("unit__uid", flat=True))
            declared: dict[int, dict[str, Value]] = {}
            for action, number, own in sequence:
                _take(play, action, uids[number % len(uids)], own, declared)
                _compare(play, declared)
        transaction.set_rollback(True)


def _opened(rows: list[str], indicators: list[Any], levels: tuple[str, ...]) -> Play | None:
    load_csv("uid,code,name,level,parent_uid,valid_from,valid_to", *rows)
    roots = [row.split(",")[0] for row in rows if row.split(",")[4] == ""]
    try:
        return given_cycle(given_template(*indicators), {}, under=roots, levels=levels, dues=dict.fromkeys(levels, date(2025, 6, 18)))
    except Refused:
        return None  # none of these levels is found in this forest


def _take(play: Play, action: str, uid: str, own: dict[str, str], declared: dict[int, dict[str, Value]]) -> None:
    report = play.report(uid)
    enterable = {
        code: text for code, text in own.items() if play.template.by_code[code].may_be_entered(report.level.code, report.levels_below)
    }
    services = {"withdraw": "withdraw", "return": "return_for_correction", "reopen": "reopen", "exempt": "exempt", "unexempt": "unexempt"}
    try:
        match action:
            case "save":
                play.save(uid, **enterable)
            case "submit":
                play.submit(uid)
            case "accept":
                play.accept(uid)
            case "hand_in":
                play.hand_in(uid, **enterable)
            case "adjust":
                play.adjust(uid, "s", own.get("s", "7"))
            case _:
                play.do(services[action], uid)
    except Refused:
        return
    finally:
        play.now = play.now + timedelta(minutes=1)
        after = play.report(uid)
        if after.last_submission_id != report.last_submission_id:
            oracle = Oracle(play.cycle)
            declared[after.pk] = oracle.both(oracle.reports[after.pk])


def _compare(play: Play, declared: dict[int, dict[str, Value]]) -> None:
    flagging.sweep(play.now, [play.cycle.pk])
    assert not RollupMark.objects.filter(cycle=play.cycle).exists()
    oracle = Oracle(play.cycle)
    stored = Report.objects.filter(cycle=play.cycle).select_related("rollup", "level", "cycle", "unit")
    for report in stored:
        ours = total_of(play.template, report)
        assert (ours.counted, ours.expected) == (len(oracle.counted(report)), oracle.expected(report))
        assert _comparable(play, ours.cells) == oracle.total(report)
        for code in play.template.by_code.keys() - FORMULAS.keys() - {"note"}:
            assert answered(play.template.by_code[code], ours.cells) == oracle.answered(report, code)
        both = oracle.both(report)
        assert _comparable(play, both_of(play.template, [report])[report.pk]) == both
        changed = report.state in ("submitted", "accepted") and declared[report.pk] != both
        assert ("figures_changed" in play.flags(report.unit.uid)) == changed
    assert Rollup.objects.filter(report__cycle=play.cycle).count() == sum(report.has_reports_below for report in stored)


def _comparable(play: Play, cells: Any) -> dict[str, Value]:
    found: dict[str, Any] = dict(figures(play.template, cells))
    for code in ("y", "any"):
        found[code] = None if found[code] is None else (int(found[code]), cells[code]["n"])
    return {code: Fraction(value) if isinstance(value, int) else value for code, value in found.items()}


def test_a_value_saved_over_another_version_is_never_lost(db: None) -> None:
    play = given_cycle()
    seen = play.report("H1").version
    play.save("H1", a="1", seen=seen)
    with pytest.raises(filling.Conflict) as conflict:
        play.save("H1", a="2", seen=seen)
    assert [(clash.theirs, clash.mine) for clash in conflict.value.clashes] == [(1, 2)]
    assert play.report("H1").own == {"a": 1}
