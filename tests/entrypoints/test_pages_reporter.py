from __future__ import annotations

import pytest

from reports.models import Adjustment, AppendOnlyError, Report, ReviewAnswer, Submission
from reports.queries.timeline import proposed_explanations
from reports.services import submitting
from reports.services.submitting import Declaration
from tests.builders import at, given_user
from tests.entrypoints.pages import english, given_form_cycle, looked_at, officers, said, signed_in, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_time", "in_english")]
JSON = {"Accept": "application/json"}


def test_my_work_says_what_is_due_and_how_many_days_are_left():
    given_form_cycle()
    page = english(officers()["hamlet"]).get("/")
    assert "To be submitted 1" in text_of(page)
    assert "5 days left" in text_of(page)


def test_my_work_counts_from_the_due_day_once_it_is_past():
    given_form_cycle()
    who = officers()["hamlet"]
    with looked_at(at("2025-06-20 08:00")):
        page = english(who).get("/")
    assert "Overdue 1" in text_of(page)
    assert "2 days late" in text_of(page)


def test_my_work_shows_a_returned_report_with_its_reason():
    play = given_form_cycle()
    play.save("H1", ho="10")
    play.submit("H1")
    play.do("return_for_correction", "H1", reason="Số hộ chưa khớp.")
    page = english(officers()["hamlet"]).get("/")
    assert "Returned, to be corrected 1" in text_of(page)
    assert "Số hộ chưa khớp." in text_of(page)


def test_my_work_counts_what_waits_for_review():
    play = given_form_cycle()
    for uid in ("H1", "H2"):
        play.save(uid, ho="10")
        play.submit(uid)
    page = english(officers()["commune"]).get("/")
    assert "2 to review of 3 units" in text_of(page)


def test_my_work_of_someone_without_a_unit_says_so():
    page = english(given_user("moi")).get("/")
    assert "Your account belongs to no unit yet" in text_of(page)


def test_the_form_has_an_input_only_for_what_this_unit_enters():
    play = given_form_cycle()
    page = signed_in(officers()["commune"]).get(f"/reports/{play.report('C').pk}/").content.decode()
    assert 'name="cell-cuoc"' in page
    assert 'name="cell-ho"' not in page
    assert 'name="cell-ty_le"' not in page
    assert 'id="both-ho"' in page


def test_saving_as_one_types_answers_with_the_version_the_moment_and_the_computed_figures():
    play = given_form_cycle()
    report = play.report("H1")
    people = officers()
    client = english(people["hamlet"])
    answer = client.post(f"/reports/{report.pk}/save/", {"version": 0, "cell-ho": "1.200", "cell-ngheo": "300"}, headers=JSON)
    assert answer.status_code == 200
    told = answer.json()
    assert told["version"] == 1
    assert told["message"] == "Saved 09:00"
    assert told["cells"]["ty_le"]["own"] == "25"
    assert play.report("H1").own == {"ho": 1200, "ngheo": 300}
    assert play.journal("H1")[-1].by == people["hamlet"]


def test_a_broken_rule_is_said_beside_its_figure_and_saved_all_the_same():
    play = given_form_cycle()
    client = english(officers()["hamlet"])
    told = client.post(f"/reports/{play.report('H1').pk}/save/", {"version": 0, "cell-ho": "10", "cell-ngheo": "11"}, headers=JSON).json()
    assert [each["severity"] for each in told["findings"]["ngheo"]] == ["error"]
    assert play.report("H1").own["ngheo"] == 11


@pytest.mark.parametrize("nonsense", ["1.23", "abc", "NaN", "9" * 60, "-5", "1,5", "1e3", "٣", "1 2", "∞"])
def test_what_is_no_number_is_refused_beside_its_figure_and_the_rest_is_saved(nonsense):
    play = given_form_cycle()
    client = english(officers()["hamlet"])
    url = f"/reports/{play.report('H1').pk}/save/"
    told = client.post(url, {"version": 0, "cell-ho": nonsense, "cell-tien": "1.234,5"}, headers=JSON).json()
    assert list(told["problems"]) == ["ho"]
    assert play.report("H1").own == {"tien": "1234.5"}


def test_without_javascript_nonsense_stands_in_its_input_again_with_the_reason():
    play = given_form_cycle()
    client = english(officers()["hamlet"])
    page = client.post(f"/reports/{play.report('H1').pk}/save/", {"version": 0, "cell-ho": "1.23", "cell-ngheo": "3"})
    assert page.status_code == 422
    assert 'value="1.23"' in page.content.decode()
    assert "can be read in two ways" in text_of(page)
    assert play.report("H1").own == {"ngheo": 3}


