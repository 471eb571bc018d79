from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from reports.domain.outliers import FEWEST, median, outliers


def numbered(*figures):
    return dict(enumerate(figures))


def test_the_figure_that_is_far_from_the_others_stands_apart():
    [(place, found)] = outliers(numbered(10, 12, 11, 9, 10, 100)).items()
    assert (place, found.value, found.median, found.count) == (5, Fraction(100), Fraction(21, 2), 6)
    assert found.score == Fraction(6745, 10_000) * (100 - Fraction(21, 2)) / 1
    assert found.is_high
    assert found.times == Fraction(200, 21)


def test_the_farthest_comes_first_and_what_is_too_low_counts_as_well():
    found = outliers(numbered(100, 101, 99, 100, 102, 98, 5, 1000))
    assert list(found) == [7, 6]
    assert [each.is_high for each in found.values()] == [True, False]


def test_a_mistake_does_not_hide_another_as_it_would_by_mean_and_standard_deviation():
    assert set(outliers(numbered(10, 11, 9, 10, 12, 1_000_000, 900))) == {5, 6}


def test_nothing_stands_apart_where_figures_merely_differ():
    assert outliers(numbered(3, 8, 12, 7, 10, 15, 9)) == {}


@pytest.mark.parametrize("figures", [(), (1,), (1, 1, 1, 1000)])
def test_few_figures_have_no_usual_one(figures):
    assert len(figures) < FEWEST
    assert outliers(numbered(*figures)) == {}


def test_where_most_are_equal_the_mean_deviation_measures():
    [(place, found)] = outliers(numbered(0, 0, 0, 0, 0, 0, 3)).items()
    assert (place, found.median, found.times) == (6, Fraction(0), None)
    assert outliers(numbered(0, 0, 0, 0, 1, 2, 1)) == {}


def test_where_all_are_equal_none_stands_apart():
    assert outliers(numbered(7, 7, 7, 7, 7)) == {}


def test_decimals_are_read_exactly():
    [found] = outliers(numbered(*map(Decimal, ("0.1", "0.2", "0.3", "0.2", "0.1", "9.9")))).values()
    assert (found.value, found.median) == (Fraction(99, 10), Fraction(1, 5))


def test_a_threshold_of_ones_own_finds_more():
    figures = numbered(4, 8, 12, 7, 10, 17, 9)
    assert outliers(figures) == {}
    assert list(outliers(figures, Fraction(2))) == [5]


@pytest.mark.parametrize(("value", "times"), [(50, 5), (0, 0), (-50, None)])
def test_times_the_median_are_said_only_where_they_mean_something(value, times):
    assert outliers(numbered(10, 10, 11, 9, 10, value))[5].times == times


def test_the_median_is_in_the_middle():
    assert median([Fraction(3), Fraction(1), Fraction(2)]) == 2
    assert median([Fraction(1), Fraction(2)]) == Fraction(3, 2)
