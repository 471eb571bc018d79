"""What a survey over years is filled in with: what each unit declared in its regular reports of these years (semantics §10)."""

from __future__ import annotations

from typing import Any

import pytest

from reports.queries.sourced import sourced_figures
from reports.services import configuring
from reports.wording import source_name
from tests.builders import NOON, Play, given_cycle, given_template
from tests.domain.builders import indicator
from tests.unit_builders import HEADER, load_csv, succeed, tree
from units.models import Unit
from units.problems import Refused

pytestmark = pytest.mark.django_db

ALL = "hamlet|commune|district|province"


def regular() -> Any:
    return given_template(
        indicator("cuoc", levels=ALL),
        indicator("tien", "decimal", levels="hamlet", time="flow_sum"),
        indicator("so_to", levels="commune", time="stock_last"),
        indicator("co_to", "boolean", levels="hamlet"),
        indicator("gap_doi", levels=ALL, formula="cuoc * 2"),
        indicator("diem", "decimal", levels="hamlet", up="mean"),
        indicator("loi", "text", levels="hamlet"),
        code="ky",
    )


def survey(*sources: str, **plan: Any) -> Play:
    """A survey of 2021 to 2023 whose figures a, b, … of communes are filled in from these."""
    decimal = [source.startswith("report:ky:tien") for source in sources]
    rows = [
        indicator(code, "decimal" if is_decimal else "integer", levels="commune", time="none", source=source)
        for code, source, is_decimal in zip("abcdef", sources, decimal, strict=False)
    ]
    return given_cycle(given_template(*rows, code="khao-sat"), {}, period="2021..2023", under=["P"], levels=["commune", "district"], **plan)


def said(play: Play, uid: str = "C") -> dict[str, Any]:
    report = play.report(uid)
    return sourced_figures([report])[report.pk]


def reported(version: Any, period: str, **figures: str) -> Play:
    """The accepted report of commune C alone."""
    play = given_cycle(version, {"P": {"D": {"C": []}}}, period=period, under=["P"], levels=["commune", "district"])
    play.hand_in("C", **figures)
    return play


def test_each_year_is_filled_in_with_what_was_declared_for_it():
    version = regular()
    for year, count in ((2021, "3"), (2022, "0"), (2023, "5")):
        reported(version, f"{year}-Y", cuoc=count)
    assert said(survey(*(f"report:ky:cuoc:{number}" for number in (1, 2, 3)))) == {"a": 3, "b": 0, "c": 5}


def test_a_year_without_an_accepted_report_or_beyond_the_span_says_nothing():
    version = regular()
    reported(version, "2021-Y", cuoc="3")
    given_cycle(version, {}, period="2022-Y", under=["P"], levels=["commune"]).save("C", cuoc="9")
    reported(version, "2024-Y", cuoc="7")
    assert said(survey(*(f"report:ky:cuoc:{number}" for number in (1, 2, 4)))) == {"a": 3}


def test_a_year_of_two_halves_is_what_they_come_to_and_one_half_is_no_year():
    version = regular()
    reported(version, "2021-H1", cuoc="3", so_to="4")
    reported(version, "2021-H2", cuoc="5", so_to="6")
    reported(version, "2022-H1", cuoc="9")
    assert said(survey("report:ky:cuoc:1", "report:ky:so_to:1", "report:ky:cuoc:2")) == {"a": 8, "b": 6}


def test_the_years_own_report_stands_before_its_halves():
    version = regular()
    for period, count in (("2021-H1", "3"), ("2021-H2", "5"), ("2021-Y", "10")):
        reported(version, period, cuoc=count)
    assert said(survey("report:ky:cuoc:1")) == {"a": 10}


def test_of_a_unit_with_reports_below_it_is_the_declared_total():
    version = regular()
    play = given_cycle(version, period="2021-Y")
    play.hand_in("H1", cuoc="2", tien="1.25", co_to="yes")
    play.hand_in("H2", cuoc="4", tien="2.5", co_to="no")
    play.hand_in("C", cuoc="1")
    play.hand_in("H3", cuoc="100", co_to="yes")
    assert said(survey("report:ky:cuoc:1", "report:ky:tien:1", "report:ky:co_to:1")) == {"a": 7, "b": "3.75", "c": 1}


def test_only_the_cells_that_a_unit_enters_are_filled_in():
    reported(regular(), "2021-Y", cuoc="3")
    assert said(survey("report:ky:cuoc:1"), "D") == {}


