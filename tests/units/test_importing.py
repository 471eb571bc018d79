from __future__ import annotations

import io
import os
import subprocess
import sys
from datetime import date

import pytest
from django.core.management import CommandError, call_command

from tests.unit_builders import HEADER, load_csv, tree
from units.checking import check_units
from units.hamlets import DATA
from units.importing import import_units
from units.models import Unit
from units.problems import Refused
from units.tree import Loaded
from units.wording import say_with_place

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

PROVINCE = "P,01,Tỉnh Hà Giang,province,,,"


def refusal(*lines: str) -> list[str]:
    """What is said of a file of these lines, without the file's name."""
    return refusal_of_bytes("\n".join(lines).encode())


def refusal_of_bytes(content: bytes) -> list[str]:
    before = list(Unit.objects.order_by("pk").values())
    load_csv(HEADER)
    with pytest.raises(Refused) as refused:
        import_units(io.BytesIO(content))
    assert list(Unit.objects.order_by("pk").values()) == before
    return [say_with_place(problem, "F").removeprefix("F:") for problem in sorted(refused.value.problems, key=lambda p: p.line or 0)]


def test_rows_may_come_in_any_order():
    loaded = load_csv(HEADER, "C,03,Xã Lũng Cú,commune,D,,", "D,02,Huyện Đồng Văn,district,P,,", PROVINCE)

    assert loaded == Loaded(added=3, changed=0, unchanged=0, written=3)
    assert list(Unit.objects.values_list("uid", "depth", "lft", "rght")) == [("P", 0, 1, 6), ("D", 1, 2, 5), ("C", 2, 3, 4)]


def test_importing_again_changes_nothing():
    lines = (HEADER, PROVINCE, "D,02,Huyện Đồng Văn,district,P,2020-01-01,2025-06-30")
    load_csv(*lines)

    assert load_csv(*lines) == Loaded(added=0, changed=0, unchanged=2, written=0)


def test_units_are_updated_by_uid_and_move_with_all_below_them():
    units = tree({"P": {"D": {"C": ["H"]}, "E": {}}})

    loaded = load_csv(HEADER, "C,7,Xã Mới,commune,E,,2030-12-31", "H,1,Thôn,hamlet,C,,2025-06-30")

    assert (loaded.added, loaded.changed, loaded.unchanged) == (0, 2, 3)
    commune = Unit.objects.get(uid="C")
    assert (commune.pk, commune.name, commune.parent_id, commune.valid_to) == (units["C"].pk, "Xã Mới", units["E"].pk, date(2030, 12, 31))
    assert [unit.uid for unit in Unit.objects.all()] == ["P", "D", "E", "C", "H"]
    assert check_units().problems.count == 0


def test_a_superior_may_stand_in_the_database_alone():
    tree({"P": {"D": {}}})

    load_csv(HEADER, "C,7,Xã,commune,D,,")

    assert Unit.objects.get(uid="C").depth == 2


def test_optional_columns_that_are_absent_keep_what_stands():
    load_csv(f"{HEADER},kind,name_en,position,agency_id", f"{PROVINCE},,Ha Giang,4,H22")

    load_csv(HEADER, PROVINCE)
    assert list(Unit.objects.values_list("kind", "name_en", "position", "agency_id")) == [("territory", "Ha Giang", 4, "H22")]

    load_csv(f"{HEADER},name_en,position,agency_id", f"{PROVINCE},,,")
    assert list(Unit.objects.values_list("name_en", "position", "agency_id")) == [("", 0, "")]


def test_siblings_stand_by_position_then_code_then_uid():
    load_csv(
        f"{HEADER},position",
        "A,3,a,province,,,,0",
        "B,1,b,province,,,,1",
        "C,2,c,province,,,,0",
        "D,2,d,province,,,,0",
    )

    assert list(Unit.objects.values_list("uid", "tree_id")) == [("C", 1), ("D", 2), ("A", 3), ("B", 4)]