def test_every_kind_of_cell_is_saved_and_shown_again():
    play = given_form_cycle()
    report = play.report("H1")
    client = english(officers()["hamlet"])
    sent = {
        "version": 0,
        "cell-ho": "1.234",
        "cell-tien": "12,5",
        "cell-co_to": "no",
        "cell-loai": "kha",
        "cell-uu_diem": "Tốt.",
        "cell-bang": "table",
        "cell-bang-0-0": "Họp",
        "cell-bang-0-1": "Xong",
        "cell-bang-1-0": "",
        "cell-bang-1-1": "",
    }
    page = client.post(f"/reports/{report.pk}/save/", sent, follow=True)
    assert play.report("H1").own == {
        "ho": 1234,
        "tien": "12.5",
        "co_to": False,
        "loai": "kha",
        "uu_diem": "Tốt.",
        "bang": [["Họp", "Xong"]],
    }
    body = page.content.decode()
    for shown in (
        'value="1.234"',
        'value="12,5"',
        'value="no" data-code="co_to" checked',
        'value="kha" selected',
        ">Tốt.</textarea>",
        'value="Họp"',
    ):
        assert shown in body


def test_a_cleared_cell_is_blank_and_not_zero():
    play = given_form_cycle()
    play.save("H1", ho="10")
    client = signed_in(officers()["hamlet"])
    client.post(f"/reports/{play.report('H1').pk}/save/", {"version": 1, "cell-ho": ""}, headers=JSON)
    assert play.report("H1").own == {}


def test_a_stale_save_is_refused_with_both_values():
    play = given_form_cycle()
    play.save("H1", ho="10")
    play.save("H1", ho="12", tien="5")
    client = english(officers()["hamlet"])
    answer = client.post(f"/reports/{play.report('H1').pk}/save/", {"version": 1, "cell-ho": "99", "cell-ngheo": "3"}, headers=JSON)
    assert answer.status_code == 409
    told = answer.json()
    assert told["version"] == 2
    assert [(clash["code"], clash["theirs"], clash["mine"]) for clash in told["clashes"]] == [("ho", "12", "99")]
    assert told["entries"]["tien"] == "5"
    assert play.report("H1").own == {"ho": 12, "tien": "5"}


def test_without_javascript_a_stale_form_offers_the_choice_and_keeps_the_other_entries():
    play = given_form_cycle()
    play.save("H1", ho="10", tien="1")
    play.save("H1", ho="12", tien="5")
    url = f"/reports/{play.report('H1').pk}/save/"
    client = english(officers()["hamlet"])
    page = client.post(url, {"version": 1, "cell-ho": "99", "cell-ngheo": "3", "cell-tien": "1"})
    assert page.status_code == 409
    assert [clash["code"] for clash in page.context["clashes"]] == ["ho"]
    assert [kept["code"] for kept in page.context["kept"]] == ["ngheo"]
    client.post(url, {"version": 2, "cell-ho": "99", "cell-ngheo": "3"})
    assert play.report("H1").own == {"ho": 99, "ngheo": 3, "tien": "5"}


@pytest.mark.parametrize("version", ["", "abc", "-1", "1" * 30, "²"])
def test_a_save_without_the_version_seen_is_refused(version):
    play = given_form_cycle()
    answer = signed_in(officers()["hamlet"]).post(f"/reports/{play.report('H1').pk}/save/", {"version": version, "cell-ho": "1"})
    assert answer.status_code == 400
    assert play.state("H1") == "not_started"


def test_a_submitted_report_is_shown_and_not_edited():
    play = given_form_cycle()
    play.save("H1", ho="10")
    play.submit("H1")
    client = english(officers()["hamlet"])
    assert 'name="cell-ho"' not in client.get(f"/reports/{play.report('H1').pk}/").content.decode()
    answer = client.post(f"/reports/{play.report('H1').pk}/save/", {"version": 2, "cell-ho": "1"}, headers=JSON)
    assert answer.status_code == 422
    assert play.report("H1").own == {"ho": 10}


def test_a_unit_without_accounts_is_filled_in_by_its_superior_and_the_journal_says_so():
    play = given_form_cycle()
    client = english(officers()["commune"])
    page = client.get(f"/reports/{play.report('H2').pk}/")
    assert "on its behalf" in text_of(page)
    client.post(f"/reports/{play.report('H2').pk}/save/", {"version": 0, "cell-ho": "7"})
    assert play.journal("H2")[-1].on_behalf is True


