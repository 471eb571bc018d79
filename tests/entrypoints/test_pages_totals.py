from __future__ import annotations

import pytest

from reports.models import RollupMark
from reports.services import rolling_up
from tests.entrypoints.pages import english, given_form_cycle, officers, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_time", "in_english")]


def test_totals_say_how_many_are_in():
    play = given_form_cycle()
    play.hand_in("H1", ho="1200", ngheo="300", co_to="yes")
    play.hand_in("H2", ho="0", co_to="no")
    rolling_up.drain_all()
    page = text_of(english(officers()["commune"]).get(f"/reports/{play.report('C').pk}/totals/"))
    assert "2/4 units" in page
    assert "Households 1,200 2" in page
    assert "Có tổ 1 of 2 yes 2" in page


def test_a_section_shows_the_units_below_as_rows():
    play = given_form_cycle()
    play.hand_in("H1", ho="1200", ngheo="300")
    rolling_up.drain_all()
    client = english(officers()["commune"])
    page = client.get(f"/reports/{play.report('C').pk}/totals/?section=1")
    assert "Total 1/4 1,200 300 25" in text_of(page)
    assert "Đơn vị H1 Accepted 1,200 300 25" in text_of(page)
    assert client.get(f"/reports/{play.report('C').pk}/totals/?section=99").status_code == 404


def test_a_total_opens_down_to_the_entered_cell_with_who_and_when():
    play = given_form_cycle()
    people = officers()
    play.save("H1", by=people["hamlet"], ho="10")
    play.submit("H1")
    play.accept("H1")
    play.save("H2", ho="7")
    rolling_up.drain_all()
    client = english(people["district"])
    above = client.get(f"/reports/{play.report('D').pk}/totals/ho/")
    assert f"/reports/{play.report('C').pk}/totals/ho/" in above.content.decode()
    page = text_of(client.get(f"/reports/{play.report('C').pk}/totals/ho/"))
    assert "Đơn vị H1 10 10 thon, 10 Jun 2025 12:01 Accepted" in page
    assert "Đơn vị H2 not counted yet 7" in page
    assert "Đơn vị H3 not counted yet Not submitted" in page


def test_a_formula_names_what_it_is_computed_from():
    play = given_form_cycle()
    page = english(officers()["commune"]).get(f"/reports/{play.report('C').pk}/totals/ty_le/")
    assert "Computed from totals: “Hộ nghèo” / “Households”" in text_of(page)


@pytest.mark.parametrize("code", ["uu_diem", "nothing", "own"])
def test_what_has_no_total_is_not_found(code):
    play = given_form_cycle()
    assert english(officers()["commune"]).get(f"/reports/{play.report('C').pk}/totals/{code}/").status_code == 404


def test_declared_figures_stand_beside_the_live_ones_where_they_differ():
    play = given_form_cycle()
    play.hand_in("H1", ho="10")
    play.save("C", cuoc="1")
    play.submit("C")
    play.hand_in("H2", ho="5")
    rolling_up.drain_all()
    page = text_of(english(officers()["district"]).get(f"/reports/{play.report('C').pk}/totals/"))
    assert "Figures have changed since this unit submitted" in page
    assert "Households 15 10 2" in page


def test_stale_totals_say_so_until_they_are_recomputed():
    play = given_form_cycle()
    play.hand_in("H1", ho="10")
    assert RollupMark.objects.exists()
    client = english(officers()["commune"])
    url = f"/reports/{play.report('C').pk}"
    assert "Totals are being brought up to date" in text_of(client.get(f"{url}/totals/"))
    assert client.get(f"{url}/totals-pending/").status_code == 204
    rolling_up.drain_all()
    assert client.get(f"{url}/totals-pending/").headers["HX-Refresh"] == "true"
    assert "Totals are being brought up to date" not in text_of(client.get(f"{url}/totals/"))


def test_looking_writes_nothing():
    play = given_form_cycle()
    play.hand_in("H1", ho="10")
    marks = RollupMark.objects.count()
    client = english(officers()["commune"])
    for path in ("", "below/", "totals/", "totals/ho/", "submit/"):
        client.get(f"/reports/{play.report('C').pk}/{path}")
    assert RollupMark.objects.count() == marks


def test_cycles_show_progress_by_level_over_what_is_in_reach():
    play = given_form_cycle()
    play.hand_in("H1", ho="10")
    play.do("exempt", "H3")
    people = officers()
    page = english(people["district"]).get("/cycles/")
    [progress] = page.context["cycles"]
    assert [top.unit.uid for top in progress.tops] == ["D"]
    assert [(rates.expected, rates.received, rates.accepted, rates.on_time, rates.missing) for _, rates in progress.levels] == [
        (1, 0, 0, 0, 0),
        (1, 0, 0, 0, 0),
        (2, 1, 1, 1, 0),
    ]
    assert english(people["stranger"]).get("/cycles/").context["cycles"] == []


def test_a_report_with_nothing_below_is_its_own_total():
    play = given_form_cycle()
    play.hand_in("H1", ho="10")
    page = english(officers()["hamlet"]).get(f"/reports/{play.report('H1').pk}/totals/ho/")
    assert "1/1 units" in text_of(page)
    assert page.context["lineage"].value == 10


def test_totals_take_a_fixed_number_of_queries(django_assert_max_num_queries):
    play = given_form_cycle(outline={"P": {"D": {"C": [f"H{number}" for number in range(1, 31)]}}})
    for number in range(1, 31):
        play.save(f"H{number}", ho="10")
    client = english(officers()["province"])
    report = play.report("C")
    for path in ("totals/", "totals/?section=1", "totals/ho/"):
        with django_assert_max_num_queries(14):
            client.get(f"/reports/{report.pk}/{path}")
    with django_assert_max_num_queries(9):
        client.get("/cycles/")
