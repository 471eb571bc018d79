"""transition as interfaces.md has it: all the units named, the deepest first, or none."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from reports.models import JournalEntry, Report
from tests.builders import at, given_user
from tests.entrypoints.cli import Ran, csv_of, done, given_cycle, given_figures, manage, states

pytestmark = pytest.mark.django_db


@pytest.fixture
def drafts(db: None) -> None:
    """Every report is a draft."""
    given_cycle()
    given_figures(*(f"{uid},a,1" for uid in ("P", "D", "C", "H1", "H2", "H3")), options=["--at", "2025-06-01T08:00:00+07:00"])


def take(action: str, *options: object, stdin: bytes = b"") -> Ran:
    return manage("transition", "k", action, *options, stdin=stdin)


def test_it_prints_how_many_reports_went(drafts: None) -> None:
    assert take("submit", "--unit", "H1", "H2", "--unit", "H3", "H1").out == "submit: 3 reports.\n"
    assert [states()[uid] for uid in ("H1", "H2", "H3")] == ["submitted"] * 3


def test_units_are_read_from_a_list_too(drafts: None) -> None:
    assert take("submit", "--units", "-", stdin=csv_of("unit_uid", "H1", "H2")).out == "submit: 2 reports.\n"


def test_a_refused_unit_keeps_all_others_where_they_are(drafts: None) -> None:
    take("submit", "--unit", "H1")
    ran = take("submit", "--unit", "H2", "H1", "ZZ", "QQ")
    assert ran.problems == ["ZZ: This unit has no report in the cycle k.", "QQ: This unit has no report in the cycle k."]
    assert take("submit", "--unit", "H2", "H1").problems == ["H1: The report is in the state “submitted”, where “submit” can't be done."]
    assert states()["H2"] == "draft"


def test_a_list_s_problems_have_its_lines(drafts: None, tmp_path: Path) -> None:
    path = tmp_path / "units.csv"
    path.write_bytes(csv_of("unit_uid", "ZZ", "H1"))
    assert take("submit", "--units", path).problems == [f"{path}:2: unit_uid: This unit has no report in the cycle k."]
    path.write_bytes(csv_of("unit_uid", "H2", "H1"))
    assert take("accept", "--units", path).problems == [
        f"{path}:{line}: unit_uid: The report is in the state “draft”, where “accept” can't be done." for line in (2, 3)
    ]


def test_superiors_go_after_those_below_them_in_one_command(drafts: None) -> None:
    message = "Only 0 of 3 reports below are accepted: confirm that you submit without the others."
    assert take("submit", "--unit", "C", "H1", "H2", "H3").problems == [f"C: {message}"]
    assert take("submit", "--unit", "C", "H1", "H2", "H3", "--confirm-incomplete").code == 0
    order = JournalEntry.objects.filter(action="submit").order_by("pk").values_list("report__unit__uid", flat=True)
    assert list(order)[-1] == "C"


def test_what_blocks_submitting_is_named_for_every_level() -> None:
    given_cycle("a,integer,hamlet|commune,sum,flow_sum,,,yes", "b,integer,hamlet|commune,sum,flow_sum")
    given_figures("C,b,1", "H1,b,1", "H2,b,1")
    blank = "“a” is required and blank. Write 0 where nothing happened."
    assert take("submit", "--unit", "C", "H1", "H2").problems == [f"H1: a: {blank}", f"H2: a: {blank}", f"C: a: {blank}"]


def test_a_report_that_cant_be_submitted_in_its_state_hides_no_other_ones_error() -> None:
    given_cycle("a,integer,hamlet|commune,sum,flow_sum,,,yes", "b,integer,hamlet|commune,sum,flow_sum")
    given_figures("C,b,1", "H1,b,1", "H2,b,1")
    blank = "“a” is required and blank. Write 0 where nothing happened."
    assert take("submit", "--unit", "C", "H1", "H3").problems == [
        "H3: The report is in the state “not_started”, where “submit” can't be done.",
        f"H1: a: {blank}",
        f"C: a: {blank}",
    ]


def test_a_root_is_accepted_as_it_is_submitted(drafts: None) -> None:
    take("submit", "--unit", "P", "--confirm-incomplete")
    assert states()["P"] == "accepted"


def test_every_action_of_the_table_is_taken(drafts: None) -> None:
    why = ("--reason", "vì sao")
    walk = [
        ("submit", (), "submitted"), ("withdraw", (), "draft"), ("exempt", why, "exempt"), ("unexempt", (), "draft"),
        ("submit", (), "submitted"), ("return", why, "returned"), ("submit", (), "submitted"), ("withdraw", (), "returned"),
        ("submit", (), "submitted"), ("accept", (), "accepted"), ("reopen", why, "returned"),
        ("extend", (*why, "--until", "2025-07-20"), "returned"),
    ]  # fmt: skip
    for action, options, state in walk:
        assert take(action, "--unit", "H1", *options).code == 0, action
        assert states()["H1"] == state, action
    assert Report.objects.get(unit__uid="H1").due_on == date(2025, 7, 20)


def test_a_level_that_asks_for_approval_proposes_and_sends_back(drafts: None) -> None:
    Report.objects.filter(unit__uid="H1").update(needs_approval=True)
    assert take("propose", "--unit", "H1").code == 0
    assert states()["H1"] == "proposed"
    assert take("send_back", "--unit", "H1").problems == ["H1: Give a reason: this action is recorded with it."]
    assert take("send_back", "--unit", "H1", "--reason", "sửa").code == 0
    assert states()["H1"] == "draft"
    assert take("propose", "--unit", "H2").problems == ["H2: This level asks for no leader's approval: submit the report instead."]


@pytest.mark.parametrize("action", [["exempt"], ["extend", "--until", "2025-07-20"]])
def test_an_action_that_needs_a_reason_refuses_without(drafts: None, action: list[str]) -> None:
    ran = take(*action, "--unit", "H1", "H2", "--reason", "  ")
    assert ran.problems == [f"{uid}: Give a reason: this action is recorded with it." for uid in ("H1", "H2")]


def test_a_day_that_the_action_knows_nothing_of_is_wrong_usage(drafts: None) -> None:
    ran = take("accept", "--unit", "H1", "--until", "2025-07-20")
    assert (ran.code, ran.err) == (2, "--until goes with extend, return and reopen\n")


def test_the_moment_and_the_reason_go_into_the_journal(drafts: None) -> None:
    take("submit", "--unit", "H1", "--at", "2025-06-18T23:59:59.999999+07:00", "--reason", "đúng hạn")
    entry = JournalEntry.objects.get(action="submit")
    assert (entry.at, entry.reason, entry.by) == (at("2025-06-18 23:59:59.999999"), "đúng hạn", None)
    assert Report.objects.get(unit__uid="H1").first_submitted_at == entry.at


def test_a_moment_before_the_last_journal_entry_is_refused(drafts: None) -> None:
    assert take("submit", "--unit", "H1", "--at", "2025-06-01T00:59:59Z").problems == [
        "H1: The moment 2025-06-01T00:59:59+00:00 lies before the report's last journal entry, 2025-06-01T08:00:00+07:00."
    ]


def test_the_day_of_correction_is_as_given_or_the_cycle_s_working_days_from_then(drafts: None) -> None:
    take("submit", "--unit", "H1", "H2", "--at", "2025-06-10T08:00:00+07:00")
    when = ("--at", "2025-06-11T08:00:00+07:00", "--reason", "sai số")
    take("return", "--unit", "H1", *when)
    take("return", "--unit", "H2", "--until", "2025-06-30", *when)
    assert Report.objects.get(unit__uid="H1").correct_by_at == at("2025-06-18 23:59:59.999999")
    assert Report.objects.get(unit__uid="H2").correct_by_at == at("2025-06-30 23:59:59.999999")


def test_an_earlier_due_day_is_no_extension(drafts: None) -> None:
    ran = take("extend", "--unit", "H1", "H2", "--until", "2025-06-18", "--reason", "vì sao")
    message = "The new due day has to be later than the present one, 18/06/2025."
    assert ran.problems == [f"H1: {message}", f"H2: {message}"]


def test_the_rules_of_permission_hold_for_a_named_user(drafts: None) -> None:
    given_user("lan", C="reviewer preparer")
    given_user("thon", H1="preparer")
    take("submit", "--unit", "H1", "H2")
    assert take("accept", "--unit", "H1", "--user", "thon").problems == ["H1: You are not the one who may do this to this report."]
    assert take("accept", "--unit", "H1", "H2", "--user", "lan").code == 0
    assert JournalEntry.objects.filter(action="accept").values_list("by__username", flat=True).distinct().get() == "lan"


def test_what_is_out_of_the_user_s_reach_is_as_if_it_did_not_exist(drafts: None) -> None:
    given_user("thon", H1="preparer")
    given_user("ngoai")
    ran = take("submit", "--unit", "H2", "ZZ", "--user", "thon")
    assert ran.problems == [f"{uid}: This unit has no report in the cycle k." for uid in ("H2", "ZZ")]
    assert take("submit", "--unit", "H1", "--user", "ngoai").problems == ["There is no cycle “k”."]
    assert manage("transition", "none", "submit", "--unit", "H1", "--user", "ngoai").problems == ["There is no cycle “none”."]


def test_what_is_not_about_the_list_is_not_said_of_its_lines(drafts: None) -> None:
    ran = manage("transition", "none", "submit", "--units", "-", stdin=csv_of("unit_uid", "H1"))
    assert ran.problems == ["There is no cycle “none”."]
    assert take("submit", "--units", "-", "--user", "nobody").problems == ["There is no active user “nobody”."]


@pytest.mark.parametrize(
    "wrong",
    [
        ["submit"],
        ["fly", "--unit", "H1"],
        ["save", "--unit", "H1"],
        ["extend", "--unit", "H1", "--reason", "vì sao"],
        ["extend", "--unit", "H1", "--reason", "vì sao", "--until", "20/07/2025"],
        ["submit", "--unit", "H1", "--at", "2025-06-10 08:00"],
        ["submit", "--units", "/no/such/file"],
        ["submit", "--unit", "\udcff"],
    ],
)
def test_wrong_usage_exits_with_2_and_changes_nothing(drafts: None, wrong: list[str]) -> None:
    ran = take(*wrong)
    assert ran.code == 2
    assert states()["H1"] == "draft"


def test_done_again_it_is_refused_and_the_journal_stays(drafts: None) -> None:
    done("transition", "k", "submit", "--unit", "H1")
    assert take("submit", "--unit", "H1").code == 1
    assert JournalEntry.objects.filter(action="submit").count() == 1
