"""What a workbook may not hold, found before any parser sees it, in bounded memory: bombs, macros, links, sheets without end.

A parser that trusts a file takes the memory that the file asks for: a cell in the last row and column of a sheet is enough, or
one long word that a million cells show. So every part is inflated here first, a piece at a time, and its cells are counted, with
the words that they show. What is refused is refused whole, with what to do about it.
"""

from __future__ import annotations

import re
import zipfile
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from operator import attrgetter, mul
from typing import IO
from xml.etree import ElementTree

from units.file_kinds import Kind, kind_of
from units.old_workbooks import HasMacros, old_sheets
from units.problems import Problem, Refused, gettext_noop
from units.zip_parts import Harmful, Parts, Why

MOST_MEGABYTES = 20
_MOST_PARTS = 2_000
_MOST_WORDS = 1_000_000
_MOST_FORMULAS = 300_000
_LONGEST_TAG = 1 << 20
#: bytes of markup around a word; what is shorter takes no more than its cell does
_MARKUP = 48
#: bytes in which something forbidden could lie across two pieces
_SEAM = 32

_NAMES = {
    Kind.PDF: "PDF",
    Kind.JPEG: "JPEG",
    Kind.PNG: "PNG",
    Kind.WORD: "Word",
    Kind.ARCHIVE: "ZIP",
}
_WORKBOOKS = frozenset({Kind.XLSX, Kind.XLS, Kind.ODS})


@dataclass(frozen=True, slots=True)
class Room:
    """How much a workbook may hold. `cells`: of the rectangles around all that each sheet holds; `words`: megabytes that its cells show."""

    rows: int = 20_000
    columns: int = 1_000
    cells: int = 1_000_000
    words: int = 50
    megabytes_unpacked: int = 120


@dataclass(slots=True)
class Checked:
    """A workbook that may be read. `formulas` and `errors`: by sheet name, the addresses of cells that hold one.

    `cells` counts those of the sheets that were looked through, `words` the bytes of what these show.
    """

    kind: Kind
    room: Room
    cells: int = 0
    words: int = 0
    formulas: dict[str, set[str]] = field(default_factory=dict)
    errors: dict[str, set[str]] = field(default_factory=dict)
    _noted: int = 0

    def note(self, places: dict[str, set[str]], sheet: str, place: str) -> None:
        """Keep the address of a formula or of an error."""
        places.setdefault(sheet, set()).add(place)
        self._noted += 1
        if self._noted > _MOST_FORMULAS:
            raise refused(gettext_noop("The workbook holds more than %(most)d formulas: no workbook of figures does."), most=_MOST_FORMULAS)

    def show(self, words: int) -> None:
        """Cells show so many bytes more. Raises Refused where it is too much."""
        self.words += words
        if self.words > self.room.words << 20:
            message = gettext_noop("The cells of the workbook hold more than %(most)d MB of text: no workbook that people make does.")
            raise refused(message, most=self.room.words)


FOR_FIGURES = Room()


def check_table_file(content: IO[bytes], room: Room = FOR_FIGURES) -> Checked:
    """What a file with a table is: a workbook, or text with separators. Raises Refused for anything else, and for what is hostile."""
    checked = Checked(kind_of_table(content), room)
    if checked.kind in (Kind.XLSX, Kind.ODS):
        _check_parts(content, checked)
    elif checked.kind is Kind.XLS:
        _check_old(content, checked)
    content.seek(0)
    return checked


def kind_of_table(content: IO[bytes]) -> Kind:
    """The same by a look at its head alone. Raises Refused where it is no workbook, and no text."""
    if content.seek(0, 2) > MOST_MEGABYTES << 20:
        raise refused(gettext_noop("The file is larger than %(most)d MB, which is more than is taken."), most=MOST_MEGABYTES)
    kind = kind_of(content)
    if kind not in _WORKBOOKS | {Kind.TEXT}:
        raise _no_workbook(kind)
    return kind


