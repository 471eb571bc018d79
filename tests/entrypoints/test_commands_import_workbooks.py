"""import_reports from workbooks: a row for each unit and a column for each indicator."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time
from pathlib import Path

import openpyxl
import pytest

from reports.documents.units_workbook_out import units_workbook
from reports.models import Report
from tests.entrypoints.cli import Ran, done, given_cycle, manage, own, states

pytestmark = pytest.mark.django_db


@pytest.fixture
def cycle(db: None) -> None:
    given_cycle(
        "a,integer,hamlet|commune,sum,flow_sum",
        "d,decimal,hamlet|commune,sum,flow_sum,,,,6",
        "p,decimal,hamlet|commune,sum,flow_sum",
        "co,boolean,hamlet|commune,count_yes,last",
        "chu,text,hamlet|commune,none,none",
        "r,percent,hamlet|commune,formula,formula,a / d",
    )


def workbook(folder: Path, *rows: Sequence[object], first_row: int = 1) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    for line, row in enumerate(rows, first_row):
        for column, value in enumerate(row, 1):
            sheet.cell(line, column).value = value
    path = folder / "so lieu.xlsx"
    book.save(path)
    return path


def with_cached(path: Path, formula: str, value: str, *, is_error: bool = False) -> Path:
    """The workbook as a spreadsheet saves it: a formula's cell holds what was computed."""
    made = path.with_name("computed.xlsx")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(made, "w") as target:
        for name in source.namelist():
            part = source.read(name).decode()
            if name == "xl/worksheets/sheet1.xml":
                kind = ' t="e"' if is_error else ""
                part = re.sub(
                    rf'<c r="(\w+)"[^>]*><f>{re.escape(formula)}</f>(?:<v ?/>|<v></v>)',
                    rf'<c r="\1"{kind}><f>{formula}</f><v>{value}</v>',
                    part,
                )
                assert f"<v>{value}</v>" in part
            target.writestr(name, part)
    return made


def load(path: Path, *options: object) -> Ran:
    return manage("import_reports", "k", path, *options)


def test_numbers_words_and_truths_are_taken(cycle: None, tmp_path: Path) -> None:
    path = workbook(tmp_path, ["unit_uid", "a", "d", "co", "chu"], ["H1", 5, 0.1, True, 12], ["H2", "7", "1.5", "no", "một\nhai"])
    assert load(path).out == "Imported: 8 figures in 2 reports.\n"
    assert own("H1") == {"a": 5, "d": "0.1", "co": True, "chu": "12"}
    assert own("H2") == {"a": 7, "d": "1.5", "co": False, "chu": "một\nhai"}


def test_an_empty_cell_clears_and_an_empty_row_is_passed_over(cycle: None, tmp_path: Path) -> None:
    load(workbook(tmp_path, ["unit_uid", "a", "d"], ["H1", 1, 2]))
    ran = load(workbook(tmp_path, ["unit_uid", "a", "r"], [], ["H1", None, None], [], ["H2", 0, None]))
    assert ran.code == 0
    assert own("H1") == {"d": "2"}
    assert own("H2") == {"a": 0}


@pytest.mark.parametrize(
    ("number", "kept"),
    [
        (123456789012345, "123456789012345"),
        (1234567890.123456, "1234567890.123456"),
        (0.000001, "0.000001"),
        (1e14, "100000000000000"),
        (0.1 + 0.2, "0.3"),
        (1.1 * 3, "3.3"),
    ],
)
def test_numbers_are_what_was_typed_though_workbooks_keep_them_in_binary(cycle: None, tmp_path: Path, number: float, kept: str) -> None:
    assert load(workbook(tmp_path, ["unit_uid", "d"], ["H1", number])).code == 0
    assert own("H1") == {"d": kept}


def test_a_formula_gives_the_value_that_was_computed(cycle: None, tmp_path: Path) -> None:
    path = with_cached(workbook(tmp_path, ["unit_uid", "a"], ["H1", "=1+1"]), "1+1", "2")
    assert load(path).code == 0
    assert own("H1") == {"a": 2}


def test_a_formula_that_ended_in_an_error_is_no_blank(cycle: None, tmp_path: Path) -> None:
    path = with_cached(workbook(tmp_path, ["unit_uid", "a"], ["H1", "=1/0"]), "1/0", "#DIV/0!", is_error=True)
    assert load(path).problems == [f"{path}:2: B: The cell holds a spreadsheet's error; mend its formula, or leave it empty."]
    assert states()["H1"] == "not_started"


