from __future__ import annotations

import pytest

from reports.services import rolling_up
from tests.builders import given_cycle, given_template
from tests.domain.builders import indicator
from tests.entrypoints.pages import english, given_form_cycle, officers, said, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_time", "in_english")]


@pytest.fixture
def play():
    """H1 is accepted, H2 submitted, H3 a draft; each wrote something."""
    play = given_form_cycle()
    for uid in ("H1", "H2", "H3"):
        play.save(uid, ho="1", uu_diem=f"Việc của {uid}.", bang='[["Họp", "Tốt"]]')
    play.submit("H1", "H2")
    play.accept("H1")
    return play


def test_the_digest_names_each_unit_and_leaves_drafts_out(play):
    page = english(officers()["commune"]).get(f"/reports/{play.report('C').pk}/narratives/", follow=True)
    assert [(each.report.unit.uid, each.words, each.is_counted) for each in page.context["passages"]] == [
        ("H1", "Việc của H1.", True),
        ("H2", "Việc của H2.", False),
    ]
    assert "Đơn vị H2 Submitted Việc của H2." in text_of(page)


def test_paragraphs_are_added_to_ones_own_text_without_javascript_and_saved_by_the_form(play):
    client = english(officers()["commune"])
    url = f"/reports/{play.report('C').pk}"
    one = {"version": "0", "cell-uu_diem": "Cả xã.", "add": str(play.report("H1").pk)}
    page = client.post(f"{url}/narratives/uu_diem/", one)
    assert page.context["words"] == "Cả xã.\n\nĐơn vị H1: Việc của H1."
    assert play.state("C") == "not_started"
    page = client.post(f"{url}/narratives/uu_diem/", {"version": "0", "cell-uu_diem": "", "add": "all"})
    assert page.context["words"] == "Đơn vị H1: Việc của H1.\n\nĐơn vị H2: Việc của H2."
    saved = client.post(f"{url}/save/", {"version": "0", "cell-uu_diem": page.context["words"]}, follow=True)
    assert said(saved)[0].startswith("Saved")
    assert client.get(f"{url}/narratives/uu_diem/").context["words"] == page.context["words"]


def test_tables_are_gathered_with_their_unit(play):
    page = text_of(english(officers()["commune"]).get(f"/reports/{play.report('C').pk}/narratives/bang/"))
    assert "Đơn vị H1 Accepted Việc Kết quả Họp Tốt" in page


def test_rows_from_below_are_copied_into_ones_own_table_each_once_and_saved_by_the_form():
    version = given_template(indicator("bang", "table", levels="hamlet|commune", columns="Việc|Kết quả"))
    play = given_cycle(version)
    play.save("H1", bang='[["Họp", "Tốt"]]')
    play.save("H2", bang='[["Họp", "Khá"], ["Thăm hộ", "Đạt"]]')
    play.submit("H1", "H2")
    client = english(officers()["commune"])
    url = f"/reports/{play.report('C').pk}"
    own = {"version": "0", "cell-bang": "table", "cell-bang-0-0": "Tập huấn", "cell-bang-0-1": "Xong"}
    page = client.post(f"{url}/narratives/bang/", own | {"add": str(play.report("H1").pk)})
    assert page.context["rows"][:-2] == [["Tập huấn", "Xong"], ["Họp", "Tốt"]]
    sent = {f"cell-bang-{row}-{column}": cell for row, cells in enumerate(page.context["rows"]) for column, cell in enumerate(cells)}
    page = client.post(f"{url}/narratives/bang/", {"version": "0", "cell-bang": "table", "add": "all"} | sent)
    assert page.context["rows"][:-2] == [["Tập huấn", "Xong"], ["Họp", "Tốt"], ["Họp", "Khá"], ["Thăm hộ", "Đạt"]]
    assert play.state("C") == "not_started"
    sent = {f"cell-bang-{row}-{column}": cell for row, cells in enumerate(page.context["rows"]) for column, cell in enumerate(cells)}
    client.post(f"{url}/save/", {"version": "0", "cell-bang": "table"} | sent)
    assert play.report("C").own == {"bang": page.context["rows"][:-2]}


def test_a_reader_sees_the_digest_and_can_add_nothing(play):
    page = english(officers()["viewer"]).get(f"/reports/{play.report('C').pk}/narratives/uu_diem/")
    assert "Add to our text" not in text_of(page)
    assert "Việc của H1." in text_of(page)


def test_what_is_no_narrative_or_out_of_reach_has_no_digest(play):
    people = officers()
    assert english(people["commune"]).get(f"/reports/{play.report('C').pk}/narratives/ho/").status_code == 404
    assert english(people["hamlet"]).get(f"/reports/{play.report('C').pk}/narratives/uu_diem/").status_code == 404


def test_totals_name_who_is_in_and_who_is_not(play):
    rolling_up.drain_all()
    page = english(officers()["commune"]).get(f"/reports/{play.report('C').pk}/totals/")
    named = {state: [child.unit.uid for child in children] for state, children in page.context["who_is_in"] if children}
    assert named == {"accepted": ["H1"], "submitted": ["H2"], "draft": ["H3"]}
    assert "1 Accepted Đơn vị H1 1 Submitted Đơn vị H2" in text_of(page)