def _no_workbook(kind: Kind) -> Refused:
    if kind is Kind.XLSM:
        return refused(_HOLDS_MACROS)
    if kind is Kind.XLSB:
        return refused(gettext_noop("The workbook is a binary one: save it as an Excel workbook (.xlsx)."))
    if kind is Kind.LOCKED:
        return refused(_SAID[Why.LOCKED])
    if kind is Kind.PROGRAM:
        return refused(gettext_noop("The file is a program and no workbook, whatever its name says."))
    if kind is Kind.MARKUP:
        return refused(gettext_noop("The file is a web page or bare XML: open it in Excel and save it as an Excel workbook (.xlsx)."))
    if kind in _NAMES:
        return refused(gettext_noop("The file is of the type %(type)s and no workbook."), type=_NAMES[kind])
    return refused(_SAID[Why.PACKING])


def refused(message: str, **params: object) -> Refused:
    return Refused(Problem(message, params, line=1))


# --- Parts ------------------------------------------------------------------------------------------

_MACROS = re.compile(r"vbaproject|^xl/macrosheets/|^xl/dialogsheets/|^basic/|^scripts/", re.IGNORECASE)
_LINKS = re.compile(r"^xl/(externallinks/|connections\.xml|querytables/|embeddings/|activex/|ctrlprops/)", re.IGNORECASE)
_ODS_LINK = re.compile(rb"<(?:table:table-source|table:dde-link|office:dde-source|table:cell-range-source)\b")
_ODS_LOCKED = b"encryption-data"

_SAID = {
    Why.DAMAGED: gettext_noop("The workbook is damaged. Open it, save it as an Excel workbook (.xlsx) and send that."),
    Why.PARTS: gettext_noop("The workbook has more parts than any that a person makes."),
    Why.NAME: gettext_noop("The workbook names places outside of itself. No spreadsheet program makes such a file."),
    Why.LOCKED: gettext_noop("The workbook is locked with a password: take the password away and save it again."),
    Why.PACKING: gettext_noop("This is no workbook that can be read. Save it as an Excel workbook (.xlsx)."),
    Why.SIZE: gettext_noop("The workbook unpacks to more than %(most)d MB: no workbook that people make does."),
    Why.ENTITIES: gettext_noop("The workbook defines entities of its own, as no spreadsheet program does: it may be an attack."),
    Why.ENCODING: gettext_noop("This is no workbook that can be read. Save it as an Excel workbook (.xlsx)."),
    Why.LINK: gettext_noop("The workbook draws on other files or on the network. Break these links (Data, Edit links) and save it again."),
}
_HOLDS_MACROS = gettext_noop("The workbook holds macros, which are never taken: save it as an Excel workbook (.xlsx).")


def _check_old(content: IO[bytes], checked: Checked) -> None:
    content.seek(0)
    reach = _Reach(checked)
    try:
        names, lengths, cells = old_sheets(content.read())
        for number, of_sheet in groupby(cells, attrgetter("sheet")):
            reach.begin_sheet()
            for _sheet, row, column, is_formula, is_error, word in of_sheet:
                reach.hold(row, column)
                if word is not None:
                    checked.show(lengths[word] if word < len(lengths) else 0)
                if is_formula:
                    checked.note(checked.formulas, names[number], address(row, column))
                if is_error:
                    checked.note(checked.errors, names[number], address(row, column))
            reach.end()
    except HasMacros as error:
        raise refused(_HOLDS_MACROS) from error
    except Harmful as harmful:
        raise refused(_SAID[harmful.why]) from harmful


def _check_parts(content: IO[bytes], checked: Checked) -> None:
    try:
        with Parts(content, most=_MOST_PARTS, most_inflated=checked.room.megabytes_unpacked << 20) as parts:
            for entry in parts.entries:
                if _MACROS.search(entry.filename):
                    raise refused(_HOLDS_MACROS)
                if _LINKS.search(entry.filename):
                    raise Harmful(Why.LINK, entry.filename)
            sheets = _sheets(parts) if checked.kind is Kind.XLSX else {"content.xml": ""}
            shared = SharedWords()
            for name, pieces in parts.read():
                _check_part(name.lower(), pieces, _scan_of(name.lower(), sheets, checked, shared))
            checked.show(shared.shown())
    except Harmful as harmful:
        raise refused(_SAID[harmful.why], most=checked.room.megabytes_unpacked) from harmful


