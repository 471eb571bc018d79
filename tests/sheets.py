"""Workbooks as other programs write them, rebuilt tag by tag, since these programs aren't here to write them."""

from __future__ import annotations

import csv
import io
import unicodedata
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from xml.sax.saxutils import escape

import openpyxl

from units.hostile_files import address

Row = Sequence[Any]
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_TYPES = f"""{_HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels"
ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/></Types>"""
_STYLES = f"""{_HEAD}<styleSheet xmlns="{_MAIN}"><fonts count="1"><font/></fonts><fills count="1"><fill/></fills>
<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>
<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>"""


@dataclass(slots=True)
class Program:
    """How a program writes a workbook.

    Words in a part of their own (`shared`, some of them with formats letter by letter) or in their cells; sheets named by their
    place in the whole file (`absolute`) or beside the workbook; with or without a dimension, and the addresses of cells; days
    counted from 1904; tags with a prefix.
    """

    shared: bool = True
    absolute: bool = False
    dimension: bool = True
    addresses: bool = True
    from_1904: bool = False
    prefix: str = ""
    _words: list[str] = field(default_factory=list)

    def write(self, *sheets: Iterable[Row]) -> bytes:
        """A workbook of these sheets: words, numbers, truths, days, and None."""
        self._words = []
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as parts:
            parts.writestr("[Content_Types].xml", _TYPES)
            parts.writestr("_rels/.rels", self._relations({"rId1": ("officeDocument", "xl/workbook.xml")}))
            names = [f"worksheets/sheet{number}.xml" for number, _rows in enumerate(sheets, 1)]
            targets = {f"rId{number}": ("worksheet", f"/xl/{name}" if self.absolute else name) for number, name in enumerate(names, 1)}
            beside = {"rId98": ("styles", "styles.xml"), "rId99": ("sharedStrings", "sharedStrings.xml")}
            parts.writestr("xl/_rels/workbook.xml.rels", self._relations(targets | beside))
            parts.writestr("xl/workbook.xml", self._workbook(len(names)))
            parts.writestr("xl/styles.xml", _STYLES)
            for name, rows in zip(names, sheets, strict=True):
                parts.writestr(f"xl/{name}", self._sheet([*rows]))
            parts.writestr("xl/sharedStrings.xml", f'{_HEAD}<sst xmlns="{_MAIN}">{"".join(map(_word, self._words))}</sst>')
        return stream.getvalue()

    def _relations(self, targets: dict[str, tuple[str, str]]) -> str:
        rows = "".join(f'<Relationship Id="{key}" Type="{_RELATIONS}/{kind}" Target="{to}"/>' for key, (kind, to) in targets.items())
        return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{rows}</Relationships>'

    def _workbook(self, count: int) -> str:
        sheets = "".join(f'<sheet name="Trang {number}" sheetId="{number}" r:id="rId{number}"/>' for number in range(1, count + 1))
        days = '<workbookPr date1904="1"/>' if self.from_1904 else "<workbookPr/>"
        return f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}">{days}<sheets>{sheets}</sheets></workbook>'

    def _sheet(self, rows: list[Row]) -> str:
        tag = f"{self.prefix}:" if self.prefix else ""
        namespace = f"xmlns:{self.prefix}" if self.prefix else "xmlns"
        width = max(map(len, rows), default=1)
        dimension = f'<{tag}dimension ref="A1:{address(len(rows) - 1, width - 1)}"/>' if self.dimension else ""
        written = "".join(self._row(number, row, tag) for number, row in enumerate(rows))
        return f'{_HEAD}<{tag}worksheet {namespace}="{_MAIN}">{dimension}<{tag}sheetData>{written}</{tag}sheetData></{tag}worksheet>'

    def _row(self, number: int, row: Row, tag: str) -> str:
        cells = "".join(self._cell(address(number, place), cell, tag) for place, cell in enumerate(row))
        place = f' r="{number + 1}"' if self.addresses else ""
        return f'<{tag}row{place} spans="1:{len(row)}">{cells}</{tag}row>'

    def _cell(self, place: str, cell: Any, tag: str) -> str:
        at = f' r="{place}"' if self.addresses else ""
        match cell:
            case None:
                return "" if self.addresses else f"<{tag}c/>"
            case bool():
                return f'<{tag}c{at} t="b"><{tag}v>{int(cell)}</{tag}v></{tag}c>'
            case date():
                days = (cell - (date(1904, 1, 1) if self.from_1904 else date(1899, 12, 30))).days
                return f'<{tag}c{at} s="1"><{tag}v>{days}</{tag}v></{tag}c>'
            case str() if self.shared:
                self._words.append(cell)
                return f'<{tag}c{at} t="s"><{tag}v>{len(self._words) - 1}</{tag}v></{tag}c>'
            case str():
                return f'<{tag}c{at} t="inlineStr"><{tag}is><{tag}t xml:space="preserve">{escape(cell)}</{tag}t></{tag}is></{tag}c>'
        return f"<{tag}c{at}><{tag}v>{cell!r}</{tag}v></{tag}c>"


def _word(words: str) -> str:
    """A shared word: every other letter of a long one is bold, which makes pieces of it."""
    if len(words) < 40:
        return f'<si><t xml:space="preserve">{escape(words)}</t></si>'
    pieces = (f'<r><rPr><b/></rPr><t xml:space="preserve">{escape(letter)}</t></r>' for letter in words)
    return f"<si>{''.join(pieces)}</si>"


#: what is peculiar about the files of each
PROGRAMS = {
    "excel": Program(),
    "excel for mac": Program(from_1904=True),
    "wps": Program(absolute=True, shared=False, dimension=False),
    "a reporting tool": Program(addresses=False, dimension=False, prefix="x", shared=False),
}


def rows_of(content: bytes) -> list[list[list[Any]]]:
    """The sheets of a workbook that the house made, cell by cell, with what is computed in place of its formulas."""
    book = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
    return [[list(row) for row in sheet.values] for sheet in book.worksheets]


def as_text(rows: Iterable[Row], encoding: str, separator: str) -> bytes:
    """A sheet saved as text on a Vietnamese computer. In Windows-1258 a tone stands after its letter."""
    text = io.StringIO()
    csv.writer(text, delimiter=separator).writerows([[_in_text(cell) for cell in row] for row in rows])
    return (_tones_apart(text.getvalue()) if encoding == "cp1258" else text.getvalue()).encode(encoding)


def _in_text(cell: Any) -> str:
    return "" if cell is None else str(cell).replace(".", ",") if isinstance(cell, float) else str(cell)


def _tones_apart(text: str) -> str:
    tones = "\u0300\u0301\u0303\u0309\u0323"
    parts = (unicodedata.normalize("NFD", letter) for letter in text)
    return "".join(
        unicodedata.normalize("NFC", "".join(each for each in part if each not in tones)) + "".join(each for each in part if each in tones)
        for part in parts
    )
