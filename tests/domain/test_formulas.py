from __future__ import annotations

import re
import time
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.domain.formulas import MAX_LENGTH, NUMBER, TRUTH, FormulaError, Reference, Size, Type, compile_formula


def value(text: str, **inputs: Any) -> Any:
    return compile_formula(text).evaluate(inputs.get)


def refusal(text: str, *, in_rule: bool = False) -> str:
    with pytest.raises(FormulaError) as refused:
        compile_formula(text, in_rule=in_rule)
    return str(refused.value)


def type_of(text: str, **types: Type) -> Type:
    def lookup(reference: Reference) -> Type:
        return types[reference.code]

    return compile_formula(text, in_rule=True).type_in(lookup)


def mixing(text: str, **types: Type) -> str:
    with pytest.raises(FormulaError) as refused:
        type_of(text, **types)
    return str(refused.value)


# --- What formulas give ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("10 - 4 - 3", 3),
        ("12 / 3 / 2", 2),
        ("-2 * -3", 6),
        ("- -2", 2),
        ("1 - -1", 2),
        ("0.1 + 0.2", Fraction(3, 10)),
        ("1 / 3 * 3", 1),
        ("2 == 2.0", True),
        ("1 + 1 < 3 and 2 <= 2", True),
        ("not 1 > 2 and 2 > 1", True),
        ("not (1 > 2 and 2 > 1)", True),
        ("1 > 2 or 2 > 1 and 1 > 2", False),
        ("1 > 2 == 1", None),
        ("min(3, 1, 2)", 1),
        ("max(3, 1, 2)", 3),
        ("if(1 < 2, 'a', 'b')", "a"),
        ("if(1 > 2, 'a', if(1 == 1, 'b', 'c'))", "b"),
        ("coalesce(3, 4)", 3),
    ],
)
def test_precedence_and_functions_are_python_s(text: str, expected: Any) -> None:
    if expected is None:
        assert "can't be chained" in refusal(text)
    else:
        assert value(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "a + 1",
        "1 + a",
        "-a",
        "a < 1",
        "1 < a",
        "1 < 2 or a < 1",
        "a < 1 or 1 < 2",
        "2 < 1 and a < 1",
        "not a < 1",
        "min(a, 1)",
        "max(1, a)",
        "if(a < 1, 1, 2)",
        "if(1 < 2, a, 2)",
        "coalesce(a, a)",
        "a * 0",
    ],
)
def test_a_blank_argument_makes_the_result_blank(text: str) -> None:
    assert value(text, a=None) is None


def test_coalesce_takes_the_first_that_is_not_blank() -> None:
    assert value("coalesce(a, b, 0)", a=None, b=None) == 0
    assert value("coalesce(a, b, 0)", a=None, b=0) == 0
    assert value("coalesce(a, b, 0)", a=2) == 2


def test_the_branch_that_an_if_does_not_take_may_be_blank() -> None:
    assert value("if(1 < 2, 5, a)", a=None) == 5
    assert value("if(b == 0, 0, a / b)", a=3, b=0) == 0


@pytest.mark.parametrize("text", ["a / 0", "a / (b - b)", "1 + a / 0", "0 / 0", "min(1, a / 0)"])
def test_division_by_zero_gives_blank(text: str) -> None:
    assert value(text, a=1, b=2) is None
    assert value(f"coalesce({text}, 7)", a=1, b=2) == 7


def test_a_long_sum_is_no_deeper_than_a_short_one() -> None:
    assert value(" + ".join(["a"] * 500), a=1) == 500
    assert value(" and ".join(["a > 0"] * 200), a=1) is True


def test_rules_read_totals_and_earlier_reports() -> None:
    rule = compile_formula("a == prev(a) + total(b) - year_ago(a)", in_rule=True)
    assert rule.codes == {"a"}
    assert {(each.source, each.code) for each in rule.references} == {("own", "a"), ("prev", "a"), ("total", "b"), ("year_ago", "a")}
    assert rule.evaluate({"a": 9}.get, {"b": 5}.get, {"a": 6}.get, {"a": 2}.get) is True
    assert rule.evaluate({"a": 9}.get, {"b": 5}.get) is None