def _check_part(name: str, pieces: Iterator[bytes], scan: _Scan | None) -> None:
    tail = b""
    for piece in pieces:
        text = tail + piece
        if name == "content.xml" and _ODS_LINK.search(text):
            raise Harmful(Why.LINK, name)
        if name == "meta-inf/manifest.xml" and _ODS_LOCKED in text:
            raise Harmful(Why.LOCKED, name)
        tail = text[-_SEAM:]
        if scan is not None:
            scan.feed(piece)
    if scan is not None:
        scan.end()


_RELATION_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_RELATION_ID_STRICT = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"


def _sheets(parts: Parts) -> dict[str, str]:
    """The sheets of a workbook: name of its part, in small letters → its own name."""
    targets = {
        each.attrib["Id"]: each.attrib["Target"]
        for each in _tree(parts, "xl/_rels/workbook.xml.rels")
        if {"Id", "Target"} <= each.attrib.keys()
    }
    found = {}
    for sheet in _tree(parts, "xl/workbook.xml").iter():
        if sheet.tag.rpartition("}")[2] == "sheet":
            target = targets.get(sheet.get(_RELATION_ID) or sheet.get(_RELATION_ID_STRICT) or "", "")
            place = target[1:] if target.startswith("/") else f"xl/{target}"
            found[place.lower()] = sheet.get("name", "")
    return found


def _tree(parts: Parts, name: str) -> ElementTree.Element:
    return ElementTree.fromstring(parts.small(name))  # noqa: S314 - what declares entities is refused as it is read


# --- Cells ------------------------------------------------------------------------------------------

