from __future__ import annotations

import pytest

from reports.domain.indicators import Rule, RuleError, parse_rules, written_rules
from reports.domain.skilful_models import Count, ModelField
from reports.domain.sources import RegisterCount, ReportedFigure
from tests.domain.builders import indicator, said, template

# --- Who may enter ----------------------------------------------------------------------------------


def test_an_indicator_is_entered_at_its_levels_only() -> None:
    so_thon = indicator("so_thon", levels="commune")
    assert so_thon.may_be_entered("commune", {"hamlet"})
    assert not so_thon.may_be_entered("hamlet", ())


def test_a_leaf_sum_is_closed_by_a_report_below_of_one_of_its_levels() -> None:
    ho = indicator("ho", up="leaf_sum", levels="hamlet|commune")
    assert ho.may_be_entered("hamlet", ())
    assert ho.may_be_entered("commune", ())
    assert ho.may_be_entered("commune", {"agency"})
    assert not ho.may_be_entered("commune", {"hamlet"})


def test_a_formula_is_entered_nowhere() -> None:
    assert not indicator("d", formula="a + a").may_be_entered("hamlet", ())


# --- What a template is -----------------------------------------------------------------------------


def test_formulas_are_ordered_after_their_inputs_whatever_the_order_of_rows() -> None:
    made = template(indicator("z", formula="y + 1"), indicator("y", formula="x * 2"), indicator("x", section="B"), indicator("t", "text"))
    assert list(made.formulas) == ["y", "z"]
    assert [each.code for each in made.indicators] == ["z", "y", "x", "t"]
    assert [each.code for each in made.aggregated] == ["z", "y", "x"]
    assert made.sections == ("A", "B")


def test_a_template_knows_whether_its_rules_look_back() -> None:
    assert template(indicator("a", rules="warn: a <= prev(a)")).uses_previous
    assert not template(indicator("a", rules="warn: a <= prev(a)")).uses_year_ago
    assert template(indicator("a", rules="error: a >= 0; warn: a <= 2 * year_ago(a)")).uses_year_ago


def test_a_template_never_changes() -> None:
    made = template(indicator("a"))
    with pytest.raises(AttributeError):
        made.indicators = ()
    with pytest.raises(TypeError):
        made.by_code["b"] = indicator("b")  # type: ignore[index]


def test_rules_are_written_as_they_are_read() -> None:
    text = "error: a <= b; warn: g == 'x;y'"
    assert parse_rules(text) == (Rule("error", "a <= b"), Rule("warn", "g == 'x;y'"))
    assert written_rules(parse_rules(text)) == text
    assert parse_rules(" ; ") == ()
    assert len(parse_rules("error: a > 0;" * 50_000)) == 50_000


@pytest.mark.parametrize("text", ["a <= b", "fatal: a <= b", "error:", "error: a; b"])
def test_a_rule_without_severity_or_expression_is_refused(text: str) -> None:
    with pytest.raises(RuleError, match="is no rule; write error: EXPRESSION or warn: EXPRESSION"):
        parse_rules(text)


# --- What is refused when a version is published ------------------------------------------------------


def test_codes_are_small_letters_and_no_words_of_the_language() -> None:
    assert said(indicator("So_Ho")) == ["code: “So_Ho” is no code: up to 60 small letters a–z, digits and _, a letter first."]
    assert said(indicator("a" * 61))[0].endswith("a letter first.")
    assert said(indicator("năm"))[0].endswith("a letter first.")
    assert said(indicator("total")) == ["code: total is a word of the language of formulas; choose another code."]
    assert said(indicator("a"), indicator("a")) == ["code: a: this code is taken; each indicator has its own."]


def test_names_and_levels_are_needed() -> None:
    assert said(indicator("a", name_vi=" ")) == ["name_vi: a: has no name."]
    assert said(indicator("a", levels="")) == ["levels: a: names no level; write the levels that enter it, | between."]
    assert said(indicator("a", levels="hamlet|village")) == [
        "levels: a: there is no level “village”; there are province, district, commune, hamlet."
    ]
    assert said(indicator("a", unit="x" * 61)) == ["unit: a: longer than 60 characters."]


