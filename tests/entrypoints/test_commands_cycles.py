"""open_cycle, close_cycle and reopen_cycle as interfaces.md has them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from reports.models import Cycle, Report, TemplateVersion
from reports.services import choosing, configuring
from tests import unit_builders
from tests.builders import NOON, ONE_COMMUNE, choose, given_selection
from tests.entrypoints.cli import Ran, csv_of, done, figures, given_cycle, manage, template_file

pytestmark = pytest.mark.django_db

DUE = ["province=2025-06-30", "district=2025-06-26", "commune=2025-06-20", "hamlet=2025-06-18"]


@pytest.fixture
def template(db: None) -> None:
    unit_builders.tree(ONE_COMMUNE)
    unit_builders.tree({"Q": {"Q1": ["Q11"]}})
    levels = "hamlet|commune|district|province"
    done("import_template", "-", "--code", "t", "--name", "Mẫu", "--publish", stdin=template_file(f"a,integer,{levels},sum,flow_sum"))


def open_cycle(*options: object, period: str = "2025-H1", due: list[str] | None = None, stdin: bytes = b"") -> Ran:
    return manage("open_cycle", "--template", "t", "--period", period, "--due", *(DUE if due is None else due), *options, stdin=stdin)


def units_of(code: str) -> list[str]:
    return list(Report.objects.filter(cycle__code=code).order_by("position").values_list("unit__uid", flat=True))


def test_it_prints_the_code_and_the_number_of_reports_by_level(template: None) -> None:
    assert open_cycle("--under", "P").out == "t-2025-H1\nprovince: 1\ndistrict: 1\ncommune: 1\nhamlet: 3\n"


def test_a_taken_code_gets_a_suffix(template: None) -> None:
    codes = [open_cycle("--under", "P").lines[0] for _ in range(3)]
    assert codes == ["t-2025-H1", "t-2025-H1-2", "t-2025-H1-3"]


def test_a_named_code_that_is_taken_is_refused(template: None) -> None:
    assert open_cycle("--under", "P", "--code", "x").code == 0
    assert open_cycle("--under", "P", "--code", "x").problems == ["There is a cycle “x” already; choose another code."]
    assert Cycle.objects.count() == 1


def test_the_defaults_are_those_of_the_interfaces(template: None) -> None:
    open_cycle("--under", "P")
    cycle = Cycle.objects.get()
    assert (cycle.first_day, cycle.cut_off, cycle.reference_day) == (date(2024, 12, 15), date(2025, 6, 14), date(2025, 6, 14))
    assert (cycle.review_days, cycle.correction_days, cycle.reminders) == (10, 5, [-3, 0, 1, 3, 7])
    assert not Report.objects.filter(needs_approval=True).exists()


def test_every_option_is_kept(template: None) -> None:
    ran = open_cycle(
        "--under", "P", "--first-day", "2025-01-01", "--cut-off", "2025-06-30", "--on", "2025-03-01", "--review-days", "0",
        "--correction-days", "7", "--approval", "commune", "hamlet", "--approval", "district", "--remind", "-3,0,1", "--code", "x",
    )  # fmt: skip
    assert ran.code == 0, ran
    cycle = Cycle.objects.get(code="x")
    assert (cycle.first_day, cycle.cut_off, cycle.reference_day) == (date(2025, 1, 1), date(2025, 6, 30), date(2025, 3, 1))
    assert (cycle.review_days, cycle.correction_days, cycle.reminders) == (0, 7, [-3, 0, 1])
    assert Report.objects.filter(needs_approval=False).values_list("unit__uid", flat=True).get() == "P"


@pytest.mark.parametrize(("written", "days"), [(["--remind", "-3,0,1"], [-3, 0, 1]), (["--remind=5"], [5]), (["--remind", "-7"], [-7])])
def test_days_of_reminding_may_be_negative(template: None, written: list[str], days: list[int]) -> None:
    assert open_cycle("--under", "P", *written).code == 0
    assert Cycle.objects.get().reminders == days


@pytest.mark.parametrize("under", [["--under", "P", "Q"], ["--under", "P", "--under", "Q"], ["--under", "Q", "P", "P1", "P"][:3]])
def test_several_units_are_named_in_either_way(template: None, under: list[str]) -> None:
    assert open_cycle(*under).lines[1] == "province: 2"


def test_due_days_are_named_in_either_way(template: None) -> None:
    assert open_cycle("--under", "P", "--due", "hamlet=2025-06-19", due=DUE[:3]).code == 0
    assert Report.objects.get(unit__uid="H1").due_on == date(2025, 6, 19)


def test_a_due_day_that_is_no_working_day_moves_to_the_next_one(template: None) -> None:
    open_cycle("--under", "P", due=[*DUE[:3], "hamlet=2025-06-21"])
    assert Report.objects.get(unit__uid="H1").due_on == date(2025, 6, 23)


def test_without_levels_every_level_found_reports_and_needs_its_due_day(template: None) -> None:
    ran = open_cycle("--under", "P", due=["province=2025-06-30"])
    assert ran.code == 2
    assert ran.err == "These levels report and need --due LEVEL=DAY: district, commune, hamlet\n"
    assert not Cycle.objects.exists()


def test_named_levels_report_alone(template: None) -> None:
    assert open_cycle("--under", "P", "--levels", "province,hamlet").out == "t-2025-H1\nprovince: 1\nhamlet: 3\n"
    assert Report.objects.get(unit__uid="H1").superior.unit.uid == "P"  # type: ignore[union-attr]


def test_a_named_level_without_a_due_day_is_wrong_usage(template: None) -> None:
    assert open_cycle("--under", "P", "--levels", "province,hamlet", due=DUE[:1]).code == 2


AGENCY_DUE = ["province=2025-06-30", "agency=2025-06-24"]


def agencies() -> None:
    unit_builders.load_csv(
        unit_builders.HEADER + ",kind",
        "A1,A1,Sở Y tế,,P,,,agency",
        "A2,A2,Ngân hàng Nhà nước tỉnh,,P,,,agency",
        "A3,A3,Phòng Y tế,,D,,,agency",
    )


def test_in_other_cycles_agencies_do_not_exist(template: None) -> None:
    agencies()
    assert open_cycle("--under", "P").out == "t-2025-H1\nprovince: 1\ndistrict: 1\ncommune: 1\nhamlet: 3\n"


def test_agencies_report_beside_the_unit_that_they_are_attached_to(template: None) -> None:
    agencies()
    ran = open_cycle("--under", "P", "--kind", "territory", "agency", "--levels", "province", due=AGENCY_DUE)
    assert ran.out == "t-2025-H1\nprovince: 1\nagency: 3\n"
    superiors = Report.objects.filter(level__code="agency").values_list("unit__uid", "superior__unit__uid", "due_on")
    assert list(superiors) == [(uid, "P", date(2025, 6, 24)) for uid in ("A1", "A2", "A3")]


def test_agencies_alone_are_roots(template: None) -> None:
    agencies()
    assert open_cycle("--under", "P", "--kind", "agency", due=["agency=2025-06-24"]).out == "t-2025-H1\nagency: 3\n"
    assert set(Report.objects.values_list("superior", flat=True)) == {None}


def test_agencies_without_a_due_day_and_an_unknown_kind_are_wrong_usage(template: None) -> None:
    agencies()
    ran = open_cycle("--under", "P", "--kind", "territory", "agency", "--levels", "province", due=AGENCY_DUE[:1])
    assert (ran.code, ran.err) == (2, "These levels report and need --due LEVEL=DAY: agency\n")
    assert open_cycle("--under", "P", "--kind", "partner").code == 2
    assert not Cycle.objects.exists()


def test_of_a_level_only_the_units_of_a_frozen_selection_report(template: None) -> None:
    selection = given_selection({})
    assert open_cycle("--under", "P", "--selection", "chon-thon").problems == ["“Chọn thôn” is not frozen yet: its units can still change."]
    choose(selection, "C", "H2")
    choosing.freeze(selection, by=None, at=NOON)
    assert open_cycle("--under", "P", "--selection", "chon-thon").lines[-1] == "hamlet: 1"
    assert units_of("t-2025-H1") == ["P", "D", "C", "H2"]
    assert open_cycle("--under", "P", "--selection", "khac").problems == ["There is no selection “khac”."]


def test_the_tree_is_that_of_the_day(template: None) -> None:
    unit_builders.load_csv(unit_builders.HEADER, "H9,H9,Mới,hamlet,C,2025-06-15,")
    assert open_cycle("--under", "P").lines[-1] == "hamlet: 3"
    assert open_cycle("--under", "P", "--on", "2025-06-15").lines[-1] == "hamlet: 4"


def test_only_the_listed_units_report(template: None) -> None:
    assert open_cycle("--under", "P", "--units", "-", stdin=csv_of("unit_uid", "H2", "P")).code == 0
    assert units_of("t-2025-H1") == ["P", "H2"]


def test_a_listed_unit_that_is_not_under_the_others_is_refused_at_its_line(template: None) -> None:
    ran = open_cycle("--under", "P", "--units", "-", stdin=csv_of("unit_uid", "H2", "Q", "none"))
    message = "This unit is not under the units named, or not valid on 2025-06-14."
    assert ran.problems == [f"-:3: unit_uid: {message}", f"-:4: unit_uid: {message}"]
    assert not Cycle.objects.exists()


def test_units_are_left_out_with_all_below_them(template: None) -> None:
    assert open_cycle("--under", "P", "Q", "--without", "Q1", "H2").code == 0
    assert units_of("t-2025-H1") == ["P", "D", "C", "H1", "H3", "Q"]
    assert open_cycle("--under", "P", "--without", "Q1").problems == [
        "Q1: This unit can't be left out: it is not under the units at the top."
    ]


def test_unknown_units_are_refused_each_by_its_uid(template: None) -> None:
    assert open_cycle("--under", "P", "x", "y").problems == ["x: There is no such unit.", "y: There is no such unit."]


def test_what_is_not_about_the_list_is_not_said_of_its_lines(template: None) -> None:
    ran = manage("open_cycle", "--template", "none", "--period", "2025-Y", "--under", "P", "--due", *DUE, "--units", "-")
    assert ran.problems == ["There is no published version in use of a template “none”."]


def test_an_unpublished_version_is_not_taken(template: None) -> None:
    done("import_template", "-", "--code", "draft", "--name", "Nháp", stdin=template_file("a,integer,hamlet,sum,flow_sum"))
    ran = manage("open_cycle", "--template", "draft", "--period", "2025-Y", "--under", "P", "--due", *DUE)
    assert ran.problems == ["There is no published version in use of a template “draft”."]


def test_the_newest_version_that_is_not_retired_is_taken(template: None) -> None:
    first = TemplateVersion.objects.get(template__code="t")
    second = configuring.draft_from(first)
    configuring.publish(second, NOON)
    configuring.retire(second, NOON)
    assert open_cycle("--under", "P").code == 0
    assert Cycle.objects.get().version == first


@pytest.mark.parametrize(
    "wrong",
    [
        ["--period", "2025-H3"],
        ["--on", "2025-02-30"],
        ["--on", "14/06/2025"],
        ["--on", "9999-12-31"],
        ["--due", "hamlet"],
        ["--due", "hamlet=2025-06-31"],
        ["--due", "hamlet=2025-06-20"],
        ["--due", "village=2025-06-20"],
        ["--levels", "village"],
        ["--approval", "village"],
        ["--kind", "agency"],
        ["--review-days", "-1"],
        ["--remind", "soon"],
        ["--code", "x" * 101],
        ["--code", " x"],
        ["--units", "/no/such/file"],
        ["--colour", "red"],
    ],
)
def test_wrong_usage_exits_with_2_and_opens_nothing(template: None, wrong: list[str]) -> None:
    ran = open_cycle("--under", "P", *wrong)
    assert ran.code == 2
    assert ran.err
    assert not Cycle.objects.exists()


def test_a_closed_cycle_refuses_every_action_until_it_is_reopened() -> None:
    given_cycle()
    assert done("close_cycle", "k").out == "k: closed, 6 reports.\n"
    ran = manage("import_reports", "k", "-", stdin=figures("H1,a,1"))
    assert ran.problems == ["-:2: unit_uid: The cycle k is not open; a cycle manager can reopen it."]
    ran = manage("transition", "k", "exempt", "--unit", "H1", "--reason", "vì sao")
    assert ran.problems == ["H1: The cycle k is not open; a cycle manager can reopen it."]
    assert manage("close_cycle", "k").code == 1
    assert done("reopen_cycle", "k").out == "k: open, 6 reports.\n"
    assert manage("import_reports", "k", "-", stdin=figures("H1,a,1")).code == 0


@pytest.mark.parametrize("command", ["close_cycle", "reopen_cycle", "rebuild_rollups", "verify_rollups", "export_rollup", "export_status"])
def test_an_unknown_cycle_is_refused(command: str, db: None) -> None:
    assert manage(command, "none").problems == ["There is no cycle “none”."]


def test_a_list_of_units_with_problems_names_all_of_them(template: None, tmp_path: Path) -> None:
    path = tmp_path / "units.csv"
    path.write_bytes(b'\xef\xbb\xbfunit_uid\r\nH1\r\nH1\r\n" "\r\n\xff\r\n')
    ran = open_cycle("--under", "P", "--units", path)
    assert ran.problems == [
        f"{path}:3: unit_uid: This unit is there twice; line 2 has it first.",
        f"{path}:4: unit_uid: The uid is empty.",
        f"{path}:5: Byte 1 of the line is not UTF-8. Save the file as CSV in UTF-8.",
    ]
