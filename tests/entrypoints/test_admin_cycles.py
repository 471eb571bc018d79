from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from reports.models import Cycle, CycleLevel, DayOff, Report
from reports.services import configuring
from tests.builders import given_cycle, given_template, given_user
from tests.domain.builders import indicator
from tests.entrypoints.admin_client import address, formset, said, text_of
from tests.unit_builders import make_standard_levels, tree
from units.models import Level, Unit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages_in_english")]


def level(code: str) -> int:
    return Level.objects.get(code=code).pk


def filled_in(**changes: Any) -> dict[str, Any]:
    """The form of a new cycle over P, its communes and hamlets due."""
    version = given_template(indicator("a"))
    units = tree({"P": {"D": {"C": ["H1", "H2"]}}})
    rows = formset("levels", {"level": level("commune"), "due_on": "2025-06-18"}, {"level": level("hamlet"), "due_on": "2025-06-16"})
    usual = {
        "version": version.pk, "period": "2025-H1", "code": "", "first_day": "", "cut_off": "", "reference_day": "", "opens_on": "",
        "time_zone": "Asia/Ho_Chi_Minh", "units": [units["P"].pk], "review_days": 10, "correction_days": 5, "reminders": "-3, 0, 1",
    }  # fmt: skip
    return usual | rows | changes


def errors_of(response: Any) -> dict[str, list[str]]:
    return dict(response.context["adminform"].form.errors)


def test_a_new_cycle_reminds_on_the_usual_days_unless_said_otherwise(admin: Client) -> None:
    form = admin.get(address("cycle", "add")).context["adminform"].form
    assert form["reminders"].value() == "-3, 0, 1, 3, 7"


def test_a_planned_cycle_gets_the_usual_days_and_code_where_they_are_left_empty(admin: Client) -> None:
    admin.post(address("cycle", "add"), filled_in())
    cycle = Cycle.objects.get()
    assert (cycle.code, cycle.state) == ("t-2025-H1", "planned")
    assert (cycle.first_day, cycle.cut_off, cycle.reference_day) == (date(2024, 12, 15), date(2025, 6, 14), date(2025, 6, 14))
    assert cycle.reminders == [-3, 0, 1]
    assert [unit.uid for unit in cycle.units.all()] == ["P"]
    assert [(row.level.code, row.due_on) for row in cycle.levels.all()] == [("commune", date(2025, 6, 18)), ("hamlet", date(2025, 6, 16))]


def test_days_that_are_given_stay(admin: Client) -> None:
    admin.post(address("cycle", "add"), filled_in(code="X", first_day="2025-01-01", cut_off="2025-05-31", reference_day="2025-05-01"))
    cycle = Cycle.objects.get()
    assert (cycle.code, cycle.first_day, cycle.cut_off, cycle.reference_day) == ("X", date(2025, 1, 1), date(2025, 5, 31), date(2025, 5, 1))


def test_a_due_day_that_is_no_working_day_moves_to_the_next_and_that_is_said(admin: Client) -> None:
    make_standard_levels(Level)
    DayOff.objects.create(day=date(2025, 6, 16))
    form = filled_in() | formset("levels", {"level": level("hamlet"), "due_on": "2025-06-14"})
    response = admin.post(address("cycle", "add"), form)
    assert CycleLevel.objects.get().due_on == date(2025, 6, 17)
    assert f"{Level.objects.get(code='hamlet')}: 14/06/2025 is no working day; the due day is 17/06/2025." in said(response)


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        (
            "period",
            "2025-H3",
            "“2025-H3” is no period: write 2025-H1, 2025-H2, 2025-Y, 2025-Q1 … 2025-Q4, 2025-M01 … 2025-M12, or 2021..2025",
        ),
        ("time_zone", "Asia/Nowhere", "“Asia/Nowhere” is no time zone: write one such as Asia/Ho_Chi_Minh."),
        ("time_zone", "../etc/passwd", "“../etc/passwd” is no time zone: write one such as Asia/Ho_Chi_Minh."),
        (
            "reminders",
            "-3, soon",
            "“soon” is no number of days: write whole numbers up to 999 with commas between, such as -3, 0, 1, 3, 7.",
        ),
        ("review_days", "-1", "Ensure this value is greater than or equal to 0."),
        ("units", [], "This field is required."),
    ],
)
def test_what_cannot_be_a_cycle_is_refused_beside_its_field(admin: Client, field: str, value: Any, error: str) -> None:
    assert errors_of(admin.post(address("cycle", "add"), filled_in(**{field: value})))[field] == [error]
    assert not Cycle.objects.exists()


