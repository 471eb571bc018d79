"""What is refused before any parser sees it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hostile import ENTITIES, FAR, book, changed, lying, sheet_of, showing_one_word, words_of
from tests.memory import in_a_process
from units.file_kinds import Kind, kind_of
from units.hostile_files import check_table_file
from units.problems import Refused


def said(content: bytes) -> str:
    with pytest.raises(Refused) as refused:
        check_table_file(io.BytesIO(content))
    (problem,) = refused.value.problems
    return problem.message % problem.params


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7", Kind.PDF),
        (b"MZ\x90\x00", Kind.PROGRAM),
        (b"\x7fELF\x02", Kind.PROGRAM),
        (b"#!/bin/sh\n", Kind.PROGRAM),
        (b"<html><table>", Kind.MARKUP),
        (b"unit_uid,a\n", Kind.TEXT),
        ("unit_uid\ta\n".encode("utf-16"), Kind.TEXT),
        (b"\0\1\2", Kind.UNKNOWN),
        (b"", Kind.UNKNOWN),
        (b"PK\x03\x04 half of one", Kind.UNKNOWN),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage\0".encode("utf-16-le"), Kind.LOCKED),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook\0".encode("utf-16-le"), Kind.XLS),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook\0_VBA_PROJECT\0".encode("utf-16-le"), Kind.XLSM),
        (book(), Kind.XLSX),
        (changed(book(), {"xl/vbaProject.bin": b"x"}), Kind.XLSM),
    ],
)
def test_a_file_is_what_it_holds(content: bytes, kind: Kind) -> None:
    assert kind_of(io.BytesIO(content)) is kind


def test_a_workbook_tells_where_it_holds_formulas_and_errors() -> None:
    checked = check_table_file(io.BytesIO(book(("B2", "=1+1"), ("C3", "=HYPERLINK(A1)"), ("D4", 5))))
    assert checked.formulas == {"Số liệu": {"B2", "C3"}}
    wrong = changed(book(), sheet_of('<row><c><v>1</v></c><c t="e"><v>#DIV/0!</v></c></row>'))
    assert check_table_file(io.BytesIO(wrong)).errors == {"Số liệu": {"B1"}}


EXTERNAL = b'<Relationships><Relationship Id="x" Type="a/externalLinkPath" Target="//host/a.xlsx" TargetMode="External"/></Relationships>'
HYPERLINK = b'<Relationships><Relationship Id="x" Type="a/relationships/hyperlink" Target="x:" TargetMode="External"/></Relationships>'


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"xl/sharedStrings.xml": ENTITIES}, "entities"),
        ({"docProps/core.xml": b" " * (1 << 18) + ENTITIES}, "entities"),
        ({"docProps/core.xml": ENTITIES.decode().encode("utf-16")}, "no workbook"),
        ({"docProps/core.xml": ENTITIES.replace(b'"1.0"', b'"1.0" encoding="UTF-7"')}, "no workbook"),
        ({"xl/externalLinks/externalLink1.xml": b"<x/>"}, "Break these links"),
        ({"xl/_rels/x.xml.rels": EXTERNAL}, "Break these links"),
        ({"xl/_rels/x.xml.rels": EXTERNAL.replace(b"External", b"&#69;xternal")}, "Break these links"),
        ({"xl/_rels/x.xml.rels": b"<x>" + b" " * (1 << 20) + b"</x>"}, "unpacks"),
        ({"xl/connections.xml": b"<x/>"}, "Break these links"),
        ({"xl/macrosheets/sheet1.xml": b"<x/>"}, "macros"),
        ({"../../etc/passwd": b"x"}, "outside of itself"),
        ({"C:\\x.dll": b"x"}, "outside of itself"),
        ({"xl/media/a": b" " * (121 << 20)}, "unpacks"),
        ({f"xl/x{number}": b"" for number in range(2001)}, "more parts"),
        (sheet_of(FAR), "XFD1048576"),
        (sheet_of("<row r='1'><c s='\">' r='A20001'><v>1</v></c></row>"), "A20001"),
        (sheet_of("<x:row><x:c r='A1'><v>1</v></x:c></x:row>" * 20 + "<row/>" * 20_000 + "<row><c><v>1</v></c></row>"), "A20002"),
        (sheet_of('<row r="9"><c r="A1"><v>1</v></c><c r="ALL19000"><v>1</v></c></row>'), "ALL19000"),
        (sheet_of('<row r="1"><c r="A99999999999999"><v>1</v></c></row>'), "damaged"),
        ({"xl/workbook.xml": b"<workbook"}, "damaged"),
    ],
)
def test_what_is_hostile_is_refused_in_words(parts: dict[str, bytes | None], expected: str) -> None:
    assert expected in said(changed(book(), parts))


@pytest.mark.parametrize(
    "parts",
    [
        {"xl/worksheets/_rels/sheet1.xml.rels": HYPERLINK},
        sheet_of('<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576" s="1"/></row>'),
    ],
)
def test_a_link_to_click_and_a_coloured_empty_cell_do_no_harm(parts: dict[str, bytes | None]) -> None:
    assert check_table_file(io.BytesIO(changed(book(), parts))).kind is Kind.XLSX


WORD = "x" * 1000
ROW = '<row><c r="A{}" t="s"><v>1</v></c></row>'


@pytest.mark.parametrize(
    ("data", "is_taken"),
    [
        ("".join(map(ROW.format, range(1, 20_001))), True),
        ("".join(map(ROW.replace("<v>1</v>", "<v>1</v></c><c t='s'><v>1</v></c><c t='s'><v>1</v>").format, range(1, 20_001))), False),
        ("".join(map(ROW.replace("<v>", "<!-- --><v>").format, range(1, 20_001))), False),
        (f"<row><c t='inlineStr'><is><t>{WORD}</t></is></c></row>" * 20_000, True),
        (f"<row><c t='inlineStr'><is><t>{WORD}{WORD}{WORD}</t></is></c></row>" * 20_000, False),
    ],
)
def test_what_cells_show_counts_as_often_as_they_show_it(data: str, is_taken: bool) -> None:
    """Twenty thousand times a kilobyte are taken, three times as much isn't, nor what hides which of the words it is."""
    content = changed(book(), sheet_of(data) | words_of("y" * 10_000, WORD))
    if is_taken:
        assert check_table_file(io.BytesIO(content)).kind is Kind.XLSX
    else:
        assert "50 MB of text" in said(content)


