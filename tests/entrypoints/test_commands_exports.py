"""export_rollup, export_status, sweep, rebuild_rollups and verify_rollups, byte by byte as interfaces.md has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.models import Report, Rollup, RollupMark
from tests import unit_builders
from tests.entrypoints.cli import done, given_cycle, given_figures, manage

pytestmark = pytest.mark.django_db

ALL = [
    "a,integer,hamlet|commune,sum,flow_sum",
    "d,decimal,hamlet|commune,sum,flow_sum,,,,6,yes",
    "tb,decimal,hamlet,mean,mean",
    "nho,integer,hamlet,min,min",
    "lon,decimal,hamlet,max,max",
    "co,boolean,hamlet,count_yes,last",
    "loai,choice:tot|kha|yeu,hamlet,distribution,last",
    "chu,text,hamlet,none,none",
    "r,percent,hamlet,formula,formula,a / d",
    "dat,boolean,hamlet,count_yes,last,a >= 2",
]
PAST = ["--state", "accepted", "--at", "2025-06-10T08:00:00+07:00"]


def rows(uid: str, *figures: str, counted: int, expected: int) -> list[str]:
    """A unit's rows of export_rollup; each figure is `value answered`, in template order."""
    codes = ["a", "d", "tb", "nho", "lon", "co", "loai", "r", "dat"]
    pairs = [figure.split(" ") for figure in figures]
    return [f"{uid},{code},{value},{n},{counted},{expected}" for code, (value, n) in zip(codes, pairs, strict=True)]


def test_every_unit_has_every_aggregated_indicator_in_order_with_exact_values() -> None:
    given_cycle(*ALL)
    unit_builders.load_csv(unit_builders.HEADER, "H0,H0,Sau,hamlet,C,2030-01-01,")
    given_figures(
        "H1,a,1", "H1,d,3", "H1,tb,82.5", "H1,nho,5", "H1,lon,1.50", "H1,co,yes", "H1,loai,kha", "H1,chu,x",
        "H2,a,2", "H2,d,-0.000001", "H2,tb,0", "H2,co,no",
        "H3,tb,1", options=PAST,
    )  # fmt: skip
    nothing = [" 0", " 0", " 0", " 0", " 0", " 0", " 0", " ", " 0"]
    both = ["3 2", "2.999999 2", "27.833333333333 3", "5 1", "1.5 1", "1 2", "tot=0|kha=1|yeu=0 1", "100.000033333344 ", "1 2"]
    expected = [
        "unit_uid,indicator,value,answered,counted,expected",
        *rows("C", *both, counted=3, expected=4),
        *rows("D", *both, counted=3, expected=5),
        *rows("H1", "1 1", "3 1", "82.5 1", "5 1", "1.5 1", "1 1", "tot=0|kha=1|yeu=0 1", "33.333333333333 ", "0 1", counted=1, expected=1),
        *rows("H2", "2 1", "-0.000001 1", "0 1", " 0", " 0", "0 1", " 0", "-200000000 ", "1 1", counted=1, expected=1),
        *rows("H3", " 0", " 0", "1 1", *nothing[3:], counted=1, expected=1),
        *rows("P", *both, counted=3, expected=6),
    ]
    ran = done("export_rollup", "k")
    assert ran.out == "".join(f"{line}\n" for line in expected)
    assert ran.err == "54 rows.\n"


def test_figures_that_leave_come_in_again_and_leave_the_same() -> None:
    given_cycle("a,integer,hamlet,sum,flow_sum", "d,decimal,hamlet,sum,flow_sum,,,,6,yes")
    given_figures("H1,a,999999999999999", "H1,d,-123456789012345.000001", "H2,a,0", "H2,d,0.1", options=PAST)
    out = done("export_rollup", "k", "--unit", "H1", "H2").out
    dues = [f"{level}=2025-12-30" for level in unit_builders.LEVELS]
    done("open_cycle", "--template", "t", "--period", "2025-H2", "--under", "P", "--due", *dues, "--code", "sau")
    rows = "".join(",".join(line.split(",")[:3]) + "\n" for line in out.splitlines())
    done("import_reports", "sau", "-", *PAST[:2], "--at", "2025-12-20T08:00:00+07:00", stdin=rows.encode())
    assert done("export_rollup", "sau", "--unit", "H1", "H2").out == out