def test_a_period_cannot_end_before_it_begins(admin: Client) -> None:
    response = admin.post(address("cycle", "add"), filled_in(first_day="2025-06-01", cut_off="2025-05-01"))
    assert errors_of(response)["__all__"] == ["A period can't end before it begins."]


def test_a_draft_of_a_template_is_not_offered_to_cycles(admin: Client) -> None:
    form = filled_in()
    draft = configuring.add_version("d", "Nháp", [indicator("a")])
    assert "version" in errors_of(admin.post(address("cycle", "add"), form | {"version": draft.pk}))


def test_a_level_has_one_due_day(admin: Client) -> None:
    form = filled_in()
    twice = {"level": level("hamlet"), "due_on": "2025-06-16"}
    response = admin.post(address("cycle", "add"), form | formset("levels", twice, twice))
    assert response.context["inline_admin_formsets"][0].formset.non_form_errors() == ["Please correct the duplicate data for level."]
    assert not Cycle.objects.exists()


def planned(admin: Client, **changes: Any) -> Cycle:
    admin.post(address("cycle", "add"), filled_in(**changes))
    return Cycle.objects.get()


def test_a_planned_cycle_is_opened_closed_and_reopened_by_buttons(admin: Client) -> None:
    cycle = planned(admin)
    commune, hamlet = Level.objects.get(code="commune"), Level.objects.get(code="hamlet")
    states = []
    messages = []
    for button in ("open", "close", "reopen"):
        messages += said(admin.post(address("cycle", button, cycle.pk)))[-1:]
        cycle.refresh_from_db()
        states.append(cycle.state)
    assert states == ["open", "closed", "open"]
    assert messages == [f"The cycle is open. Reports: {commune}: 1, {hamlet}: 2.", "The cycle is closed.", "The cycle is open again."]
    assert Report.objects.count() == 3


def test_a_cycle_is_opened_once(admin: Client) -> None:
    cycle = planned(admin)
    admin.post(address("cycle", "open", cycle.pk))
    assert said(admin.post(address("cycle", "open", cycle.pk)))[-1] == "The cycle “t-2025-H1” is open already."
    assert Report.objects.count() == 3


def test_a_cycle_that_no_unit_reports_in_stays_planned(admin: Client) -> None:
    cycle = planned(admin)
    cycle.levels.all().delete()
    response = admin.post(address("cycle", "open", cycle.pk))
    assert "No unit reports" in said(response)[-1]
    cycle.refresh_from_db()
    assert cycle.state == "planned"


def test_buttons_of_a_cycle_answer_to_a_post_only(admin: Client) -> None:
    cycle = planned(admin)
    assert [admin.get(address("cycle", button, cycle.pk)).status_code for button in ("open", "close", "reopen")] == [405, 405, 405]


def test_an_open_cycle_takes_reminders_and_days_of_review_and_nothing_else(admin: Client) -> None:
    play = given_cycle()
    before = Cycle.objects.filter(pk=play.cycle.pk).values().get()
    rows = list(CycleLevel.objects.values())
    posted = filled_in_over(play.cycle) | formset(
        "levels", {"id": rows[0]["id"], "cycle": play.cycle.pk, "level": rows[0]["level_id"], "due_on": "2026-01-05"}, initial=1
    )
    admin.post(address("cycle", "change", play.cycle.pk), posted)
    after = Cycle.objects.filter(pk=play.cycle.pk).values().get()
    assert after == before | {"review_days": 3, "correction_days": 2, "reminders": [0, 9]}
    assert list(CycleLevel.objects.values()) == rows


def filled_in_over(cycle: Cycle) -> dict[str, Any]:
    """A form that would change everything of a cycle."""
    return {
        "version": cycle.version_id, "period": "2026-Y", "code": "other", "first_day": "2020-01-01", "cut_off": "2020-12-31",
        "reference_day": "2020-12-31", "opens_on": "2020-01-01", "time_zone": "UTC", "units": [], "state": "planned",
        "review_days": 3, "correction_days": 2, "reminders": "9, 0",
    }  # fmt: skip


def test_a_closed_cycle_takes_no_change(admin: Client) -> None:
    play = given_cycle()
    admin.post(address("cycle", "close", play.cycle.pk))
    assert admin.post(address("cycle", "change", play.cycle.pk), filled_in_over(play.cycle)).status_code == 403