def test_an_agency_stands_under_a_territorial_unit_and_has_no_level():
    load_csv(f"{HEADER},kind", f"{PROVINCE},territory", "A,,Ban Dân vận,,P,,,agency")

    agency = Unit.objects.get(uid="A")
    assert (agency.kind, agency.level, agency.parent.uid) == ("agency", None, "P")


def test_bom_and_crlf_are_fine():
    load_csv(HEADER)
    loaded = import_units(io.BytesIO(f"\ufeff{HEADER}\r\n{PROVINCE}\r\n".encode()))

    assert loaded.added == 1
    assert Unit.objects.get().uid == "P"


def test_empty_rows_are_passed_over():
    assert load_csv(HEADER, "", PROVINCE, ",,,,,,", "").added == 1


def test_quoted_cells_may_hold_commas():
    load_csv(HEADER, 'P,01,"Tỉnh A, cũ",province,,,')

    assert Unit.objects.get().name == "Tỉnh A, cũ"


def test_names_are_stored_composed():
    load_csv(HEADER, "P,01,Ti\u0309nh Ha\u0300 Giang,province,,,")

    assert Unit.objects.get().name == "Tỉnh Hà Giang"


def test_every_problem_is_told_with_its_line_and_column():
    assert refusal(
        HEADER,
        PROVINCE,
        ",02,,region,P,01/07/2025,2025-13-01",
        "D,02,Huyện,district,P,2025-07-01,2025-06-30",
        "E,02,Huyện,,X,,",
    ) == [
        "3: valid_from: “01/07/2025” is no day. Write it as 2025-07-01.",
        "3: valid_to: “2025-13-01” is no day. Write it as 2025-07-01.",
        "3: uid: The cell is empty; every unit needs it.",
        "3: name: The cell is empty; every unit needs it.",
        "3: level: There is no level “region”. Known are: province, district, commune, hamlet.",
        "4: valid_to: A unit can't end before it begins (2025-07-01).",
        "5: level: The cell is empty; every territorial unit has a level.",
        "5: parent_uid: There is no unit X, in the file or in the database.",
    ]


def test_one_bad_row_keeps_the_whole_file_out():
    assert refusal(HEADER, PROVINCE, "D,02,Huyện,district,X,,") == ["3: parent_uid: There is no unit X, in the file or in the database."]


def test_missing_and_unknown_columns_are_named():
    needed = "uid,code,name,level,parent_uid,valid_from,valid_to"
    assert refusal("uid,code,title,level,parent_uid,valid_from,valid_to,code", PROVINCE) == [
        f"1: name: The column is missing. The file needs: {needed}.",
        f"1: title: There is no such column here. Known are: {needed},kind,name_en,position,agency_id.",
        "1: code: The column is there twice.",
    ]


def test_a_file_separated_by_semicolons_is_told_so():
    assert refusal("uid;code;name", "P;01;Tỉnh") == ["1: The columns are not separated by commas. Save the file as comma-separated CSV."]


def test_an_empty_file_is_refused():
    assert refusal("") == ["1: The file is empty. It needs a header row: uid,code,name,level,parent_uid,valid_from,valid_to."]


def test_a_row_with_too_few_cells_is_refused():
    assert refusal(HEADER, PROVINCE, "D,02,Huyện") == ["3: The row has 3 cells instead of 7; is a comma missing, or a quotation mark?"]


def test_an_open_quotation_mark_is_refused():
    assert refusal(HEADER, PROVINCE, 'D,02,"Huyện,district,P,,') == [
        "3: The row is no CSV (unexpected end of data); check its quotation marks."
    ]


def test_lines_are_counted_as_an_editor_counts_them():
    assert refusal(HEADER, 'P,01,"Tỉnh', 'Hà Giang",province,,,', "", "D,,Huyện,district,X,,") == [
        "2: name: The cell holds the invisible character U+000A; remove it.",
        "5: parent_uid: There is no unit X, in the file or in the database.",
    ]