def test_the_summary_names_what_is_blank_and_what_breaks_a_rule():
    play = given_form_cycle()
    play.save("H1", ngheo="5", uu_diem="Gọi 0912345678 để biết.")
    page = english(officers()["hamlet"]).get(f"/reports/{play.report('H1').pk}/submit/")
    assert [each.code for each in page.context["blank"]] == ["ho"]
    assert [each.code for each in page.context["errors"]] == ["uu_diem"]
    assert f"/reports/{play.report('H1').pk}/#cell-ho" in page.content.decode()


def test_an_error_blocks_submitting():
    play = given_form_cycle()
    play.save("H1", ho="5", ngheo="6")
    report = play.report("H1")
    page = english(officers()["hamlet"]).post(f"/reports/{report.pk}/submit/", {"seen": report.version})
    assert page.status_code == 422
    assert play.state("H1") == "draft"


def test_a_warning_asks_for_an_explanation_which_travels_with_the_report():
    play = given_form_cycle()
    play.save("H1", ho="5", tien="500")
    report = play.report("H1")
    client = english(officers()["hamlet"])
    refused = client.post(f"/reports/{report.pk}/submit/", {"seen": report.version})
    assert refused.status_code == 422
    assert play.state("H1") == "draft"
    done = client.post(f"/reports/{report.pk}/submit/", {"seen": report.version, "explain-tien": "Làm đường mới."}, follow=True)
    assert said(done) == ["The report is submitted."]
    [warning] = Submission.objects.get().warnings
    assert warning["explanation"] == "Làm đường mới."


def test_an_incomplete_commune_submits_only_with_the_confirmation():
    play = given_form_cycle()
    play.hand_in("H1", ho="10")
    play.save("C", cuoc="2")
    report = play.report("C")
    client = english(officers()["commune"])
    url = f"/reports/{report.pk}/submit/"
    assert "1/3 units below are accepted" in text_of(client.get(url))
    assert client.post(url, {"seen": report.version}).status_code == 422
    client.post(url, {"seen": report.version, "confirm_incomplete": "yes"})
    assert play.state("C") == "submitted"


def test_a_stale_summary_submits_nothing():
    play = given_form_cycle()
    play.save("H1", ho="5")
    play.save("H1", ho="6")
    page = english(officers()["hamlet"]).post(f"/reports/{play.report('H1').pk}/submit/", {"seen": 1})
    assert page.status_code == 422
    assert "Somebody else has changed this report meanwhile" in text_of(page)
    assert play.state("H1") == "draft"


def test_where_the_leader_approves_the_preparer_proposes_and_the_approver_sends_back_or_submits():
    play = given_form_cycle(approval=("hamlet",))
    play.save("H1", ho="5")
    preparer, approver = given_user("lap", H1="preparer"), given_user("duyet", H1="approver")
    url = f"/reports/{play.report('H1').pk}"
    signed_in(preparer).post(f"{url}/do/propose/", {"seen": 1})
    assert play.state("H1") == "proposed"
    signed_in(approver).post(f"{url}/do/send_back/", {"seen": 2, "reason": "Thiếu số hộ nghèo."})
    assert play.state("H1") == "draft"
    signed_in(preparer).post(f"{url}/do/propose/", {"seen": 3})
    signed_in(approver).post(f"{url}/submit/", {"seen": 4})
    assert play.state("H1") == "submitted"


def test_a_preparer_who_may_only_propose_answers_the_notes_and_explains_and_the_approver_takes_it_over():
    play = given_form_cycle(approval=("hamlet",))
    preparer, approver = given_user("lap", H1="preparer"), given_user("duyet", H1="approver")
    play.save("H1", ho="5", tien="500")
    play.submit("H1")
    play.do("return_for_correction", "H1", notes={"ho": "Thiếu hộ mới."})
    url = f"/reports/{play.report('H1').pk}"
    assert "Thiếu hộ mới." in text_of(signed_in(preparer).get(f"{url}/submit/"))
    said_of_it = {"answer-ho": "Đã cộng đủ.", "explain-tien": "Làm đường mới."}
    signed_in(preparer).post(f"{url}/do/propose/", {"seen": play.report("H1").version} | said_of_it)
    summary = signed_in(approver).get(f"{url}/submit/")
    assert [answer for _, answer in summary.context["notes"]] == ["Đã cộng đủ."]
    assert [explanation for _, explanation in summary.context["warnings"]] == ["Làm đường mới."]
    signed_in(approver).post(f"{url}/submit/", {"seen": play.report("H1").version} | said_of_it)
    assert play.state("H1") == "submitted"
    assert [(answer.entry.action, answer.text) for answer in ReviewAnswer.objects.select_related("entry")] == [("propose", "Đã cộng đủ.")]
    newest = Submission.objects.filter(report=play.report("H1")).latest("number")
    assert newest.warnings[0]["explanation"] == "Làm đường mới."


