"""The demo as it is promised: real units, three cycles, every state and every flag, and figures that hang together."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.db import transaction
from django.test import RequestFactory
from pytest_django import DjangoDbBlocker

from reports.demo import load_demo
from reports.demo.accounts import PASSWORD
from reports.demo.figures import EXPLANATIONS
from reports.demo.half_year import LEFT_TO_THE_VISITOR
from reports.demo.loading import TEMPLATE
from reports.demo.places import COMMUNE_AFTER, COMMUNE_BEFORE, DISTRICT_BEFORE, PROVINCE_AFTER, PROVINCE_BEFORE
from reports.domain.aggregation import figures
from reports.domain.workflow import State
from reports.models import Cycle, Flag, JournalEntry, Report, Selection, SkilfulModel, Submission
from reports.queries.sourced import sourced_figures
from reports.services import filling, flagging, library, reviewing, rolling_up, submitting, verifying
from units.levels import make_standard_levels
from units.models import Level, Membership, Succession, Unit
from units.problems import Problem, Problems, Refused

pytestmark = pytest.mark.once  # as `make demo` has it: on SQLite

NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)
LATER = datetime(2026, 11, 20, 4, tzinfo=UTC)


@pytest.fixture(scope="module")
def demo(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[dict[str, Cycle]]:
    """The demo, loaded once for this file; its cycles of the six-month and annual report by period, all others by code."""
    with django_db_blocker.unblock(), transaction.atomic():
        make_standard_levels(Level)  # a test that flushed the database took them
        load_demo(lambda line: None, NOW)
        cycles = Cycle.objects.select_related("version__template")
        yield {cycle.period if cycle.version.template.code == TEMPLATE else cycle.code: cycle for cycle in cycles}
        transaction.set_rollback(True)


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside is taken back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def states(cycle: Cycle, level: str) -> Counter[str]:
    return Counter(Report.objects.filter(cycle=cycle, level__code=level).values_list("state", flat=True))


def total(cycle: Cycle, uid: str, code: str) -> Any:
    return figures(cycle.version.compiled(), Report.objects.get(cycle=cycle, unit__uid=uid).rollup.cells)[code]


@pytest.mark.django_db
def test_a_load_that_is_killed_half_way_leaves_nothing_behind():
    def killed_at_the_first_reports(line: str) -> None:
        if "2024" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_demo(killed_at_the_first_reports, NOW)
    assert (Unit.objects.count(), Cycle.objects.count(), get_user_model().objects.count()) == (0, 0, 0)


@pytest.mark.django_db
def test_it_is_refused_where_an_account_of_its_names_stands_already():
    get_user_model().objects.create(username="tinh")
    with pytest.raises(Refused) as refused:
        load_demo(lambda line: None, NOW)
    message = "There is an account “%(name)s” already: load the demo into a database of its own."
    assert list(refused.value.problems) == [Problem(message, {"name": "tinh"})]
    assert not Unit.objects.exists()


def test_ha_giang_stands_as_it_did_early_in_2025(demo):
    below = Unit.objects.valid_on(date(2025, 3, 1)).filter(tree_id=Unit.objects.get(uid=PROVINCE_BEFORE).tree_id)
    assert Counter(below.values_list("level__code", flat=True)) == {"province": 1, "district": 11, "commune": 193, "hamlet": 1684}


def test_tuyen_quang_has_124_communes_directly_below_it_since_july_2025(demo):
    communes = Unit.objects.valid_on(date(2025, 7, 1)).territorial().filter(parent__uid=PROVINCE_AFTER)
    assert set(communes.values_list("level__code", flat=True)) == {"commune"}
    assert communes.count() == 124
    assert Succession.objects.filter(predecessor__level__code="hamlet").count() == 1684
    assert set(Level.objects.filter(units__isnull=False).values_list("code", flat=True)) == {"province", "district", "commune", "hamlet"}


def test_the_year_2024_is_finished_and_closed_with_some_late(demo):
    cycle = demo["2024-Y"]
    assert (cycle.code, cycle.state) == ("dan-van-2024-Y", Cycle.State.CLOSED)
    assert Counter(cycle.reports.values_list("state", flat=True)) == {State.ACCEPTED: 1889}
    late = Counter(cycle.reports.with_timeliness(NOW).values_list("timeliness", flat=True))
    assert late.keys() == {"on_time", "late"}
    assert 0 < late["late"] < 0.1 * 1889


def test_the_half_year_shows_every_state_at_work(demo):
    cycle = demo["2025-H1"]
    assert cycle.state == Cycle.State.OPEN
    everything = {State.ACCEPTED, State.SUBMITTED, State.RETURNED, State.DRAFT, State.NOT_STARTED, State.EXEMPT}
    assert states(cycle, "hamlet").keys() == states(cycle, "commune").keys() == everything
    assert states(cycle, "district") == {State.ACCEPTED: 5, State.SUBMITTED: 2, State.RETURNED: 1, State.DRAFT: 2, State.NOT_STARTED: 1}
    assert states(cycle, "province") == {State.DRAFT: 1}
    assert cycle.reports.filter(state=State.ACCEPTED).count() > 0.9 * cycle.reports.count()


def test_the_cycle_of_the_current_year_is_open_and_not_yet_due(demo):
    cycle = demo["2026-Y"]
    assert cycle.state == Cycle.State.OPEN
    assert states(cycle, "commune") == {State.ACCEPTED: 5, State.SUBMITTED: 9, State.RETURNED: 3, State.DRAFT: 27, State.NOT_STARTED: 80}
    assert not cycle.reports.filter(due_at__lt=NOW).exists()
    assert cycle.reports.filter(level__code="commune").exclude(superior__unit__uid=PROVINCE_AFTER).count() == 0
    assert not JournalEntry.objects.filter(at__gte=NOW).exists()


def test_every_template_of_the_library_is_used(demo):
    assert set(Cycle.objects.values_list("version__template__code", flat=True)) == {book.code for book in library.read()}


def test_the_chosen_hamlets_of_dong_van_are_scored_and_one_waits_for_the_visitor(demo):
    cycle = demo["cham-diem-thon-2025-H1"]
    assert states(cycle, "hamlet") == {State.ACCEPTED: 40, State.SUBMITTED: 1}
    assert cycle.reports.get(state=State.SUBMITTED, level__code="hamlet").superior.unit.uid == COMMUNE_BEFORE
    chosen = cycle.selection.choices.values_list("candidates", "needed")
    assert all(needed == -(-candidates // 5) for candidates, needed in chosen)
    assert sum(needed for _, needed in chosen) == 41
    grades = total(cycle, DISTRICT_BEFORE, "xep_loai")
    assert (sum(grades.values()), len([grade for grade, count in grades.items() if count])) == (40, 3)


def test_a_survey_of_five_years_is_filled_in_from_the_reports_of_each_and_a_team_was_there(demo):
    cycle = demo["khao-sat-2020..2024"]
    assert states(cycle, "commune") == {State.ACCEPTED: 14, State.SUBMITTED: 4, State.NOT_STARTED: 1}
    begun = list(cycle.reports.filter(level__code="commune").exclude(state=State.NOT_STARTED).select_related("cycle__version", "level"))
    said = sourced_figures(begun)
    assert {len(said[report.pk]) for report in begun} == {25}
    assert all(report.own[code] == value for report in begun for code, value in said[report.pk].items())
    ratings = total(cycle, DISTRICT_BEFORE, "xep_loai_doan")
    assert sum(ratings.values()) == 14


def _tasks_of(cycle: Cycle, code: str) -> dict[str, set[str]]:
    """By agency whose report is in: the tasks in a table of its report."""
    reports = cycle.reports.filter(level__code="agency", state__in=[State.SUBMITTED, State.ACCEPTED]).select_related("unit")
    return {report.unit.uid: {row[0] for row in report.own[code]} for report in reports}


def test_agencies_report_on_the_coordination_programme_beside_the_tree(demo):
    cycle = demo["phoi-hop-2026-Y"]
    assert states(cycle, "agency") == {State.ACCEPTED: 2, State.SUBMITTED: 2, State.DRAFT: 1, State.NOT_STARTED: 1}
    assert set(cycle.reports.filter(level__code="agency").values_list("superior__unit__uid", flat=True)) == {PROVINCE_AFTER}
    assert total(cycle, PROVINCE_AFTER, "nv_thong_nhat") >= total(cycle, PROVINCE_AFTER, "nv_hoan_thanh") > 0
    asked, answered = (_tasks_of(demo[code], row) for code, row in (("phoi-hop-2025-Y", "bang_nam_toi"), (cycle.code, "bang_nhiem_vu")))
    assert len(answered) >= 4
    assert all(asked[uid] <= answered[uid] for uid in answered)
    assert not demo["2026-Y"].reports.filter(unit__kind=Unit.Kind.AGENCY).exists()


def test_the_communes_of_tuyen_quang_are_choosing_for_next_year_and_the_visitors_has_not_yet(demo):
    selection = Selection.objects.get(state=Selection.State.OPEN)
    assert selection.choices.count() == 124
    assert 40 < selection.choices.filter(made_at__isnull=False).count() < 100
    assert selection.choices.get(unit__uid=COMMUNE_AFTER).made_at is None


def test_the_first_half_of_the_current_year_was_estimated_first_and_official_later(demo):
    half = demo["2026-H1"]
    assert (half.state, half.official_opened_at is not None) == (Cycle.State.CLOSED, True)
    assert states(half, "commune") == {State.ACCEPTED: 124}
    assert not half.reports.filter(estimated_at__isnull=True).exists()
    assert Submission.objects.filter(report__cycle=half, is_official=True).count() == 125
    assert demo["2026-Y"].is_estimated


def test_there_is_an_open_flag_of_every_kind_and_nothing_left_to_sweep(demo):
    assert set(Flag.objects.filter(cleared_at__isnull=True).values_list("kind", flat=True)) == set(Flag.Kind.values)
    with undone():
        swept = flagging.sweep(NOW)
    assert not any((*swept.raised.values(), *swept.cleared.values()))


@pytest.mark.parametrize(
    ("cycle", "inner"),
    [("2024-Y", 205), ("2025-H1", 205), ("2026-Y", 1), ("cham-diem-thon-2025-H1", 20), ("phoi-hop-2026-Y", 1), ("khao-sat-2020..2024", 1)],
)
def test_every_stored_total_is_what_was_entered(demo, cycle, inner):
    problems = Problems()
    assert verifying.compare(demo[cycle], problems) == inner
    assert list(problems) == []


@pytest.mark.parametrize("period", ["2024-Y", "2025-H1", "2026-Y", "cham-diem-thon-2025-H1", "phoi-hop-2026-Y", "khao-sat-2020..2024"])
def test_no_report_that_is_in_breaks_a_rule(demo, period):
    reports = demo[period].reports.filter(state__in=[State.SUBMITTED, State.ACCEPTED]).select_related("cycle__version", "level", "unit")
    ready = submitting.readiness(list(reports), NOW)
    assert [finding for readiness in ready.values() for finding in readiness.errors] == []


def test_what_is_unusual_is_explained(demo):
    warnings = [warning for row in Submission.objects.values_list("warnings", flat=True) for warning in row]
    assert {warning["indicator"] for warning in warnings} <= EXPLANATIONS.keys()
    assert all(warning["explanation"] for warning in warnings)
    assert len(warnings) < 200


def test_models_are_registered_in_every_state_and_one_is_new_to_the_visitors_report(demo):
    assert len(set(SkilfulModel.objects.values_list("state", flat=True))) >= 7
    visitors = demo["2025-H1"].reports.select_related("cycle__version", "level", "unit").get(unit__uid=COMMUNE_BEFORE)
    said = sourced_figures([visitors])[visitors.pk]
    differing = {code for code, value in said.items() if isinstance(value, int) and visitors.own.get(code) != value}
    assert [code[: len("dvk_dk_")] for code in differing] == ["dvk_dk_"]


def test_tasks_of_2024_are_answered_in_2025_and_the_visitors_wait(demo):
    cycle = demo["2025-H1"]
    asked, done, overdue = (total(cycle, PROVINCE_BEFORE, code) for code in ("nv_phai_tra_loi", "nv_hoan_thanh", "nv_qua_han"))
    assert 0 < overdue < asked - done < asked
    visitors = cycle.reports.select_related("cycle__version", "level", "unit").get(unit__uid=COMMUNE_BEFORE)
    assert "nv_ket_qua" not in visitors.own
    assert len(sourced_figures([visitors])[visitors.pk]["nv_ket_qua"]) >= 2


def test_the_figures_are_the_same_on_every_machine(demo):
    assert [total(demo["2024-Y"], PROVINCE_BEFORE, code) for code in ("so_thon", "tong_so_ho", "ho_ngheo")] == [1684, 177565, 42612]


def test_a_year_holds_at_least_what_a_half_does(demo):
    flows = ("hn_tuyen_truyen", "hg_tiep_nhan", "hd_tien", "dt_dinh_ky", "don_tiep_nhan")
    year, half = (dict(demo[period].reports.values_list("unit__uid", "own")) for period in ("2024-Y", "2024-H1"))
    both = [(uid, code) for uid in half for code in flows if code in half[uid] and code in year[uid]]
    falling = [(uid, code) for uid, code in both if Decimal(year[uid][code]) < Decimal(half[uid][code])]
    assert len(both) > 200
    assert falling == []


def signed_in(username: str):
    return authenticate(RequestFactory().post("/login/"), username=username, password=PASSWORD)


@pytest.mark.parametrize(
    ("username", "unit_uid", "roles"),
    [
        ("can-bo-xa", COMMUNE_BEFORE, {"preparer", "approver", "reviewer"}),
        ("huyen", DISTRICT_BEFORE, {"preparer", "approver", "reviewer"}),
        ("tinh", PROVINCE_BEFORE, {"preparer", "approver", "reviewer", "cycle_manager"}),
        ("tinh-tq", PROVINCE_AFTER, {"preparer", "approver", "reviewer", "cycle_manager"}),
    ],
)
def test_the_accounts_sign_in_and_serve_where_they_say(demo, username, unit_uid, roles):
    user = signed_in(username)
    assert user is not None
    assert set(Membership.objects.filter(user=user, unit__uid=unit_uid).values_list("role", flat=True)) == roles


def test_the_administrator_signs_in(demo):
    administrator = signed_in("quan-tri")
    assert administrator is not None
    assert administrator.is_superuser


def test_a_visitor_finishes_a_report_and_sees_it_arrive_at_district_and_province(demo):
    cycle = demo["2025-H1"]
    users = get_user_model().objects.in_bulk(["can-bo-xa", "huyen"], field_name="username")
    report = Report.objects.select_related("cycle__version", "level").get(cycle=cycle, unit__uid=COMMUNE_BEFORE)
    answers = [[*row[:3], "Đang thực hiện", ""] for row in sourced_figures([report])[report.pk]["nv_ket_qua"]]
    its_own = Report.objects.filter(pk=report.pk)
    assert report.state == State.DRAFT
    assert report.own.keys().isdisjoint(LEFT_TO_THE_VISITOR)
    before = {uid: total(cycle, uid, "don_giai_quyet") for uid in (DISTRICT_BEFORE, PROVINCE_BEFORE)}
    with undone():
        filling.save(report.pk, {"don_giai_quyet": 1, "nv_ket_qua": answers}, by=users["can-bo-xa"], at=NOW, seen=report.version)
        submitting.submit(its_own, by=users["can-bo-xa"], at=NOW)
        reviewing.accept(its_own, by=users["huyen"], at=LATER)
        rolling_up.drain_all([cycle.pk])
        after = {uid: total(cycle, uid, "don_giai_quyet") for uid in before}
    assert after == {uid: value + 1 for uid, value in before.items()}


def test_a_second_load_changes_nothing_and_is_there_at_once(demo):
    entries, began = JournalEntry.objects.count(), time.monotonic()
    accounts = load_demo(pytest.fail, LATER)
    assert time.monotonic() - began < 1
    assert [account.username for account in accounts] == ["can-bo-xa", "huyen", "tinh", "xa-tq", "tinh-tq", "so-y-te", "quan-tri"]
    assert JournalEntry.objects.count() == entries