def test_bytes_that_are_not_utf8_are_refused_with_their_line():
    content = f"{HEADER}\n{PROVINCE}\n".encode() + b"D,02,Huy\xean,district,P,,\nC,03,xa,commune,D,,\nE,,e,level,P,,"
    assert refusal_of_bytes(content) == [
        "3: Byte 9 of the line is not UTF-8. Save the file as CSV in UTF-8.",
        "5: level: There is no level “level”. Known are: province, district, commune, hamlet.",
    ]


def test_a_header_that_is_not_utf8_is_refused_at_once():
    assert refusal_of_bytes(HEADER.encode("utf-16"))[0] == "1: The line holds a NUL byte. Save the file as CSV in UTF-8."


def test_nul_bytes_are_refused_with_their_line():
    assert refusal(HEADER, PROVINCE, "D,02,Huy\0n,district,P,,") == ["3: The line holds a NUL byte. Save the file as CSV in UTF-8."]


def test_a_line_of_megabytes_is_refused():
    assert refusal(HEADER, "x" * 2_000_000) == ["2: The line is longer than a megabyte. Is this a CSV file?"]


def test_duplicate_uids_are_refused_at_the_later_line():
    assert refusal(HEADER, PROVINCE, "Q,02,Tỉnh,province,,,", PROVINCE) == ["4: uid: P is in line 2 already."]


@pytest.mark.parametrize("level", ["district", "commune"])
def test_a_superior_of_the_same_or_a_lower_level_is_refused(level):
    assert refusal(HEADER, f"C,01,Xã,{level},,,", "D,02,Huyện,district,C,,") == [
        "3: parent_uid: D can't stand under C, which is of the same or a lower level. Name a unit of a higher level."
    ]


def test_circles_of_superiors_are_refused_once_each():
    assert refusal(HEADER, "A,1,a,commune,B,,", "B,1,b,commune,C,,", "C,1,c,commune,A,,", "E,1,e,hamlet,A,,", "S,1,s,commune,S,,") == [
        "2: parent_uid: These units stand under each other in a circle: A, B, C.",
        "6: parent_uid: These units stand under each other in a circle: S.",
    ]


def test_an_update_that_closes_a_circle_with_units_that_stand_is_refused():
    tree({"P": {"D": {"C": {}}}})

    assert refusal(HEADER, "D,02,Huyện,district,C,,") == ["2: parent_uid: These units stand under each other in a circle: D, C."]


def test_a_validity_that_its_superior_does_not_cover_is_taken_with_a_warning():
    loaded = load_csv(HEADER, "P,01,Tỉnh,province,,2020-01-01,2025-06-30", "D,02,Huyện,district,P,,2025-07-01")

    assert loaded.added == 2
    assert [f"{said.line}: {said.column}: {said.message % said.params}" for said in loaded.warnings] == [
        "3: valid_from: D can't be valid before its superior P, which begins on 2020-01-01.",
        "3: valid_to: D can't be valid after its superior P, which ends on 2025-06-30.",
    ]


def test_an_update_of_a_superior_must_suit_the_units_that_stand_below_it():
    tree({"P": {"D": {"C": {}}}})

    assert refusal(HEADER, "D,02,Huyện,commune,P,,2025-06-30") == [
        "2: parent_uid: C can't stand under D, which is of the same or a lower level. Name a unit of a higher level.",
    ]


def test_agencies_have_their_own_rules():
    assert refusal(
        f"{HEADER},kind", f"{PROVINCE},", "A,,Ban,commune,P,,,agency", "B,,Ban,,,,,agency", "D,,Huyện,district,F,,,", "F,,Ban,,P,,,agency",
        "G,,Ban,,F,,,agency", "H,,Ban,,P,,,company",
    ) == [
        "3: level: An agency has no level; leave the cell empty.",
        "4: parent_uid: The agency B needs a territorial unit to stand under.",
        "5: parent_uid: D can't stand under F: nothing stands under an agency.",
        "7: parent_uid: G can't stand under F: nothing stands under an agency.",
        "8: kind: “company” is no kind of unit. Known are: territory, agency.",
        "8: level: The cell is empty; every territorial unit has a level.",
    ]  # fmt: skip


