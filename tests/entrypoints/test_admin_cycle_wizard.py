"""The wizard of cycles: what is counted before it opens is what opening writes."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import pytest
from django.test import Client

from reports.models import Cycle, DayOff, Report
from reports.services import choosing
from tests.builders import NOON, choose, given_selection, given_template, given_user
from tests.domain.builders import indicator
from tests.entrypoints.admin_client import address, said, text_of
from tests.entrypoints.test_admin_cycles import a_manager
from tests.unit_builders import HEADER, load_csv, tree
from units.models import Level, Membership, Unit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages_in_english")]


def a_tree() -> None:
    """A province with two communes of hamlets; one hamlet is abolished, and an agency stands beside them."""
    tree({"P": {"D": {"C": ["H1", "H2"], "E": ["H3"]}}})
    load_csv(HEADER + ",kind", "OLD,OLD,Thôn cũ,hamlet,C,,2025-01-01,territory", "A,A,Ban Y tế,,P,,,agency")


def filled_in(then: str = "look", levels: str = "commune hamlet", **changes: Any) -> dict[str, Any]:
    usual = {
        "version": given_template(indicator("a")).pk, "part": "H1", "year": "2025", "last_year": "", "code": "", "uids": "P",
        "reminders": "-3, 0, 1", "review_days": "10", "correction_days": "5", "opens_on": "", "then": then,
    }  # fmt: skip
    return usual | {f"reports_{code}": "on" for code in levels.split()} | changes


def plan(admin: Client, **fields: Any) -> Any:
    return admin.post(address("cycle", "plan"), fields)


def errors_of(response: Any) -> dict[str, list[str]]:
    return dict(response.context["form"].errors)


def test_looking_over_counts_the_reports_by_level_and_writes_nothing(admin: Client) -> None:
    a_tree()
    review = plan(admin, **filled_in()).context["review"]
    assert [(row.level.code, row.reports) for row in review.levels] == [("commune", 2), ("hamlet", 3)]
    assert review.code == "t-2025-H1"
    assert not Cycle.objects.exists()


def test_units_without_a_report_are_named_with_the_reason(admin: Client) -> None:
    a_tree()
    page = plan(admin, **filled_in())
    assert page.context["review"].left_out == [
        ("their level doesn't report in this cycle", 2, ["Đơn vị P", "Đơn vị D"]),
        ("not valid on the reference day", 1, ["Thôn cũ"]),
        ("agencies report in cycles of their own", 1, ["Ban Y tế"]),
    ]


def test_a_frozen_selection_is_offered_and_what_it_left_out_is_counted(admin: Client) -> None:
    a_tree()
    selection = given_selection({})
    assert "selection" in errors_of(plan(admin, **filled_in(selection=selection.pk)))
    choose(selection, "C", "H2")
    choose(selection, "E", "H3")
    choosing.freeze(selection, by=None, at=NOON)
    page = plan(admin, **filled_in(selection=selection.pk, levels="province commune hamlet"))
    assert page.context["review"].forecast.by_level == {"province": 1, "commune": 2, "hamlet": 2}
    assert ("not chosen in the selection", 1, ["Đơn vị H1"]) in page.context["review"].left_out
    plan(admin, **filled_in(selection=selection.pk, then="keep"))
    cycle = Cycle.objects.get()
    assert cycle.selection == selection
    admin.post(address("cycle", "open", cycle.pk))
    assert set(Report.objects.values_list("unit__uid", flat=True)) == {"C", "H2", "E", "H3"}


def test_units_left_out_are_counted_before_it_opens_and_have_no_report_nor_what_is_below_them(admin: Client) -> None:
    a_tree()
    left_out = Unit.objects.get(uid="E")
    page = plan(admin, **filled_in(left_out=[left_out.pk], left_out_uids="H1"))
    assert page.context["review"].forecast.by_level == {"commune": 1, "hamlet": 1}
    assert ("left out of this cycle", 3, ["Đơn vị H1", "Đơn vị E", "Đơn vị H3"]) in page.context["review"].left_out
    plan(admin, **filled_in(left_out=[left_out.pk], left_out_uids="H1", then="keep"))
    admin.post(address("cycle", "open", Cycle.objects.get().pk))
    assert set(Report.objects.values_list("unit__uid", flat=True)) == {"C", "H2"}


def test_a_selection_does_not_bring_back_what_is_left_out(admin: Client) -> None:
    a_tree()
    selection = given_selection({})
    choose(selection, "C", "H2")
    choose(selection, "E", "H3")
    choosing.freeze(selection, by=None, at=NOON)
    plan(admin, **filled_in(selection=selection.pk, left_out_uids="E", then="open"))
    assert set(Report.objects.values_list("unit__uid", flat=True)) == {"C", "H2"}


@pytest.mark.parametrize(
    ("changes", "field", "error"),
    [
        ({"uids": "C", "left_out_uids": "E"}, "left_out", "Đơn vị E: This unit can't be left out: it is not under the units at the top."),
        ({"left_out_uids": "zzz"}, "left_out_uids", "There is no unit “zzz” within your reach."),
    ],
)
def test_what_cannot_be_left_out_is_said_beside_its_field(admin: Client, changes: dict[str, str], field: str, error: str) -> None:
    a_tree()
    assert errors_of(plan(admin, **filled_in(**changes)))[field] == [error]


@pytest.mark.parametrize("levels", ["province district commune hamlet", "commune hamlet", "province hamlet", "district"])
@pytest.mark.parametrize("uids", ["P", "C", "D C", "C, E"])
def test_what_is_counted_is_what_opening_writes(admin: Client, levels: str, uids: str) -> None:
    a_tree()
    sent = filled_in(levels=levels, uids=uids)
    counted = plan(admin, **sent).context["review"].forecast.by_level
    if not counted:
        assert errors_of(plan(admin, **sent | {"then": "open"}))["__all__"]
        return
    plan(admin, **sent | {"then": "open"})
    opened = Report.objects.values_list("level__code", flat=True)
    assert counted == Counter(opened)


def test_an_empty_due_day_is_the_usual_one_and_a_day_off_moves_to_the_next_working_day(admin: Client) -> None:
    a_tree()
    DayOff.objects.create(day=date(2025, 6, 20), name="Hội trại")
    page = plan(admin, **filled_in(due_commune="20/06/2025"))
    commune, hamlet = page.context["review"].levels
    assert (commune.wanted, commune.due, commune.moved_because) == (date(2025, 6, 20), date(2025, 6, 23), "Hội trại")
    assert (hamlet.wanted, hamlet.due, hamlet.moved_because) == (date(2025, 6, 16), date(2025, 6, 16), "")
    assert hamlet.reminders == [date(2025, 6, 13), date(2025, 6, 16), date(2025, 6, 17)]
    assert "Fri 20/06/2025 (Hội trại) → Mon 23/06/2025" in text_of(page)


def test_a_level_that_no_unit_has_takes_up_no_step_of_the_usual_due_days(admin: Client) -> None:
    tree({"P": ["C"]}, levels=("province", "commune"))
    page = plan(admin, **filled_in(levels="province district commune hamlet"))
    assert {row.level.code: row.due.day for row in page.context["review"].levels if row.reports} == {"commune": 16, "province": 18}


def test_the_calendar_shows_weekends_holidays_and_due_days(admin: Client) -> None:
    a_tree()
    page = plan(admin, **filled_in(cut_off="29/04/2025", due_hamlet="30/04/2025"))
    days = {each.day: each for week in page.context["review"].weeks for each in week}
    assert days[date(2025, 4, 30)].off == "Liberation Day/Reunification Day"
    assert days[date(2025, 5, 3)].off == "weekend"
    assert [level.code for level in days[date(2025, 5, 5)].due] == ["hamlet"]


def test_a_cycle_is_opened_from_the_wizard_with_all_that_was_said(admin: Client) -> None:
    a_tree()
    sent = filled_in("open", code="K1", approval_commune="on", due_commune="19/06/2025", review_days="7")
    response = plan(admin, **sent)
    cycle = Cycle.objects.get()
    assert (cycle.code, cycle.state, cycle.period, cycle.review_days, cycle.reminders) == ("K1", "open", "2025-H1", 7, [-3, 0, 1])
    assert [(row.level.code, row.due_on, row.needs_approval) for row in cycle.levels.all()] == [
        ("commune", date(2025, 6, 19), True),
        ("hamlet", date(2025, 6, 16), False),
    ]
    commune, hamlet = Level.objects.get(code="commune"), Level.objects.get(code="hamlet")
    assert said(response) == [f"The cycle is open. Reports: {commune}: 2, {hamlet}: 3."]


def test_a_cycle_may_be_kept_as_planned(admin: Client) -> None:
    a_tree()
    assert said(plan(admin, **filled_in("keep", opens_on="20/06/2025"))) == ["The cycle “t-2025-H1” is planned."]
    cycle = Cycle.objects.get()
    assert (cycle.state, cycle.opens_on) == ("planned", date(2025, 6, 20))


def test_a_span_of_years_is_planned(admin: Client) -> None:
    a_tree()
    plan(admin, **filled_in("keep", part="span", year="2021", last_year="2025"))
    assert Cycle.objects.get().period == "2021..2025"


@pytest.mark.parametrize(
    ("changes", "field", "error"),
    [
        ({"uids": "X"}, "uids", "There is no unit “X” within your reach."),
        ({"uids": ""}, "units", "Name at least one unit at the top."),
        ({"part": "span"}, "last_year", "Several years need a last year after the first."),
        ({"cut_off": "01/01/2024"}, "cut_off", "The period can't end before it begins."),
        ({"due_hamlet": "2025-06-16"}, "due_hamlet", "Write the day as dd/mm/yyyy, for instance 05/06/2026."),
        ({"levels": ""}, "__all__", "Choose at least one level that reports."),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(admin: Client, changes: dict[str, Any], field: str, error: str) -> None:
    a_tree()
    response = plan(admin, **filled_in("open", **changes))
    assert (response.status_code, errors_of(response)[field]) == (422, [error])
    assert not Cycle.objects.exists()


def test_a_code_that_is_taken_is_refused_on_the_page(admin: Client) -> None:
    a_tree()
    sent = filled_in("keep", code="K")
    plan(admin, **sent)
    assert errors_of(plan(admin, **sent))["__all__"] == ["There is a cycle “K” already; choose another code."]


def test_units_out_of_reach_do_not_exist_for_the_wizard() -> None:
    a_tree()
    tree({"Q": {"R": ["S"]}})
    mine = a_manager("P")
    assert errors_of(plan(mine, **filled_in("open", uids="Q")))["uids"] == ["There is no unit “Q” within your reach."]


def test_who_manages_no_unit_at_the_top_does_not_open() -> None:
    a_tree()
    viewer = a_manager("C")
    Membership.objects.update(role="viewer")
    response = plan(viewer, **filled_in("open", uids="C"))
    assert errors_of(response)["__all__"] == ["Only a cycle manager of the units at the top opens and closes a cycle."]
    assert not Cycle.objects.exists()


def test_who_may_add_no_cycle_has_no_wizard() -> None:
    user = given_user("mai")
    user.is_staff = True
    user.save()
    client = Client()
    client.force_login(user)
    assert client.get(address("cycle", "plan")).status_code == 403


def test_looking_over_asks_the_database_as_often_for_five_units_as_for_sixty(admin: Client, django_assert_max_num_queries: Any) -> None:
    a_tree()
    tree({"Q": {"R": {"S": [f"T{number}" for number in range(60)]}}})
    load_csv(HEADER + ",kind", "OLD2,OLD2,Thôn cũ,hamlet,S,,2025-01-01,territory", "A2,A2,Ban,,Q,,,agency")
    few = filled_in()
    many = few | {"uids": "Q"}

    def queries(sent: dict[str, Any]) -> int:
        with django_assert_max_num_queries(30) as asked:
            assert plan(admin, **sent).status_code == 200
        return len(asked)

    queries(few)
    assert queries(few) == queries(many)


def test_the_wizard_never_lists_units_whole(admin: Client) -> None:
    tree({"P": {"D": {"C": [f"T{number}" for number in range(60)]}}})
    assert admin.get(address("cycle", "plan")).content.decode().count("<option") < 40
