import datetime
from decimal import Decimal

from django.utils import translation
from django.utils.formats import date_format, get_format, number_format


def test_a_vietnamese_reader_sees_days_first_and_thousands_with_points():
    with translation.override("vi"):
        assert date_format(datetime.date(2025, 3, 9)) == "09/03/2025"
        assert date_format(datetime.date(2025, 3, 9), "SHORT_DATE_FORMAT") == "09/03/2025"
        assert number_format(Decimal("1234567.5"), decimal_pos=1, force_grouping=True) == "1.234.567,5"
        assert get_format("FIRST_DAY_OF_WEEK") == 1


def test_an_english_reader_sees_a_month_by_name_and_thousands_with_commas():
    with translation.override("en"):
        assert date_format(datetime.date(2025, 3, 9)) == "09 Mar 2025"
        assert number_format(Decimal("1234567.5"), decimal_pos=1, force_grouping=True) == "1,234,567.5"


def test_no_language_reads_a_day_month_first():
    for language in ("vi", "en"):
        with translation.override(language):
            assert not any(pattern.startswith("%m") for pattern in get_format("DATE_INPUT_FORMATS"))