_ATTRIBUTES = rb"(?:[^>\"']|\"[^\"]*\"|'[^']*')*"
_ATTRIBUTE = re.compile(rb"([\w:.-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_REFERENCE = re.compile(rb"([A-Z]{1,7})([0-9]{1,9})")


def letters(place: int) -> str:
    """A column's name in a spreadsheet; the first, A, is at place 0."""
    name = ""
    while place >= 0:
        place, letter = divmod(place, 26)
        name, place = chr(ord("A") + letter) + name, place - 1
    return name


@lru_cache(maxsize=2_000)
def _place_of(name: bytes) -> int:
    place = 0
    for letter in name:
        place = place * 26 + letter - 64
    return place - 1


def address(row: int, column: int) -> str:
    """What a cell is called; rows and columns begin at 0."""
    return f"{letters(column)}{row + 1}"


def too_far(row: int, column: int, room: Room = FOR_FIGURES) -> Refused:
    """A sheet reaches farther than any that is read; rows and columns begin at 0."""
    message = gettext_noop(
        "The sheet holds something in %(cell)s: at most %(rows)d rows and %(columns)d columns are read. Delete what lies beyond."
    )
    return refused(message, cell=address(row, column), rows=room.rows, columns=room.columns)


class _Reach:
    """How far the sheets of a workbook reach, one after the other."""

    def __init__(self, checked: Checked) -> None:
        self.checked = checked
        self.begin_sheet()

    def begin_sheet(self) -> None:
        self.first_row = self.first_column = 1 << 40
        self.last_row = self.last_column = -1

    def end(self) -> None:
        """A sheet, or all of the part, has been fed."""
        if self.last_row >= 0:
            self.checked.cells += self._area()

    def hold(self, row: int, column: int) -> None:
        """A cell holds something; rows and columns begin at 0."""
        if self.first_row <= row <= self.last_row and self.first_column <= column <= self.last_column:
            return
        self.first_row, self.last_row = min(row, self.first_row), max(row, self.last_row)
        self.first_column, self.last_column = min(column, self.first_column), max(column, self.last_column)
        room = self.checked.room
        if row >= room.rows or column >= room.columns or self.checked.cells + self._area() > room.cells:
            raise too_far(row, column, room)

    def _area(self) -> int:
        return (self.last_row - self.first_row + 1) * (self.last_column - self.first_column + 1)


class SharedWords:
    """The words that cells of a workbook share: how many bytes each has, and how many cells show it."""

    def __init__(self) -> None:
        self.lengths = array("Q")
        self.cells = array("Q")
        self.of_any = 0

    def refer(self, number: int) -> None:
        """A cell shows the word of this number, from 0; one that can't be told may be any."""
        if number >= _MOST_WORDS:
            self.of_any += 1
            return
        if number >= len(self.cells):
            self.cells.frombytes(bytes(8 * max(number + 1 - len(self.cells), len(self.cells))))
        self.cells[number] += 1

    def shown(self) -> int:
        """The bytes that all cells show."""
        return sum(map(mul, self.lengths, self.cells)) + max(self.lengths, default=0) * self.of_any


class _Scan(_Reach):
    """Looks at the tags of a part as it is inflated, a piece at a time. `gap`: bytes since the last tag that was seen."""

    tags: re.Pattern[bytes]

    def __init__(self, checked: Checked) -> None:
        super().__init__(checked)
        self.rest = b""
        self.gap = 0

    def feed(self, piece: bytes) -> None:
        text = self.rest + piece
        end, gap = 0, self.gap
        for match in self.tags.finditer(text):
            self.see(match, gap + match.start() - end)
            end, gap = match.end(), 0
        cut = max(end, text.rfind(b"<"))
        self.gap = gap + cut - end
        self.rest = text[cut:]
        if len(self.rest) > _LONGEST_TAG:
            raise zipfile.BadZipFile

    def see(self, match: re.Match[bytes], gap: int) -> None:
        """A tag, and how many bytes lie between it and the one before."""
        raise NotImplementedError


class _SheetScan(_Scan):
    """The cells of a sheet of Excel's: how far they reach, what they show, and which hold formulas and errors."""

    #: a cell that holds something, as it is mostly written: where it is, its type, the number of its word; then any tag of those looked at
    tags = re.compile(
        rb'<c r="([A-Z]{1,3})([0-9]{1,7})"(?: s="[0-9]+")?(?: t="(s|n|str|b|inlineStr)")?>(?:<v>([0-9]{1,7})</)?'
        rb"|<(?:[^\s<>/:]+:)?(row|c|f)(?=[\s/>])(" + _ATTRIBUTES + rb")>(?:<(?:[^\s<>/:]+:)?v>([0-9]{1,7})</)?"
    )
    _attributes = re.compile(rb"\b(r|t)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")

    def __init__(self, checked: Checked, sheet: str, shared: SharedWords) -> None:
        super().__init__(checked)
        self.sheet, self.shared = sheet, shared
        self.row = self.column = -1

    def feed(self, piece: bytes) -> None:
        self.beside = 0
        super().feed(piece)
        self.checked.show(self.beside)

    def see(self, match: re.Match[bytes], gap: int) -> None:
        if gap > _MARKUP:
            self.beside += gap - _MARKUP
        column, row, kind, word, tag, attributes, value = match.groups()
        if column is not None:
            self.row, self.column = int(row) - 1, _place_of(column)
            self.hold(self.row, self.column)
            if kind == b"s":
                self.shared.refer(int(word or _MOST_WORDS))
        elif tag == b"f":
            self.checked.note(self.checked.formulas, self.sheet, address(self.row, self.column))
        else:
            self._see_row_or_cell(tag, attributes, value)

    def _see_row_or_cell(self, tag: bytes, attributes: bytes, value: bytes | None) -> None:
        given = {name: first or second for name, first, second in self._attributes.findall(attributes)}
        reference = given.get(b"r", b"")
        if tag == b"row":
            self.row = int(reference) - 1 if reference.isdigit() else self.row + 1
            self.column = -1
            return
        if reference:
            found = _REFERENCE.fullmatch(reference.upper())
            if found is None:
                raise zipfile.BadZipFile
            self.row, self.column = int(found[2]) - 1, _place_of(found[1])
        else:
            self.column += 1
        if not attributes.rstrip().endswith(b"/"):
            self.hold(self.row, self.column)
            if given.get(b"t") == b"e":
                self.checked.note(self.checked.errors, self.sheet, address(self.row, self.column))
            if given.get(b"t") == b"s":
                self.shared.refer(int(value or _MOST_WORDS))


class _WordsScan(_Scan):
    """The words that the cells of Excel's sheets share: each, with its markup, as far as the next one begins."""

    tags = re.compile(rb"<(?:[^\s<>/:]+:)?(si)(?=[\s/>])")

    def __init__(self, checked: Checked, shared: SharedWords) -> None:
        super().__init__(checked)
        self.lengths, self.count = shared.lengths, 0

    def see(self, match: re.Match[bytes], gap: int) -> None:
        if self.count:
            self.lengths.append(max(gap - _MARKUP, 0))
        self.count += 1
        if self.count > _MOST_WORDS:
            raise Harmful(Why.SIZE)

    def end(self) -> None:
        if self.count:
            self.lengths.append(self.gap + len(self.rest))


class _OpenDocumentScan(_Scan):
    """The cells of all sheets of an OpenDocument: rows and cells that are repeated count as often as they are."""

    tags = re.compile(rb"<(table:table|table:table-row|table:table-cell|table:covered-table-cell)(?=[\s/>])(" + _ATTRIBUTES + rb")>")

    def __init__(self, checked: Checked) -> None:
        super().__init__(checked)
        self.sheet = ""
        self.next_row = self.row = self.repeated = self.column = self.times = self.within = 0

    def end(self) -> None:
        self._show(self.gap + len(self.rest))
        super().end()

    def _show(self, gap: int) -> None:
        """What the last cell holds, in its tag and after it, as often as it is there."""
        self.checked.show((max(gap - _MARKUP, 0) + self.within) * self.times)
        self.times = 0

    def see(self, match: re.Match[bytes], gap: int) -> None:
        self._show(gap)
        given = {name: first or second for name, first, second in _ATTRIBUTE.findall(match[2])}
        if match[1] == b"table:table":
            self.sheet = given.get(b"table:name", b"").decode("utf-8", "replace")
            self.next_row = 0
            self.end()
            self.begin_sheet()
        elif match[1] == b"table:table-row":
            self.row, self.repeated, self.column = self.next_row, _times(given, b"table:number-rows-repeated"), 0
            self.next_row += self.repeated
        else:
            self._see_cell(match[2], given)

    def _see_cell(self, attributes: bytes, given: dict[bytes, bytes]) -> None:
        times = _times(given, b"table:number-columns-repeated")
        if b"office:value-type" in given or b"table:formula" in given or not attributes.rstrip().endswith(b"/"):
            self.hold(self.row, self.column)
            self.hold(self.row + self.repeated - 1, self.column + times - 1)
            self.times = times * self.repeated
            self.within = sum(len(value) for name, value in given.items() if name.endswith(b"-value"))
            if b"table:formula" in given:
                self.checked.note(self.checked.formulas, self.sheet, address(self.row, self.column))
        self.column += times


def _times(given: dict[bytes, bytes], name: bytes) -> int:
    text = given.get(name, b"1")
    if not text.isdigit() or len(text) > 9:
        raise zipfile.BadZipFile
    return int(text)


def _scan_of(name: str, sheets: dict[str, str], checked: Checked, shared: SharedWords) -> _Scan | None:
    if checked.kind is Kind.ODS:
        return _OpenDocumentScan(checked) if name == "content.xml" else None
    if name in sheets or name.startswith("xl/worksheets/"):
        return _SheetScan(checked, sheets.get(name, name), shared)
    return _WordsScan(checked, shared) if name.startswith("xl/sharedstrings") else None
