from __future__ import annotations

from datetime import date

import pytest
from django.test import Client

from reports.models import ReviewNote
from tests.builders import at, given_user
from tests.entrypoints.pages import english, given_form_cycle, officers, said, signed_in, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_time", "in_english")]


def submitted(play, *uids):
    for uid in uids:
        play.save(uid, ho="10", ngheo="1")
        play.submit(uid)


def test_the_board_shows_state_timeliness_and_what_is_accepted_below():
    play = given_form_cycle()
    play.hand_in("H1", ho="1")
    page = english(officers()["district"]).get(f"/reports/{play.report('D').pk}/below/")
    assert "Đơn vị C Not submitted 5 days left 0/2 1/3" in text_of(page)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Đơn vị H1", "Đơn vị H2", "Đơn vị H3"]),
        ("text=don+vi+h2", ["Đơn vị H2"]),
        ("text=ĐƠN+VỊ", ["Đơn vị H1", "Đơn vị H2", "Đơn vị H3"]),
        ("state=submitted", ["Đơn vị H1"]),
        ("timeliness=pending", ["Đơn vị H2", "Đơn vị H3"]),
        ("timeliness=pending&text=h3", ["Đơn vị H3"]),
        ("text=nowhere", []),
        ("state=nonsense", ["Đơn vị H1", "Đơn vị H2", "Đơn vị H3"]),
    ],
)
def test_the_board_is_narrowed_by_state_and_deadline_and_searched_without_marks(query, found):
    play = given_form_cycle()
    submitted(play, "H1")
    page = english(officers()["commune"]).get(f"/reports/{play.report('C').pk}/below/?{query}")
    assert [row.report.unit.name for row in page.context["rows"]] == found


def test_htmx_gets_the_rows_alone():
    play = given_form_cycle()
    page = english(officers()["commune"]).get(f"/reports/{play.report('C').pk}/below/", headers={"HX-Request": "true"})
    assert "<html" not in page.content.decode()
    assert "Đơn vị H1" in text_of(page)


def test_the_board_offers_to_accept_only_what_it_shows():
    play = given_form_cycle()
    submitted(play, "H1")
    page = english(officers()["commune"]).get(f"/reports/{play.report('C').pk}/below/?text=h2")
    assert "Accept the selected" not in text_of(page)


def test_the_selected_reports_are_accepted_together():
    play = given_form_cycle()
    submitted(play, "H1", "H2", "H3")
    chosen = [f"{play.report(uid).pk}.{play.report(uid).version}" for uid in ("H1", "H3")]
    page = english(officers()["commune"]).post(f"/reports/{play.report('C').pk}/below/accept/", {"selected": chosen}, follow=True)
    assert said(page) == ["2 reports are accepted."]
    assert [play.state(uid) for uid in ("H1", "H2", "H3")] == ["accepted", "submitted", "accepted"]


def test_a_stale_board_accepts_what_it_showed_and_names_what_it_did_not():
    play = given_form_cycle()
    submitted(play, "H1", "H2")
    chosen = [f"{play.report(uid).pk}.{play.report(uid).version}" for uid in ("H1", "H2")]
    play.do("withdraw", "H2")
    play.save("H2", ho="99")
    play.submit("H2")
    client, url = english(officers()["commune"]), f"/reports/{play.report('C').pk}/below/accept/"
    page = client.post(url, {"selected": chosen})
    assert (page.status_code, said(page), page.context["selected"]) == (200, ["1 report is accepted."], {play.report("H2").pk})
    assert "Đơn vị H2: Somebody else has changed this report meanwhile" in text_of(page)
    assert [play.state(uid) for uid in ("H1", "H2")] == ["accepted", "submitted"]
    again = client.post(url, {"selected": chosen})
    assert again.status_code == 422, "Nothing of it can be accepted any more."


@pytest.mark.parametrize("selected", [[], ["abc"], ["1"], ["1.x"], ["999999.0"], ["9" * 40 + ".1"]])
def test_accepting_nothing_that_is_there_says_so(selected):
    play = given_form_cycle()
    page = english(officers()["commune"]).post(f"/reports/{play.report('C').pk}/below/accept/", {"selected": selected})
    assert page.status_code == 422
    assert "Choose the reports that you want to accept." in text_of(page)