def test_what_an_approver_answers_otherwise_is_said_after_what_the_preparer_answered():
    play = given_form_cycle(approval=("hamlet",))
    play.save("H1", ho="5")
    play.submit("H1")
    play.do("return_for_correction", "H1", notes={"ho": "Thiếu hộ mới."})
    play.do("propose", "H1", declaration=Declaration(answers={"ho": "Đã cộng đủ."}))
    submitting.submit(play.reports("H1"), by=None, at=play.tick(None), declaration=Declaration(answers={"ho": "Đã sửa thành 6."}))
    assert list(ReviewAnswer.objects.values_list("text", flat=True)) == ["Đã cộng đủ.", "Đã sửa thành 6."]


def test_explanations_of_a_proposal_are_those_since_the_last_submission():
    play = given_form_cycle(approval=("hamlet",))
    play.save("H1", ho="5", tien="500")
    play.do("propose", "H1", declaration=Declaration(explanations={"tien": "Làm đường."}))
    assert proposed_explanations(play.report("H1")) == {"tien": "Làm đường."}
    play.submit("H1")
    assert proposed_explanations(play.report("H1")) == {}


def test_a_submitted_report_can_be_withdrawn():
    play = given_form_cycle()
    play.save("H1", ho="5")
    play.submit("H1")
    page = english(officers()["hamlet"]).post(f"/reports/{play.report('H1').pk}/do/withdraw/", {"seen": 2}, follow=True)
    assert said(page) == ["The report is withdrawn."]
    assert play.state("H1") == "draft"


def test_a_commune_adjusts_a_sum_with_a_reason_and_takes_it_back():
    play = given_form_cycle()
    play.hand_in("H1", ho="10")
    play.save("C", cuoc="1")
    client = english(officers()["commune"])
    url = f"/reports/{play.report('C').pk}"
    client.post(f"{url}/adjust/", {"seen": 1, "indicator": "ho", "amount": "-1.000", "reason": "Trùng với xã bên."})
    adjustment = Adjustment.objects.get()
    assert (adjustment.amount, adjustment.reason) == ("-1000", "Trùng với xã bên.")
    assert "-1,000 – Trùng với xã bên." in text_of(client.get(f"{url}/"))
    client.post(f"{url}/adjustments/{adjustment.pk}/drop/", {"seen": 2})
    assert not Adjustment.objects.exists()


@pytest.mark.parametrize(
    "sent",
    [
        {"amount": "abc"},
        {"amount": "1.23"},
        {"reason": "  "},
        {"indicator": "co_to"},
        {"indicator": "nothing"},
        {"seen": "7"},
        {"seen": ""},
    ],
)
def test_an_adjustment_that_cant_be_is_refused_and_its_words_are_kept(sent):
    play = given_form_cycle()
    play.save("C", cuoc="1")
    right = {"seen": "1", "indicator": "ho", "amount": "5", "reason": "Sót một thôn."}
    page = english(officers()["commune"]).post(f"/reports/{play.report('C').pk}/adjust/", right | sent)
    assert page.status_code == 422
    assert not Adjustment.objects.exists()


def test_the_journal_tells_who_did_what_when_and_why():
    play = given_form_cycle()
    people = officers()
    play.save("H1", by=people["hamlet"], ho="5")
    play.save("H1", by=people["hamlet"], ho="6")
    play.submit("H1", by=people["hamlet"])
    play.do("return_for_correction", "H1", by=people["commune"], reason="Xem lại.", notes={"ho": "Thiếu hộ mới."})
    page = english(people["hamlet"]).get(f"/reports/{play.report('H1').pk}/")
    assert [(event.action, event.times, event.by) for event in page.context["events"]] == [
        ("return", 1, "xa"),
        ("submit", 1, "thon"),
        ("save", 2, "thon"),
    ]
    assert "Households : Thiếu hộ mới." in text_of(page)


