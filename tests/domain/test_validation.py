from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.domain.aggregation import Cells, contribution, merge
from reports.domain.indicators import Template
from reports.domain.validation import check_own, check_submission
from tests.domain.builders import indicator, template


def checked(
    of: Template,
    own: Mapping[str, Any],
    *,
    level: str = "hamlet",
    below: tuple[str, ...] = (),
    both: Cells | None = None,
    previous: Mapping[str, Any] | None = None,
    year_ago: Mapping[str, Any] | None = None,
    sourced: Mapping[str, Any] | None = None,
) -> list[str]:
    """What check_submission finds, each as `severity code: message`."""
    cells = contribution(of, own, level) if both is None else both
    findings = check_submission(of, own, level, below, cells, previous, year_ago, sourced or {})
    return [f"{finding.severity} {finding.code}: {finding.problem.message % finding.problem.params}" for finding in findings]


# --- Where a figure may stand ---------------------------------------------------------------------------


def test_a_figure_stands_only_where_its_unit_may_enter_it() -> None:
    of = template(
        indicator("ho", name_vi="Số hộ", up="leaf_sum"),
        indicator("thon", name_vi="Số thôn", levels="commune"),
        indicator("x", formula="ho + 1"),
    )

    def said(own: Mapping[str, Any], level: str, below: set[str]) -> list[str]:
        return [problem.message % problem.params for problem in check_own(of, own, level, below)]

    assert said({"ho": 3}, "hamlet", set()) == []
    assert said({"ho": 3, "thon": 2}, "commune", set()) == []
    assert said({"ho": 0}, "commune", {"hamlet"}) == ["“Số hộ” (ho) is entered by the units below: their figures are added up."]
    assert said({"ho": None}, "commune", {"hamlet"}) == []
    assert said({"thon": 2}, "hamlet", set()) == ["“Số thôn” (thon) is not entered at the level hamlet."]
    assert said({"x": 2}, "hamlet", set()) == ["“x” (x) is computed and never typed."]
    assert said({"gone": 2}, "hamlet", set()) == ["There is no indicator “gone” in this report."]


# --- Required ---------------------------------------------------------------------------------------------


def test_a_required_blank_blocks_and_zero_and_no_are_answers() -> None:
    of = template(indicator("n", name_vi="Số vụ", required=True), indicator("y", "boolean", name_vi="Có tổ", required=True))
    assert checked(of, {}) == [
        "error n: “Số vụ” is required and blank. Write 0 where nothing happened.",
        "error y: “Có tổ” is required and blank.",
    ]
    assert checked(of, {"n": 0, "y": False}) == []


def test_required_holds_only_where_the_unit_may_enter_it() -> None:
    of = template(
        indicator("ho", up="leaf_sum", required=True),
        indicator("thon", levels="commune", required=True),
        indicator("x", formula="ho + 1", required=True),
        indicator("diem", "decimal", required=True, entered_by="superior"),
    )
    assert [each.partition(":")[0] for each in checked(of, {})] == ["error ho"]
    assert [each.partition(":")[0] for each in checked(of, {}, level="commune", below=("hamlet",))] == ["error thon"]
    assert checked(of, {}, level="district", below=("commune", "hamlet")) == []


# --- Rules ------------------------------------------------------------------------------------------------


def test_a_broken_rule_says_what_should_hold_in_the_words_of_the_report() -> None:
    of = template(
        indicator("nhan", name_vi="Số vụ nhận"), indicator("thanh", name_vi="Số vụ thành", rules="error: thanh <= nhan; warn: thanh < 100")
    )
    assert checked(of, {"nhan": 3, "thanh": 3}) == []
    assert checked(of, {"nhan": 3, "thanh": 400}) == [
        "error thanh: “Số vụ thành”: this should hold, and doesn't: “Số vụ thành” ≤ “Số vụ nhận”",
        "warn thanh: “Số vụ thành”: this should hold, and doesn't: “Số vụ thành” < 100",
    ]
    [finding, _] = check_submission(of, {"nhan": 3, "thanh": 400}, "hamlet", (), {}, {}, {})
    assert finding.rule == "thanh <= nhan"


def test_a_rule_whose_result_is_blank_is_not_broken() -> None:
    of = template(
        indicator("a"), indicator("b", rules="error: b <= a; error: a / 0 > 1; error: prev(a) == 3; error: total(a) > 5 or b > 5")
    )
    assert checked(of, {"b": 5}) == []


def test_rules_are_checked_on_reports_of_their_indicator_s_levels_only() -> None:
    of = template(indicator("a", rules="error: a > 5", levels="commune"))
    assert checked(of, {"a": 1}, level="hamlet") == []
    assert len(checked(of, {"a": 1}, level="commune")) == 1


def test_a_rule_reads_own_values_and_total_reads_both() -> None:
    of = template(
        indicator("a", rules="error: a <= 10; warn: total(a) <= 10"),
        indicator("y", "boolean", rules="error: not y or total(y) <= 1"),
        indicator("p", "percent", formula="a / n", rules="warn: p <= 50; warn: total(p) >= 80"),
        indicator("n"),
    )
    own = {"a": 6, "y": True, "n": 12}
    below = contribution(of, {"a": 5, "y": True, "n": 8}, "hamlet")
    both = merge(of, [below, contribution(of, own, "commune")])
    assert checked(of, own, level="commune", both=both) == [
        "warn a: “a”: this should hold, and doesn't: total(“a”) ≤ 10",
        "error y: “y”: this should hold, and doesn't: not “y” or total(“y”) ≤ 1",
        "warn p: “p”: this should hold, and doesn't: total(“p”) ≥ 80",
    ]