@pytest.mark.parametrize(
    ("value_type", "up", "fitting"),
    [
        ("integer", "count_yes", "sum, leaf_sum, min, max, mean, formula"),
        ("decimal", "none", "sum, leaf_sum, min, max, mean, formula"),
        ("boolean", "sum", "count_yes"),
        ("choice", "count_yes", "distribution"),
        ("text", "sum", "none"),
        ("table", "distribution", "none"),
    ],
)
def test_an_aggregation_that_does_not_fit_its_type_is_refused(value_type: str, up: str, fitting: str) -> None:
    wrong = indicator("a", value_type, up=up, choices="x|y" if value_type == "choice" else "", columns="x" if value_type == "table" else "")
    assert said(wrong) == [f"aggregate_up: a: {up} doesn't fit the type {value_type}; what fits is {fitting}."]


def test_a_computed_number_is_aggregated_by_its_formula_and_nothing_else_is() -> None:
    assert said(indicator("a"), indicator("b", formula="a + a", up="sum")) == [
        "aggregate_up: b: a computed number is computed from totals at every unit; write formula."
    ]
    assert said(indicator("a", up="formula", time="formula"))[0] == "formula: a: aggregate_up is formula, and there is none."


@pytest.mark.parametrize(
    ("value_type", "time"), [("boolean", "flow_sum"), ("choice", "max"), ("text", "mean"), ("integer", "formula"), ("boolean", "formula")]
)
def test_an_aggregation_over_time_that_does_not_fit_is_refused(value_type: str, time: str) -> None:
    [message] = said(indicator("a", value_type, time=time, choices="x|y" if value_type == "choice" else ""))
    assert message.startswith(f"aggregate_time: a: over time, {time} doesn't fit; what fits is ")


def test_a_ratio_is_recomputed_over_time() -> None:
    assert said(indicator("a"), indicator("p", "percent", formula="a / a", time="mean")) == [
        "aggregate_time: p: over time, mean doesn't fit; what fits is formula, none."
    ]
    assert said(indicator("a"), indicator("y", "boolean", formula="a > 0", time="max")) == []


def test_a_percentage_has_a_formula_and_words_have_none() -> None:
    assert said(indicator("p", "percent", up="formula", time="formula"))[0] == (
        "formula: p: a percentage is never typed; give its formula, as in part / whole."
    )
    assert said(indicator("t", "text", formula="'x'", up="none", time="none"))[0] == (
        "formula: t: a text or a table can't be computed; leave the formula empty."
    )


def test_choices_and_columns_are_sound() -> None:
    assert said(indicator("g", "choice", choices="x")) == ["value_type: g: a choice needs two choices at least: choice:a|b."]
    assert said(indicator("g", "choice", choices="x|y|x")) == ["value_type: g: the choice “x” stands twice."]
    assert said(indicator("g", "choice", choices="x|y=1")) == [
        "value_type: g: “y=1” is no choice: 1 to 100 characters without | = and quotes."
    ]
    assert said(indicator("m", "table")) == ["value_type: m: a table needs columns with names: table:name|name."]
    assert said(indicator("m", "table", columns="x|x")) == ["value_type: m: the column “x” stands twice."]


def test_decimals_are_none_for_integers_and_six_at_most() -> None:
    assert said(indicator("a", decimals=1)) == ["decimals: a: an integer has no decimals; leave it empty, or make it a decimal."]
    assert said(indicator("a", "decimal", decimals=7)) == ["decimals: a: decimals are 0 to 6."]
    assert said(indicator("a", "decimal", decimals=6)) == []


def test_what_the_superior_enters_is_no_formula() -> None:
    assert said(indicator("a"), indicator("b", formula="a + 1", entered_by="superior")) == [
        "entered_by: b: a formula is entered by nobody; leave it empty."
    ]