def test_a_formula_is_shown_with_names_for_codes() -> None:
    formula = compile_formula("total(a_b) <= a + 'a'", in_rule=True)
    assert formula.with_names({"a_b": "Nhận", "a": "Thành"}) == "total(“Nhận”) ≤ “Thành” + 'a'"


# --- Python as the judge of precedence --------------------------------------------------------------

_NUMBER = st.sampled_from(["a", "b", "c", "2", "3", "0.5", "7"])
_DIVISOR = st.sampled_from(["a", "2", "0.5", "-b", "-3"])


@st.composite
def sums(draw: st.DrawFn, depth: int = 2) -> str:
    text = draw(operands(depth))
    for _ in range(draw(st.integers(0, 3))):
        sign = draw(st.sampled_from(["+", "-", "*", "/"]))
        text += f" {sign} {draw(_DIVISOR) if sign == '/' else draw(operands(depth))}"
    return text


@st.composite
def operands(draw: st.DrawFn, depth: int) -> str:
    sign = draw(st.sampled_from(["", "", "-", "- -"]))
    if depth and draw(st.booleans()):
        return f"{sign}({draw(sums(depth - 1))})"
    return sign + draw(_NUMBER)


@st.composite
def truths(draw: st.DrawFn, depth: int = 2) -> str:
    parts = []
    for _ in range(draw(st.integers(1, 4))):
        denial = draw(st.sampled_from(["", "", "not ", "not not "]))
        if depth and draw(st.booleans()):
            parts.append(f"{denial}({draw(truths(depth - 1))})")
        else:
            sign = draw(st.sampled_from(["==", "!=", "<", "<=", ">", ">="]))
            parts.append(f"{denial}{draw(sums(1))} {sign} {draw(sums(1))}")
        parts.append(draw(st.sampled_from(["and", "or"])))
    return " ".join(parts[:-1])


def python_s(text: str, inputs: dict[str, Fraction]) -> Any:
    return eval(re.sub(r"\d+(\.\d+)?", r"Fraction('\g<0>')", text), {"Fraction": Fraction, **inputs})  # noqa: S307


@settings(max_examples=150, deadline=None)
@given(st.one_of(sums(), truths()))
def test_random_expressions_mean_what_they_mean_in_python(text: str) -> None:
    inputs = {"a": Fraction(3, 7), "b": Fraction(-5), "c": Fraction(0)}
    assert compile_formula(text).evaluate(inputs.get) == python_s(text, inputs)


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("ab()+-*/<>=!,.'\"0123 \n%if_orandnot"), max_size=40))
def test_any_text_is_either_compiled_or_refused_with_its_place(text: str) -> None:
    try:
        compile_formula(text, in_rule=True)
    except FormulaError as error:
        position = error.position
    else:
        position = 1
    assert 1 <= position <= len(text) + 1


# --- What is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "At character 1: the formula ends too early."),
        ("a +", "At character 4: the formula ends too early."),
        ("(a", "At character 3: the formula ends where “)” is due."),
        ("a b", "At character 3: “b” can't stand here."),
        ("a)", "At character 2: “)” can't stand here."),
        ("+a", "At character 1: “+” can't stand here."),
        ("a = b", "At character 3: a single “=”; write == to compare."),
        ("a == 'x", "At character 6: the quote is not closed."),
        ('a == "x"', "At character 6: \"; write a choice in single straight quotes, 'like_this'."),
        ("1e5", "At character 1: this is no number; write 3 or 0.5."),
        (".5", "At character 1: this is no number; write 3 or 0.5."),
        ("5.", "At character 1: this is no number; write 3 or 0.5."),
        ("a ** 2", "At character 4: “*” can't stand here."),
        ("a % 2", "At character 3: % has no meaning in a formula."),
        ("a < b < c", "At character 7: comparisons can't be chained; write a < b and b < c."),
        ("a == not b", "At character 6: “not” can't stand here."),
        ("and a", "At character 1: “and” can't stand here."),
        ("__import__('os')", "At character 1: there is no function __import__."),
        ("a.b", "At character 2: this is no number; write 3 or 0.5."),
        ("a[0]", "At character 2: [ has no meaning in a formula."),
        ("if(a, b)", "At character 1: write if(condition, then, otherwise)."),
        ("if + 1", "At character 4: “+” stands where “(” is due."),
        ("min()", "At character 5: “)” can't stand here."),
        ("max(a,)", "At character 7: “)” can't stand here."),
        ("total(a)", "At character 1: total(…) is only for rules."),
        ("１ + a", "At character 1: １ has no meaning in a formula."),
    ],
)
def test_what_is_not_of_the_language_is_refused_with_its_place(text: str, message: str) -> None:
    assert refusal(text) == message