def test_the_whole_way_without_javascript():
    play = given_form_cycle(outline={"P": {"D": {"C": ["H1"]}}})
    people = {name: english(user) for name, user in officers_of_one_path().items()}
    for uid, name, above in (("H1", "hamlet", "commune"), ("C", "commune", "district"), ("D", "district", "province")):
        url = f"/reports/{play.report(uid).pk}"
        cells = {"cell-ho": "8", "cell-ngheo": "2"} if uid == "H1" else {"cell-cuoc": "1"}
        people[name].post(f"{url}/save/", {"version": play.report(uid).version, **cells})
        page = people[name].get(f"{url}/submit/")
        people[name].post(f"{url}/submit/", {"seen": page.context["report"].version})
        people[above].post(f"{url}/do/accept/", {"seen": play.report(uid).version})
        assert play.state(uid) == "accepted"
    assert play.total("P", "ty_le") == "25"
    assert play.total("P", "cuoc") == "2"


def officers_of_one_path():
    return {
        "hamlet": given_user("thon", H1="preparer approver"),
        "commune": given_user("xa", C="preparer approver reviewer"),
        "district": given_user("huyen", D="preparer approver reviewer"),
        "province": given_user("tinh", P="reviewer"),
    }


@pytest.mark.parametrize("path", ["save/", "adjust/", "adjustments/1/drop/", "do/withdraw/", "do/accept/", "below/accept/"])
def test_nothing_changes_by_a_get(path):
    play = given_form_cycle()
    assert signed_in(officers()["commune"]).get(f"/reports/{play.report('C').pk}/{path}").status_code == 405


def test_pages_take_a_fixed_number_of_queries(django_assert_max_num_queries):
    play = given_form_cycle(outline={"P": {"D": {"C": [f"H{number}" for number in range(1, 31)]}}})
    for number in range(1, 31):
        play.save(f"H{number}", ho="10")
    play.submit(*[f"H{number}" for number in range(1, 31)])
    client = signed_in(officers()["commune"])
    report = play.report("C")
    with django_assert_max_num_queries(8):
        client.get("/")
    with django_assert_max_num_queries(30):
        client.get(f"/reports/{report.pk}/")
    with django_assert_max_num_queries(15):
        client.get(f"/reports/{report.pk}/below/")
    with django_assert_max_num_queries(32):
        client.post(f"/reports/{play.report('H1').pk}/save/", {"version": 1, "cell-ho": "9"}, headers=JSON)
    assert Report.objects.count() == 33


def test_what_is_answered_to_a_note_goes_with_the_new_submission_and_stands_beside_the_figure():
    play, people = given_form_cycle(), officers()
    play.save("H1", ho="5")
    play.submit("H1")
    play.do("return_for_correction", "H1", reason="Xem lại.", notes={"ho": "Thiếu hộ mới.", "ngheo": "Để trống?"})
    client = english(people["hamlet"])
    url = f"/reports/{play.report('H1').pk}"
    assert [note.text for note, _ in client.get(f"{url}/submit/").context["notes"]] == ["Thiếu hộ mới.", "Để trống?"]
    client.post(f"{url}/submit/", {"seen": play.report("H1").version, "answer-ho": "Đã rà soát, đủ 5 hộ.", "answer-ngheo": " "})
    [answer] = play.journal("H1")[-1].answers.all()
    assert (answer.note.indicator, answer.text) == ("ho", "Đã rà soát, đủ 5 hộ.")
    page = text_of(english(people["commune"]).get(f"{url}/"))
    assert "Reviewer: Thiếu hộ mới. The unit: Đã rà soát, đủ 5 hộ." in page
    assert client.get(f"{url}/submit/").context["notes"] == []


def test_an_answer_to_a_note_is_history():
    play = given_form_cycle()
    play.save("H1", ho="5")
    play.submit("H1")
    play.do("return_for_correction", "H1", notes={"ho": "Thiếu."})
    client = signed_in(officers()["hamlet"])
    client.post(f"/reports/{play.report('H1').pk}/submit/", {"seen": play.report("H1").version, "answer-ho": "Đủ."})
    answer = ReviewAnswer.objects.get()
    answer.text = "Khác."
    with pytest.raises(AppendOnlyError):
        answer.save()
    with pytest.raises(AppendOnlyError):
        ReviewAnswer.objects.all().delete()
