from __future__ import annotations

from datetime import date
from io import BytesIO

import pytest
from django.contrib.admin.models import LogEntry
from django.core import mail
from openpyxl import load_workbook

from reports.models import Reminder
from reports.services import reminding
from tests.builders import at, given_user
from tests.entrypoints.pages import LOOKED_AT, english, given_form_cycle, looked_at, officers, said, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_time", "in_english")]
OVERDUE_AT = at("2025-06-21 09:00")


def chosen(play, *uids):
    return [f"{play.report(uid).pk}.{play.report(uid).version}" for uid in uids]


def shown(page):
    return [row.report.unit.uid for row in page.context["rows"]]


def test_a_row_says_how_much_of_its_own_form_is_filled_in():
    play = given_form_cycle()
    play.save("H1", ho="1", ngheo="0", tien="")
    page = english(officers()["commune"]).get(f"/reports/{play.report('C').pk}/below/")
    assert [(row.answered, row.entered, row.is_full) for row in page.context["rows"]] == [(2, 7, False), (0, 7, False), (0, 7, False)]
    assert "5 days left 2/7" in text_of(page)


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("unit", ["H1", "H2", "H3"]),
        ("-unit", ["H3", "H2", "H1"]),
        ("complete", ["H3", "H1", "H2"]),
        ("-complete", ["H2", "H1", "H3"]),
        ("deadline", ["H1", "H3", "H2"]),
        ("state", ["H3", "H1", "H2"]),
        ("nonsense", ["H1", "H2", "H3"]),
    ],
)
def test_the_board_is_sorted_by_its_heads(sort, order):
    play = given_form_cycle()
    play.save("H1", ho="1")
    play.save("H2", ho="2", ngheo="1")
    play.submit("H2")
    with looked_at(OVERDUE_AT):
        page = english(officers()["commune"]).get(f"/reports/{play.report('C').pk}/below/?sort={sort}")
    assert shown(page) == order


def test_a_head_turns_the_order_and_keeps_what_is_searched():
    play = given_form_cycle()
    page = english(officers()["commune"]).get(f"/reports/{play.report('C').pk}/below/?text=don&sort=unit").content.decode()
    assert 'aria-sort="ascending"' in page
    assert 'href="?text=don&amp;sort=-unit"' in page


def test_the_board_is_narrowed_to_what_is_flagged():
    play = given_form_cycle()
    play.save("H1", ho="1")
    play.submit("H1")
    play.do("return_for_correction", "H1", until=date(2025, 6, 12))
    play.sweep(LOOKED_AT)
    page = english(officers()["commune"]).get(f"/reports/{play.report('C').pk}/below/?flag=correction_overdue")
    assert shown(page) == ["H1"]


def test_selecting_by_kind_works_without_javascript():
    play = given_form_cycle()
    play.save("H1", ho="1")
    play.submit("H1")
    client = english(officers()["commune"])
    url = f"/reports/{play.report('C').pk}/below/"
    assert client.get(f"{url}?select=accept").context["selected"] == {play.report("H1").pk}
    page = client.get(f"{url}?select=remind")
    assert page.context["selected"] == {play.report(uid).pk for uid in ("H2", "H3")}
    assert page.content.decode().count(" checked") == 2
    assert client.get(f"{url}?select=nonsense").context["selected"] == set()


def test_one_who_only_reads_is_offered_nothing_on_the_board():
    play = given_form_cycle()
    page = english(officers()["viewer"]).get(f"/reports/{play.report('C').pk}/below/")
    assert page.context["selectable"] == set()
    assert 'name="selected"' not in page.content.decode()
    assert "Extend" not in text_of(page)


# --- Extending -------------------------------------------------------------------------------------


def test_many_get_more_time_with_one_reason():
    play = given_form_cycle()
    sent = {"selected": chosen(play, "H1", "H3"), "reason": "Lũ.", "until": "25/06/2025"}
    page = english(officers()["commune"]).post(f"/reports/{play.report('C').pk}/below/extend/?text=h", sent, follow=True)
    assert page.redirect_chain == [(f"/reports/{play.report('C').pk}/below/?text=h", 302)]
    assert said(page) == ["The due day of 2 units is extended."]
    assert [play.report(uid).due_on.day for uid in ("H1", "H2", "H3")] == [25, 18, 25]
    assert play.journal("H3")[-1].reason == "Lũ."


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"reason": " "}, "This field is required."),
        ({"until": "2025-06-25"}, "Write the day as dd/mm/yyyy"),
        ({"until": "17/06/2025"}, "Đơn vị H1: The new due day has to be later than the present one, 18/06/2025."),
        ({"selected": []}, "Choose the units that get more time."),
    ],
)
def test_an_extension_that_cant_be_keeps_what_was_written_and_selected(wrong, reason):
    play = given_form_cycle()
    sent = {"selected": chosen(play, "H1", "H3"), "reason": "Lũ.", "until": "25/06/2025"} | wrong
    page = english(officers()["commune"]).post(f"/reports/{play.report('C').pk}/below/extend/", sent)
    assert page.status_code == 422
    assert reason in text_of(page)
    assert page.context["extension"]["until"].value() == sent["until"]
    assert page.context["selected"] == ({play.report("H1").pk, play.report("H3").pk} if sent["selected"] else set())
    assert play.report("H1").due_on.day == 18


# --- Reminding -------------------------------------------------------------------------------------


