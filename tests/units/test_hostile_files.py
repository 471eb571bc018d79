"""What is refused before any parser sees it."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
import zlib

import pytest
import xlsxwriter

from units.file_kinds import Kind, kind_of
from units.hostile_files import check_table_file
from units.problems import Refused

SHEET = "xl/worksheets/sheet1.xml"


def book(*cells: tuple[str, object]) -> bytes:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream) as made:
        sheet = made.add_worksheet("Số liệu")
        for place, value in cells or [("A1", 1)]:
            sheet.write(place, value)
    return stream.getvalue()


def changed(original: bytes, parts: dict[str, bytes | None]) -> bytes:
    """The workbook with these parts in place of its own, or beside them."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(original)) as source, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            if name not in parts:
                target.writestr(name, source.read(name))
        for name, content in parts.items():
            if content is not None:
                target.writestr(name, content)
    return stream.getvalue()


def sheet_of(data: str) -> dict[str, bytes | None]:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return {SHEET: f'<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="{main}"><sheetData>{data}</sheetData></worksheet>'.encode()}


def said(content: bytes) -> str:
    with pytest.raises(Refused) as refused:
        check_table_file(io.BytesIO(content))
    (problem,) = refused.value.problems
    return problem.message % problem.params


def lying(original: bytes) -> bytes:
    """A sheet whose folder says that it is a byte long, and whose data inflate to far more."""
    name, data = b"xl/worksheets/sheet9.xml", zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = data.compress(b" " * (200 << 20)) + data.flush()
    made = changed(original, {name.decode(): b"x"})
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        entry = archive.getinfo(name.decode())
    start = entry.header_offset + 30 + len(name)
    body = bytearray(made[:start] + packed + made[start + entry.compress_size :])
    added = len(packed) - entry.compress_size
    folder = body.rfind(b"PK\x01\x02" + made[made.rfind(b"PK\x01\x02") + 4 :][:4])
    body[folder + 20 : folder + 24] = len(packed).to_bytes(4, "little")
    end = body.rfind(b"PK\x05\x06")
    body[end + 16 : end + 20] = (int.from_bytes(body[end + 16 : end + 20], "little") + added).to_bytes(4, "little")
    return bytes(body)


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


ENTITIES = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><sst>&b;</sst>'
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
        (sheet_of('<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'), "XFD1048576"),
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


def test_a_file_of_200_megabytes_is_refused_by_its_size() -> None:
    class Endless(io.BytesIO):
        def seek(self, place: int, whence: int = 0) -> int:
            return 200 << 20 if whence == 2 else 0

        def read(self, size: int | None = -1) -> bytes:
            raise AssertionError("It was read.")

    with pytest.raises(Refused, match="larger than 20 MB"):
        check_table_file(Endless())


def test_a_bomb_that_lies_about_its_length_takes_no_memory(tmp_path) -> None:
    file = tmp_path / "bomb.xlsx"
    file.write_bytes(lying(book()))
    program = f"""
import re
from units.hostile_files import check_table_file
from units.problems import Refused
try:
    check_table_file(open({str(file)!r}, "rb"))
except Refused as refused:
    print(refused, int(re.search("VmHWM:\\s+([0-9]+)", open("/proc/self/status").read())[1]) // 1024)
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    message, _space, megabytes = told.strip().rpartition(" ")
    assert "unpacks to more" in message
    assert int(megabytes) < 100