def test_a_planned_cycle_may_be_deleted_and_an_opened_one_never(admin: Client) -> None:
    play = given_cycle()
    assert admin.post(address("cycle", "delete", play.cycle.pk), {"post": "yes"}).status_code == 403
    waiting = Cycle.objects.create(
        code="w", version=play.cycle.version, period="2025-Y", first_day=date(2025, 1, 1), cut_off=date(2025, 2, 1),
        reference_day=date(2025, 2, 1),
    )  # fmt: skip
    admin.post(address("cycle", "delete", waiting.pk), {"post": "yes"})
    assert [cycle.pk for cycle in Cycle.objects.all()] == [play.cycle.pk]


def test_the_page_of_a_cycle_counts_its_reports_by_level(admin: Client) -> None:
    play = given_cycle(due=date(2025, 6, 18))
    play.hand_in("H1", a="1")
    play.save("H2", a="1")
    play.submit("H2")
    play.do("exempt", "H3")
    page = admin.get(address("cycle", "change", play.cycle.pk))
    rows = {row.level: (row.rates.as_dict(), row.exempt) for row in page.context["progress"]}
    hamlet = str(Level.objects.get(code="hamlet"))
    assert list(rows) == [str(each) for each in Level.objects.of_territory().order_by("rank")]
    assert rows[hamlet] == ({"expected": 2, "received": 2, "accepted": 1, "on_time": 2, "late": 0, "missing": 0}, 1)


def test_the_page_of_a_cycle_asks_the_database_as_often_for_five_reports_as_for_sixty(
    admin: Client, django_assert_max_num_queries: Any
) -> None:
    def queries(cycle: Cycle) -> int:
        with django_assert_max_num_queries(40) as asked:
            assert admin.get(address("cycle", "change", cycle.pk)).status_code == 200
        return len(asked)

    few = given_cycle().cycle
    many = given_cycle(few.version, {"Q": {"E": {"F": [f"G{number}" for number in range(60)]}}}).cycle
    queries(few)
    assert queries(few) == queries(many)


def a_manager(uid: str) -> Client:
    """A member of staff with every permission on cycles, cycle manager of one unit."""
    user = given_user("lan", **{uid: "cycle_manager"})
    user.is_staff = True
    user.save()
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="reports"))
    client = Client()
    client.force_login(user)
    return client


def test_a_cycle_manager_opens_and_closes_only_where_every_unit_at_the_top_is_theirs() -> None:
    play = given_cycle()
    mine, theirs = a_manager("P"), given_cycle(play.cycle.version, {"Q": {"E": {"F": ["G"]}}})
    assert said(mine.post(address("cycle", "close", play.cycle.pk))) == ["The cycle is closed."]
    assert mine.post(address("cycle", "close", theirs.cycle.pk)).status_code == 404
    assert Cycle.objects.get(pk=theirs.cycle.pk).is_open


def test_a_manager_below_the_top_is_refused() -> None:
    play = given_cycle()
    below = a_manager("D")
    response = below.post(address("cycle", "close", play.cycle.pk))
    assert said(response) == ["Only a cycle manager of the units at the top opens and closes a cycle."]


def test_units_are_found_without_marks_and_never_listed_whole(admin: Client) -> None:
    cycle = planned(admin)
    Unit.objects.filter(uid="D").update(name="Đồng Văn", search_text="dong van")
    page = admin.get(address("cycle", "change", cycle.pk)).content.decode()
    assert page.count("<option") < 30
    found = admin.get(
        reverse("admin:autocomplete"), {"term": "dong van", "app_label": "reports", "model_name": "cycle", "field_name": "units"}
    )
    assert [row["id"] for row in found.json()["results"]] == [str(Unit.objects.get(uid="D").pk)]


def test_memberships_of_a_user_are_edited_on_the_users_page(admin: Client) -> None:
    units = tree({"P": {"D": ["C"]}})
    user = given_user("lan")
    page = admin.get(reverse("admin:auth_user_change", args=[user.pk]))
    assert "admin-autocomplete" in page.content.decode()
    form = page.context["adminform"].form
    data = {name: value for name, value in form.initial.items() if value not in (None, False, [])} | {"is_active": "on"}
    data |= {"date_joined_0": "2025-01-01", "date_joined_1": "10:00:00"}
    data |= formset("memberships", {"user": user.pk, "unit": units["C"].pk, "role": "preparer"})
    admin.post(reverse("admin:auth_user_change", args=[user.pk]), data)
    assert [(row.unit.uid, row.role) for row in user.memberships.all()] == [("C", "preparer")]
    assert text_of(admin.get(reverse("admin:auth_user_changelist")))