def test_however_many_years_and_units_it_is_one_query(django_assert_num_queries: Any):
    version = regular()
    outline: dict[str, dict[str, dict[str, list[str]]]] = {"P": {"D": {f"C{number}": [] for number in range(1, 6)}}}
    for year in (2021, 2022, 2023):
        play = given_cycle(version, outline, period=f"{year}-Y", under=["P"], levels=["commune"])
        for uid in outline["P"]["D"]:
            play.hand_in(uid, cuoc=str(year))
    play = survey(*(f"report:ky:cuoc:{number}" for number in (1, 2, 3)))
    reports = [play.report(uid) for uid in outline["P"]["D"]]
    play.cycle.version.compiled()
    with django_assert_num_queries(1):
        found = sourced_figures(reports)
    assert all(found[report.pk] == {"a": 2021, "b": 2022, "c": 2023} for report in reports)


def test_the_first_save_takes_them_over_and_a_difference_is_explained():
    reported(regular(), "2021-Y", cuoc="3")
    play = survey("report:ky:cuoc:1", "report:ky:cuoc:2")
    play.save("C", b="4")
    assert play.report("C").own == {"a": 3, "b": 4}
    play.save("C", a="5")
    play.submit("C")
    assert [warning["indicator"] for row in play.report("C").submissions.all() for warning in row.warnings] == ["a"]


def test_a_reader_is_told_the_year(in_english: None):
    reported(regular(), "2022-Y", cuoc="1")
    play = survey("report:ky:cuoc:2")
    assert source_name(play.template.by_code["a"], play.cycle.period) == "the reports of 2022"


@pytest.mark.parametrize(
    ("source", "value_type", "message"),
    [
        ("report:khac:cuoc:1", "integer", "a: no version of a template “khac” is in use."),
        ("report:ky:khong_co:1", "integer", "a: the newest version of ky has no indicator “khong_co”."),
        ("report:ky:tien:1", "integer", "a: “tien” of ky has more decimals than fit in here."),
        ("report:ky:loi:1", "integer", "a: “loi” of ky is no number that a unit reports; fill in what it is computed from."),
        ("report:ky:gap_doi:1", "integer", "a: “gap_doi” of ky is no number that a unit reports; fill in what it is computed from."),
        ("report:ky:diem:1", "decimal", "a: “diem” of ky is no number that a unit reports; fill in what it is computed from."),
    ],
)
def test_what_is_not_there_or_does_not_fit_is_refused_as_the_version_is_published(source: str, value_type: str, message: str):
    regular()
    version = configuring.add_version("k", "Mẫu", [indicator("a", value_type, source=source)])
    with pytest.raises(Refused) as refused:
        configuring.publish(version, NOON)
    assert [(problem.column, problem.message % problem.params) for problem in refused.value.problems] == [("source", message)]
    assert [problem.message % problem.params for problem in configuring.problems_with(version.indicators.get())] == [message]


def test_of_a_unit_made_of_others_earlier_years_are_what_these_reported_but_for_shares():
    version = regular()
    for period, of_a, of_b in (("2021-Y", "3", "4"), ("2022-H1", "1", "2")):
        play = given_cycle(version, {"P": {"A": [], "B": []}}, period=period, under=["P"], levels=["commune", "district"])
        play.hand_in("A", cuoc=of_a)
        play.hand_in("B", cuoc=of_b)
    Unit.objects.filter(uid__in="AB").update(valid_to="2022-06-30")
    load_csv(HEADER, "N,,Xã N,commune,P,2022-07-01,", "M,,Xã M,commune,P,2022-07-01,")
    succeed("A>N:1", "B>N:1", "B>M:0.5", on="2022-07-01")
    half = given_cycle(version, {}, period="2022-H2", under=["P"], levels=["commune", "district"])
    half.hand_in("N", cuoc="5")
    half.hand_in("M", cuoc="5")
    play = survey("report:ky:cuoc:1", "report:ky:cuoc:2")
    assert said(play, "N") == {"a": 7, "b": 8}
    assert said(play, "M") == {}


def test_of_predecessors_one_may_have_reported_the_year_and_another_its_halves():
    version = regular()
    tree({"P": {"A": [], "B": []}})
    for period, uid, count in (("2021-Y", "A", "3"), ("2021-H1", "B", "4"), ("2021-H2", "B", "5"), ("2022-H1", "B", "6")):
        given_cycle(version, {}, period=period, under=["P"], levels=["commune", "district"]).hand_in(uid, cuoc=count)
    Unit.objects.filter(uid__in="AB").update(valid_to="2022-12-31")
    load_csv(HEADER, "N,,Xã N,commune,P,2023-01-01,")
    succeed("A>N:1", "B>N:1", on="2023-01-01")
    assert said(survey("report:ky:cuoc:1", "report:ky:cuoc:2"), "N") == {"a": 12}
