from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from reports.models import JournalEntry, Report
from reports.services import rolling_up
from tests.builders import NOON, at, given_cycle, given_template, given_user
from tests.domain.builders import indicator
from tests.entrypoints.admin_client import address, said, text_of
from units.models import Unit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages_in_english")]

SHOWN = ("report", "journalentry", "submission", "flag", "reminder", "rollup", "adjustment")


def found(response: Any) -> list[str]:
    return [report.unit.uid for report in response.context["cl"].result_list]


@pytest.mark.parametrize("model", SHOWN)
def test_what_the_workflow_writes_is_shown_and_never_changed(admin: Client, model: str) -> None:
    play = given_cycle()
    play.adjust("C", "a", "2")
    play.hand_in("H1", a="4")
    play.save("H2", a="1")
    play.submit("H2", at=at("2025-06-19 08:00"))
    play.sweep(at("2025-06-20 08:00"))
    play.report("H3").reminders.create(audience="unit", due_on=date(2025, 6, 18), step=0)
    row = Report._meta.apps.get_model("reports", model).objects.first()
    before = list(type(row).objects.values())
    assert admin.get(address(model, "changelist")).status_code == 200
    assert admin.get(address(model, "change", row.pk)).status_code == 200
    refused = [
        admin.get(address(model, "add")),
        admin.post(address(model, "add"), {}),
        admin.post(address(model, "change", row.pk), {"state": "accepted", "reason": "x"}),
        admin.post(address(model, "delete", row.pk), {"post": "yes"}),
    ]
    assert [response.status_code for response in refused] == [403, 403, 403, 403]
    admin.post(address(model, "changelist"), {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
    assert list(type(row).objects.values()) == before


def test_the_page_of_a_report_shows_state_timeliness_flags_figures_and_journal(admin: Client) -> None:
    play = given_cycle(given_template(indicator("a", name_vi="Số hộ")))
    play.save("H1", by=given_user("lan", H1="preparer"), a="0")
    play.submit("H1", at=at("2025-06-19 08:00"))
    play.sweep(at("2025-06-19 09:00"))
    page = text_of(admin.get(address("report", "change", play.report("H1").pk)))
    assert "Submitted late" in page
    assert "a Số hộ 0" in page
    assert "lan Save Not submitted → In progress" in page
    assert "the system Submit In progress → Submitted" in page
    assert "The whole journal" in page


def test_reports_are_found_by_a_name_without_marks_by_identifier_and_by_code(admin: Client) -> None:
    given_cycle()
    Unit.objects.filter(uid="H2").update(name="Đồng Văn", search_text="dong van", code="00721")
    searches = [found(admin.get(address("report", "changelist"), {"q": text})) for text in ("dong van", "ĐỒNG", "h2", "00721", "nobody")]
    assert searches == [["H2"], ["H2"], ["H2"], ["H2"], []]


@pytest.mark.parametrize(
    ("chosen", "uids"),
    [
        ({"state": "submitted"}, ["H2"]),
        ({"timeliness": "late"}, ["H2"]),
        ({"timeliness": "missing"}, ["P", "D", "C", "H3"]),
        ({"timeliness": "on_time"}, ["H1"]),
        ({"flag": "late"}, ["H2"]),
        ({"flag": "nonsense"}, ["P", "D", "C", "H1", "H2", "H3"]),
    ],
)
def test_reports_are_filtered_by_state_timeliness_and_open_flags(admin: Client, chosen: dict[str, str], uids: list[str]) -> None:
    play = given_cycle()
    play.hand_in("H1", a="1")
    play.save("H2", a="1")
    play.submit("H2", at=at("2025-06-19 08:00"))
    play.sweep(at("2025-06-20 08:00"))
    assert found(admin.get(address("report", "changelist"), chosen)) == uids


def test_reports_are_filtered_by_cycle(admin: Client) -> None:
    first = given_cycle()
    given_cycle(first.cycle.version, {"Q": ["E"]}, levels=["province", "district"])
    assert found(admin.get(address("report", "changelist"), {"cycle": first.cycle.pk})) == ["P", "D", "C", "H1", "H2", "H3"]


def test_the_journal_of_one_report_is_reached_from_its_page(admin: Client) -> None:
    play = given_cycle()
    play.save("H1", a="1")
    play.save("H2", a="1")
    rows = admin.get(address("journalentry", "changelist"), {"report__id__exact": play.report("H2").pk}).context["cl"].result_list
    assert [entry.report.unit.uid for entry in rows] == ["H2"]


def test_who_is_no_superuser_sees_the_reports_in_reach_and_no_others() -> None:
    play = given_cycle(outline={"P": {"D": {"C": ["H1"], "C2": ["H2"]}}})
    play.save("H1", a="1")
    play.save("H2", a="1")
    user = given_user("lan", C="viewer")
    user.is_staff = True
    user.save()
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="reports"))
    client = Client()
    client.force_login(user)
    assert found(client.get(address("report", "changelist"))) == ["C", "H1"]
    assert client.get(address("report", "change", play.report("H2").pk)).status_code == 302
    entries = client.get(address("journalentry", "changelist")).context["cl"].result_list
    assert [entry.report.unit.uid for entry in entries] == ["H1"]
    exported = client.post(address("report", "export"), {"format": "0", "resource": "0"}).content.decode("utf-8-sig")
    assert [line.split(",")[1] for line in exported.splitlines()] == ["unit_uid", "C", "H1"]


