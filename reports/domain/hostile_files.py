"""What a workbook may not hold, found before any parser sees it, in bounded memory: bombs, macros, links, sheets without end.

A parser that trusts a file takes the memory that the file asks for: a cell in the last row and column of a sheet is enough.
So every part is inflated here first, a piece at a time, and its cells are counted. What is refused is refused whole, with
what to do about it.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO
from xml.etree import ElementTree

from reports.domain.file_kinds import WIDE, Kind, has_small_folder, kind_of
from units.problems import Problem, Refused, gettext_noop

MOST_MEGABYTES = 20
MOST_ROWS, MOST_COLUMNS = 20_000, 1_000
#: of the rectangle around all that a sheet holds
MOST_CELLS = 2_000_000
_MOST_PARTS = 2_000
_MOST_INFLATED = 120 << 20
_MOST_WORDS = 1_000_000
_LONGEST_TAG = 1 << 20
_PIECE = 1 << 18
_SMALL_PART = 1 << 20

_NAMES = {
    Kind.PDF: "PDF",
    Kind.JPEG: "JPEG",
    Kind.PNG: "PNG",
    Kind.WORD: "Word",
    Kind.ARCHIVE: "ZIP",
}
_WORKBOOKS = frozenset({Kind.XLSX, Kind.XLS, Kind.ODS})


@dataclass(slots=True)
class Checked:
    """A workbook that may be read. `formulas` and `errors`: by sheet name, the addresses of cells that hold one."""

    kind: Kind
    formulas: dict[str, set[str]] = field(default_factory=dict)
    errors: dict[str, set[str]] = field(default_factory=dict)


def check_figures_file(content: IO[bytes]) -> Checked:
    """What a file of figures is: a workbook, or text with separators. Raises Refused for anything else, and for what is hostile."""
    if content.seek(0, 2) > MOST_MEGABYTES << 20:
        raise refused(gettext_noop("The file is larger than %(most)d MB: no workbook of figures is."), most=MOST_MEGABYTES)
    kind = kind_of(content)
    if kind not in _WORKBOOKS | {Kind.TEXT}:
        raise _no_workbook(kind)
    checked = Checked(kind)
    if kind in (Kind.XLSX, Kind.ODS):
        _check_parts(content, checked)
    content.seek(0)
    return checked


def _no_workbook(kind: Kind) -> Refused:
    if kind is Kind.XLSM:
        return refused(gettext_noop("The workbook holds macros, which are never taken: save it as an Excel workbook (.xlsx)."))
    if kind is Kind.XLSB:
        return refused(gettext_noop("The workbook is a binary one: save it as an Excel workbook (.xlsx)."))
    if kind is Kind.LOCKED:
        return refused(gettext_noop("The workbook is locked with a password: take the password away and save it again."))
    if kind is Kind.PROGRAM:
        return refused(gettext_noop("The file is a program and no workbook, whatever its name says."))
    if kind is Kind.MARKUP:
        return refused(gettext_noop("The file is a web page or bare XML: open it in Excel and save it as an Excel workbook (.xlsx)."))
    if kind in _NAMES:
        return refused(gettext_noop("The file is of the type %(type)s and no workbook."), type=_NAMES[kind])
    return refused(gettext_noop("This is no workbook that can be read. Save it as an Excel workbook (.xlsx)."))


def refused(message: str, **params: object) -> Refused:
    return Refused(Problem(message, params, line=1))


# --- Parts ------------------------------------------------------------------------------------------

_UNSAFE_NAME = re.compile(r"^[/\\]|^[A-Za-z]:|(^|[/\\])\.\.([/\\]|$)|[\x00-\x1f]")
_MACROS = re.compile(r"vbaproject|^xl/macrosheets/|^xl/dialogsheets/|^basic/|^scripts/", re.IGNORECASE)
_LINKS = re.compile(r"^xl/(externallinks/|connections\.xml|querytables/|embeddings/|activex/|ctrlprops/)", re.IGNORECASE)
_DECLARED = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_ENCODING = re.compile(rb"^<\?xml[^>]*encoding\s*=\s*[\"']([^\"']*)", re.IGNORECASE)
_OUTSIDE = re.compile(rb"TargetMode\s*=\s*[\"']External", re.IGNORECASE)
_HYPERLINK = re.compile(rb"relationships/hyperlink[\"']", re.IGNORECASE)
_ODS_LINK = re.compile(rb"<(?:table:table-source|table:dde-link|office:dde-source|table:cell-range-source)\b")


def _check_parts(content: IO[bytes], checked: Checked) -> None:
    if not has_small_folder(content):
        raise refused(gettext_noop("The workbook has more parts than any that a person makes."))
    try:
        with zipfile.ZipFile(content) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            _check_names(entries)
            sheets = _sheets(archive, entries) if checked.kind is Kind.XLSX else {"content.xml": ""}
            _check_contents(content, entries, sheets, checked)
    except (zipfile.BadZipFile, zlib.error, ElementTree.ParseError, KeyError, ValueError, EOFError, OSError) as error:
        raise refused(gettext_noop("The workbook is damaged. Open it, save it as an Excel workbook (.xlsx) and send that.")) from error


def _check_names(entries: list[zipfile.ZipInfo]) -> None:
    names = [entry.filename for entry in entries]
    if len(names) > _MOST_PARTS or len({name.lower() for name in names}) != len(names):
        raise refused(gettext_noop("The workbook has more parts than any that a person makes."))
    for entry in entries:
        if _UNSAFE_NAME.search(entry.orig_filename):
            raise refused(gettext_noop("The workbook names places outside of itself. No spreadsheet program makes such a file."))
        if entry.flag_bits & 0x1:
            raise refused(gettext_noop("The workbook is locked with a password: take the password away and save it again."))
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise refused(gettext_noop("This is no workbook that can be read. Save it as an Excel workbook (.xlsx)."))
        if _MACROS.search(entry.filename):
            raise refused(gettext_noop("The workbook holds macros, which are never taken: save it as an Excel workbook (.xlsx)."))
        if _LINKS.search(entry.filename):
            raise _linked()
    if sum(entry.file_size for entry in entries) > _MOST_INFLATED:
        raise _too_large()


def _linked() -> Refused:
    return refused(
        gettext_noop("The workbook draws on other files or on the network. Break these links (Data, Edit links) and save it again.")
    )


def _too_large() -> Refused:
    return refused(gettext_noop("The workbook unpacks to more than %(most)d MB: no workbook of figures does."), most=_MOST_INFLATED >> 20)


def _check_contents(content: IO[bytes], entries: list[zipfile.ZipInfo], sheets: dict[str, str], checked: Checked) -> None:
    inflated = 0
    for entry in entries:
        name = entry.filename.lower()
        is_markup = name.endswith((".xml", ".rels", ".vml"))
        scan = _scan_of(name, sheets, checked) if is_markup else None
        tail = b""
        for piece in _pieces(content, entry):
            inflated += len(piece)
            if inflated > _MOST_INFLATED:
                raise _too_large()
            if is_markup:
                _check_markup(tail, piece, name)
                tail = (tail + piece)[-16:] if len(piece) < 16 else piece[-16:]
            if scan is not None:
                scan.feed(piece)
        if scan is not None:
            scan.end()


def _pieces(content: IO[bytes], entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """What an entry holds, inflated to the end of its data and not to the length that its header claims."""
    content.seek(entry.header_offset)
    header = content.read(30)
    if len(header) < 30 or not header.startswith(b"PK\x03\x04"):
        raise zipfile.BadZipFile
    content.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), 1)
    left, unpacked = entry.compress_size, 0
    inflater = zlib.decompressobj(-15) if entry.compress_type == zipfile.ZIP_DEFLATED else None
    while left:
        raw = content.read(min(left, _PIECE))
        if not raw:
            raise zipfile.BadZipFile
        left -= len(raw)
        for piece in _inflated(inflater, raw):
            unpacked += len(piece)
            if unpacked > entry.file_size:
                raise _too_large()
            yield piece
    if unpacked != entry.file_size:
        raise zipfile.BadZipFile


def _inflated(inflater: zlib._Decompress | None, raw: bytes) -> Iterator[bytes]:
    if inflater is None:
        yield raw
        return
    while raw and not inflater.eof:
        yield inflater.decompress(raw, _PIECE)
        raw = inflater.unconsumed_tail


def _check_markup(tail: bytes, piece: bytes, name: str) -> None:
    if not tail and not _is_utf8(piece):
        raise refused(gettext_noop("This is no workbook that can be read. Save it as an Excel workbook (.xlsx)."))
    text = tail + piece
    if _DECLARED.search(text):
        raise refused(gettext_noop("The workbook defines entities of its own, as no spreadsheet program does: it may be an attack."))
    if name.endswith(".rels") and any(_OUTSIDE.search(each) and not _HYPERLINK.search(each) for each in text.split(b"<")):
        raise _linked()
    if name == "content.xml" and _ODS_LINK.search(text):
        raise _linked()
    if name == "meta-inf/manifest.xml" and b"encryption-data" in text:
        raise refused(gettext_noop("The workbook is locked with a password: take the password away and save it again."))


def _is_utf8(head: bytes) -> bool:
    """What is written in another encoding could hide its tags from those who look for them."""
    encoding = _ENCODING.match(head.removeprefix(b"\xef\xbb\xbf"))
    return b"\0" not in head[:4] and head[:2] not in WIDE and (encoding is None or encoding[1].lower() in (b"utf-8", b"us-ascii"))


_RELATION_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_RELATION_ID_STRICT = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"


def _sheets(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> dict[str, str]:
    """The sheets of a workbook: name of its part, in small letters → its own name."""
    parts = {entry.filename.lower(): entry for entry in entries}
    targets = {
        each.attrib["Id"]: each.attrib["Target"]
        for each in _tree(archive, parts.get("xl/_rels/workbook.xml.rels"))
        if {"Id", "Target"} <= each.attrib.keys()
    }
    found = {}
    for sheet in _tree(archive, parts["xl/workbook.xml"]).iter():
        if sheet.tag.rpartition("}")[2] == "sheet":
            target = targets.get(sheet.get(_RELATION_ID) or sheet.get(_RELATION_ID_STRICT) or "", "")
            place = target[1:] if target.startswith("/") else f"xl/{target}"
            found[place.lower()] = sheet.get("name", "")
    return found


def _tree(archive: zipfile.ZipFile, entry: zipfile.ZipInfo | None) -> ElementTree.Element:
    if entry is None:
        raise KeyError
    if entry.file_size > _SMALL_PART:
        raise _too_large()
    text = archive.read(entry)
    _check_markup(b"", text, entry.filename.lower())
    return ElementTree.fromstring(text)  # noqa: S314 - what declares entities was refused just before


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


def _place_of(name: bytes) -> int:
    place = 0
    for letter in name:
        place = place * 26 + letter - 64
    return place - 1


class _Scan:
    """Looks at the tags of a part as it is inflated, a piece at a time."""

    tags: re.Pattern[bytes]

    def __init__(self) -> None:
        self.rest = b""
        self.first_row = self.first_column = 1 << 40
        self.last_row = self.last_column = -1

    def feed(self, piece: bytes) -> None:
        text = self.rest + piece
        end = 0
        for match in self.tags.finditer(text):
            end = match.end()
            self.see(match)
        cut = max(end, text.rfind(b"<"))
        self.rest = text[cut:]
        if len(self.rest) > _LONGEST_TAG:
            raise zipfile.BadZipFile

    def see(self, match: re.Match[bytes]) -> None:
        raise NotImplementedError

    def end(self) -> None:
        """All of the part has been fed."""

    def hold(self, row: int, column: int) -> None:
        """A cell holds something; rows and columns begin at 0."""
        self.first_row, self.last_row = min(row, self.first_row), max(row, self.last_row)
        self.first_column, self.last_column = min(column, self.first_column), max(column, self.last_column)
        if row >= MOST_ROWS or column >= MOST_COLUMNS or self._area() > MOST_CELLS:
            message = gettext_noop(
                "The sheet holds something in %(cell)s: at most %(rows)d rows and %(columns)d columns are read. Delete what lies beyond."
            )
            raise refused(message, cell=f"{letters(column)}{row + 1}", rows=MOST_ROWS, columns=MOST_COLUMNS)

    def _area(self) -> int:
        return (self.last_row - self.first_row + 1) * (self.last_column - self.first_column + 1)


class _SheetScan(_Scan):
    """The cells of a sheet of Excel's: how far they reach, and which hold formulas and errors."""

    tags = re.compile(rb"<(?:[^\s<>/:]+:)?(row|c|f)(?=[\s/>])(" + _ATTRIBUTES + rb")>")
    _attributes = re.compile(rb"\b(r|t)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")

    def __init__(self, checked: Checked, sheet: str) -> None:
        super().__init__()
        self.row = self.column = -1
        self.formulas = checked.formulas.setdefault(sheet, set())
        self.errors = checked.errors.setdefault(sheet, set())

    def see(self, match: re.Match[bytes]) -> None:
        tag, attributes = match[1], match[2]
        if tag == b"f":
            self.formulas.add(f"{letters(self.column)}{self.row + 1}")
            return
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
                self.errors.add(f"{letters(self.column)}{self.row + 1}")