def test_a_report_is_returned_with_a_reason_a_day_and_notes_on_single_figures():
    play = given_form_cycle()
    submitted(play, "H1")
    sent = {"seen": 2, "reason": "Chưa khớp.", "until": "20/06/2025", "note-ho": "Thiếu hộ mới.", "note-tien": "  "}
    people = officers()
    page = english(people["commune"]).post(f"/reports/{play.report('H1').pk}/do/return/", sent, follow=True)
    assert said(page) == ["The report is returned for correction."]
    assert play.report("H1").correct_by_at == at("2025-06-20 23:59:59.999999")
    assert list(ReviewNote.objects.values_list("indicator", "text")) == [("ho", "Thiếu hộ mới.")]
    hamlet = english(people["hamlet"]).get(f"/reports/{play.report('H1').pk}/")
    assert "Reviewer: Thiếu hộ mới." in text_of(hamlet)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ({"reason": "   "}, "This field is required."),
        ({"until": "06/13/2025"}, "Write the day as dd/mm/yyyy"),
        ({"until": "2025-06-20"}, "Write the day as dd/mm/yyyy"),
        ({"until": "01/06/2025"}, "The day of correction is past."),
        ({"seen": "1"}, "Somebody else has changed this report meanwhile"),
        ({"note-nothing": "x"}, "The template has no indicator “nothing”."),
    ],
)
def test_a_return_that_cant_be_keeps_what_was_written(sent, reason):
    play = given_form_cycle()
    submitted(play, "H1")
    right = {"seen": "2", "reason": "Chưa khớp.", "note-ho": "Thiếu hộ mới."}
    page = english(officers()["commune"]).post(f"/reports/{play.report('H1').pk}/do/return/", right | sent)
    assert page.status_code == 422
    assert reason in text_of(page)
    assert "Thiếu hộ mới.</textarea>" in page.content.decode()
    assert play.state("H1") == "submitted"


def test_a_stale_page_cant_accept_what_it_didnt_show():
    play = given_form_cycle()
    submitted(play, "H1")
    page = english(officers()["commune"]).post(f"/reports/{play.report('H1').pk}/do/accept/", {"seen": "1"})
    assert page.status_code == 422
    assert play.state("H1") == "submitted"


def test_a_second_click_is_refused_in_words_and_not_in_codes():
    play = given_form_cycle()
    submitted(play, "H1")
    report = play.report("H1")
    officer = signed_in(officers()["commune"])
    accept = [officer.post(f"/reports/{report.pk}/do/accept/", {"seen": seen}) for seen in (report.version, report.version + 1)]
    assert [page.status_code for page in accept] == [302, 422]
    assert "Báo cáo đang ở trạng thái “Đã tiếp nhận”, không thể “Tiếp nhận”." in text_of(accept[1])


@pytest.mark.parametrize("path", ["save/", "do/accept/", "below/accept/", "adjust/"])
def test_whoever_is_signed_out_meanwhile_comes_back_to_the_report(path):
    play = given_form_cycle()
    address = f"/reports/{play.report('C').pk}/"
    page = Client().post(address + path)
    assert (page.status_code, page.headers["Location"]) == (302, f"/login/?next={address}")


def test_the_review_marks_what_changed_since_the_last_submission():
    play = given_form_cycle()
    submitted(play, "H1")
    play.do("return_for_correction", "H1")
    play.save("H1", ho="12", tien="3")
    play.submit("H1")
    page = english(officers()["commune"]).get(f"/reports/{play.report('H1').pk}/")
    assert [(row.code, row.submitted_before) for row in page.context["sheet"].rows if row.is_changed] == [("ho", 10), ("tien", None)]
    assert "last submitted: 10" in text_of(page)
    assert "last submitted: blank" in text_of(page)


def test_reopening_exempting_and_extending_go_by_their_forms():
    play = given_form_cycle()
    play.hand_in("H1", ho="1")
    client = english(officers()["commune"])

    def do(uid, action, **sent):
        return client.post(f"/reports/{play.report(uid).pk}/do/{action}/", {"seen": play.report(uid).version, **sent})

    do("H1", "reopen", reason="Có số mới.")
    assert play.state("H1") == "returned"
    do("H2", "exempt", reason="Thôn mới lập.")
    assert play.state("H2") == "exempt"
    do("H2", "unexempt")
    assert play.state("H2") == "not_started"
    do("H3", "extend", reason="Lũ.", until="25/06/2025")
    assert play.report("H3").due_on == date(2025, 6, 25)
    assert do("H3", "extend", reason="Lũ.", until="24/06/2025").status_code == 422


