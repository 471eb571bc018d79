"""Figures with a source on pages: filled in as the report is begun, held against it later, taken over with a button (semantics §10)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import Play, given_cycle, given_template
from tests.domain.builders import indicator
from tests.entrypoints.pages import english, officers, text_of
from tests.register_builders import given_model

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_time", "in_english")]


def given_sourced_cycle() -> Play:
    return given_cycle(
        given_template(
            indicator("dk", levels="hamlet|commune", source="register:registered", name_vi="Mô hình đăng ký"),
            indicator("khac", levels="hamlet|commune", name_vi="Số khác"),
        )
    )


def page_of(play: Play, client: Any) -> Any:
    return client.get(f"/reports/{play.report('H1').pk}/")


def test_the_form_of_a_report_not_begun_shows_what_its_first_save_will_fill_in():
    play = given_sourced_cycle()
    given_model("H1")
    client = english(officers()["hamlet"])
    page = page_of(play, client)
    assert 'id="entry-dk" data-code="dk" data-kind="number" value="1"' in page.content.decode()
    assert "From the register of Dân vận khéo models: 1" in text_of(page)
    assert "Take it over" not in text_of(page)
    client.post(f"/reports/{play.report('H1').pk}/save/", {"version": 0, "cell-khac": "5"}, headers={"Accept": "application/json"})
    assert play.report("H1").own == {"dk": 1, "khac": 5}


def test_a_cell_unlike_its_source_says_so_and_has_a_button_to_take_it_over():
    play = given_sourced_cycle()
    given_model("H1")
    play.save("H1", dk="3")
    client = english(officers()["hamlet"])
    page = page_of(play, client)
    assert "3 is entered, and where it is filled in from there is 1. Say why." in text_of(page)
    assert '<button type="submit" class="quiet" name="cell-dk" value="1" data-put="dk">' in page.content.decode()
    sent = {"version": 1, "cell-dk": ["3", "1"], "cell-khac": ""}  # as a browser without JavaScript sends the cell and the button
    client.post(f"/reports/{play.report('H1').pk}/save/", sent)
    assert play.report("H1").own == {"dk": 1}


def test_a_form_without_script_has_a_plain_button_before_those_beside_figures():
    play = given_sourced_cycle()
    given_model("H1")
    play.save("H1", dk="3")
    page = page_of(play, english(officers()["hamlet"])).content.decode()
    form = page[page.index('id="report-form"') :]
    assert form.index('<button type="submit" hidden>') < form.index('name="cell-dk" value="1"')


def test_who_differs_explains_it_before_submitting():
    play = given_sourced_cycle()
    given_model("H1")
    play.save("H1", dk="3")
    people = officers()
    client = english(people["hamlet"])
    address = f"/reports/{play.report('H1').pk}/submit/"
    assert "1 figure to explain" in text_of(client.get(address))
    assert client.post(address, {"seen": 1}).status_code == 422
    client.post(address, {"seen": 1, "explain-dk": "Hai mô hình chưa kịp đăng ký."})
    assert play.state("H1") == "submitted"
    reviewed = text_of(english(people["commune"]).get(f"/reports/{play.report('H1').pk}/review/"))
    assert "Explanation: Hai mô hình chưa kịp đăng ký." in reviewed
