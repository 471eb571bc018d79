from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from reports.domain.rates import Rates, rates
from reports.domain.workflow import State
from reports.models import Report
from reports.policies import reports_in_reach
from reports.queries.board import board
from reports.queries.progress import by_level, progress_of_cycles, rates_below
from tests.builders import Play, at, given_cycle, given_template, given_user
from units.models import Level

pytestmark = pytest.mark.django_db
MOMENT = at("2025-06-19 12:00")
DUE = at("2025-06-18 23:59:59.999999")
FREE = [State.NOT_STARTED, State.DRAFT, State.PROPOSED, State.RETURNED, State.EXEMPT]


def outline(districts: int, communes: int, hamlets: int, top: str = "P") -> dict[str, Any]:
    return {
        top: {
            f"{top}{d}": {f"{top}{d}.{c}": [f"{top}{d}.{c}.{h}" for h in range(hamlets)] if c else [] for c in range(communes)}
            for d in range(districts)
        }
    }


@pytest.fixture
def two_cycles() -> list[Play]:
    """Two provinces in two cycles, with reports in every state, on time, late, missing and pending at random."""
    random = Random(7)
    version = given_template()
    first = given_cycle(version, outline(3, 4, 3) | outline(2, 3, 2, "Q"))
    second = given_cycle(version, {}, under=["P", "Q"], period="2025-Q1", levels=["province", "commune", "hamlet"])
    for play in (first, second):
        hamlets = list(Report.objects.filter(cycle=play.cycle, level__code="hamlet").values_list("unit__uid", flat=True))
        submitted = random.sample(hamlets, 12)
        for uid in submitted:
            play.save(uid, a="1")
        play.submit(*submitted)
        play.accept(*submitted[:6])
        for report in Report.objects.filter(cycle=play.cycle):
            report.due_at = DUE + timedelta(days=random.choice([-1, 0, 1]))
            if report.first_submitted_at is None:
                report.state = random.choice(FREE).value
            if random.random() < 0.5 and report.state not in (State.NOT_STARTED, State.EXEMPT):
                report.first_submitted_at = report.due_at + timedelta(microseconds=random.choice([-1, 0, 1]))
            report.save(update_fields=["due_at", "state", "first_submitted_at"])
    return [first, second]


def counted_one_by_one(reports: Iterable[Report]) -> dict[str, Rates]:
    return rates(((each.level.code, State(each.state), each.first_submitted_at, each.due_at) for each in reports), MOMENT)


def under(tops: Iterable[Report], every: Iterable[Report]) -> list[Report]:
    """The tops and what is below them, found from superior to superior."""
    by_pk = {report.pk: report for report in every}
    wanted = {top.pk for top in tops}

    def is_under(report: Report) -> bool:
        return report.pk in wanted or (report.superior_id is not None and is_under(by_pk[report.superior_id]))

    return [report for report in by_pk.values() if is_under(report)]


def test_the_database_counts_rates_as_the_rule_does_whichever_reports_are_asked_for(two_cycles: list[Play]):
    every = list(Report.objects.select_related("level"))
    random = Random(11)
    for size in (1, 2, 5, 20, len(every)):
        for _ in range(4):
            asked = random.sample(every, size)
            found = rates_below(asked, MOMENT)
            assert found == {report.pk: counted_one_by_one(each for each in under([report], every) if each != report) for report in asked}


def test_progress_counts_each_report_in_reach_once_by_cycle_and_level(two_cycles: list[Play]):
    every = list(Report.objects.select_related("level"))
    names = dict(Level.objects.values_list("name", "code"))
    random = Random(13)
    for size in (1, 3, 9, 30):
        heads = random.sample(every, size)
        for progress in progress_of_cycles(Report.objects.filter(pk__in=[head.pk for head in heads]), MOMENT):
            mine = [head for head in heads if head.cycle_id == progress.cycle.pk]
            expected = counted_one_by_one(under(mine, every))
            del expected[""]
            assert {names[str(level)]: counts for level, counts in progress.levels} == {
                level: counts for level, counts in expected.items() if counts.expected
            }
            below_another = {each.pk for head in mine for each in under([head], every) if each != head}
            assert {top.pk for top in progress.tops} == {head.pk for head in mine} - below_another


def test_reach_is_what_lies_under_the_units_of_all_memberships(two_cycles: list[Play]):
    every = list(Report.objects.select_related("unit"))
    uids = sorted({report.unit.uid for report in every})
    random = Random(17)
    for number, size in enumerate((1, 2, 4, 12)):
        units = random.sample(uids, size)
        user = given_user(f"user-{number}", **dict.fromkeys(units, "viewer"))
        expected = under([report for report in every if report.unit.uid in units], every)
        assert sorted(reports_in_reach(user).values_list("pk", flat=True)) == sorted(report.pk for report in expected)


@pytest.mark.parametrize("size", [(1, 2, 1), (4, 5, 6)])
def test_progress_takes_as_many_queries_for_a_hamlet_as_for_a_province(size: tuple[int, int, int], django_assert_num_queries: Any):
    play = given_cycle(outline=outline(*size))
    top = play.report("P")
    children = list(Report.objects.filter(superior=top))
    with django_assert_num_queries(2):
        rates_below([top], MOMENT)
    with django_assert_num_queries(2):
        rates_below([top, *children], MOMENT)
    with django_assert_num_queries(2):
        by_level(play.cycle, MOMENT)
    with django_assert_num_queries(5):
        board(top, MOMENT)
    with django_assert_num_queries(3):
        progress_of_cycles(Report.objects.filter(superior=top), MOMENT)
    user = given_user("lan", **{child.unit.uid: "viewer" for child in children}, P="viewer")
    with django_assert_num_queries(3):
        list(reports_in_reach(user))
