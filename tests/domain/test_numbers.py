from __future__ import annotations

import time
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.domain.indicators import Indicator
from reports.domain.numbers import Own, canonical, display, exact, parse_entry, parse_plain, plain
from tests.domain.builders import indicator
from units.problems import Refused

WHOLE = indicator("n", "integer")
DECIMAL = indicator("d", "decimal")
FINE = indicator("d", "decimal", decimals=6)
SIGNED = indicator("s", "decimal", negative=True)
YES_NO = indicator("y", "boolean")
GRADE = indicator("g", "choice", choices="tot|kha")
WORDS = indicator("t", "text")
TABLE = indicator("m", "table", columns="Việc|Kết quả")


def entry_refusal(text: str, of: Indicator) -> str:
    with pytest.raises(Refused) as refused:
        parse_entry(text, of)
    return str(refused.value)


def plain_refusal(text: str, of: Indicator) -> str:
    with pytest.raises(Refused) as refused:
        parse_plain(text, of)
    return str(refused.value)


# --- What people type -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("1234,5", "1234.5"),
        ("1.234,5", "1234.5"),
        ("1.234", "1234"),
        ("1234", "1234"),
        ("0", "0"),
        ("0,5", "0.5"),
        ("1.234.567,89", "1234567.89"),
        ("  12 ", "12"),
        ("\u00a012,50\u00a0", "12.5"),
        ("12,00", "12"),
        ("007", "7"),
        ("0,00", "0"),
        ("999999999999999,99", "999999999999999.99"),
    ],
)
def test_a_number_is_read_as_a_vietnamese_writes_it(text: str, stored: str) -> None:
    assert parse_entry(text, DECIMAL) == stored


def test_an_integer_is_stored_as_an_integer() -> None:
    assert parse_entry("1.234", WHOLE) == 1234
    assert isinstance(parse_entry("0", WHOLE), int)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1.23", "“1.23” can be read in two ways; write a comma before decimals, as in 1,23, or all thousands as in 1.234."),
        ("0.123", "“0.123” can be read in two ways; write a comma before decimals, as in 1,23, or all thousands as in 1.234."),
        ("1.2345", "“1.2345” can be read in two ways; write a comma before decimals, as in 1,23, or all thousands as in 1.234."),
        ("1,234.5", "“1,234.5” can be read in two ways; write 1.234,5: a point between thousands, a comma before decimals."),
        ("1,234,567", "“1,234,567” can be read in two ways; write 1.234,5: a point between thousands, a comma before decimals."),
        ("1 234", "“1 234” has a space inside; write 1.234,5 or 1234,5."),
        ("mười", "“mười” is no number; write 1234, 1.234 or 1.234,5."),
        ("1e5", "“1e5” is no number; write 1234, 1.234 or 1.234,5."),
        ("NaN", "“NaN” is no number; write 1234, 1.234 or 1.234,5."),
        ("١٢", "“١٢” is no number; write 1234, 1.234 or 1.234,5."),
        ("1,234", "“1,234” has more than 2 decimals."),
        ("1,500", "“1,500” has more than 2 decimals."),
        ("-1", "“-1” is below zero, which can't be here."),
        ("1" * 16, "“1111111111111111” has more than 15 digits before the decimals."),
        ("9" * 60, "“9999999999999999999999999999999999999999…” has more than 15 digits before the decimals."),
    ],
)
def test_what_can_be_read_in_two_ways_or_none_is_refused_and_shown_how_to_write(text: str, message: str) -> None:
    assert entry_refusal(text, DECIMAL) == message


def test_decimals_of_an_integer_are_refused_and_not_rounded() -> None:
    assert entry_refusal("12,5", WHOLE) == "“12,5” has decimals; a whole number is needed here."
    assert plain_refusal("12.0", WHOLE) == "“12.0” has decimals; a whole number is needed here."