def test_every_problem_is_named_with_its_row_and_column(cycle: None, tmp_path: Path) -> None:
    path = workbook(
        tmp_path,
        ["a", "unit_uid", "p", "co", "r", None, "d"],
        [1.5, "H1", 1.005, 1, 5, None, date(2025, 1, 2)],
        [None, None, None, None, None, None, None],
        [-1, "ZZ", None, None, None, "note", time(1, 2)],
        [1, None, None, None, None, None, datetime(2025, 1, 2, 3, 4)],  # noqa: DTZ001 - a cell has no zone
        [1e20, "H1", float("1e300"), "x", None, None, None],
    )
    problems = [problem.removeprefix(f"{path}:") for problem in load(path).problems]
    assert problems == [
        "2: a: “1.5” has decimals; a whole number is needed here.",
        "2: p: “1.005” has more than 2 decimals.",
        "2: co: “1” is neither yes nor no.",
        "2: r: “r” is computed and never typed.",
        "2: d: The cell is a day or a time; give it the format of a number, or of text.",
        "4: unit_uid: “ZZ” has no report in this cycle.",
        "4: a: “-1” is below zero, which can't be here.",
        "4: F: The cell stands in a column without an indicator's code on top.",
        "4: d: The cell is a day or a time; give it the format of a number, or of text.",
        "5: unit_uid: The uid is empty.",
        "5: d: The cell is a day or a time; give it the format of a number, or of text.",
        "6: a: “100000000000000000000” has more than 15 digits before the decimals.",
        f"6: p: “1{'0' * 39}…” has more than 15 digits before the decimals.",
        "6: co: “x” is neither yes nor no.",
    ]


def test_numbers_typed_as_text_are_read_as_people_write_them_where_there_is_one_way_to(cycle: None, tmp_path: Path) -> None:
    path = workbook(tmp_path, ["unit_uid", "a", "d"], ["H1", "1.200", "1.234,5"], ["H2", " 7 ", "0.25"])
    assert load(path).code == 0
    assert (own("H1"), own("H2")) == ({"a": 1200, "d": "1234.5"}, {"a": 7, "d": "0.25"})
    path = workbook(tmp_path, ["unit_uid", "d"], ["H1", "1.234"])
    assert load(path).problems == [f"{path}:2: d: “1.234” can be read in two ways; give the cell the format of a number."]


@pytest.mark.parametrize(("encoding", "separator"), [("utf-8-sig", ","), ("cp1258", ";"), ("utf-16", "\t")])
def test_a_sheet_of_units_saved_as_text_is_taken_too(cycle: None, tmp_path: Path, encoding: str, separator: str) -> None:
    rows = [["Xã", "", "", ""], ["#", "unit_uid", "a", "chu"], ["1", "H1", "1.200", "xong"]]
    path = tmp_path / "x.csv"
    path.write_bytes("\n".join(separator.join(row) for row in rows).encode(encoding, "replace"))
    assert load(path).code == 0
    assert own("H1") == {"a": 1200, "chu": "xong"}


def test_words_in_an_old_font_come_in_as_unicode_and_are_told_of(cycle: None, tmp_path: Path) -> None:
    path = workbook(tmp_path, ["unit_uid", "chu"], ["H1", "C«ng t¸c d©n vËn"], ["H2", "Công tác dân vận"])
    ran = load(path)
    assert (ran.code, ran.out) == (0, "Imported: 2 figures in 2 reports.\n")
    assert own("H1") == own("H2") == {"chu": "Công tác dân vận"}
    notice = "1 texts were in the font TCVN3 (ABC) and are converted to Unicode: read them over (B2)."
    assert ran.err == f"{path}:1: {notice}\n"


def test_the_houses_own_workbook_for_many_is_taken_as_it_is(cycle: None, tmp_path: Path) -> None:
    load(workbook(tmp_path, ["unit_uid", "a", "d", "chu"], ["H1", 3, 1.5, "=1+1\nhai"], ["C", 1, 2, None]))
    before = {uid: own(uid) for uid in ("C", "H1", "H2")}
    reports = list(Report.objects.for_display().filter(cycle__code="k").order_by("position"))
    path = tmp_path / "mẫu.xlsx"
    path.write_bytes(units_workbook(reports[0], reports))
    assert load(path).code == 0
    assert {uid: own(uid) for uid in ("C", "H1", "H2")} == before


def test_a_unit_that_is_there_twice_is_refused(cycle: None, tmp_path: Path) -> None:
    path = workbook(tmp_path, ["unit_uid", "a"], ["H1", 1], ["H1", 2])
    assert load(path).problems == [f"{path}:3: a: This figure is there twice; line 2 has it first."]


def test_wrong_columns_are_refused_once_and_not_in_every_row(cycle: None, tmp_path: Path) -> None:
    path = workbook(tmp_path, ["unit", "a", "zzz", "a"], *([f"H{number}", 1, 2, 3] for number in range(100)))
    assert load(path).problems == [
        f"{path}:1: unit_uid: The first row needs the column unit_uid, then a column for each indicator's code.",
        f"{path}:1: unit: The template has no indicator “unit”.",
        f"{path}:1: a: The column is there twice.",
        f"{path}:1: zzz: The template has no indicator “zzz”.",
    ]


def test_lines_are_those_that_the_spreadsheet_shows(cycle: None, tmp_path: Path) -> None:
    path = workbook(tmp_path, [None, "unit_uid", "a"], [None, "H1", 1, "x"], [None, "ZZ", 1], first_row=4)
    assert load(path).problems == [
        f"{path}:5: D: The cell stands in a column without an indicator's code on top.",
        f"{path}:6: unit_uid: “ZZ” has no report in this cycle.",
    ]