def opendocument(row: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("mimetype", Kind.ODS.value)
        parts.writestr("content.xml", f'<office:spreadsheet><table:table table:name="a">{row}</table:table></office:spreadsheet>')
    return stream.getvalue()


def test_what_an_opendocument_repeats_counts_as_often_as_it_is() -> None:
    cell = '<table:table-cell office:value-type="float" office:value="1" table:formula="of:=[.A1]"/>'
    row = '<table:table-row table:number-rows-repeated="{}">{}</table:table-row>'
    assert check_table_file(io.BytesIO(opendocument(row.format(5, cell)))).formulas == {"a": {"A1"}}
    assert "A1048576" in said(opendocument(row.format(1048576, cell)))
    empty = '<table:table-cell table:number-columns-repeated="16384"/>'
    assert check_table_file(io.BytesIO(opendocument(row.format(1, cell) + row.format(1048575, empty)))).kind is Kind.ODS
    assert "Break these links" in said(opendocument("<table:table-source/>"))
    long = f'<table:table-cell table:number-columns-repeated="100" office:value-type="string"><text:p>{WORD}</text:p></table:table-cell>'
    assert check_table_file(io.BytesIO(opendocument(row.format(100, long)))).kind is Kind.ODS
    assert "50 MB of text" in said(opendocument(row.format(1000, long)))
    within = f'<table:table-cell table:number-columns-repeated="100" office:value-type="string" office:string-value="{WORD}"/>'
    assert "50 MB of text" in said(opendocument(row.format(1000, within)))


def test_a_file_of_200_megabytes_is_refused_by_its_size() -> None:
    class Endless(io.BytesIO):
        def seek(self, place: int, whence: int = 0) -> int:
            return 200 << 20 if whence == 2 else 0

        def read(self, size: int | None = -1) -> bytes:
            raise AssertionError("It was read.")

    with pytest.raises(Refused, match="larger than 20 MB"):
        check_table_file(Endless())


@pytest.mark.parametrize(
    ("make", "expected"), [(lambda: lying(book()), "unpacks to more"), (lambda: showing_one_word(50_000), "MB of text")]
)
def test_a_bomb_takes_no_memory(tmp_path: Path, make: Callable[[], bytes], expected: str) -> None:
    file = tmp_path / "bomb.xlsx"
    file.write_bytes(make())
    program = f"""
from units.hostile_files import check_table_file
from units.problems import Refused
try:
    check_table_file(open({str(file)!r}, "rb"))
except Refused as refused:
    print(refused)
"""
    said, megabytes = in_a_process(program)
    assert expected in said
    assert megabytes < 100