def test_negative_is_refused_unless_the_indicator_allows_it() -> None:
    assert parse_entry("-1.234,5", SIGNED) == "-1234.5"
    assert parse_plain("-3", SIGNED) == "-3"
    assert parse_plain("-0.00", SIGNED) == "0"
    assert parse_plain("-0", WHOLE) == 0
    assert plain_refusal("-3", WHOLE) == "“-3” is below zero, which can't be here."
    assert parse_plain("-3", WHOLE, signed=True) == -3


@pytest.mark.parametrize("text", ["", " ", "\u00a0", "\n"])
def test_nothing_is_blank_and_not_zero(text: str) -> None:
    for each in (WHOLE, DECIMAL, YES_NO, GRADE, WORDS, TABLE):
        assert parse_entry(text, each) is None
        assert parse_plain(text, each) is None


@pytest.mark.parametrize(("text", "stored"), [("Có", True), ("không", False), ("yes", True), ("NO", False), ("kho\u0302ng", False)])
def test_yes_and_no_are_taken_in_both_languages(text: str, stored: bool) -> None:
    assert parse_entry(text, YES_NO) is stored


def test_a_percentage_and_a_formula_are_never_typed() -> None:
    computed = indicator("p", "percent", formula="n / n", name_vi="Tỷ lệ"), indicator("f", "boolean", formula="n > 0", name_vi="Tỷ lệ")
    for each in computed:
        assert entry_refusal("1", each) == plain_refusal("1", each) == "“Tỷ lệ” is computed and never typed."


# --- What files hold ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "stored"), [("1234.5", "1234.5"), ("1234.50", "1234.5"), ("0.10", "0.1"), ("0", "0"), ("00.5", "0.5")])
def test_a_file_holds_numbers_with_a_point(text: str, stored: str) -> None:
    assert parse_plain(text, DECIMAL) == stored


@pytest.mark.parametrize(
    "text",
    ["NaN", "nan", "inf", "-Infinity", "1e5", "1E5", "+1", "1,5", "1.", ".5", "1_000", "0x10", "١٢", "１２", " 1", "1 ", "1\n", "--1", "²"],
)
def test_whatever_else_looks_like_a_number_is_refused(text: str) -> None:
    assert plain_refusal(text, DECIMAL).endswith("is no plain number; write digits with a point before the decimals, as in 1234.5.")


def test_sixty_or_a_million_digits_are_refused_at_once() -> None:
    started = time.perf_counter()
    assert "more than 15 digits" in plain_refusal("9" * 60, WHOLE)
    assert "more than 15 digits" in plain_refusal("9" * 1_000_000, WHOLE)
    assert "more than 6 decimals" in plain_refusal("0." + "9" * 1_000_000, FINE)
    assert "no number" in entry_refusal("1" * 1_000_000 + "x", WHOLE)
    assert time.perf_counter() - started < 1


def test_a_file_says_yes_and_no() -> None:
    assert parse_plain("yes", YES_NO) is True
    assert parse_plain("no", YES_NO) is False
    assert plain_refusal("có", YES_NO) == "“có” is neither yes nor no."
    assert plain_refusal("1", YES_NO) == "“1” is neither yes nor no."


def test_a_choice_is_one_of_its_codes() -> None:
    assert parse_plain("tot", GRADE) == parse_entry(" tot ", GRADE) == "tot"
    assert plain_refusal("Tốt", GRADE) == "“Tốt” is not among the choices tot, kha."


def test_text_is_stored_in_one_form() -> None:
    assert parse_plain(" Tho\u0302n\r\nđẹp ", WORDS) == "Thôn\nđẹp"
    assert plain_refusal("a\0b", WORDS) == "Character 2 of the text (code 0) can't be stored; delete it."
    assert plain_refusal("a\ud800", WORDS) == "Character 2 of the text (code 55296) can't be stored; delete it."
    assert plain_refusal("x" * 20_001, WORDS) == "The text has 20001 characters; at most 20000 are taken."