def test_one_who_only_reads_is_offered_nothing_and_refused_everything():
    play = given_form_cycle()
    submitted(play, "H1")
    client = english(officers()["viewer"])
    url = f"/reports/{play.report('H1').pk}"
    page = client.get(f"{url}/")
    assert page.context["may"] == set()
    assert client.post(f"{url}/do/accept/", {"seen": "2"}).status_code == 422
    assert client.post(f"{url}/save/", {"version": "2", "cell-ho": "1"}).status_code == 422
    assert play.state("H1") == "submitted"


@pytest.mark.parametrize("action", ["save", "submit", "nonsense"])
def test_an_action_that_is_none_of_the_page_is_not_found(action):
    play = given_form_cycle()
    assert english(officers()["commune"]).post(f"/reports/{play.report('C').pk}/do/{action}/", {"seen": "0"}).status_code == 404


@pytest.mark.parametrize("path", ["", "below/", "totals/", "totals/ho/", "totals-pending/", "submit/"])
def test_what_is_out_of_reach_answers_as_if_it_did_not_exist(path):
    play = given_form_cycle()
    people = officers()
    above = play.report("C").pk
    assert english(people["stranger"]).get(f"/reports/{above}/{path}").status_code == 404
    assert english(people["hamlet"]).get(f"/reports/{above}/{path}").status_code == 404
    assert english(people["stranger"]).get(f"/reports/{10**25}/{path}").status_code == 404


@pytest.mark.parametrize("path", ["save/", "adjust/", "submit/", "do/accept/", "below/accept/", "adjustments/1/drop/"])
def test_what_is_out_of_reach_can_be_changed_by_nobody(path):
    play = given_form_cycle()
    sent = {"version": "0", "seen": "0", "reason": "x", "cell-cuoc": "1"}
    assert english(officers()["hamlet"]).post(f"/reports/{play.report('C').pk}/{path}", sent).status_code == 404
    assert play.state("C") == "not_started"


def test_without_signing_in_there_is_only_the_way_to_sign_in():
    play = given_form_cycle()
    for path in ("/", "/cycles/", f"/reports/{play.report('C').pk}/", f"/reports/{play.report('C').pk}/totals/"):
        assert Client().get(path).headers["Location"].startswith("/login/?next=")


def test_the_reviewer_enters_the_appraised_score_and_nobody_else_does():
    play = given_form_cycle()
    submitted(play, "H1")
    people = officers()
    url = f"/reports/{play.report('H1').pk}"
    assert 'name="cell-diem"' not in english(people["hamlet"]).get(f"{url}/").content.decode()
    commune = english(people["commune"])
    page = commune.get(f"{url}/").content.decode()
    assert 'name="cell-diem" form="appraisal-form"' in page
    assert 'name="cell-ho"' not in page
    done = commune.post(f"{url}/appraise/", {"version": "2", "cell-diem": "82,5", "cell-ho": "99"}, follow=True)
    assert said(done) == ["The appraisal is saved."]
    assert play.report("H1").own == {"ho": 10, "ngheo": 1, "diem": "82.5"}
    assert play.journal("H1")[-1].by == people["commune"]
    assert english(people["hamlet"]).post(f"{url}/appraise/", {"version": "3", "cell-diem": "100"}).status_code == 422
    assert play.report("H1").own["diem"] == "82.5"


def test_an_appraisal_that_cant_be_read_or_is_stale_changes_nothing():
    play = given_form_cycle()
    submitted(play, "H1")
    commune = english(officers()["commune"])
    url = f"/reports/{play.report('H1').pk}/appraise/"
    assert commune.post(url, {"version": "2", "cell-diem": "8.25"}).status_code == 422
    assert commune.post(url, {"cell-diem": "8,25"}).status_code == 400
    commune.post(url, {"version": "2", "cell-diem": "70"})
    stale = commune.post(url, {"version": "2", "cell-diem": "80"})
    assert stale.status_code == 409
    assert "Theirs: 70 Mine: 80" in text_of(stale)
    assert play.report("H1").own["diem"] == "70"


def test_the_board_takes_a_fixed_number_of_queries_for_every_role(django_assert_max_num_queries):
    play = given_form_cycle(outline={"P": {"D": {"C": [f"H{number}" for number in range(1, 31)]}}})
    submitted(play, *[f"H{number}" for number in range(1, 11)])
    for role in ("viewer", "reviewer", "cycle_manager", "preparer"):
        client = english(given_user(role, C=role))
        with django_assert_max_num_queries(16):
            client.get(f"/reports/{play.report('C').pk}/below/")
