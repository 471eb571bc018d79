from __future__ import annotations

import pytest

from reports.models import Report
from reports.services import rolling_up
from tests.entrypoints.pages import given_form_cycle, officers, signed_in, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_time", "in_english")]


def test_a_page_says_that_a_figure_below_cant_be_read_and_shows_the_others():
    play = given_form_cycle()
    play.hand_in("H1", ho="10")
    play.hand_in("H2", ho="5")
    rolling_up.drain_all()
    Report.objects.filter(unit__uid="H2").update(own={"ho": ["?"]})
    client = signed_in(officers()["commune"])
    client.cookies["django_language"] = "en"
    page = client.get(f"/reports/{play.report('C').pk}/")
    assert page.status_code == 200
    assert "The figures of 1 unit below can't be read and are left out here" in text_of(page)
    assert page.context["sheet"].rows[0].below == 10
    assert client.get(f"/reports/{play.report('C').pk}/submit/").status_code == 200


OF_A_TOTAL = [("H2", "totals/ho/"), ("C", "totals/ho/"), ("C", "totals/ty_le/")]
OF_ACCEPTED = [("H2", "totals/"), ("C", "totals/?section=1")]


@pytest.mark.parametrize(
    ("uid", "page", "state"),
    [*((*each, state) for each in OF_A_TOTAL for state in ("accepted", "draft")), *((*each, "accepted") for each in OF_ACCEPTED)],
)
def test_totals_say_whose_figures_cant_be_read_and_show_the_others(uid: str, page: str, state: str):
    play = given_form_cycle()
    play.hand_in("H1", ho="10")
    play.hand_in("H2", ho="5")
    rolling_up.drain_all()
    Report.objects.filter(unit__uid="H2").update(own={"ho": ["?"]}, state=state)
    client = signed_in(officers()["commune"])
    client.cookies["django_language"] = "en"
    answer = client.get(f"/reports/{play.report(uid).pk}/{page}")
    assert answer.status_code == 200
    told = f"The figures of these units can't be read and are left out here; an administrator has to look: {play.report('H2').unit}"
    assert told in text_of(answer)


def test_nothing_is_declared_over_a_figure_that_cant_be_read():
    play = given_form_cycle()
    play.hand_in("H1", ho="10")
    play.save("C", cuoc="1")
    Report.objects.filter(unit__uid="H1").update(own={"ho": ["?"]})
    client = signed_in(officers()["commune"])
    client.cookies["django_language"] = "en"
    page = client.post(f"/reports/{play.report('C').pk}/submit/", {"seen": "1", "confirm_incomplete": "yes"})
    assert page.status_code == 422
    assert "A figure of a unit below can't be read; an administrator has to look before this report is submitted." in text_of(page)
    assert play.state("C") == "draft"
