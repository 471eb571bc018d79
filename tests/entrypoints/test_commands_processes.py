"""The commands as processes: exit codes, streams, pipes, languages, and files of a million rows' kind."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from reports.models import JournalEntry
from tests.entrypoints.cli import done, figures, given_cycle, run_process, start

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


def test_success_exits_with_0_and_prints_counts_on_standard_output() -> None:
    given_cycle()
    ran = run_process("import_reports", "k", "-", stdin=figures("H1,a,1", "H2,d,2.5"))
    assert (ran.code, ran.out, ran.err) == (0, "Imported: 2 figures in 2 reports.\n", "")


def test_refusal_exits_with_1_and_says_why_on_standard_error_alone() -> None:
    given_cycle()
    ran = run_process("import_reports", "k", "-", stdin=figures("H1,a,1", "ZZ,a,1"))
    assert (ran.code, ran.out, ran.err) == (1, "", "-:3: unit_uid: “ZZ” has no report in this cycle.\n")
    assert not JournalEntry.objects.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["import_reports", "k"],
        ["import_reports", "k", "/no/such/file"],
        ["import_units", "/no/such/file"],
        ["open_cycle", "--template", "t", "--period", "2025-H1", "--under", "P", "--due", "province=2025-06-30"],
        ["export_rollup", "\udcff"],
    ],
)
def test_wrong_usage_exits_with_2_and_without_a_traceback(arguments: list[object]) -> None:
    given_cycle()
    process = start(*arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, b"")
    assert err
    assert b"Traceback" not in err


def test_a_reader_who_leaves_ends_an_export_quietly() -> None:
    given_cycle(*(f"i{number},integer,hamlet,sum,flow_sum" for number in range(2000)))
    process = start("export_rollup", "k", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout
    assert process.stderr
    assert process.stdout.readline() == b"unit_uid,indicator,value,answered,counted,expected\n"
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 141


def test_an_export_pipes_into_an_import(tmp_path: Path) -> None:
    given_cycle()
    listed = tmp_path / "units.csv"
    listed.write_text("unit_uid\n" + "".join(f"{line.split(',')[0]}\n" for line in done("export_status", "k").lines[1:]))
    dues = [f"{level}=2025-06-30" for level in ("province", "district", "commune", "hamlet")]
    arguments = ["--template", "t", "--period", "2025-H1", "--under", "P", "--due", *dues]
    ran = run_process("open_cycle", *arguments, "--units", "-", stdin=listed.read_bytes())
    assert ran.out == "t-2025-H1\nprovince: 1\ndistrict: 1\ncommune: 1\nhamlet: 3\n"


def test_messages_are_in_the_language_of_the_environment() -> None:
    given_cycle()
    ran = run_process("close_cycle", "none", language="vi")
    assert ran.code == 1
    assert ran.err == "Không có đợt báo cáo “none”.\n"


def test_a_large_file_of_garbage_ends_soon_with_two_hundred_problems_and_the_count_of_the_rest(tmp_path: Path) -> None:
    given_cycle()
    path = tmp_path / "garbage.csv"
    with path.open("w") as file:
        file.write("unit_uid,indicator,value\n")
        file.writelines(f"H1,a,NaN{number}\n" for number in range(100_000))
    ran = run_process("import_reports", "k", path)
    assert ran.code == 1
    assert len(ran.problems) == 201
    assert ran.problems[-1] == "… and 99800 more"
