"""Which of many figures stand apart from the others, robustly: by the median and the median absolute deviation (MAD).

Unlike a mean and a standard deviation, neither is moved by the very figures that are looked for. Exact numbers throughout.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
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
    exact = {key: Fraction(value) for key, value in values.items()}
    if len(exact) < FEWEST:
        return {}
    middle = median(list(exact.values()))
    deviations = [abs(value - middle) for value in exact.values()]
    factor = _factor(deviations)
    found = {key: Outlier(value, middle, (value - middle) * factor, len(exact)) for key, value in exact.items()}
    apart = [(key, outlier) for key, outlier in found.items() if abs(outlier.score) > threshold]
    return dict(sorted(apart, key=lambda each: -abs(each[1].score)))


def median(values: Sequence[Fraction]) -> Fraction:
    """The middle figure, or the mean of the two in the middle. Raises IndexError where there is none."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _factor(deviations: Sequence[Fraction]) -> Fraction:
    """What makes a deviation a score; zero where nothing deviates."""
    if spread := median(deviations):
        return _OF_MEDIAN_DEVIATION / spread
    total = sum(deviations, Fraction(0))
    return _OF_MEAN_DEVIATION * len(deviations) / total if total else Fraction(0)