class _WordsScan(_Scan):
    """The words that the cells of Excel's sheets share."""

    tags = re.compile(rb"<(?:[^\s<>/:]+:)?(si)(?=[\s/>])")

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def see(self, match: re.Match[bytes]) -> None:
        self.count += 1
        if self.count > _MOST_WORDS:
            raise _too_large()


class _OpenDocumentScan(_Scan):
    """The cells of all sheets of an OpenDocument: rows and cells that are repeated count as often as they are."""

    tags = re.compile(rb"<(table:table|table:table-row|table:table-cell|table:covered-table-cell)(?=[\s/>])(" + _ATTRIBUTES + rb")>")

    def __init__(self, checked: Checked) -> None:
        super().__init__()
        self.checked = checked
        self.sheet = ""
        self.next_row = self.row = self.repeated = self.column = 0

    def see(self, match: re.Match[bytes]) -> None:
        given = {name: first or second for name, first, second in _ATTRIBUTE.findall(match[2])}
        if match[1] == b"table:table":
            self.sheet = given.get(b"table:name", b"").decode("utf-8", "replace")
            self.next_row = 0
            self.first_row = self.first_column = 1 << 40
            self.last_row = self.last_column = -1
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
            if b"table:formula" in given:
                self.checked.formulas.setdefault(self.sheet, set()).add(f"{letters(self.column)}{self.row + 1}")
        self.column += times


def _times(given: dict[bytes, bytes], name: bytes) -> int:
    text = given.get(name, b"1")
    if not text.isdigit() or len(text) > 9:
        raise zipfile.BadZipFile
    return int(text)


def _scan_of(name: str, sheets: dict[str, str], checked: Checked) -> _Scan | None:
    if checked.kind is Kind.ODS:
        return _OpenDocumentScan(checked) if name == "content.xml" else None
    if name in sheets or name.startswith("xl/worksheets/"):
        return _SheetScan(checked, sheets.get(name, name))
    return _WordsScan() if name.startswith("xl/sharedstrings") else None
