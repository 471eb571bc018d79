"""How measurements are judged and shown (benchmarks/results.py)."""

from __future__ import annotations

import pytest

from benchmarks.__main__ import ALL_JOBS, AT_TWO_SIZES, ON_BOTH_DATABASES
from benchmarks.jobs import JOBS
from benchmarks.measuring import Line, in_turns
from benchmarks.results import as_markdown, as_text, per_report, verdict


def line(**facts: object) -> Line:
    return Line(**({"job": "dig", "ours": [3.0, 1.0, 2.0], "yardstick": [1.0, 1.0, 1.5], "against": "a spade"} | facts))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "met"),
    [
        ({"most": 2}, True),
        ({"most": 1.9}, False),
        ({"most_seconds": 2.5}, True),
        ({"most": 2, "most_seconds": 1.5}, False),
        ({"queries": 15, "most_queries": 15}, True),
        ({"queries": 16, "most_queries": 15}, False),
        ({"megabytes": 500, "most_megabytes": 500}, False),
        ({}, None),
    ],
)
def test_every_bar_of_a_line_has_to_be_met_by_the_median(facts: dict[str, object], met: bool | None) -> None:
    assert verdict(line(**facts)).met is met


def test_a_line_shows_median_and_spread_of_both_ways_and_their_ratio() -> None:
    shown = verdict(line(most=2, reports=1200))
    assert (shown.ours, shown.yardstick, shown.ratio, shown.bar) == ("2 s (1–3)", "1 s (1–1.5): a spade", "2.00", "≤ 2")
    assert as_text([line(most=1)]).startswith("MISSED  dig")
    assert (
        as_markdown([line(most=2, reports=1200)]).splitlines()[-1]
        == "| dig | 1,200 | 2 s (1–3) | 1 s (1–1.5): a spade | 2.00 | ≤ 2 | met |"
    )


def test_linear_work_takes_as_long_for_each_report_at_either_size() -> None:
    here, smaller = line(ours=[10.0], reports=1000), line(ours=[1.0], reports=100)
    assert verdict(per_report(here, smaller)).ratio == "1.00"


def test_two_ways_are_measured_in_turns_after_a_run_that_does_not_count() -> None:
    done: list[str] = []
    ours, yardstick = in_turns(2, lambda: done.append("ours"), lambda: done.append("hers"), lambda: done.append("-"))
    assert (len(ours), len(yardstick)) == (2, 2)
    assert done == ["-", "ours", "-", "hers"] * 3


def test_every_job_of_the_command_is_one_that_can_be_measured() -> None:
    assert set(ALL_JOBS) == set(JOBS)
    assert set(AT_TWO_SIZES) | set(ON_BOTH_DATABASES) <= set(JOBS)
