"""Which of many figures stand apart from the others, robustly: by the median and the median absolute deviation (MAD).

Unlike a mean and a standard deviation, neither is moved by the very figures that are looked for. Exact numbers throughout.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import TypeVar

K = TypeVar("K", bound=Hashable)

#: below so many figures nothing stands apart: there is no "usual" yet
FEWEST = 5
#: the modified z-score from which a figure stands apart (Iglewicz and Hoaglin, 1993)
THRESHOLD = Fraction(7, 2)
#: what makes a deviation of normal figures comparable to a standard deviation
_OF_MEDIAN_DEVIATION = Fraction(6745, 10_000)
_OF_MEAN_DEVIATION = Fraction(7979, 10_000)


@dataclass(frozen=True, slots=True)
class Outlier:
    """A figure that stands apart from `count` figures, itself included. `score` is below zero where it is too low."""

    value: Fraction
    median: Fraction
    score: Fraction
    count: int

    @property
    def is_high(self) -> bool:
        return self.score > 0

    @property
    def times(self) -> Fraction | None:
        """How many times the median it is; None where that says nothing: a median of zero, or one of the other sign."""
        return self.value / self.median if self.median and self.value * self.median >= 0 else None


def outliers(values: Mapping[K, Fraction | Decimal | int], threshold: Fraction = THRESHOLD) -> dict[K, Outlier]:
    """The figures whose modified z-score is beyond `threshold` on either side, those farthest out first.

    The score is 0.6745 · (figure - median) / MAD. Where the MAD is zero, as more than half of the figures are equal, the mean
    absolute deviation takes its place (0.7979 · (figure - median) / mean deviation); where that is zero too, all are equal.
    Blank figures are left out by the caller; of fewer than FEWEST none stands apart.
    """
    if len(values) < FEWEST:
        return {}
    exact = {key: Fraction(value) for key, value in values.items()}
    # As whole multiples of one unit, in which medians are whole too: integers are compared several times as fast.
    unit = 4 * lcm(*(value.denominator for value in exact.values()))
    whole = {key: value.numerator * (unit // value.denominator) for key, value in exact.items()}
    middle = _middle(list(whole.values()))
    factor = _factor([abs(value - middle) for value in whole.values()])
    scores = {key: (value - middle) * factor for key, value in whole.items() if value != middle}
    apart = sorted((key for key in scores if abs(scores[key]) > threshold), key=lambda key: -abs(scores[key]))
    return {key: Outlier(exact[key], Fraction(middle, unit), scores[key], len(exact)) for key in apart}


def median(values: Sequence[Fraction]) -> Fraction:
    """The middle figure, or the mean of the two in the middle. Raises IndexError where there is none."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _middle(values: Sequence[int]) -> int:
    """The median of even numbers, or of numbers of which it is known to be whole."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) // 2


def _factor(deviations: Sequence[int]) -> Fraction:
    """What makes a deviation a score; zero where nothing deviates."""
    if spread := _middle(deviations):
        return _OF_MEDIAN_DEVIATION / spread
    total = sum(deviations)
    return _OF_MEAN_DEVIATION * len(deviations) / total if total else Fraction(0)
