"""What the house's things are called in DHIS2, and which of its periods ours are."""

from __future__ import annotations

import re

import pytest

from reports.documents.dhis2.expressions import Untranslatable, expression_of
from reports.documents.dhis2.identifiers import Kind, data_element_code, data_set_code, id_of, unit_id
from reports.documents.dhis2.kinds import aggregation_type_of
from reports.documents.dhis2.periods import dhis_period
from tests.domain.builders import indicator, template
from units.problems import Refused

pytestmark = pytest.mark.once


def test_an_id_has_dhis2s_form_and_is_the_same_for_ever():
    assert id_of(Kind.UNIT, "2025-P08") == "qytW2gSG6xK"
    found = [id_of(kind, f"2025-X{number}") for kind in Kind for number in range(2000)]
    assert all(re.fullmatch("[A-Za-z][A-Za-z0-9]{10}", each) for each in found)
    assert len(set(found)) == len(found)


def test_a_unit_that_came_from_dhis2_keeps_its_id():
    assert unit_id("DiszpKrYNg8") == "DiszpKrYNg8"
    assert unit_id("2025-P08") == id_of(Kind.UNIT, "2025-P08")


def test_codes_are_at_most_50_letters_and_long_ones_stay_apart():
    assert data_element_code("dan-van", "tong_so_ho") == "dan-van.tong_so_ho"
    long = [data_element_code("dan-van", f"{'chi_tieu_dai' * 4}_{number}") for number in range(50)]
    assert {len(each) for each in long} == {50}
    assert len(set(long)) == 50
    assert data_set_code("dan-van", "SixMonthly") == "dan-van.SixMonthly"


@pytest.mark.parametrize(
    ("code", "type", "iso", "adx"),
    [
        ("2004-H1", "SixMonthly", "2004S1", "2004-01-01/P6M"),
        ("2017-H2", "SixMonthly", "2017S2", "2017-07-01/P6M"),
        ("2004-Y", "Yearly", "2004", "2004-01-01/P1Y"),
        ("2004-Q1", "Quarterly", "2004Q1", "2004-01-01/P3M"),
        ("2004-Q4", "Quarterly", "2004Q4", "2004-10-01/P3M"),
        ("2004-M03", "Monthly", "200403", "2004-03-01/P1M"),
        ("2017-M10", "Monthly", "201710", "2017-10-01/P1M"),
    ],
)
def test_a_period_is_called_as_in_dhis2s_tables(code: str, type: str, iso: str, adx: str):  # noqa: A002
    assert dhis_period(code) == (type, iso, adx)


def test_a_span_of_years_has_no_name_there():
    with pytest.raises(Refused, match="no period of several years"):
        dhis_period("2021..2025")


@pytest.mark.parametrize(
    ("up", "time", "said"),
    [
        ("sum", "flow_sum", "SUM"),
        ("leaf_sum", "stock_last", "LAST"),
        ("sum", "stock_first", "FIRST"),
        ("sum", "mean", "AVERAGE_SUM_ORG_UNIT"),
        ("sum", "max", "MAX_SUM_ORG_UNIT"),
        ("mean", "last", "LAST_AVERAGE_ORG_UNIT"),
        ("mean", "mean", "AVERAGE"),
        ("min", "min", "MIN"),
        ("max", "max", "MAX"),
    ],
)
def test_one_word_of_dhis2_says_both_ways_to_aggregate(up: str, time: str, said: str):
    assert aggregation_type_of(indicator("a", up=up, time=time)) == said


@pytest.mark.parametrize(
    ("formula", "numerator", "denominator"),
    [
        ("a / b", "#{A}", "#{B}"),
        ("(a + b) / (2 * c)", "(#{A} + #{B})", "(2 * #{C})"),
        ("a - b", "(#{A} - #{B})", "1"),
        ("if(c > 0.5 and not a == b, min(a, b), coalesce(a, -b))",
         "if(((#{C} > 0.5) && !((#{A} == #{B}))), least(#{A}, #{B}), firstNonNull(#{A}, (-#{B})))", "1"),
        ("p + 1", "((#{A} / #{B}) * 100)", "1"),
    ],
)  # fmt: skip
def test_a_formula_becomes_the_expression_of_an_indicator(formula: str, numerator: str, denominator: str):
    made = template(
        *(indicator(code) for code in "abc"),
        indicator("p", "percent", formula="a / b"),
        indicator("f", "decimal", formula=formula),
    )
    expected = (f"({numerator} + 1)", "1") if formula == "p + 1" else (numerator, denominator)
    assert expression_of(made, "f", str.upper) == expected


def test_formulas_that_would_grow_without_end_are_left_out():
    growing = [indicator("f0", "decimal", formula="a + a")]
    growing += [indicator(f"f{place}", "decimal", formula=f"f{place - 1} + f{place - 1}") for place in range(1, 20)]
    made = template(indicator("a"), *growing)
    with pytest.raises(Untranslatable):
        expression_of(made, "f19", str.upper)