def test_a_table_is_a_json_list_of_rows() -> None:
    assert parse_plain('[["Họp", " 3 "], ["", ""]]', TABLE) == [["Họp", "3"]]
    assert parse_plain('[["", ""]]', TABLE) is None
    assert plain_refusal('[["Họp"]]', TABLE) == "Row 1 of the table has 1 cells; it needs 2: Việc, Kết quả."
    for wrong in ("{}", "[1]", '[["a", 1]]', "x", "[" * 100_000, "NaN"):
        assert plain_refusal(wrong, TABLE).startswith("A table is written as a JSON list of rows of texts")


@given(st.integers(-(10**15) + 1, 10**15 - 1), st.integers(0, 999_999))
def test_what_is_displayed_is_read_back_exactly(whole: int, millionths: int) -> None:
    stored = canonical(Decimal(whole) + Decimal(millionths).scaleb(-6).copy_sign(whole))
    allowing = indicator("d", "decimal", decimals=6, negative=True)
    assert parse_entry(display(exact(stored), 6, "vi"), allowing) == stored
    assert parse_plain(plain(exact(stored)), allowing) == stored


# --- What readers and files get -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Fraction(0), "0"),
        (Fraction(14), "14"),
        (Fraction(-5, 2), "-2.5"),
        (Fraction(200, 7), "28.571428571429"),
        (Fraction(1, 3), "0.333333333333"),
        (Fraction(2, 3), "0.666666666667"),
        (Fraction(-2, 3), "-0.666666666667"),
        (Fraction(1, 2**20), "0.00000095367431640625"),
        (Fraction(1, 10**15), "0.000000000000001"),
        (Fraction(-1, 3 * 10**13), "0"),
        (Fraction(1, 3 * 10**13), "0"),
        (Fraction(12345, 100), "123.45"),
    ],
)
def test_a_file_gets_exact_digits_and_twelve_decimals_of_what_does_not_end(value: Fraction, written: str) -> None:
    assert plain(value) == written


def test_figures_of_thousands_of_digits_are_written_in_full() -> None:
    assert plain(Fraction(10**5000)) == "1" + "0" * 5000
    assert plain(Fraction(1, 2**5000)).startswith("0.000")
    assert len(plain(Fraction(1, 2**5000))) == 5002


@pytest.mark.parametrize(
    ("value", "decimals", "shown"),
    [
        (Fraction(12345, 10), 2, "1.234,5"),
        (Fraction(200, 7), 2, "28,57"),
        (Fraction(75), 2, "75"),
        (Fraction(5, 2), 0, "3"),
        (Fraction(-5, 2), 0, "-3"),
        (Fraction(1, 200), 2, "0,01"),
        (Fraction(-1, 1000), 2, "0"),
        (Fraction(1234567), 0, "1.234.567"),
        (Fraction(999), 0, "999"),
        (Fraction(-1000), 0, "-1.000"),
    ],
)
def test_a_reader_gets_figures_rounded_half_away_from_zero(value: Fraction, decimals: int, shown: str) -> None:
    assert display(value, decimals, "vi") == shown


def test_an_english_reader_gets_english_marks() -> None:
    assert display(Fraction(12345, 10), 2, "en") == "1,234.5"


@given(st.fractions(), st.integers(0, 6))
def test_rounding_moves_by_half_a_unit_at_most_and_away_from_zero_on_a_tie(value: Fraction, decimals: int) -> None:
    shown = display(value, decimals, "en").replace(",", "")
    difference = abs(Fraction(shown)) - abs(value)
    assert abs(difference) * 2 * 10**decimals <= 1
    if abs(difference) * 2 * 10**decimals == 1:
        assert difference > 0


@pytest.mark.parametrize(("stored", "value"), [(5, Fraction(5)), ("12.5", Fraction(25, 2)), ("-0.25", Fraction(-1, 4)), ("0", Fraction(0))])
def test_the_stored_form_is_exact(stored: Own, value: Fraction) -> None:
    assert isinstance(stored, int | str)
    assert exact(stored) == value
