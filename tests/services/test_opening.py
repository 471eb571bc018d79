"""Setting up and opening a cycle, which freezes its tree (semantics §1, §4)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from reports.models import Cycle, CycleLevel, DayOff, Report, Rollup, TemplateVersion
from reports.policies import reports_in_reach
from reports.services import configuring, opening
from reports.services.opening import LevelsWithoutDueDay, Plan
from tests.builders import NOON, Play, at, given_cycle, given_template, given_user
from tests.domain.builders import indicator
from tests.unit_builders import HEADER, load_csv, tree
from units.models import Unit
from units.problems import Refused

pytestmark = pytest.mark.django_db


def said(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [problem.message % problem.params for problem in refused.value.problems]


def superiors(play: Play) -> dict[str, str]:
    return dict(Report.objects.filter(cycle=play.cycle).order_by("position").values_list("unit__uid", "superior__unit__uid"))


def spans(play: Play) -> dict[str, tuple[int, int]]:
    rows = Report.objects.filter(cycle=play.cycle).order_by("position").values_list("unit__uid", "position", "end")
    return {uid: (position, end) for uid, position, end in rows}


# --- The rows of a cycle are its tree --------------------------------------------------------------


def test_opening_writes_the_report_of_every_unit_and_its_superior():
    play = given_cycle()
    assert superiors(play) == {"P": None, "D": "P", "C": "D", "H1": "C", "H2": "C", "H3": "C"}
    assert spans(play) == {"P": (1, 6), "D": (2, 6), "C": (3, 6), "H1": (4, 4), "H2": (5, 5), "H3": (6, 6)}
    assert {report.state for report in play.reports("P", "D", "C", "H1", "H2", "H3")} == {"not_started"}
    assert play.report("D").levels_below == ["commune", "hamlet"]
    assert sorted(Rollup.objects.values_list("report__unit__uid", "counted", "expected")) == [("C", 0, 4), ("D", 0, 5), ("P", 0, 6)]


def test_a_level_that_does_not_report_is_passed_over_on_the_way_to_the_superior():
    play = given_cycle(levels=["province", "commune", "hamlet"])
    assert superiors(play) == {"P": None, "C": "P", "H1": "C", "H2": "C", "H3": "C"}


def test_a_rank_may_be_missing_on_a_path():
    load_csv(HEADER, "P,P,Tỉnh,province,,,", "C1,C1,Xã,commune,P,,", "D,D,Huyện,district,P,,", "C2,C2,Xã,commune,D,,", "H,H,T,hamlet,C1,,")
    play = given_cycle(outline={}, under=["P"])
    assert superiors(play) == {"P": None, "C1": "P", "H": "C1", "D": "P", "C2": "D"}


def test_without_the_upper_levels_there_are_many_roots():
    tree({"P": {"D": {"C1": ["H1"], "C2": []}}})
    play = given_cycle(outline={}, under=["P"], levels=["commune", "hamlet"])
    assert superiors(play) == {"C1": None, "H1": "C1", "C2": None}
    assert Report.objects.filter(superior=None).count() == 2


def test_only_the_selected_units_report_each_under_the_nearest_that_does():
    play = given_cycle(only_uids=["P", "C", "H2"])
    assert superiors(play) == {"P": None, "C": "P", "H2": "C"}


def test_a_selected_unit_that_is_not_there_is_refused_by_its_name_and_nothing_is_opened():
    tree({"P": {"D": {}}, "Q": {"E": {}}})
    with pytest.raises(Refused) as refused:
        given_cycle(outline={}, under=["P"], only_uids=["P", "E", "zzz"])
    assert [(problem.unit_uid, problem.message % problem.params) for problem in refused.value.problems] == [
        ("E", "This unit is not under the units named, or not valid on 2025-06-14."),
        ("zzz", "This unit is not under the units named, or not valid on 2025-06-14."),
    ]
    assert not Cycle.objects.exists()
    assert not Report.objects.exists()


@pytest.mark.parametrize(
    ("day", "reporting"), [("2025-06-29", ["P", "D", "C"]), ("2025-06-30", ["P", "D", "C"]), ("2025-07-01", ["P", "N"])]
)
def test_the_units_are_those_of_the_reference_day_the_first_and_the_last_day_included(day: str, reporting: list[str]):
    load_csv(
        HEADER,
        "P,P,Tỉnh,province,,,",
        "D,D,Huyện,district,P,,2025-06-30",
        "C,C,Xã,commune,D,,2025-06-30",
        "N,N,Xã,commune,P,2025-07-01,",
    )
    assert list(superiors(given_cycle(outline={}, under=["P"], reference_day=date.fromisoformat(day)))) == reporting


def test_agencies_have_no_report():
    load_csv(HEADER + ",kind", "P,P,Tỉnh,province,,,,territory", "A,A,Sở,,P,,,agency", "D,D,Huyện,district,P,,,territory")
    assert list(superiors(given_cycle(outline={}, under=["P"]))) == ["P", "D"]


WITH_AGENCIES = (
    HEADER + ",kind",
    "P,P,Tỉnh,province,,,,territory",
    "A,A,Sở Y tế,,P,,,agency",
    "E,E,Sở đã giải thể,,P,,2020-01-01,agency",
    "D,D,Huyện,district,P,,,territory",
    "B,B,Phòng Y tế,,D,,,agency",
)
DUES = dict.fromkeys(("province", "district", "agency"), date(2025, 6, 18))


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        ({"kinds": ["territory"]}, {"P": None, "D": "P"}),
        ({"kinds": ["territory", "agency"]}, {"P": None, "A": "P", "D": "P", "B": "D"}),
        ({"kinds": ["territory", "agency"], "levels": ["province"]}, {"P": None, "A": "P", "B": "P"}),
        ({"kinds": ["agency"]}, {"A": None, "B": None}),
        ({"kinds": ["territory", "agency"], "only_uids": ["P", "A"]}, {"P": None, "A": "P"}),
    ],
)
def test_in_a_cycle_opened_for_agencies_an_agencys_superior_is_its_unit(plan: dict[str, Any], expected: dict[str, str | None]):
    load_csv(*WITH_AGENCIES)
    assert superiors(given_cycle(outline={}, under=["P"], dues=DUES, **plan)) == expected


def test_agencies_without_a_due_day_are_asked_for_one():
    load_csv(*WITH_AGENCIES)
    of_territory = {code: day for code, day in DUES.items() if code != "agency"}
    with pytest.raises(LevelsWithoutDueDay) as missing:
        given_cycle(outline={}, under=["P"], dues=of_territory, kinds=["territory", "agency"])
    assert missing.value.levels == ["agency"]


def test_what_an_agency_reports_counts_in_its_unit_like_any_other_report():
    load_csv(*WITH_AGENCIES)
    version = given_template(indicator("viec_xong", levels="agency"), indicator("cuoc_hop", levels="province|agency"))
    play = given_cycle(version, {}, under=["P"], dues=DUES, kinds=["territory", "agency"], levels=["province"])
    user = given_user("so-y-te", A="preparer approver")
    play.save("A", by=user, viec_xong="4", cuoc_hop="2")
    play.submit("A", by=user)
    play.accept("A", by=given_user("tinh", P="reviewer"))
    play.save("P", cuoc_hop="3")
    assert (play.total("P", "viec_xong"), play.total("P", "cuoc_hop"), play.both("P", "cuoc_hop")) == ("4", "2", "5")
    found = opening.forecast(Unit.objects.filter(uid="P"), date(2025, 6, 14), ["province", "agency"])
    assert (found.by_level, found.left_out) == ({"province": 1, "agency": 2}, {"level": 1, "day": 1})


def test_several_trees_stand_side_by_side():
    tree({"P": {"D": {}}, "Q": {"E": {}}})
    play = given_cycle(outline={}, under=["P", "Q"])
    assert spans(play) == {"P": (1, 2), "D": (2, 2), "Q": (3, 4), "E": (4, 4)}
    assert list(Report.objects.order_by("position").values_list("root_position", flat=True)) == [1, 1, 3, 3]


def test_units_named_twice_or_one_below_the_other_report_once():
    tree({"P": {"D": {"C": []}}})
    assert list(superiors(given_cycle(outline={}, under=["D", "P", "D"]))) == ["P", "D", "C"]


def test_a_unit_above_a_root_reads_what_is_below_it_though_it_has_no_report():
    tree({"P": {"D": {"C": ["H1"]}, "E": {"K": []}}})
    play = given_cycle(outline={}, under=["D"], levels=["commune", "hamlet"])
    for uid, reads in (("P", ["C", "H1"]), ("D", ["C", "H1"]), ("E", []), ("K", [])):
        user = given_user(f"viewer-{uid}", **{uid: "viewer"})
        reached = reports_in_reach(user).filter(cycle=play.cycle).order_by("position")
        assert list(reached.values_list("unit__uid", flat=True)) == reads


# --- Due days --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "due"),
    [
        ("2025-06-18", "2025-06-18"),
        ("2025-06-21", "2025-06-23"),  # a Saturday
        ("2025-06-22", "2025-06-23"),  # a Sunday
        ("2026-01-01", "2026-01-02"),  # New Year's Day
        ("2025-04-30", "2025-05-05"),  # 30 April, 1 May, the day off in exchange, a weekend
        ("2025-04-26", "2025-04-28"),  # a make-up Saturday is no working day
        ("2025-01-27", "2025-02-03"),  # Tết Ất Tỵ: from Monday 27 January to Friday 31 January
        ("2025-09-02", "2025-09-03"),  # National Day
    ],
)
def test_a_due_day_that_is_no_working_day_moves_to_the_next_one(wanted: str, due: str):
    play = given_cycle(due=date.fromisoformat(wanted))
    assert CycleLevel.objects.filter(level__code="hamlet").get().due_on.isoformat() == due
    assert play.report("H1").due_on.isoformat() == due
    assert play.report("H1").due_at == at(f"{due} 23:59:59.999999")


def test_the_administrations_own_days_off_move_a_due_day_too():
    DayOff.objects.create(day=date(2025, 6, 18))
    DayOff.objects.create(day=date(2025, 6, 19))
    assert given_cycle(due=date(2025, 6, 18)).report("H1").due_on == date(2025, 6, 20)


def test_each_level_has_its_own_due_day():
    dues = {"province": date(2025, 6, 27), "district": date(2025, 6, 25), "commune": date(2025, 6, 20), "hamlet": date(2025, 6, 18)}
    play = given_cycle(dues=dues)
    assert [play.report(uid).due_on for uid in ("P", "D", "C", "H1")] == list(dues.values())


def test_a_level_that_reports_without_a_due_day_is_an_error_that_names_it_and_opens_nothing():
    with pytest.raises(LevelsWithoutDueDay) as error:
        given_cycle(dues={"province": date(2025, 6, 27), "commune": date(2025, 6, 20), "hamlet": date(2025, 6, 18)})
    assert error.value.levels == ["district"]
    assert not Cycle.objects.exists()


# --- What can't be opened --------------------------------------------------------------------------


def planned(**changes: Any) -> Cycle:
    version = given_template()
    if not Unit.objects.exists():
        tree({"P": {"D": {}}})
    wanted: dict[str, Any] = {
        "version": version,
        "period": "2025-H1",
        "first_day": date(2024, 12, 15),
        "cut_off": date(2025, 6, 14),
        "reference_day": date(2025, 6, 14),
        "under": ["P"],
        "levels": ["province", "district"],
        "due": {"province": date(2025, 6, 20), "district": date(2025, 6, 18)},
    }
    return opening.set_up(Plan(**(wanted | changes)))


def test_a_cycle_opens_once():
    cycle = planned()
    opening.open_cycle(cycle, NOON)
    with pytest.raises(Refused) as refused:
        opening.open_cycle(cycle, NOON)
    assert said(refused) == ["The cycle “t-2025-H1” is open already."]
    assert Report.objects.count() == 2


def test_a_draft_version_a_period_that_ends_before_it_begins_and_unknown_units_are_refused():
    version = configuring.add_version("u", "Mẫu u", [indicator("a")])
    for changes, message in (
        ({"version": version}, "Version 1 of the template is not published."),
        ({"first_day": date(2025, 6, 15)}, "The period can't end before it begins."),
        ({"under": ["zzz"]}, "There is no such unit."),
    ):
        with pytest.raises(Refused) as refused:
            planned(**changes)
        assert said(refused) == [message]


def test_a_retired_version_opens_no_new_cycle_and_those_that_are_open_go_on():
    play = given_cycle()
    version = play.cycle.version
    configuring.retire(version, NOON)
    with pytest.raises(Refused) as refused:
        opening.set_up(Plan(**_plan_of(play.cycle)))
    assert said(refused) == ["Version 1 of the template is retired: no new cycle is opened of it."]
    play.hand_in("H1", a="3")
    assert play.total("P", "a") == "3"
    configuring.take_back_into_use(version)
    assert opening.set_up(Plan(**_plan_of(play.cycle))).version == version


def test_a_version_that_a_planned_cycle_waits_for_is_not_retired():
    cycle = planned()
    with pytest.raises(Refused) as refused:
        configuring.retire(cycle.version, NOON)
    assert said(refused) == ["The planned cycle “t-2025-H1” could never be opened: give it another version, or delete it, first."]
    cycle.version.refresh_from_db()
    assert cycle.version.is_in_use


def test_a_cycle_whose_version_was_retired_behind_its_back_does_not_open():
    cycle = planned()
    TemplateVersion.objects.update(retired_at=NOON)
    with pytest.raises(Refused) as refused:
        opening.open_cycle(cycle, NOON)
    assert said(refused) == ["Version 1 of the template is retired: no new cycle is opened of it."]
    assert not Report.objects.exists()


def test_only_what_is_in_use_is_retired_and_only_what_is_retired_comes_back():
    version = given_template()
    draft = configuring.draft_from(version)
    with pytest.raises(Refused):
        configuring.retire(draft, NOON)
    with pytest.raises(Refused):
        configuring.take_back_into_use(version)
    configuring.retire(version, NOON)
    with pytest.raises(Refused) as refused:
        configuring.retire(version, NOON)
    assert said(refused) == ["Only a published version that isn't retired yet can be retired."]


def test_a_cycle_in_which_no_unit_reports_is_refused():
    cycle = planned(levels=["commune"], due={"commune": date(2025, 6, 18)})
    with pytest.raises(Refused) as refused:
        opening.open_cycle(cycle, NOON)
    assert [problem.message for problem in refused.value.problems] == [
        "No unit reports: none of these levels is found under these units on %(day)s."
    ]
    cycle.refresh_from_db()
    assert cycle.state == "planned"


def test_a_code_is_the_templates_and_the_periods_with_a_suffix_where_taken_and_a_taken_one_is_refused():
    first = planned()
    second = opening.set_up(Plan(**{**_plan_of(first), "code": ""}))
    assert (first.code, second.code) == ("t-2025-H1", "t-2025-H1-2")
    with pytest.raises(Refused) as refused:
        opening.set_up(Plan(**{**_plan_of(first), "code": "t-2025-H1"}))
    assert said(refused) == ["There is a cycle “t-2025-H1” already; choose another code."]


def _plan_of(cycle: Cycle) -> dict[str, Any]:
    return {
        "version": cycle.version,
        "period": cycle.period,
        "first_day": cycle.first_day,
        "cut_off": cycle.cut_off,
        "reference_day": cycle.reference_day,
        "under": ["P"],
        "due": {"province": date(2025, 6, 20)},
    }


# --- Opening by its day ----------------------------------------------------------------------------


@pytest.mark.parametrize(("moment", "opened"), [("2025-06-13 23:59:59.999999", 0), ("2025-06-14 00:00", 1), ("2025-06-30 08:00", 1)])
def test_a_planned_cycle_opens_on_its_day_in_its_own_time_zone(moment: str, opened: int):
    cycle = planned(opens_on=date(2025, 6, 14))
    assert [each.cycle.pk for each in opening.open_due(at(moment).astimezone(UTC))] == [cycle.pk] * opened
    cycle.refresh_from_db()
    assert (cycle.state, cycle.opened_at) == (("open", at(moment)) if opened else ("planned", None))
    assert opening.open_due(at(moment)) == []
    assert Report.objects.count() == 2 * opened


def test_a_planned_cycle_without_a_day_waits_for_a_hand():
    planned()
    assert opening.open_due(datetime(2030, 1, 1, tzinfo=UTC)) == []


def test_a_cycle_that_cannot_be_opened_holds_up_no_other_one(caplog: pytest.LogCaptureFixture):
    broken = planned(levels=["hamlet"], due={"hamlet": date(2025, 6, 18)}, opens_on=date(2025, 6, 14), code="a")
    sound = planned(opens_on=date(2025, 6, 14), code="b")
    moment = at("2025-06-14 08:00")
    assert [each.cycle.pk for each in opening.open_due(moment)] == [sound.pk]
    broken.refresh_from_db()
    sound.refresh_from_db()
    assert (broken.state, sound.state) == ("planned", "open")
    assert "The cycle a can't be opened" in caplog.text