def test_the_status_of_reports_is_exported_as_it_stands(admin: Client) -> None:
    play = given_cycle(outline={"P": ["D"]}, levels=["province", "district"])
    play.save("D", a="1")
    play.submit("D", at=at("2025-06-19 08:00"))
    play.sweep(at("2025-06-20 08:00"))
    exported = admin.post(address("report", "export"), {"format": "0", "resource": "0"}).content.decode("utf-8-sig")
    assert exported.splitlines() == [
        "cycle,unit_uid,unit,level,state,due_at,first_submitted_at,timeliness,flags",
        f"{play.cycle.code},P,Đơn vị P,province,not_started,2025-06-18T23:59:59+07:00,,missing,missing",
        f"{play.cycle.code},D,Đơn vị D,district,submitted,2025-06-18T23:59:59+07:00,2025-06-19T08:00:00+07:00,late,late",
    ]


def test_reports_cannot_be_imported(admin: Client) -> None:
    assert admin.get("/admin/reports/report/import/").status_code in (302, 404)


@pytest.mark.parametrize("model", ["report", "journalentry", "flag"])
def test_lists_ask_the_database_as_often_for_six_reports_as_for_forty(
    admin: Client, model: str, django_assert_max_num_queries: Any
) -> None:
    def queries(play: Any, *uids: str) -> int:
        for uid in uids:
            play.save(uid, a="1")
        play.sweep(at("2025-06-20 08:00"))
        with django_assert_max_num_queries(40) as asked:
            assert admin.get(address(model, "changelist")).status_code == 200
        return len(asked)

    first = given_cycle()
    queries(first, "H1", "H2")
    few = queries(first, "H1", "H2")
    hamlets = [f"G{number}" for number in range(30)]
    many = queries(given_cycle(first.cycle.version, {"Q": {"E": {"F": hamlets}}}), *hamlets)
    assert few == many


def test_the_page_of_a_report_asks_as_often_for_one_entry_as_for_twenty(admin: Client, django_assert_max_num_queries: Any) -> None:
    play = given_cycle()

    def queries() -> int:
        with django_assert_max_num_queries(40) as asked:
            admin.get(address("report", "change", play.report("H1").pk))
        return len(asked)

    play.save("H1", a="1")
    queries()
    few = queries()
    for number in range(20):
        play.save("H1", by=None, a=str(number))
    assert JournalEntry.objects.filter(at__gt=NOON).count() >= 20
    assert queries() == few


@pytest.mark.parametrize("cycle", ["9" * 5000, "99999999999999999999", "²", "x"])
def test_a_filter_for_a_cycle_that_is_none_shows_every_report(admin: Client, cycle: str) -> None:
    given_cycle()
    assert found(admin.get(address("report", "changelist"), {"cycle": cycle})) == ["P", "D", "C", "H1", "H2", "H3"]


def test_totals_that_were_set_aside_are_found_with_their_error_and_tried_again(admin: Client) -> None:
    play = given_cycle()
    play.hand_in("H1", a="4")
    Report.objects.filter(unit__uid="H1").update(own={"a": "?"})
    rolling_up.drain_all()
    page = admin.get(address("rollup", "changelist"), {"error__isempty": "0"})
    assert [total.report.unit.uid for total in page.context["cl"].result_list] == ["C"]
    assert "UnreadableFigure: a: '?'" in text_of(page)
    Report.objects.filter(unit__uid="H1").update(own={"a": 4})
    chosen = {"action": "try_again", "_selected_action": [play.report("C").pk]}
    assert said(admin.post(address("rollup", "changelist"), chosen)) == ["1 row will be tried again."]
    assert play.total("C", "a") == "4"
    assert not admin.get(address("rollup", "changelist"), {"error__isempty": "0"}).context["cl"].result_list