def test_formulas_are_refused_with_their_place() -> None:
    def of(formula: str, value_type: str = "integer", **changes: str) -> list[str]:
        return said(
            indicator("a"),
            indicator("y", "boolean"),
            indicator("g", "choice", choices="x|z"),
            indicator("t", "text"),
            indicator("m", "table", columns="k"),
            indicator("f", value_type, formula=formula, **changes),
        )

    assert of("a +") == ["formula: At character 4: the formula ends too early."]
    assert of("a + nope") == ["formula: At character 5: there is no indicator “nope”."]
    for wrong in "gtm":
        assert of(f"a + {wrong}") == [f"formula: At character 5: “{wrong}” is a choice, a text or a table, and no input of a formula."]
    assert of("a > 1") == ["formula: At character 1: the result has to be a number."]
    assert of("a + 1", "boolean") == ["formula: At character 1: the result has to be a yes/no, as a comparison gives."]
    assert of("a", "choice", choices="x|z") == ["formula: At character 1: the result has to be one of the choices, in single quotes."]
    assert of("if(a > 1, 'x', 'w')", "choice", choices="x|z") == ["formula: At character 1: w is not among the choices x, z."]


def test_a_yes_no_counts_in_a_formula_on_totals_and_is_truth_in_one_of_the_unit() -> None:
    entered = indicator("a"), indicator("y", "boolean")
    assert said(*entered, indicator("p", "percent", formula="y / a")) == []
    assert said(*entered, indicator("z", "boolean", formula="y and a > 0")) == []
    assert said(*entered, indicator("z", "boolean", formula="y > 0")) == ["formula: At character 1: a number is needed here."]
    assert said(*entered, indicator("z", "boolean", formula="a > 0"), indicator("n", formula="z + y")) == []


def test_formulas_in_circles_are_refused_each_once() -> None:
    assert said(indicator("a", formula="a + 1")) == ["formula: a: is computed from itself: a → a."]
    [one, other] = said(indicator("a", formula="b"), indicator("b", formula="a"), indicator("c", formula="d"), indicator("d", formula="c"))
    assert {one, other} == {"formula: a: is computed from itself: a → b → a.", "formula: c: is computed from itself: c → d → c."}


def test_formulas_of_formulas_that_would_grow_without_end_are_refused() -> None:
    chain = [indicator("f0")] + [indicator(f"f{n}", formula="*".join([f"f{n - 1}"] * 10)) for n in range(1, 6)]
    assert said(*chain)[0].startswith("formula: At character ")
    assert "thousands of digits" in said(*chain)[0]


def test_a_chain_of_a_thousand_formulas_is_no_trouble() -> None:
    chain = [indicator("f0")] + [indicator(f"f{n}", formula=f"f{n - 1}") for n in range(1, 1000)]
    assert list(template(*chain[::-1]).formulas) == [f"f{n}" for n in range(1, 1000)]


def test_rules_are_refused_with_their_place() -> None:
    def of(rule: str) -> list[str]:
        return said(indicator("a", rules=rule), indicator("y", "boolean"), indicator("g", "choice", choices="x|z"), indicator("t", "text"))

    assert of("error: a + 1") == ["rules: At character 1: a rule has to say what must hold, as in a <= b."]
    assert of("error: a < nope") == ["rules: At character 5: there is no indicator “nope”."]
    assert of("error: a < total(nope)") == ["rules: At character 11: there is no indicator “nope”."]
    assert of("error: total(g) == 'x'") == ["rules: At character 7: “g” can't be used in this place of a rule."]
    assert of("error: t == 'x'") == ["rules: At character 1: “t” can't be used in this place of a rule."]
    assert of("error: g == 'w'") == ["rules: At character 3: 'w' is not among the choices compared with."]
    assert of("error: g == 'x' and y and total(y) >= 1 and prev(y) or prev(g) != 'z'") == []


# --- No citizens --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["Họ và tên chủ hộ", "Số CCCD", "Số điện thoại liên hệ", "Ngày, tháng, năm sinh", "Full name", "Date of birth"]
)
def test_a_text_that_asks_for_a_citizen_s_data_is_refused(name: str) -> None:
    name = name.replace("Ngày, tháng, năm sinh", "Ngày tháng năm sinh")
    assert said(indicator("t", "text", name_vi=name)) == [
        f"name_vi: t: “{name}” asks for a citizen's data; reports hold figures about services and work, and no citizens."
    ]


