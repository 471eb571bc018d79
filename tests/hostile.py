"""Workbooks that nobody makes in good faith, each a few kilobytes of harm."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable
from functools import cache

import xlsxwriter

SHEET = "xl/worksheets/sheet1.xml"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def book(*cells: tuple[str, object]) -> bytes:
    """A workbook of one sheet, with a head for units' figures where no other cells are given."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream) as made:
        sheet = made.add_worksheet("Số liệu")
        for place, value in cells or [("A1", "unit_uid"), ("B1", "ho"), ("A2", "H2"), ("B2", 1)]:
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
    """The part of a sheet with these rows, as tags."""
    return {SHEET: f'<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="{_MAIN}"><sheetData>{data}</sheetData></worksheet>'.encode()}


def words_of(*words: str) -> dict[str, bytes | None]:
    """The part of the words that cells share."""
    return {"xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}">{"".join(f"<si><t>{word}</t></si>" for word in words)}</sst>'.encode()}


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


def showing_one_word(cells: int) -> bytes:
    """One long word that many cells show: a few kilobytes, and gigabytes for a parser that gives each cell a copy."""
    row = '<row r="{}">' + '<c t="s"><v>0</v></c>' * 100 + "</row>"
    return changed(book(), sheet_of("".join(map(row.format, range(1, cells // 100 + 1)))) | words_of("x" * 32_767))


ENTITIES = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><sst>&b;</sst>'
FAR = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'

#: what every door for workbooks refuses, made when it is needed
WORKBOOKS: dict[str, Callable[[], bytes]] = {
    "a bomb": cache(lambda: changed(book(), {"xl/media/a.png": b" " * (260 << 20)})),
    "a bomb that lies": cache(lambda: lying(book())),
    "one long word": cache(lambda: showing_one_word(50_000)),
    "entities": cache(lambda: changed(book(), {"xl/sharedStrings.xml": ENTITIES})),
    "macros": cache(lambda: changed(book(), {"xl/vbaProject.bin": b"x"})),
    "a link": cache(lambda: changed(book(), {"xl/externalLinks/externalLink1.xml": b"<x/>"})),
    "1048576 rows": cache(lambda: changed(book(), sheet_of(FAR))),
    "a program": cache(lambda: b"MZ\x90\x00" + b"\0" * 100),
    "a path": cache(lambda: changed(book(), {"../../etc/passwd": b"x"})),
}