@pytest.mark.parametrize("position", ["-1", "1.5", "x", "2147483648", "٣"])
def test_a_position_is_a_whole_number(position):
    assert refusal(f"{HEADER},position", f"{PROVINCE},{position}") == [
        f"2: position: “{position}” is no position. Write a whole number from 0."
    ]


def test_over_long_values_are_refused():
    assert refusal(HEADER, f"{'u' * 41},{'c' * 21},{'n' * 201},province,,,") == [
        "2: uid: The cell has 41 characters; 40 are possible.",
        "2: code: The cell has 21 characters; 20 are possible.",
        "2: name: The cell has 201 characters; 200 are possible.",
    ]


@pytest.mark.parametrize("character", ["\u200b", "\u202e", "\x07", "\t", "\u2028"])
def test_control_and_invisible_characters_are_refused(character):
    assert refusal(HEADER, f"P,01,Tỉnh{character}Hà,province,,,") == [
        f"2: name: The cell holds the invisible character U+{ord(character):04X}; remove it."
    ]


def test_the_command_prints_at_most_200_problems_and_counts_the_rest(tmp_path, capsys):
    file = tmp_path / "units.csv"
    file.write_text("\n".join([HEADER, *(f"D{n},1,x,district,X,," for n in range(250))]))

    with pytest.raises(SystemExit) as exit_:
        call_command("import_units", str(file))

    lines = capsys.readouterr().err.splitlines()
    assert exit_.value.code == 1
    assert len(lines) == 201
    assert lines[0].startswith(f"{file}:2: parent_uid: ")
    assert "50" in lines[-1]
    assert Unit.objects.count() == 0


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path):
    with pytest.raises(CommandError) as error:
        call_command("import_units", str(tmp_path / "nothing.csv"))

    assert error.value.returncode == 2


def test_the_real_trees_load_and_are_in_order():
    with (DATA / "units_vn.csv").open("rb") as file:
        loaded = import_units(file)

    assert loaded.added == 14_149
    assert (check_units().problems.count, check_units().warnings.count) == (0, 0)


@pytest.mark.once
def test_a_hundred_thousand_rows_fit_in_little_memory(tmp_path):
    """In a process of its own, whose peak memory is then known; two shuffled thirds are children before their superiors."""
    file = tmp_path / "units.csv"
    hamlets = (f"H{n},{n},Thôn {n},hamlet,C{n // 50},," for n in range(98_000))
    communes = (f"C{n},{n},Xã {n},commune,P{n // 100},," for n in range(1_960))
    provinces = (f"P{n},{n},Tỉnh {n},province,,," for n in range(20))
    file.write_text("\n".join([HEADER, *hamlets, *communes, *provinces]))
    script = (
        "import re, sys, django; from pathlib import Path; django.setup();"
        "from django.core.management import call_command;"
        "call_command('migrate', verbosity=0); call_command('import_units', sys.argv[1]);"
        # its own peak: what getrusage tells counts the process that it was forked from, too
        "print(int(re.search(r'VmHWM:\\s*(\\d+)', Path('/proc/self/status').read_text())[1]) // 1024)"
    )
    environment = os.environ | {"DATABASE_URL": f"sqlite:///{tmp_path}/big.sqlite3", "LANGUAGE_CODE": "en"}
    done = subprocess.run([sys.executable, "-c", script, str(file)], env=environment, capture_output=True, text=True, check=True)

    counts, megabytes = done.stdout.splitlines()
    assert counts == "Units: 99980 added, 0 changed, 0 unchanged."
    assert int(megabytes) < 200