def test_a_quotient_that_does_not_end_is_rounded_half_away_from_zero_at_the_twelfth_decimal() -> None:
    given_cycle("a,integer,hamlet,sum,flow_sum,,,,,yes", "b,integer,hamlet,sum,flow_sum", "q,decimal,hamlet,formula,formula,a / b")
    given_figures("H1,a,-2", "H1,b,3", "H2,a,1", "H2,b,8192", "H3,a,-1", "H3,b,0", options=PAST)
    quotients = [line for line in done("export_rollup", "k", "--unit", "H1", "H2", "--unit", "H3").lines if ",q," in line]
    assert quotients == ["H1,q,-0.666666666667,,1,1", "H2,q,0.0001220703125,,1,1", "H3,q,,,1,1"]


def test_exempt_reports_are_neither_counted_nor_expected_and_what_is_not_accepted_is_not_counted() -> None:
    given_cycle("a,integer,hamlet|commune,sum,flow_sum")
    given_figures("H1,a,1", options=PAST)
    given_figures("H2,a,5", options=["--state", "submitted"])
    done("transition", "k", "exempt", "--unit", "H3", "--reason", "vì sao")
    assert done("export_rollup", "k", "--unit", "C").lines[1:] == ["C,a,1,1,1,3", "H1,a,1,1,1,1", "H2,a,,0,0,1", "H3,a,,0,0,0"]


def test_units_and_depth_choose_the_parts_without_doubles() -> None:
    given_cycle("a,integer,hamlet,sum,flow_sum")
    uids = [
        [line.split(",")[0] for line in done("export_rollup", "k", *options).lines[1:]]
        for options in (["--depth", "0"], ["--depth", "2"], ["--unit", "D", "--depth", "1"], ["--unit", "H2", "C", "--unit", "H2"])
    ]
    assert uids == [["P"], ["C", "D", "P"], ["C", "D"], ["C", "H1", "H2", "H3"]]


def test_uids_are_sorted_by_their_letters_codes() -> None:
    unit_builders.tree({"Đ": {"b": {"B": ["a-1", "a1", "A"]}}})
    given_cycle("a,integer,hamlet|commune|district|province,sum,flow_sum")
    dues = [f"{level}=2025-06-30" for level in unit_builders.LEVELS]
    done("open_cycle", "--template", "t", "--period", "2025-H1", "--under", "Đ", "--due", *dues, "--code", "s")
    for command in ("export_rollup", "export_status"):
        assert [line.split(",")[0] for line in done(command, "s").lines[1:]] == ["A", "B", "a-1", "a1", "b", "Đ"]


def test_an_unknown_unit_is_refused_and_no_file_is_written(tmp_path: Path) -> None:
    given_cycle("a,integer,hamlet,sum,flow_sum")
    path = tmp_path / "out.csv"
    ran = manage("export_rollup", "k", "--unit", "ZZ", "H1", "--output", path)
    assert ran.problems == ["ZZ: This unit has no report in the cycle k."]
    assert list(tmp_path.iterdir()) == []


def test_a_named_file_holds_what_standard_output_would(tmp_path: Path) -> None:
    given_cycle("a,integer,hamlet,sum,flow_sum")
    for command in ("export_rollup", "export_status"):
        path = tmp_path / "out.csv"
        path.write_text("older")
        ran = done(command, "k", "--output", path)
        assert (ran.out, ran.err) == ("6 rows.\n", "")
        assert path.read_bytes().decode() == done(command, "k", "--output", "-").out
    assert [each.name for each in tmp_path.iterdir()] == ["out.csv"]