def test_codes_and_columns_can_not_ask_for_a_citizen_s_data_either() -> None:
    assert said(indicator("so_dien_thoai", "text", name_vi="Liên hệ"))[0].startswith("code: so_dien_thoai: “so_dien_thoai” asks for")
    assert said(indicator("m", "table", columns="Nội dung|Họ tên"))[0].startswith("value_type: m: “Họ tên” asks for")
    assert said(indicator("n", name_vi="Số CCCD"))[0].startswith("name_vi: n: “Số CCCD” asks for")


def test_counts_about_services_stay_allowed() -> None:
    assert said(indicator("so_nguoi_cap_can_cuoc", name_vi="Số người được cấp căn cước")) == []
    assert said(indicator("t", "text", name_vi="Tên mô hình")) == []
    assert said(indicator("t", "text", name_vi="Ngày sinh hoạt tổ dân vận")) == []


# --- Sources -----------------------------------------------------------------------------------------


def test_a_source_is_named_by_its_kind_and_its_parts():
    assert said(indicator("a", source="register:running"), indicator("b", source="register:registered:htct")) == []
    assert template(indicator("a", source="register:registered:htct")).sources["a"] == RegisterCount(Count.REGISTERED, ModelField.POLITICS)
    assert template(indicator("a", source="report:dan-van:b:5")).sources["a"] == ReportedFigure("dan-van", "b", 5)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("sổ", "“sổ” is no source; known are register, tasks, answers, count, report."),
        ("register", "Write register:WHAT or register:WHAT:FIELD, as in register:registered:kinh_te."),
        ("register:registered:qpan:x", "Write register:WHAT or register:WHAT:FIELD, as in register:registered:kinh_te."),
        ("register:born", "“born” is unknown; known are registered, running, effective, recognised."),
        ("register:running:y_te", "“y_te” is unknown; known are kinh_te, vhxh, qpan, htct."),
        *(
            (f"report{rest}", "Write report:TEMPLATE:CODE:N, the N-th year of the period, as in report:dan-van:dt_dinh_ky:1.")
            for rest in ("", ":t:a", ":t:a:0", ":t:a:2024", ":t::1", "::a:1", ":t:a:một", ":t:a:1:2")
        ),
    ],
)
def test_a_source_that_is_none_is_told_what_is_known(source: str, message: str):
    assert said(indicator("a", source=source)) == [f"source: {message}"]


@pytest.mark.parametrize(("value_type", "changes"), [("integer", {"formula": "b"}), ("integer", {"entered_by": "superior"})])
def test_only_what_a_unit_enters_has_a_source(value_type: str, changes: dict[str, str]):
    assert said(indicator("a", value_type, source="register:running", **changes), indicator("b")) == [
        "source: a: only what a unit enters is filled in from a source; leave it empty."
    ]


def test_a_count_of_the_register_is_a_whole_number():
    assert said(indicator("a", "decimal", source="register:running")) == [
        "source: a: this source doesn't fit the type decimal; what fits is integer."
    ]


def test_tables_of_tasks_answers_and_counts_fit_each_other():
    tasks = indicator("giao", "table", columns="Việc|Ai|Hạn", source="tasks")
    answers = indicator("tra_loi", "table", columns="Việc|Ai|Hạn|Kết quả|Lý do", source="answers:giao")
    assert said(tasks, answers, indicator("n", source="count:set:giao"), indicator("m", source="count:overdue:tra_loi")) == []
    assert said(tasks, indicator("n", source="count:done:giao")) == ["source: n: “giao” is no table with the source answers."]
    assert said(tasks, indicator("n", source="count:set:khac")) == ["source: n: “khac” is no table with the source answers, tasks."]
    assert said(indicator("giao", "table", columns="Việc|Hạn", source="tasks")) == [
        "value_type: giao: a table of this source has 3 columns, and this one has 2."
    ]
    assert said(indicator("giao", source="tasks")) == ["source: giao: this source doesn't fit the type integer; what fits is table."]


def test_a_count_of_a_table_is_entered_nowhere():
    assert not indicator("n", levels="commune", source="count:set:giao").may_be_entered("commune", ())
