"""How many units a superior chooses: a share of them, rounded up."""

import pytest

from reports.domain.choosing import needed


@pytest.mark.parametrize(
    ("candidates", "share", "chosen"),
    [(5, 20, 1), (6, 20, 2), (10, 20, 2), (11, 20, 3), (1, 20, 1), (1, 1, 1), (7, 100, 7), (100, 1, 1), (101, 1, 2), (350, 34, 119)],
)
def test_a_share_is_rounded_up_to_whole_units(candidates: int, share: int, chosen: int):
    assert needed(candidates, share) == chosen


def test_what_a_double_would_round_wrongly_is_exact():
    assert needed(10**17, 7) == 7 * 10**15
    assert needed(10**17 + 1, 7) == 7 * 10**15 + 1
