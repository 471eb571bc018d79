from __future__ import annotations

import pytest

from tests.builders import at, given_cycle, given_template
from tests.domain.builders import indicator
from tests.entrypoints.pages import english, given_form_cycle, looked_at, officers, said, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_time", "in_english")]
SEVEN = {"P": {"D": {"C": [f"H{number}" for number in range(1, 8)]}}}


def given_seven(figures=("10", "11", "9", "10", "12", "10", "100")):
    play = given_form_cycle(outline=SEVEN)
    for number, figure in enumerate(figures, 1):
        play.save(f"H{number}", ho=figure, ngheo="1")
        play.submit(f"H{number}")
    return play


def test_what_stands_apart_from_the_siblings_comes_first_and_in_words():
    play = given_seven()
    page = english(officers()["commune"]).get(f"/reports/{play.report('H7').pk}/review/")
    assert [row.code for row in page.context["compared"].striking] == ["ho", "ty_le"]
    assert "Households : 100 , 10 times the median of 7 units (10)" in text_of(page)
    assert "Tỷ lệ : 1 , below the median of 7 units, 10" in text_of(page)


def test_nothing_stands_out_of_an_ordinary_report():
    play = given_seven()
    page = english(officers()["commune"]).get(f"/reports/{play.report('H1').pk}/review/")
    assert page.context["compared"].striking == []
    assert "Nothing stands out" in text_of(page)


def test_few_siblings_are_nothing_to_compare_with():
    play = given_form_cycle()
    for uid, figure in (("H1", "1"), ("H2", "1"), ("H3", "1000")):
        play.save(uid, ho=figure)
        play.submit(uid)
    page = english(officers()["commune"]).get(f"/reports/{play.report('H3').pk}/review/")
    assert "Fewer than five units of this level have submitted" in text_of(page)


def test_the_desk_shows_the_period_before_and_the_change():
    with looked_at(at("2025-06-13 09:01")):
        version = given_template(indicator("a", levels="hamlet|commune|district|province"))
    earlier = given_cycle(version, period="2024-H2")
    earlier.hand_in("H1", a="10")
    play = given_cycle(version, {}, under=["P"])
    play.save("H1", a="25")
    play.submit("H1")
    page = english(officers()["commune"]).get(f"/reports/{play.report('H1').pk}/review/")
    assert "25 10 +15" in text_of(page)


def test_what_changed_since_the_last_submission_is_listed():
    play = given_seven()
    play.do("return_for_correction", "H1")
    play.save("H1", ho="12")
    play.submit("H1")
    page = text_of(english(officers()["commune"]).get(f"/reports/{play.report('H1').pk}/review/"))
    assert "Changed since the last submission 1 Households : 10 → 12" in page


def test_accepting_leads_to_the_next_report_that_waits_and_at_last_to_the_board():
    play = given_form_cycle()
    for uid in ("H1", "H3"):
        play.save(uid, ho="1")
        play.submit(uid)
    client = english(officers()["commune"])
    page = client.get(f"/reports/{play.report('H3').pk}/review/")
    assert (page.context["queue"].waiting, page.context["queue"].next) == (2, play.report("H1").pk)
    accepted = client.post(f"/reports/{play.report('H3').pk}/review/accept/", {"seen": "2"}, follow=True)
    assert said(accepted) == ["The report is accepted."]
    assert accepted.redirect_chain == [(f"/reports/{play.report('H1').pk}/review/", 302)]
    returned = client.post(f"/reports/{play.report('H1').pk}/review/return/", {"seen": "2", "reason": "Sai.", "note-ho": "Xem lại."})
    assert returned.headers["Location"] == f"/reports/{play.report('C').pk}/below/"
    assert (play.state("H3"), play.state("H1")) == ("accepted", "returned")
    assert [note.text for note in play.journal("H1")[-1].notes.all()] == ["Xem lại."]


def test_a_return_without_a_reason_keeps_the_notes_on_the_desk():
    play = given_seven()
    client = english(officers()["commune"])
    page = client.post(f"/reports/{play.report('H1').pk}/review/return/", {"seen": "2", "reason": " ", "note-ho": "Xem lại."})
    assert page.status_code == 422
    assert "This field is required." in text_of(page)
    assert "Xem lại.</textarea>" in page.content.decode()
    assert client.post(f"/reports/{play.report('H1').pk}/review/extend/", {"seen": "2"}).status_code == 404


def test_one_who_only_reads_decides_nothing():
    play = given_seven()
    client = english(officers()["viewer"])
    page = client.get(f"/reports/{play.report('H1').pk}/review/")
    assert page.context["decisions"] == {}
    assert client.post(f"/reports/{play.report('H1').pk}/review/accept/", {"seen": "2"}).status_code == 422
    assert play.state("H1") == "submitted"


def test_the_board_leads_to_the_desk_where_something_waits():
    play = given_seven()
    page = english(officers()["commune"]).get(f"/reports/{play.report('C').pk}/below/").content.decode()
    assert f'href="/reports/{play.report("H1").pk}/review/"' in page
