"""What a leader looks at: the map, timeliness over the cycles, rankings, early warnings."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from reports.domain.outliers import FEWEST
from reports.models import Report
from reports.policies import reports_in_reach
from reports.queries.early_warnings import early_warnings
from reports.queries.heat import heat
from reports.queries.progress import rates_below
from reports.queries.ranking import Measure, denominators_of, measures_of, ranking
from reports.queries.timeliness_trend import falling_first, timeliness_trend
from reports.services import rolling_up
from reports.templatetags.dashboards import in_words
from tests.builders import Play, at, given_cycle, given_template, given_user
from tests.domain.builders import indicator
from tests.unit_builders import HEADER, load_csv, succeed

pytestmark = pytest.mark.django_db
MOMENT = at("2025-06-19 12:00")
LEVELS = "hamlet|commune|district|province"
EVERYTHING = Report.objects.all


def given_version() -> Any:
    return given_template(
        indicator("cuoc", levels=LEVELS, name_vi="Số cuộc"),
        indicator("ho", levels=LEVELS, time="stock_last", name_vi="Số hộ"),
        indicator("ngheo", levels=LEVELS, time="stock_last", name_vi="Hộ nghèo"),
        indicator("ty_le", "percent", levels=LEVELS, formula="ngheo / ho", name_vi="Tỷ lệ"),
    )


def given_two_halves(communes: int = 7, hamlets: int = 0) -> tuple[Play, Play]:
    """The second half of 2024 and the first of 2025 of a district with its communes, some with hamlets."""
    below = {f"C{c}": [f"C{c}.{h}" for h in range(hamlets)] for c in range(communes)}
    version = given_version()
    earlier = given_cycle(version, {"P": {"D": below}}, period="2024-H2", due=date(2024, 12, 18), opened=at("2024-12-10 12:00"))
    return earlier, given_cycle(version, {}, under=["P"])


def hand_in_all(play: Play, figures: dict[str, dict[str, str]]) -> None:
    for uid, values in figures.items():
        play.hand_in(uid, **values)
    rolling_up.drain_all([play.cycle.pk])


def usual(communes: int = 7, **others: str) -> dict[str, dict[str, str]]:
    """Figures of communes that differ a little, but for the number of meetings given by uid."""
    return {f"C{c}": {"cuoc": others.get(f"C{c}", str(3 + c % 3)), "ho": "100", "ngheo": str(10 + c)} for c in range(communes)}


def district(play: Play) -> Report:
    return Report.objects.for_display().select_related("rollup").get(cycle=play.cycle, unit__uid="D")


def test_the_map_has_a_row_for_each_child_and_a_cell_for_each_of_theirs():
    _, play = given_two_halves(3, hamlets=2)
    play.save("C1.0", cuoc="1")
    play.submit("C1.0", at=at("2025-06-17 09:00"))
    play.save("C1.1", cuoc="1")
    play.submit("C1.1", at=at("2025-06-19 00:00"))
    shown = heat(district(play), MOMENT)
    assert [row.uid for row in shown.rows] == ["C0", "C1", "C2"]
    assert [[cell.timeliness for cell in row.cells] for row in shown.rows] == [["missing"] * 2, ["on_time", "late"], ["missing"] * 2]
    assert [cell.state for cell in shown.rows[1].cells] == ["submitted"] * 2
    assert shown.rows[1].rates == rates_below([play.report("C1")], MOMENT)[play.report("C1").pk][""]
    assert shown.count("timeliness") == {"missing": 4, "on_time": 1, "late": 1}
    assert [rates.expected for _, rates in shown.levels] == [3, 6]


def test_where_nothing_reports_below_the_rows_they_are_the_map_themselves():
    _, play = given_two_halves(3)
    shown = heat(district(play), MOMENT)
    assert shown.is_flat
    assert [cell.name for cell in shown.cells] == ["Đơn vị C0", "Đơn vị C1", "Đơn vị C2"]


def test_who_slides_comes_first_in_percentage_points_of_what_is_judged():
    earlier, play = given_two_halves(2, hamlets=4)
    for cycle, sent, day in ((earlier, {"C0": 4, "C1": 2}, "2024-12-17 09:00"), (play, {"C0": 1, "C1": 3}, "2025-06-17 09:00")):
        sending = [f"{commune}.{number}" for commune, count in sent.items() for number in range(count)]
        for uid in sending:
            cycle.save(uid, cuoc="1")
        cycle.submit(*sending, at=at(day))
    trend = timeliness_trend(district(play), EVERYTHING(), MOMENT)
    assert [cycle.pk for cycle in trend.cycles] == [earlier.cycle.pk, play.cycle.pk]
    slides: list[Any] = [(row.report.unit.uid, row.difference) for row in falling_first(trend.rows)]
    assert slides == [("C0", -75), ("C1", 25)]
    first = trend.rows[0].points
    assert [(point.rates.on_time, point.judged, point.rate) for point in first if point] == [(4, 4, 1), (1, 4, Fraction(1, 4))]


def test_a_report_that_is_not_due_yet_is_no_part_of_the_rate():
    _, play = given_two_halves(1, hamlets=3)
    play.save("C0.0", cuoc="1")
    play.submit("C0.0")
    point = timeliness_trend(district(play), EVERYTHING(), at("2025-06-13 09:00")).rows[0].points[-1]
    assert point is not None
    assert (point.judged, point.rates.expected, point.rate) == (1, 3, Fraction(1))


def test_a_unit_without_reports_below_is_judged_by_its_own_and_one_that_was_not_there_is_blank():
    version = given_version()
    earlier = given_cycle(version, {"P": {"D": {"C0": []}}}, period="2024-H2", due=date(2024, 12, 18), opened=at("2024-12-10 12:00"))
    play = given_cycle(version, {"Q": {"E": {"C9": []}}}, under=["P", "Q"])
    earlier.hand_in("C0", cuoc="1", ho="1", ngheo="0")
    row = timeliness_trend(district(play), EVERYTHING(), MOMENT).rows[0]
    assert [(point.own, point.rate) for point in row.points if point] == [("on_time", Fraction(1)), ("missing", Fraction(0))]
    other = Report.objects.for_display().get(cycle=play.cycle, unit__uid="E")
    assert timeliness_trend(other, EVERYTHING(), MOMENT).rows[0].points[0] is None


def test_ranks_are_shared_by_equal_figures_and_a_blank_has_none():
    earlier, play = given_two_halves(5)
    hand_in_all(earlier, {"C0": {"cuoc": "2"}})
    hand_in_all(play, {"C0": {"cuoc": "7"}, "C1": {"cuoc": "0"}, "C2": {"cuoc": "7"}, "C3": {"cuoc": "9"}})
    shown = ranking(district(play), Measure(play.template.by_code["cuoc"]), EVERYTHING())
    told = [(row.place, row.report.unit.uid, row.value) for row in shown.rows]
    assert told == [(1, "C3", 9), (2, "C0", 7), (2, "C2", 7), (4, "C1", 0), (None, "C4", None)]
    assert [row.change for row in shown.rows] == [None, 5, None, None, None]
    trend: list[Any] = [(one.value, one.total.counted, one.total.expected) for one in shown.trend if one]
    assert trend == [(2, 1, 6), (23, 4, 6)]
    lowest = ranking(district(play), Measure(play.template.by_code["cuoc"]), EVERYTHING(), lowest_first=True)
    assert [row.report.unit.uid for row in lowest.rows] == ["C1", "C0", "C2", "C3", "C4"]


def test_a_ratio_is_made_of_the_two_totals_beside_it():
    _, play = given_two_halves(2, hamlets=2)
    hand_in_all(play, {"C0.0": {"ho": "10", "ngheo": "5", "cuoc": "1"}, "C0.1": {"ho": "90", "ngheo": "0"}})
    row = ranking(district(play), Measure(play.template.by_code["ty_le"]), EVERYTHING()).rows[0]
    told: Any = (row.value, [(part.code, figure) for part, figure in row.parts])
    assert told == (5, [("ho", 100), ("ngheo", 5)])
    held = ranking(district(play), Measure(play.template.by_code["cuoc"], play.template.by_code["ho"]), EVERYTHING()).rows[0]
    told = (held.value, [(part.code, figure) for part, figure in held.parts])
    assert told == (1, [("cuoc", 1), ("ho", 100)])
    assert [each.code for each in denominators_of(play.template)] == ["ho", "ngheo"]
    assert [each.code for each in measures_of(play.template)] == ["cuoc", "ho", "ngheo", "ty_le"]


def test_what_leaves_siblings_and_history_is_warned_of_and_the_most_striking_comes_first():
    earlier, play = given_two_halves()
    hand_in_all(earlier, usual())
    hand_in_all(play, usual(C2="45", C4="15"))
    found = early_warnings(district(play), EVERYTHING())
    told: list[Any] = [(each.report.unit.uid, each.indicator.code, each.value, each.before) for each in found]
    assert told == [
        ("C2", "cuoc", 45, 5),
        ("C4", "cuoc", 15, 4),
    ]
    assert found[0].among is not None
    assert (found[0].among.median, found[0].among.count, found[0].among.is_high) == (Fraction(4), 7, True)
    assert found[0].change is not None


def test_what_leaves_a_units_own_figures_of_many_periods_is_warned_of_though_its_siblings_have_the_like():
    version = given_version()
    tree: dict[str, Any] = {"P": {"D": {f"C{c}": [] for c in range(3)}}}
    for number, figure in enumerate(("3", "4", "3", "5", "4")):
        earlier = given_cycle(version, tree if not number else {}, under=["P"], period=f"{2020 + number}-H1")
        hand_in_all(earlier, usual(3, C0=figure, C1="40", C2="20"))
    play = given_cycle(version, {}, under=["P"])
    hand_in_all(play, usual(3, C0="30", C1="40", C2="30"))
    found = early_warnings(district(play), EVERYTHING())
    told: list[Any] = [(each.report.unit.uid, each.indicator.code, each.value, each.among) for each in found]
    assert told == [("C0", "cuoc", 30, None), ("C2", "cuoc", 30, None)]
    assert found[0].own is not None
    assert (found[0].own.median, found[0].own.count, found[0].own.is_high) == (Fraction(4), 6, True)
    assert "6 kỳ" in in_words(found[0])


def test_what_stood_apart_before_just_so_is_no_news():
    earlier, play = given_two_halves()
    hand_in_all(earlier, usual(C2="44"))
    hand_in_all(play, usual(C2="45"))
    assert early_warnings(district(play), EVERYTHING()) == []


def test_a_total_that_lacks_many_reports_is_not_held_against_the_others():
    _, play = given_two_halves(6, hamlets=2)
    hand_in_all(play, {f"C{c}.{h}": {"cuoc": "50"} for c in range(6) for h in range(2) if (c, h) != (5, 1)})
    for commune in range(6):
        play.hand_in(f"C{commune}", cuoc="1")
    rolling_up.drain_all([play.cycle.pk])
    assert early_warnings(district(play), EVERYTHING()) == []


def test_of_few_units_none_stands_apart():
    _, play = given_two_halves(FEWEST - 1)
    hand_in_all(play, usual(FEWEST - 1, C1="90"))
    assert early_warnings(district(play), EVERYTHING()) == []


def test_an_earlier_cycle_out_of_reach_gives_nothing_to_compare_with():
    earlier, play = given_two_halves()
    hand_in_all(earlier, usual())
    hand_in_all(play, usual(C2="45"))
    only_now = Report.objects.filter(cycle=play.cycle)
    assert [each.before for each in early_warnings(district(play), only_now)] == [None]
    assert ranking(district(play), Measure(play.template.by_code["cuoc"]), only_now).trend[0] is None
    assert timeliness_trend(district(play), only_now, MOMENT).whole.points[0] is None


@pytest.mark.parametrize(("communes", "hamlets"), [(5, 1), (12, 4)])
def test_each_takes_as_many_queries_for_many_units_as_for_few(communes: int, hamlets: int, django_assert_num_queries: Any):
    earlier, play = given_two_halves(communes, hamlets)
    for each in (earlier, play):
        hand_in_all(each, {f"C{c}.{h}": {"cuoc": "1"} for c in range(communes) for h in range(hamlets)})
    report = district(play)
    reach = reports_in_reach(given_user("lan", P="viewer"))
    measure = Measure(play.template.by_code["cuoc"])
    with django_assert_num_queries(4):
        heat(report, MOMENT)
    with django_assert_num_queries(5):
        timeliness_trend(report, reach, MOMENT)
    with django_assert_num_queries(3):
        ranking(report, measure, reach)
    with django_assert_num_queries(3):
        early_warnings(report, reach)


def test_a_total_of_other_levels_is_not_held_against_the_period_before():
    version = given_template(
        indicator("cuoc", levels=LEVELS),
        indicator("ho", levels="hamlet|commune", up="leaf_sum"),
        indicator("moi_ho", "decimal", levels=LEVELS, formula="cuoc / ho"),
    )
    outline = {"P": {"D": {"C0": ["H0"], "C1": ["H1"]}}}
    above = ["province", "district", "commune"]
    earlier = given_cycle(version, outline, period="2024-H1", opened=at("2024-06-10 12:00"), due=date(2024, 6, 18), levels=above)
    play = given_cycle(version, {}, under=["P"])
    hand_in_all(earlier, {"C0": {"cuoc": "2", "ho": "50"}})
    hand_in_all(play, {"H0": {"cuoc": "9", "ho": "51"}})
    before = {
        code: ranking(district(play), Measure(play.template.by_code[code]), EVERYTHING()).rows[0].before
        for code in ("cuoc", "ho", "moi_ho")
    }
    assert before == {"cuoc": None, "ho": 50, "moi_ho": None}


def test_over_a_reorganisation_the_period_before_is_what_the_predecessors_reported_and_says_so():
    version = given_version()
    earlier = given_cycle(version, {"D": {}, "X": ["A", "B"]}, period="2024-H2", due=date(2024, 12, 18), opened=at("2024-12-10 12:00"))
    earlier.save("A", cuoc="4")
    earlier.save("B", cuoc="5")
    earlier.submit("A", at=at("2024-12-17 09:00"))
    earlier.submit("B", at=at("2024-12-19 09:00"))
    earlier.accept("A", "B")
    load_csv(HEADER, "D,,Tỉnh D,province,,,", "N,,Xã N,commune,D,2025-03-01,", "M,,Xã M,commune,D,2025-03-01,")
    succeed("A>N:1", "B>N:1", on="2025-03-01")
    play = given_cycle(version, {}, under=["D"])
    hand_in_all(play, {"N": {"cuoc": "12"}, "M": {"cuoc": "3"}})
    report = district(play)
    shown = ranking(report, Measure(version.compiled().by_code["cuoc"]), EVERYTHING())
    assert [(row.report.unit.uid, row.before, row.change, row.is_restated) for row in shown.rows] == [
        ("N", 9, 3, True), ("M", None, None, False)
    ]  # fmt: skip
    first, _ = next(row.points for row in timeliness_trend(report, EVERYTHING(), MOMENT).rows if row.report.unit.uid == "N")
    assert first is not None
    assert (first.own, first.is_restated, first.rates.on_time, first.rates.late) == ("", True, 1, 1)