def test_in_a_rule_total_takes_one_code() -> None:
    assert refusal("total(a + b) > 1", in_rule=True) == "At character 9: “+” stands where “)” is due."
    assert refusal("prev(1) > 1", in_rule=True) == "At character 6: prev(…) takes the code of one indicator."
    assert refusal("prev(prev(a)) > 1", in_rule=True) == "At character 6: prev(…) takes the code of one indicator."


@pytest.mark.parametrize("text", ["(" * 900 + "a" + ")" * 900, "-" * 1900 + "a", "not " * 400 + "a", "if(a," * 300, "min(" * 400])
def test_hostile_texts_neither_hang_nor_exhaust_the_stack(text: str) -> None:
    started = time.perf_counter()
    assert "nested more than 50 deep" in refusal(text)
    assert time.perf_counter() - started < 1


def test_the_deepest_formula_that_is_taken_stays_off_the_stack_s_end() -> None:
    text = "a"
    for _ in range(47):
        text = f"if({text}*a+a<a and t or t,a,a)"
    assert type_of(text, a=NUMBER, t=TRUTH) == NUMBER
    assert compile_formula(text).size_in(lambda reference: Size(1, 0)).numerator < 200
    assert value(text, a=2, t=True) == 2


def test_nested_comparisons_are_typed_in_no_time() -> None:
    text = "a == b"
    for _ in range(20):
        text = f"({text}) == (a == b)"
    started = time.perf_counter()
    assert type_of(text, a=NUMBER, b=NUMBER) == TRUTH
    assert time.perf_counter() - started < 1


def test_a_formula_has_a_greatest_length() -> None:
    assert refusal("a" * (MAX_LENGTH + 1)) == "The formula is longer than 2000 characters."


def test_results_of_thousands_of_digits_are_refused() -> None:
    product = compile_formula("*".join(["a"] * 500))
    with pytest.raises(FormulaError, match="thousands of digits"):
        product.size_in(lambda reference: Size(30, 6))
    assert compile_formula("+".join(["a"] * 500)).size_in(lambda reference: Size(30, 0)) == Size(529, 0)


# --- Types ------------------------------------------------------------------------------------------


def test_types_of_results() -> None:
    assert type_of("a / b", a=NUMBER, b=NUMBER) == NUMBER
    assert type_of("a < b and t", a=NUMBER, b=NUMBER, t=TRUTH) == TRUTH
    assert type_of("if(t, 'x', 'y')", t=TRUTH) == frozenset({"x", "y"})
    assert type_of("coalesce(g, 'x')", g=frozenset({"y", "z"})) == frozenset({"x", "y", "z"})
    assert type_of("g == 'y'", g=frozenset({"y", "z"})) == TRUTH


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a + t", "At character 5: a number is needed here."),
        ("t < 1", "At character 1: a number is needed here."),
        ("-t", "At character 2: a number is needed here."),
        ("not a", "At character 5: a yes/no or a comparison is needed here."),
        ("a and t", "At character 1: a yes/no or a comparison is needed here."),
        ("if(a, 1, 2)", "At character 4: a yes/no or a comparison is needed here."),
        ("if(t, 1, 'x')", "At character 10: numbers, yes/no and choices can't be mixed here."),
        ("coalesce(t, 0)", "At character 13: numbers, yes/no and choices can't be mixed here."),
        ("t == 1", "At character 6: numbers, yes/no and choices can't be mixed here."),
        ("max(a, g)", "At character 8: a number is needed here."),
        ("g == 'w'", "At character 3: 'w' is not among the choices compared with."),
        ("g < 'y'", "At character 1: a number is needed here."),
    ],
)
def test_mixed_types_are_refused_with_their_place(text: str, message: str) -> None:
    assert mixing(text, a=NUMBER, t=TRUTH, g=frozenset({"y", "z"})) == message