def test_a_choice_is_compared_with_its_choices() -> None:
    of = template(indicator("g", "choice", choices="tot|yeu", rules="warn: g != 'yeu' or n == 0"), indicator("n"))
    assert checked(of, {"g": "tot", "n": 3}) == []
    assert [each.partition(":")[0] for each in checked(of, {"g": "yeu", "n": 3})] == ["warn g"]


def test_a_rule_looks_back_at_what_the_unit_itself_declared() -> None:
    of = template(
        indicator("ton", rules="warn: ton == prev(ton) + prev(nhan) - prev(xong)"),
        indicator("nhan"),
        indicator("xong"),
        indicator("p", "percent", formula="xong / nhan", rules="warn: p >= year_ago(p)"),
        indicator("d", "decimal", rules="warn: d >= prev(d)"),
    )
    own = {"ton": 5, "nhan": 4, "xong": 1, "d": "2.5"}
    assert checked(of, own) == []
    assert checked(of, own, previous={"ton": 3, "nhan": 4, "xong": 2, "d": "2.45"}, year_ago={"nhan": 8, "xong": 2}) == []
    assert [
        each.partition(":")[0]
        for each in checked(of, own, previous={"ton": 3, "nhan": 4, "xong": 3, "d": "2.6"}, year_ago={"nhan": 8, "xong": 3})
    ] == ["warn ton", "warn p", "warn d"]


def test_decimals_are_compared_exactly() -> None:
    of = template(indicator("a", "decimal"), indicator("b", "decimal", rules="error: a + b == 0.3"))
    assert checked(of, {"a": "0.1", "b": "0.2"}) == []


# --- No citizens ------------------------------------------------------------------------------------------


def test_a_narrative_with_a_citizen_s_number_is_stopped_with_an_explanation() -> None:
    of = template(indicator("t", "text", name_vi="Ưu điểm"), indicator("m", "table", name_vi="Việc", columns="k|v"))
    assert checked(of, {"t": "Huy động 250.000.000 đồng", "m": [["a", "b"]]}) == []
    assert checked(of, {"t": "Ông A, CCCD 001099012345", "m": [["a", "b"], ["gọi 0912 345 678", ""]]}) == [
        "error t: “Ưu điểm” holds what looks like a citizen's identity number. Take it out: no citizen is named here.",
        "error m: “Việc” holds what looks like a telephone number. Take it out: no citizen is named here.",
    ]


def test_where_there_is_no_earlier_report_a_computed_figure_of_it_is_blank_too() -> None:
    of = template(
        indicator("a"),
        indicator("some", "boolean", formula="coalesce(a, 0) >= 1"),
        indicator("b", rules="error: prev(some); error: year_ago(some)"),
    )
    assert checked(of, {}) == []
    assert len(checked(of, {}, previous={})) == 1
    assert checked(of, {}, previous={"a": 1}, year_ago={"a": 2}) == []


# --- What a figure's source says ------------------------------------------------------------------------


def test_a_figure_unlike_its_source_is_to_be_explained() -> None:
    of = template(indicator("mo_hinh", name_vi="Số mô hình", source="register:running"), indicator("b"))
    assert checked(of, {"mo_hinh": 3, "b": 1}, sourced={"mo_hinh": 3}) == []
    assert checked(of, {"mo_hinh": 2, "b": 1}, sourced={"mo_hinh": 3}) == [
        "warn mo_hinh: “Số mô hình”: 2 is entered, and where it is filled in from there is 3. Say why."
    ]
    assert checked(of, {"b": 1}, sourced={"mo_hinh": 3}) == [
        "warn mo_hinh: “Số mô hình” is blank, and where it is filled in from there is 3. Say why, or take that over."
    ]


def test_of_what_is_not_begun_and_of_what_a_source_does_not_know_nothing_is_said() -> None:
    of = template(indicator("mo_hinh", source="register:running"))
    assert checked(of, {}, sourced={"mo_hinh": 3}) == []
    assert checked(of, {"mo_hinh": 2}, sourced={}) == []


def test_a_year_with_less_than_its_six_months_has_to_be_explained():
    of = template(indicator("a"), indicator("b", time="stock_last"), indicator("c", "decimal"), indicator("d"))
    own, six_months = {"a": 4, "b": 1, "c": "2.5", "d": 7}, {"a": 5, "b": 9, "c": "10", "d": 7}
    found = check_submission(of, own, "hamlet", (), {}, None, None, six_months=six_months)
    assert [(each.severity, each.insists, each.code, each.problem.message % each.problem.params) for each in found] == [
        ("warn", True, "a", "“a”: 4 in the year is less than 5 in its first six months. Correct or explain it."),
        ("warn", True, "c", "“c”: 2.5 in the year is less than 10 in its first six months. Correct or explain it."),
    ]