def remind(client, play, *uids):
    return client.post(f"/reports/{play.report('C').pk}/below/remind/", {"selected": chosen(play, *uids)}, follow=True)


def test_the_selected_are_reminded_once_a_day_and_the_log_says_by_whom():
    play = given_form_cycle()
    people = officers()
    given_user("thon2", H2="preparer")
    client = english(people["commune"])
    assert said(remind(client, play, "H1", "H2")) == ["2 units are reminded by mail within some minutes."]
    assert said(remind(client, play, "H1", "H3")) == [
        "1 unit has been reminded today already.",
        "Nobody there has an account with a mail address: Đơn vị H3.",
    ]
    reminding.send_reminders(LOOKED_AT)
    assert sorted(message.to[0] for message in mail.outbox) == ["thon2@example.com", "thon@example.com"]
    assert {(entry.user, entry.object_id) for entry in LogEntry.objects.all()} == {
        (people["commune"], str(play.report(uid).pk)) for uid in ("H1", "H2")
    }
    assert "reminded on 13 Jun 2025 by xa" in text_of(client.get(f"/reports/{play.report('C').pk}/below/"))


def test_the_board_says_how_often_a_unit_was_reminded_and_of_whom_nobody_could_be():
    play = given_form_cycle()
    people = officers()
    for day in ("2025-06-15", "2025-06-18"):
        reminding.plan_reminders(at(f"{day} 08:00"))
        reminding.send_reminders(at(f"{day} 08:00"))
    page = english(people["commune"]).get(f"/reports/{play.report('C').pk}/below/")
    assert text_of(page).count("reminded 2 times, last on 18 Jun 2025") == 1


def test_on_a_day_of_the_ladder_the_reminder_asked_for_is_the_one_of_the_ladder():
    play = given_form_cycle()
    people = officers()
    with looked_at(at("2025-06-18 07:00")):
        remind(english(people["commune"]), play, "H1")
    reminding.plan_reminders(at("2025-06-18 08:00"))
    assert Reminder.objects.filter(report=play.report("H1"), audience="unit").count() == 1
    with looked_at(at("2025-06-20 07:00")):
        assert said(remind(english(people["commune"]), play, "H1")) == ["1 unit is reminded by mail within some minutes."]
    reminding.plan_reminders(at("2025-06-20 08:00"))
    assert sorted(Reminder.objects.filter(report=play.report("H1"), audience="unit").values_list("step", flat=True)) == [0, 2]


def test_whoever_has_submitted_is_not_reminded():
    play = given_form_cycle()
    play.save("H1", ho="1")
    play.submit("H1")
    people = officers()
    page = remind(english(people["commune"]), play, "H1", "H2")
    assert page.status_code == 422
    assert "Đơn vị H1: There is nothing to remind this unit of." in text_of(page)
    assert not Reminder.objects.exists()


def test_only_the_superior_reminds():
    play = given_form_cycle()
    page = remind(english(officers()["viewer"]), play, "H1")
    assert page.status_code == 422
    assert not Reminder.objects.exists()


# --- The list of the missing -----------------------------------------------------------------------


def test_the_list_of_the_missing_is_a_text_for_a_message():
    play = given_form_cycle()
    play.save("H1", ho="1")
    play.submit("H1")
    play.do("exempt", "H2")
    with looked_at(OVERDUE_AT):
        page = english(officers()["commune"]).get(f"/reports/{play.report('C').pk}/below/missing/")
    assert page.context["text"].splitlines() == [
        "Mẫu t, first half of 2025. Đơn vị C: 1 of 2 units have not submitted (21 Jun 2025 09:00):",
        "1. Đơn vị H3 (due 18 Jun 2025, Overdue · 3 days late)",
    ]


def test_the_missing_of_all_levels_name_their_superior():
    play = given_form_cycle()
    page = english(officers()["district"]).get(f"/reports/{play.report('D').pk}/below/missing/?scope=all")
    assert "2. Đơn vị H1, Đơn vị C (due 18 Jun 2025, 5 days left)" in page.context["text"]


def test_the_missing_are_downloaded_as_text_and_as_a_workbook():
    play = given_form_cycle()
    officer = officers()["commune"]
    client = english(officer)
    url = f"/reports/{play.report('C').pk}/below/missing/"
    text = client.get(f"{url}?format=txt")
    assert text.content.decode() == client.get(url).context["text"]
    with looked_at(OVERDUE_AT):
        book = english(officer).get(f"{url}?format=xlsx")
    assert book.headers["Content-Disposition"].endswith('.xlsx"')
    rows = [tuple(row) for row in load_workbook(BytesIO(book.content)).active.iter_rows(values_only=True)]
    assert rows[3] == ("Unit", "Level", "Superior unit", "State", "Due day", "Days late")
    assert [(row[0], row[5]) for row in rows[4:]] == [("Đơn vị H1", 3), ("Đơn vị H2", 3), ("Đơn vị H3", 3)]


def test_what_is_out_of_reach_has_no_list():
    play = given_form_cycle()
    people = officers()
    for path in ("below/missing/", "review/"):
        assert english(people["stranger"]).get(f"/reports/{play.report('C').pk}/{path}").status_code == 404
    for action in ("remind", "extend"):
        assert english(people["hamlet"]).post(f"/reports/{play.report('C').pk}/below/{action}/").status_code == 404
    assert english(people["commune"]).post(f"/reports/{play.report('C').pk}/below/exempt/").status_code == 404
