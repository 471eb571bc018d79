"""Excel's workbooks of before 2007 (.xls): how far their cells reach, which hold formulas and errors, and what they may not hold.

A folder of streams (MS-CFB), one of which is the workbook: records of a type, a length and so many bytes (MS-XLS). Nothing of
it is taken apart but what tells where cells are, and how long the words are that they share.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

from units.zip_parts import Harmful, Why

_FREE = 0xFFFFFFFA
_HEADER_PLACES = 109
_ENTRY = 128
_MOST_SHEETS = 255
_MOST_RECORDS = 4_000_000
_ROWS, _COLUMNS = 65_536, 256


class HasMacros(Exception):
    """A sheet holds macros."""


class OldCell(NamedTuple):
    """A cell that holds something: its sheet by number, row and column from 0. A shared row of numbers has its two ends alone.

    `word` is the number of the shared word that it shows.
    """

    sheet: int
    row: int
    column: int
    is_formula: bool = False
    is_error: bool = False
    word: int | None = None


def old_sheets(content: bytes) -> tuple[list[str], array[int], Iterator[OldCell]]:
    """The names of a workbook's sheets, the lengths of the words that cells share in bytes, and the cells, a sheet after the other.

    Raises HasMacros, or Harmful with the reason, while the cells are looked at too.
    """
    with _strictly():
        stream = _workbook(content)
        sheets, words = _listed(stream)
        lengths = _lengths(words) if words else array("L")
    return [name for name, _begins in sheets], lengths, _cells(stream, [begins for _name, begins in sheets])


def _cells(stream: bytes, begins: list[int]) -> Iterator[OldCell]:
    left = _MOST_RECORDS
    with _strictly():
        for number, place in enumerate(begins):
            for kind, data in _records(stream, place):
                left -= 1
                if not left:
                    raise Harmful(Why.DAMAGED)
                yield from _seen(number, kind, data)


@contextmanager
def _strictly() -> Iterator[None]:
    """What ends before it should, or points nowhere, is damaged."""
    try:
        yield
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise Harmful(Why.DAMAGED) from error


# --- The folder -------------------------------------------------------------------------------------


def _workbook(content: bytes) -> bytes:
    """The stream of the workbook. Raises Harmful."""
    small, large = _Sectors.of(content)
    folder = large.chain(_at(content, 0x30))
    found: dict[str, tuple[int, int]] = {}
    root = (0, 0)
    for start in range(0, len(folder) - _ENTRY + 1, _ENTRY):
        entry = folder[start : start + _ENTRY]
        length = struct.unpack_from("<H", entry, 64)[0]
        name = entry[: max(min(length, 64) - 2, 0)].decode("utf-16-le")
        place = struct.unpack_from("<II", entry, 116)
        if entry[66] == 5:
            root = place
        elif entry[66] == 2 and name in ("Workbook", "Book"):
            if name in found:
                raise Harmful(Why.DAMAGED)
            found[name] = place
    if not found:
        raise Harmful(Why.DAMAGED)
    first, size = found.get("Workbook") or found["Book"]
    if size >= _at(content, 0x38):
        return large.chain(first)[:size]
    return small.inside(large.chain(root[0])[: root[1]]).chain(first)[:size]


def _at(content: bytes, place: int) -> int:
    return struct.unpack_from("<I", content, place)[0]


@dataclass(frozen=True, slots=True)
class _Sectors:
    """A file in sectors of one size, with the table that says which one comes after which."""

    content: bytes
    size: int
    first: int
    after: tuple[int, ...]

    @classmethod
    def of(cls, content: bytes) -> tuple[_Sectors, _Sectors]:
        """The small sectors, whose content is still to be given, and the large ones."""
        shift, small_shift = struct.unpack_from("<HH", content, 0x1E)
        if shift not in (9, 12) or small_shift != 6:
            raise Harmful(Why.DAMAGED)
        size = 1 << shift
        bare = cls(content, size, size, ())
        tables = b"".join(bare.sector(place) for place in _places_of_tables(content, bare))
        large = cls(content, size, size, struct.unpack(f"<{len(tables) // 4}I", tables))
        first_small = _at(content, 0x3C)
        small = large.chain(first_small) if first_small < _FREE else b""
        return cls(b"", 1 << small_shift, 0, struct.unpack(f"<{len(small) // 4}I", small)), large

    def inside(self, content: bytes) -> _Sectors:
        return _Sectors(content, self.size, self.first, self.after)

    def sector(self, place: int) -> bytes:
        start = self.first + place * self.size
        if start >= len(self.content):
            raise Harmful(Why.DAMAGED)
        return self.content[start : start + self.size].ljust(self.size, b"\0")

    def chain(self, place: int) -> bytes:
        """All that begins in this sector. One that comes back to itself is longer than the file."""
        sectors: list[bytes] = []
        while place < _FREE:
            if len(sectors) * self.size > len(self.content):
                raise Harmful(Why.DAMAGED)
            sectors.append(self.sector(place))
            place = self.after[place]
        return b"".join(sectors)


def _places_of_tables(content: bytes, bare: _Sectors) -> list[int]:
    places = list(struct.unpack_from(f"<{_HEADER_PLACES}I", content, 0x4C))
    further = _at(content, 0x44)
    while further < _FREE:
        if len(places) * bare.size > len(content) + _HEADER_PLACES * bare.size:
            raise Harmful(Why.DAMAGED)
        *more, further = struct.unpack(f"<{bare.size // 4}I", bare.sector(further))
        places += more
    return [place for place in places if place < _FREE]


# --- The records ------------------------------------------------------------------------------------

_BEGIN, _END, _CONTINUED = 0x0809, 0x000A, 0x003C
_SHEET, _WORDS, _PASSWORD, _SIZE = 0x0085, 0x00FC, 0x002F, 0x0200
#: flags of a shared word: it has formats, or says how it is spoken, after its letters
_RUNS, _SPOKEN = 0x08, 0x04
_BOOK_ELSEWHERE, _QUERY = 0x01AE, 0x01AD
_OF_ITSELF = (0x0401, 0x3A01)
_FORMULA, _TRUTH_OR_ERROR, _NUMBERS = 0x0006, 0x0205, 0x00BD
#: numbers, texts, shared texts, formatted texts, short numbers
_SHARED = 0x00FD
_CELLS = frozenset({0x0203, 0x0204, _SHARED, 0x00D6, 0x027E, _FORMULA, _TRUTH_OR_ERROR})


def _records(stream: bytes, place: int) -> Iterator[tuple[int, bytes]]:
    """The records from here to the end of what begins here, with all that lies in it."""
    depth = 0
    while True:
        kind, length = struct.unpack_from("<HH", stream, place)
        data = stream[place + 4 : place + 4 + length]
        if len(data) != length:
            raise Harmful(Why.DAMAGED)
        place += 4 + length
        depth += (kind == _BEGIN) - (kind == _END)
        if depth <= 0:
            return
        yield kind, data


def _listed(stream: bytes) -> tuple[list[tuple[str, int]], list[bytes]]:
    """The sheets by name, and where each begins; and the records of the words that their cells share."""
    sheets: list[tuple[str, int]] = []
    words: list[bytes] = []
    is_words = False
    for kind, data in _records(stream, 0):
        is_words = kind == _WORDS or (kind == _CONTINUED and is_words)
        if is_words:
            words.append(data)
        if kind == _PASSWORD:
            raise Harmful(Why.LOCKED)
        if kind == _QUERY or (kind == _BOOK_ELSEWHERE and struct.unpack_from("<H", data, 2)[0] not in _OF_ITSELF):
            raise Harmful(Why.LINK)
        if kind == _WORDS and (len(words) > 1 or struct.unpack_from("<I", data, 4)[0] > len(stream)):
            raise Harmful(Why.DAMAGED)
        if kind == _SHEET:
            begins, _is_hidden, of_kind = struct.unpack_from("<IBB", data)
            if of_kind in (1, 6):
                raise HasMacros
            sheets.append((_name(data[6:]), begins))
    if not sheets or len(sheets) > _MOST_SHEETS:
        raise Harmful(Why.DAMAGED)
    return sheets, words


def _lengths(records: list[bytes]) -> array[int]:
    """How many bytes each shared word has. One that goes on in the next record says there anew how wide its letters are."""
    lengths = array("L")
    number, place = 0, 8
    for _word in range(struct.unpack_from("<I", records[0], 4)[0]):
        while place >= len(records[number]):
            number, place = number + 1, place - len(records[number])
        left, flags = struct.unpack_from("<HB", records[number], place)
        place, width, beside = place + 3, 1 + (flags & 1), 0
        if flags & _RUNS:
            beside, place = 4 * struct.unpack_from("<H", records[number], place)[0], place + 2
        if flags & _SPOKEN:
            beside, place = beside + struct.unpack_from("<I", records[number], place)[0], place + 4
        lengths.append(2 * left)
        while left > (fits := (len(records[number]) - place) // width):
            left, number, place = left - fits, number + 1, 1
            width = 1 + (records[number][0] & 1)
        place += left * width + beside
    return lengths


def _name(data: bytes) -> str:
    """Excel 97 and later say how their letters are written; the ones before had one byte for each."""
    length, flags = data[0], data[1]
    if flags == 1:
        return data[2 : 2 + 2 * length].decode("utf-16-le")
    return data[2 : 2 + length].decode("latin-1") if flags == 0 else data[1 : 1 + length].decode("cp1252")


def _seen(sheet: int, kind: int, data: bytes) -> Iterator[OldCell]:
    if kind == _PASSWORD:
        raise Harmful(Why.LOCKED)
    if kind == _QUERY:
        raise Harmful(Why.LINK)
    if kind == _SIZE:
        first_row, last_row, first, last = struct.unpack_from("<IIHH" if len(data) >= 14 else "<HHHH", data)
        if last_row > _ROWS or last > _COLUMNS or first_row > last_row or first > last:
            raise Harmful(Why.DAMAGED)
    elif kind in _CELLS:
        row, column = struct.unpack_from("<HH", data)
        is_error = (kind == _TRUTH_OR_ERROR and data[7] != 0) or (kind == _FORMULA and data[12:14] == b"\xff\xff" and data[6] == 2)
        word = struct.unpack_from("<I", data, 6)[0] if kind == _SHARED else None
        yield OldCell(sheet, row, column, kind == _FORMULA, is_error, word)
    elif kind == _NUMBERS:
        row, column = struct.unpack_from("<HH", data)
        yield OldCell(sheet, row, column)
        yield OldCell(sheet, row, struct.unpack_from("<H", data, len(data) - 2)[0])
