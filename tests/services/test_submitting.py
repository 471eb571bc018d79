"""What stands between a report and its submission (semantics §2, §5, §7, §9)."""

from __future__ import annotations

from typing import Any

import pytest

from reports.models import Submission
from reports.services import submitting
from reports.services.submitting import Declaration
from tests.builders import Play, given_cycle, given_template
from tests.domain.builders import indicator
from units.problems import Refused

pytestmark = pytest.mark.django_db


def said(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [problem.message % problem.params for problem in refused.value.problems]


def submit(play: Play, uid: str, **declaration: Any) -> None:
    submitting.submit(play.reports(uid), by=None, at=play.tick(None), declaration=Declaration(**declaration))


def last_submission(play: Play, uid: str) -> Submission:
    submission = play.report(uid).last_submission
    assert submission is not None
    return submission


# --- Required --------------------------------------------------------------------------------------


@pytest.fixture
def required(db: None) -> Play:
    return given_cycle(
        given_template(
            indicator("n", levels="hamlet", required=True),
            indicator("ho", levels="hamlet|commune", up="leaf_sum", required=True),
            indicator("y", "boolean", levels="hamlet", required=True),
            indicator("f", "decimal", formula="n / ho", levels="hamlet", required=True),
            indicator("score", levels="hamlet", entered_by="superior", required=True),
        )
    )


def test_a_required_indicator_that_is_blank_blocks_and_says_how_to_mend_it(required: Play):
    required.save("H1", n="1")
    with pytest.raises(Refused) as refused:
        submit(required, "H1")
    assert said(refused) == ["“ho” is required and blank. Write 0 where nothing happened.", "“y” is required and blank."]
    assert [(problem.unit_uid, problem.column) for problem in refused.value.problems] == [("H1", "ho"), ("H1", "y")]
    assert (required.state("H1"), required.report("H1").first_submitted_at) == ("draft", None)
    assert not Submission.objects.exists()


def test_zero_and_no_are_answers(required: Play):
    required.save("H1", n="0", ho="0", y="no")
    submit(required, "H1")
    assert required.state("H1") == "submitted"


def test_required_holds_only_where_the_unit_may_enter(required: Play):
    required.save("C")
    submit(required, "C", confirm_incomplete=True)
    assert required.state("C") == "submitted"


# --- What is below ---------------------------------------------------------------------------------


def test_submitting_over_reports_that_are_not_accepted_needs_an_explicit_confirmation():
    play = given_cycle()
    play.hand_in("H1", a="1")
    play.save("C", a="1")
    with pytest.raises(Refused) as refused:
        submit(play, "C")
    assert said(refused) == ["Only 1 of 3 reports below are accepted: confirm that you submit without the others."]
    submit(play, "C", confirm_incomplete=True)
    assert play.state("C") == "submitted"


def test_exempt_reports_below_need_no_confirmation():
    play = given_cycle()
    play.hand_in("H1", a="1")
    play.do("exempt", "H2", "H3")
    play.save("C", a="1")
    submit(play, "C")
    assert play.state("C") == "submitted"


def test_a_report_deep_below_that_is_not_accepted_counts_as_well():
    play = given_cycle()
    for uid in ("H1", "H2"):
        play.hand_in(uid, a="1")
    play.save("C", a="1")
    play.submit("C")
    play.accept("C")
    play.save("D", a="1")
    with pytest.raises(Refused) as refused:
        submit(play, "D")
    assert said(refused) == ["Only 3 of 4 reports below are accepted: confirm that you submit without the others."]


# --- Rules -----------------------------------------------------------------------------------------


def ruled(rules: str, **more: Any) -> Play:
    return given_cycle(
        given_template(
            indicator("a", levels="hamlet|commune", rules=rules),
            indicator("b", levels="hamlet|commune"),
            indicator("r", "percent", formula="b / a", levels="hamlet"),
        ),
        **more,
    )


def test_an_error_blocks_submitting_and_never_saving():
    play = ruled("error: b <= a")
    play.save("H1", a="1", b="2")
    with pytest.raises(Refused) as refused:
        submit(play, "H1")
    assert [(problem.unit_uid, problem.column) for problem in refused.value.problems] == [("H1", "a")]
    play.save("H1", a="2")
    submit(play, "H1")
    assert play.state("H1") == "submitted"


@pytest.mark.parametrize("blank", [{"a": "1"}, {"b": "1"}, {}])
def test_a_rule_over_a_blank_is_not_broken(blank: dict[str, str]):
    play = ruled("error: b <= a - 100")
    play.save("H1", **blank)
    submit(play, "H1")
    assert play.state("H1") == "submitted"


def test_a_rule_reads_formulas_on_own_values_and_is_checked_at_its_levels_alone():
    play = ruled("error: r <= 50")
    play.save("H1", a="4", b="2")
    submit(play, "H1")
    play.save("H2", a="4", b="3")
    with pytest.raises(Refused):
        submit(play, "H2")
    play.save("D")
    submit(play, "D", confirm_incomplete=True)


def test_total_in_a_rule_reads_what_is_below_and_the_units_own():
    play = ruled("error: total(a) <= 10")
    play.hand_in("H1", a="6")
    play.save("C", a="5")
    with pytest.raises(Refused):
        submit(play, "C", confirm_incomplete=True)
    play.save("C", a="4")
    submit(play, "C", confirm_incomplete=True)
    assert play.state("C") == "submitted"


def test_total_in_a_rule_reads_adjustments_and_what_was_accepted_a_moment_ago():
    play = ruled("error: total(a) != 7")
    play.hand_in("H1", a="6")
    play.adjust("C", "a", "1")
    with pytest.raises(Refused):
        submit(play, "C", confirm_incomplete=True)
    play.hand_in("H2", a="1")
    submit(play, "C", confirm_incomplete=True)
    assert play.state("C") == "submitted"


def test_a_warning_does_not_block_and_travels_with_its_explanation():
    play = ruled("warn: a < 100; warn: a < 50; error: a < 1000")
    play.save("H1", a="200")
    with pytest.raises(Refused) as refused:
        submit(play, "H1", explanations_required=True, explanations={"a": "  "})
    assert said(refused) == ["This figure is unusual: explain it."] * 2
    submit(play, "H1", explanations_required=True, explanations={"a": " đợt cao điểm "})
    assert last_submission(play, "H1").warnings == [
        {"indicator": "a", "rule": "a < 100", "explanation": "đợt cao điểm"},
        {"indicator": "a", "rule": "a < 50", "explanation": "đợt cao điểm"},
    ]


def test_a_file_without_explanations_is_taken_and_the_warning_kept():
    play = ruled("warn: a < 100")
    play.save("H1", a="200")
    submit(play, "H1")
    assert last_submission(play, "H1").warnings == [{"indicator": "a", "rule": "a < 100", "explanation": ""}]


def test_every_error_of_every_report_is_said():
    play = ruled("error: b <= a")
    for uid in ("H1", "H2"):
        play.save(uid, a="1", b="2")
    play.save("H3", a="2", b="1")
    with pytest.raises(Refused) as refused:
        play.submit("H1", "H2", "H3")
    assert [problem.unit_uid for problem in refused.value.problems] == ["H1", "H2"]
    assert play.state("H3") == "draft"


# --- Earlier periods -------------------------------------------------------------------------------


def test_prev_reads_what_the_unit_declared_in_the_period_before():
    version = given_template(indicator("a", levels="hamlet|commune", rules="error: a >= prev(a)"))
    before = given_cycle(version, period="2024-H2")
    before.hand_in("H1", a="10")
    before.save("H2", a="50")
    before.submit("H2")
    play = given_cycle(version, period="2025-H1")
    play.save("H1", a="9")
    play.save("H2", a="9")
    with pytest.raises(Refused) as refused:
        submit(play, "H1")
    assert [problem.column for problem in refused.value.problems] == ["a"]
    submit(play, "H2")  # not accepted before: blank, and so not broken
    play.save("H1", a="10")
    submit(play, "H1")
    assert [play.state(uid) for uid in ("H1", "H2")] == ["submitted", "submitted"]


def test_year_ago_reads_the_same_kind_of_period_a_year_earlier():
    version = given_template(indicator("a", levels="hamlet", rules="warn: a <= year_ago(a) * 2"))
    given_cycle(version, period="2024-H1").hand_in("H1", a="10")
    given_cycle(version, period="2024-H2").hand_in("H1", a="100")
    play = given_cycle(version, period="2025-H1")
    play.save("H1", a="21")
    submit(play, "H1")
    assert [warning["rule"] for warning in last_submission(play, "H1").warnings] == ["a <= year_ago(a) * 2"]


# --- Privacy ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "what"),
    [("CCCD 001085012345, xin hỗ trợ", "identity"), ("liên hệ 0912 345 678", "telephone"), ("liên hệ 0912345678", "telephone")],
)
def test_a_narrative_that_names_a_citizen_by_number_is_stopped_with_an_explanation_before_it_is_submitted(text: str, what: str):
    play = given_cycle(given_template(indicator("t", "text", levels="hamlet", name_vi="Kết quả")))
    play.save("H1", t=text)
    with pytest.raises(Refused) as refused:
        submit(play, "H1")
    [message] = said(refused)
    assert what in message
    assert message.endswith("Take it out: no citizen is named here.")
    play.save("H1", t="Đã vận động 12.500 lượt người năm 2025")
    submit(play, "H1")
    assert play.state("H1") == "submitted"
