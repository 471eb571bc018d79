"""import_reports as interfaces.md has it: figures from CSV, and the reports' way through the workflow."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.models import JournalEntry, Report
from reports.services import filling
from tests.builders import at, given_user
from tests.entrypoints.cli import Ran, done, figures, given_cycle, given_figures, manage, own, states

pytestmark = pytest.mark.django_db

MORNING = "2025-01-02T08:00:00+07:00"


def import_rows(*rows: str, options: tuple[object, ...] = ()) -> Ran:
    return manage("import_reports", "k", "-", *options, stdin=figures(*rows))


# --- Figures ----------------------------------------------------------------------------------------


def test_figures_are_kept_exactly_and_counted() -> None:
    given_cycle()
    ran = given_figures("H1,a,007", "H1,d,999999999999999.99", "C,a,0", "H2,d,1.50")
    assert ran.out == "Imported: 4 figures in 3 reports.\n"
    assert own("H1") == {"a": 7, "d": "999999999999999.99"}
    assert own("C") == {"a": 0}
    assert own("H2") == {"d": "1.5"}


def test_an_empty_value_clears_a_row_left_out_stays() -> None:
    given_cycle()
    given_figures("H1,a,1", "H1,d,2", "H2,a,3")
    given_figures("H1,a,")
    assert own("H1") == {"d": "2"}
    assert own("H2") == {"a": 3}


def test_a_first_file_leaves_what_typing_its_figures_leaves() -> None:
    given_cycle("a,integer,hamlet,sum,flow_sum", "b,integer,hamlet,sum,flow_sum", "d,decimal,hamlet,sum,flow_sum")
    given_figures("H1,a,7", "H1,d,1.50", "H1,b,")
    typed = Report.objects.get(unit__uid="H2")
    filling.save(typed.pk, {"a": 7, "d": "1.5", "b": None}, by=None, at=at(MORNING), seen=typed.version)
    left = [
        (
            report.own,
            report.state,
            report.version,
            list(report.journal.values_list("action", "from_state", "to_state", "changes", "on_behalf")),
        )
        for report in Report.objects.filter(unit__uid__in=["H1", "H2"])
    ]
    assert left[0] == left[1]
    assert left[0][3][0][3] == {"a": [None, 7], "d": [None, "1.5"]}


def test_zero_is_no_blank() -> None:
    given_cycle()
    given_figures("H1,a,0", "H1,d,")
    assert own("H1") == {"a": 0}


def test_every_type_of_value_is_taken() -> None:
    given_cycle(
        "co,boolean,hamlet,count_yes,last",
        "loai,choice:tot|kha,hamlet,distribution,last",
        "chu,text,hamlet,none,none",
        "am,integer,hamlet,sum,flow_sum,,,,,yes",
    )
    given_figures("H1,co,yes", "H2,co,no", "H1,loai,kha", 'H1,chu,"một, hai\nba"', "H1,am,-5")
    assert own("H1") == {"co": True, "loai": "kha", "chu": "một, hai\nba", "am": -5}
    assert own("H2") == {"co": False}


def test_a_byte_order_mark_and_windows_line_ends_are_fine(tmp_path: Path) -> None:
    given_cycle()
    path = tmp_path / "số liệu.csv"
    path.write_bytes(b"\xef\xbb\xbfvalue,unit_uid,indicator\r\n5,H1,a\r\n\r\n6,H2,a\r\n")
    assert done("import_reports", "k", path).out == "Imported: 2 figures in 2 reports.\n"
    assert own("H2") == {"a": 6}


def test_rows_of_one_unit_may_stand_apart() -> None:
    given_cycle()
    assert given_figures("H1,a,1", "H2,a,2", "H1,d,3").out == "Imported: 3 figures in 2 reports.\n"
    assert own("H1") == {"a": 1, "d": "3"}


# --- Refusals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("a,NaN", "“NaN” is no plain number"),
        ("d,inf", "“inf” is no plain number"),
        ("d,-Infinity", "“-Infinity” is no plain number"),
        ("d,1e5", "“1e5” is no plain number"),
        ("a,0x10", "“0x10” is no plain number"),
        ("a,１２", "“１２” is no plain number"),
        ("a,1_000", "“1_000” is no plain number"),
        ('d,"1,5"', "“1,5” is no plain number"),
        ("a,1.5", "“1.5” has decimals; a whole number is needed here."),
        ("d,1.555", "“1.555” has more than 2 decimals."),
        ("a,-1", "“-1” is below zero, which can't be here."),
        ("a," + "9" * 60, f"“{'9' * 40}…” has more than 15 digits before the decimals."),
        ("a,1000000000000000", "“1000000000000000” has more than 15 digits before the decimals."),
    ],
)
def test_what_is_no_figure_is_refused_at_its_line_and_column(cell: str, said: str) -> None:
    given_cycle()
    (problem,) = import_rows("H2,a,1", f"H1,{cell}").problems
    assert problem.startswith(f"-:3: value: {said}")
    assert states()["H2"] == "not_started"


def test_every_problem_of_the_file_is_named_and_nothing_is_written() -> None:
    given_cycle()
    ran = import_rows("H1,a,x", "ZZ,a,1", ",a,1", ",a,2", "H1,b,1", "H2,a,1", "H2,a,2", "H2,a,", "H3,a,1")
    assert ran.problems == [
        "-:2: value: “x” is no plain number; write digits with a point before the decimals, as in 1234.5.",
        "-:3: unit_uid: “ZZ” has no report in this cycle.",
        "-:4: unit_uid: The uid is empty.",
        "-:5: unit_uid: The uid is empty.",
        "-:6: indicator: The template has no indicator “b”.",
        "-:8: indicator: This figure is there twice; line 7 has it first.",
        "-:9: indicator: This figure is there twice; line 7 has it first.",
    ]
    assert set(states().values()) == {"not_started"}
    assert not JournalEntry.objects.exists()


def test_a_file_whose_only_rows_lack_the_uid_is_refused() -> None:
    given_cycle()
    assert import_rows(",a,1").problems == ["-:2: unit_uid: The uid is empty."]


@pytest.mark.parametrize(
    ("file", "problems"),
    [
        (b"", ["-:1: The file is empty. It needs a header row: unit_uid,indicator,value."]),
        (b"unit_uid,value\nH1,1\n", ["-:1: indicator: The column is missing. The file needs: unit_uid,indicator,value."]),
        (b"unit_uid,indicator,value,note\n", ["-:1: note: There is no such column here. Known are: unit_uid,indicator,value."]),
        (b"unit_uid;indicator;value\nH1;a;1\n", ["-:1: The columns are not separated by commas. Save the file as comma-separated CSV."]),
        (b"unit_uid,indicator,value\nH1,a\n", ["-:2: The row has 2 cells instead of 3; is a comma missing, or a quotation mark?"]),
        (b"unit_uid,indicator,value\nH1,a,\0\n", ["-:2: The line holds a NUL byte. Save the file as CSV in UTF-8."]),
        (b"unit_uid,indicator,value\nH1,a,\xff\n", ["-:2: Byte 6 of the line is not UTF-8. Save the file as CSV in UTF-8."]),
    ],
)
def test_a_file_that_is_no_list_of_figures_is_refused(file: bytes, problems: list[str]) -> None:
    given_cycle()
    assert manage("import_reports", "k", "-", stdin=file).problems == problems


def test_a_problem_stays_on_one_line_whatever_the_cell_holds() -> None:
    given_cycle()
    assert import_rows('"H\n1\x1b[31m",a,1').problems == ["-:2: unit_uid: “H�1�[31m” has no report in this cycle."]


def test_two_hundred_problems_are_named_and_the_rest_is_counted() -> None:
    given_cycle()
    ran = import_rows(*(f"X{number},zzz,NaN" for number in range(5000)))
    assert len(ran.problems) == 201
    assert ran.problems[-1] == "… and 9800 more"


def test_problems_found_while_writing_are_counted_all_the_same() -> None:
    given_cycle("a,integer,commune,sum,flow_sum", *(f"i{number},integer,commune,sum,flow_sum" for number in range(150)))
    ran = import_rows(*(f"{uid},i{number},1" for uid in ("H1", "H2") for number in range(150)))
    assert len(ran.problems) == 201
    assert ran.problems[-1] == "… and 100 more"


def test_a_computed_figure_is_never_typed() -> None:
    given_cycle("a,integer,hamlet,sum,flow_sum", "r,percent,hamlet,formula,formula,a / a")
    assert import_rows("H1,r,50").problems == ["-:2: value: “r” is computed and never typed."]
    assert import_rows("H1,r,").code == 0


def test_a_cell_that_is_closed_by_a_level_below_is_refused_at_its_line() -> None:
    given_cycle("a,integer,hamlet|commune,leaf_sum,flow_sum", "b,integer,hamlet,sum,flow_sum")
    ran = import_rows("C,b,", "H1,a,1", "C,a,5")
    assert ran.problems == ["-:4: value: “a” (a) is entered by the units below: their figures are added up."]
    assert states()["H1"] == "not_started"
    assert import_rows("H1,a,1", "C,a,").code == 0


def test_a_level_that_may_not_enter_the_indicator_is_refused_at_its_line() -> None:
    given_cycle("a,integer,hamlet,sum,flow_sum")
    ran = import_rows("H1,a,1", "C,a,5")
    assert ran.problems == ["-:3: value: “a” (a) is not entered at the level commune."]


def test_submitted_accepted_and_exempt_reports_refuse() -> None:
    given_cycle()
    given_figures("H1,a,1", options=["--state", "submitted"])
    given_figures("H2,a,1", options=["--state", "accepted"])
    done("transition", "k", "exempt", "--unit", "H3", "--reason", "vì sao")
    assert import_rows("H1,a,2", "H1,d,2", "H2,a,2", "H3,a,2", "C,a,2").problems == [
        "-:2: unit_uid: The report is in the state “submitted”, where “save” can't be done.",
        "-:4: unit_uid: The report is in the state “accepted”, where “save” can't be done.",
        "-:5: unit_uid: The report is in the state “exempt”, where “save” can't be done.",
    ]
    assert states()["C"] == "not_started"


def test_a_cell_that_is_no_figure_hides_neither_a_closed_one_nor_a_submitted_report() -> None:
    given_cycle("a,integer,hamlet,sum,flow_sum")
    given_figures("H1,a,1", options=["--state", "submitted"])
    ran = import_rows("H2,a,x", "C,a,5", "H1,a,2", "H3,a,1")
    assert ran.problems == [
        "-:2: value: “x” is no plain number; write digits with a point before the decimals, as in 1234.5.",
        "-:3: value: “a” (a) is not entered at the level commune.",
        "-:4: unit_uid: The report is in the state “submitted”, where “save” can't be done.",
    ]
    assert states()["H3"] == "not_started"


# --- Through the workflow ---------------------------------------------------------------------------


def test_without_a_state_reports_become_drafts() -> None:
    given_cycle()
    given_figures("H1,a,1")
    assert states() == {"P": "not_started", "D": "not_started", "C": "not_started", "H1": "draft", "H2": "not_started", "H3": "not_started"}


def test_reports_are_accepted_from_the_deepest_up_at_a_moment_before_the_cycle_was_opened() -> None:
    given_cycle()
    rows = [f"{uid},a,1" for uid in ("P", "D", "C", "H3", "H1", "H2")]
    given_figures(*rows, options=["--state", "accepted", "--at", MORNING, "--reason", "năm cũ"])
    assert set(states().values()) == {"accepted"}
    journal = JournalEntry.objects.filter(report__unit__uid="H1", by=None).order_by("pk")
    assert list(journal.values_list("action", "at", "reason")) == [
        (action, at("2025-01-02 08:00"), "năm cũ") for action in ("save", "submit", "accept")
    ]
    assert Report.objects.get(unit__uid="P").first_submitted_at == at("2025-01-02 08:00")
    assert done("export_rollup", "k", "--unit", "P", "--depth", "0").lines[1] == "P,a,6,6,6,6"


def test_a_superior_whose_reports_below_are_not_all_accepted_needs_the_confirmation() -> None:
    given_cycle()
    options = ("--state", "submitted")
    message = "Only 0 of 3 reports below are accepted: confirm that you submit without the others."
    assert import_rows("H1,a,1", "C,a,1", options=options).problems == [f"-:3: unit_uid: {message}"]
    assert states()["H1"] == "not_started"
    assert import_rows("H1,a,1", "C,a,1", options=(*options, "--confirm-incomplete")).code == 0
    assert (states()["H1"], states()["C"]) == ("submitted", "submitted")


def test_what_keeps_reports_from_being_submitted_is_named_for_every_level_at_the_line_of_the_figure() -> None:
    given_cycle("a,integer,hamlet|commune,sum,flow_sum,,error: a <= b,yes", "b,integer,hamlet|commune,sum,flow_sum")
    rows = ("H1,b,1", "H1,a,2", "H2,b,1", "H3,a,1", "C,b,5", "C,a,9")
    problems = import_rows(*rows, options=("--state", "accepted")).problems
    assert problems == [
        "-:3: value: “a”: this should hold, and doesn't: “a” ≤ “b”",
        "-:4: unit_uid: “a” is required and blank. Write 0 where nothing happened.",
        "-:7: value: “a”: this should hold, and doesn't: “a” ≤ “b”",
    ]
    assert set(states().values()) == {"not_started"}


def test_a_moment_before_the_last_journal_entry_is_refused() -> None:
    given_cycle()
    given_figures("H1,a,1", options=["--at", "2025-06-01T08:00:00+07:00"])
    assert import_rows("H1,a,2", options=("--at", "2025-06-01T07:59:59+07:00")).problems == [
        "-:2: unit_uid: The moment 2025-06-01T07:59:59+07:00 lies before the report's last journal entry, 2025-06-01T08:00:00+07:00."
    ]
    assert own("H1") == {"a": 1}


def test_drafts_that_stand_are_taken_further_by_a_later_file() -> None:
    given_cycle()
    given_figures("H1,a,1", "H1,d,2")
    given_figures("H1,a,3", options=["--state", "submitted"])
    assert own("H1") == {"a": 3, "d": "2"}
    assert states()["H1"] == "submitted"


# --- Whose --------------------------------------------------------------------------------------------


def test_the_rules_of_permission_hold_for_a_named_user() -> None:
    given_cycle()
    given_user("lan", C="preparer approver reviewer")
    assert import_rows("C,a,1", "H1,a,1", options=("--user", "lan", "--state", "submitted", "--confirm-incomplete")).code == 0
    entry = JournalEntry.objects.get(report__unit__uid="H1", action="submit")
    assert (entry.by.username, entry.on_behalf) == ("lan", True)  # type: ignore[union-attr]
    assert JournalEntry.objects.get(report__unit__uid="C", action="submit").on_behalf is False


def test_what_is_out_of_the_user_s_reach_is_as_if_it_did_not_exist() -> None:
    given_cycle()
    given_user("lan", H1="preparer")
    problems = import_rows("H2,a,1", "ZZ,a,1", options=("--user", "lan")).problems
    assert problems == [f"-:{line}: unit_uid: “{uid}” has no report in this cycle." for line, uid in ((2, "H2"), (3, "ZZ"))]


def test_a_cycle_out_of_the_user_s_reach_is_as_if_it_did_not_exist() -> None:
    given_cycle()
    given_user("ngoai")
    assert import_rows("H1,a,1", options=("--user", "ngoai")).problems == ["There is no cycle “k”."]


def test_a_user_in_reach_without_the_role_is_told_so() -> None:
    given_cycle()
    given_user("xem", C="viewer")
    assert import_rows("C,a,1", options=("--user", "xem")).problems == [
        "-:2: unit_uid: You are not the one who may do this to this report."
    ]


def test_an_unknown_or_inactive_user_is_refused() -> None:
    given_cycle()
    user = given_user("cu", C="preparer")
    user.is_active = False
    user.save()
    assert import_rows("C,a,1", options=("--user", "cu")).problems == ["There is no active user “cu”."]
    assert import_rows("C,a,1", options=("--user", "nobody")).problems == ["There is no active user “nobody”."]


# --- Usage --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        ["--state", "returned"],
        ["--at", "2025-06-01T08:00:00"],
        ["--at", "yesterday"],
        ["--at", "0001-01-01T00:00:00+14:00"],
    ],
)
def test_wrong_usage_exits_with_2(wrong: list[str]) -> None:
    given_cycle()
    ran = import_rows("H1,a,1", options=tuple(wrong))
    assert ran.code == 2
    assert states()["H1"] == "not_started"


@pytest.mark.parametrize("name", ["no-such-file.csv", "no-such-file.xlsx", "."])
def test_a_file_that_cannot_be_read_is_wrong_usage(name: str) -> None:
    given_cycle()
    ran = manage("import_reports", "k", name)
    assert ran.code == 2
    assert ran.err.startswith(f"{name}: ")


def test_problems_are_said_in_the_chosen_language() -> None:
    given_cycle()
    ran = manage("import_reports", "k", "-", stdin=figures("ZZ,a,1"), language="vi")
    assert ran.problems == ["-:2: unit_uid: “ZZ” không có báo cáo trong đợt báo cáo này."]