def test_a_device_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    given_cycle("a,integer,hamlet,sum,flow_sum")
    assert done("export_rollup", "k", "--output", "/dev/null").out == "6 rows.\n"
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize("wrong", [["--depth", "-1"], ["--depth", "x"], ["--output", "/no/such/folder/out.csv"], ["--output", "/"]])
def test_wrong_usage_exits_with_2(wrong: list[str]) -> None:
    given_cycle("a,integer,hamlet,sum,flow_sum")
    assert manage("export_rollup", "k", *wrong).code == 2


def test_status_has_moments_to_the_second_with_the_offset_and_open_flags() -> None:
    given_cycle("a,integer,hamlet|commune,sum,flow_sum")
    given_figures("H1,a,1", options=["--state", "submitted", "--at", "2025-06-18T16:59:59.999999+00:00"])
    given_figures("H2,a,1", options=["--state", "submitted", "--at", "2025-06-19T00:00:00+07:00"])
    done("transition", "k", "exempt", "--unit", "H3", "--reason", "vì sao", "--at", "2025-06-10T08:00:00+07:00")
    swept = done("sweep", "--at", "2025-07-20T08:00:00+07:00", "--cycle", "k")
    assert swept.lines == [
        "missing: raised 3, cleared 0",
        "late: raised 1, cleared 0",
        "correction_overdue: raised 0, cleared 0",
        "review_overdue: raised 2, cleared 0",
        "figures_changed: raised 0, cleared 0",
    ]
    hamlets = [
        "H1,submitted,2025-06-18T23:59:59+07:00,2025-06-18T23:59:59+07:00,on_time,review_overdue",
        "H2,submitted,2025-06-18T23:59:59+07:00,2025-06-19T00:00:00+07:00,late,late|review_overdue",
        "H3,exempt,2025-06-18T23:59:59+07:00,,exempt,",
    ]
    assert done("export_status", "k", "--at", "2025-06-26T23:59:59.999999+07:00").lines == [
        "unit_uid,state,due_at,first_submitted_at,timeliness,flags",
        "C,not_started,2025-06-20T23:59:59+07:00,,missing,missing",
        "D,not_started,2025-06-26T23:59:59+07:00,,pending,missing",
        *hamlets,
        "P,not_started,2025-06-30T23:59:59+07:00,,pending,missing",
    ]


def test_sweeping_again_changes_nothing() -> None:
    given_cycle("a,integer,hamlet,sum,flow_sum")
    moment = ["--at", "2025-07-20T08:00:00+07:00"]
    assert done("sweep", *moment).lines[0] == "missing: raised 6, cleared 0"
    assert done("sweep", *moment).lines[0] == "missing: raised 0, cleared 0"
    assert manage("sweep", "--cycle", "none").problems == ["There is no cycle “none”."]


def test_verifying_names_each_stored_total_that_is_wrong_and_rebuilding_mends_it() -> None:
    given_cycle("a,integer,hamlet|commune,sum,flow_sum")
    given_figures("H1,a,1", options=PAST)
    assert done("verify_rollups", "k").out == "k: 3 totals are right.\n"
    Rollup.objects.filter(report__unit__uid="C").update(cells={"a": {"n": 1, "sum": 2}}, counted=2)
    ran = manage("verify_rollups", "k")
    assert ran.problems == ['C: a: stored {"n": 1, "sum": 2}, computed {"n": 1, "sum": 1}', "C: counted: stored 2, computed 1"]
    assert done("rebuild_rollups", "k").out == "k: 3 totals recomputed.\n"
    assert manage("verify_rollups", "k").code == 0


def test_a_command_that_reads_totals_drains_the_marks_itself() -> None:
    given_cycle("a,integer,hamlet|commune,sum,flow_sum")
    given_figures("H1,a,1", options=PAST)
    hamlet = Report.objects.get(unit__uid="H1")
    Rollup.objects.filter(report__cycle=hamlet.cycle).update(cells={})
    RollupMark.objects.create(cycle_id=hamlet.cycle_id, root_position=hamlet.root_position, report=hamlet)
    assert done("export_rollup", "k", "--unit", "P", "--depth", "0").lines[1] == "P,a,1,1,1,6"
    assert not RollupMark.objects.exists()