def test_a_broken_rule_is_refused_at_its_row_and_column(tmp_path: Path) -> None:
    given_cycle("a,integer,hamlet,sum,flow_sum,,error: a <= b,yes", "b,integer,hamlet,sum,flow_sum")
    path = workbook(tmp_path, ["unit_uid", "b", "a"], ["H1", 1, 2], ["H2", 1, None])
    assert load(path, "--state", "submitted").problems == [
        f"{path}:2: a: “a”: this should hold, and doesn't: “a” ≤ “b”",
        f"{path}:3: a: “a” is required and blank. Write 0 where nothing happened.",
    ]


@pytest.mark.parametrize("content", [b"", b"\0 not a workbook", b"PK\x03\x04 half of one"])
def test_a_file_that_is_no_workbook_is_refused(cycle: None, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(content)
    (problem,) = load(path).problems
    assert problem.startswith(f"{path}:1: This is no workbook that can be read")


def test_an_empty_workbook_is_refused(cycle: None, tmp_path: Path) -> None:
    path = workbook(tmp_path)
    assert load(path).problems == [f"{path}:1: unit_uid: The first row needs the column unit_uid, then a column for each indicator's code."]


def test_an_opendocument_sheet_is_taken_too(cycle: None, tmp_path: Path) -> None:
    path = opendocument(tmp_path, "<{c} {t}='string'><text:p>H1</text:p></{c}><{c} {t}='float' office:value='2.5'/>", "d")
    assert done("import_reports", "k", path).out == "Imported: 1 figures in 1 reports.\n"
    assert own("H1") == {"d": "2.5"}


def opendocument(folder: Path, cells: str, code: str) -> Path:
    head = "<{c} {t}='string'><text:p>unit_uid</text:p></{c}><{c} {t}='string'><text:p>" + code + "</text:p></{c}>"
    rows = "".join(f"<table:table-row>{row}</table:table-row>" for row in (head, cells))
    rows = rows.replace("{c}", "table:table-cell").replace("{t}", "office:value-type")
    names = " ".join(f"xmlns:{name}='urn:oasis:names:tc:opendocument:xmlns:{name}:1.0'" for name in ("office", "table", "text"))
    path = folder / "x.ods"
    with zipfile.ZipFile(path, "w") as parts:
        parts.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        parts.writestr("META-INF/manifest.xml", "<manifest/>")
        parts.writestr(
            "content.xml",
            f"<office:document-content {names}><office:body><office:spreadsheet><table:table table:name='a'>{rows}</table:table>"
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return path


def test_several_workbooks_are_imported_together(cycle: None, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("một.xlsx", "hai.xlsx")]
    for file, (uid, value) in zip(files, [("H1", 3), ("H2", 4)], strict=True):
        workbook(tmp_path, ["unit_uid", "a"], [uid, value]).rename(file)
    assert manage("import_reports", "k", *files).out == "Imported: 2 figures in 2 reports.\n"
    assert (own("H1"), own("H2")) == ({"a": 3}, {"a": 4})


def test_of_several_files_all_are_refused_with_the_problems_of_each(cycle: None, tmp_path: Path) -> None:
    good, bad, wrong = (tmp_path / name for name in ("a.xlsx", "b.xlsx", "c.xlsx"))
    workbook(tmp_path, ["unit_uid", "a", "d"], ["H1", 3, 1]).rename(good)
    workbook(tmp_path, ["unit_uid", "a", "d"], ["H1", 4, 2], ["H2", "x", 1]).rename(bad)
    wrong.write_bytes(b"\0 no workbook")
    ran = manage("import_reports", "k", good, bad, wrong)
    assert ran.code == 1
    said = ran.err.splitlines()
    assert said[:3] == [
        f"{bad}:2: a: This figure is there twice; {good} has it first, in line 2.",
        f"{bad}:2: d: This figure is there twice; {good} has it first, in line 2.",
        f"{bad}:3: a: “x” is no plain number; write digits with a point before the decimals, as in 1234.5.",
    ]
    assert said[3].startswith(f"{wrong}:1: This is no workbook that can be read")
    assert set(states().values()) == {"not_started"}


def test_each_of_several_files_names_its_own_columns(cycle: None, tmp_path: Path) -> None:
    table, sheet = tmp_path / "z.csv", tmp_path / "b.xlsx"
    table.write_text("unit_uid,indicator,value\nP,a,1\n")
    workbook(tmp_path, ["unit_uid", "a"], ["D", 1]).rename(sheet)
    said = manage("import_reports", "k", table, sheet).err.splitlines()
    assert [line.split(": “")[0] for line in said] == [f"{table}:2: value", f"{sheet}:2: a"]


def test_a_uid_that_no_database_takes_is_no_unit(cycle: None, tmp_path: Path) -> None:
    ran = manage("import_reports", "k", workbook(tmp_path, ["unit_uid", "a"], ["H1_x0000_", 1]))
    assert (ran.code, "has no report in this cycle" in ran.err) == (1, True)
