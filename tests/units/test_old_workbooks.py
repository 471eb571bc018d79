"""Workbooks of before 2007, made here a record at a time: where their cells are, and what is refused."""

from __future__ import annotations

import io
import struct

import pytest

from units.hostile_files import check_table_file
from units.problems import Refused

SECTOR = 512
BEGIN_BOOK = 0x0809, struct.pack("<HHHHII", 0x0600, 5, 0, 0, 0, 0)
BEGIN_SHEET = 0x0809, struct.pack("<HHHHII", 0x0600, 16, 0, 0, 0, 0)
END = 10, b""


def record(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def number(row: int, column: int) -> tuple[int, bytes]:
    return 0x0203, struct.pack("<HHHd", row, column, 0, 1.5)


def formula(row: int, column: int, *, error: bool = False) -> tuple[int, bytes]:
    result = b"\x02\0\x07\0\0\0\xff\xff" if error else struct.pack("<d", 2.0)
    return 0x0006, struct.pack("<HHH", row, column, 0) + result + struct.pack("<HIH", 0, 0, 0)


def listed(name: str, begins: int, kind: int = 0) -> tuple[int, bytes]:
    return 0x0085, struct.pack("<IBB", begins, 0, kind) + bytes([len(name), 1]) + name.encode("utf-16-le")


def book(*cells: tuple[int, bytes], head: tuple[tuple[int, bytes], ...] = (), kind: int = 0, stream: str = "Workbook") -> bytes:
    """A folder with one stream: the table of sectors, the folder, and the workbook with one sheet of these records."""
    before = [BEGIN_BOOK, *head]
    begins = sum(4 + len(data) for _kind, data in [*before, listed("Số", 0), END])
    records = [*before, listed("Số", begins, kind), END, BEGIN_SHEET, *cells, END]
    content = b"".join(record(*each) for each in records).ljust(4096, b"\0")
    content += b"\0" * (-len(content) % SECTOR)
    count = len(content) // SECTOR
    chain = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, count + 2), 0xFFFFFFFE]
    table = struct.pack(f"<{len(chain)}I", *chain).ljust(SECTOR, b"\xff")
    return header() + table + entry("Root Entry", 5, 0xFFFFFFFE, 0) + entry(stream, 2, 2, len(content)) + b"\0" * 256 + content


def header() -> bytes:
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + b"\0" * 6
    head += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    return head + struct.pack("<109I", 0, *[0xFFFFFFFF] * 108)


def entry(name: str, kind: int, first: int, size: int) -> bytes:
    written = (name + "\0").encode("utf-16-le")
    data = written.ljust(64, b"\0") + struct.pack("<HBBIII", len(written), kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    return data + b"\0" * 36 + struct.pack("<IIQ", first, size, 0)[:12]


def shared(*words: bytes, split: int = 8000) -> tuple[tuple[int, bytes], ...]:
    """The words that cells share, in records of at most so many bytes: what goes on in the next begins with the width of its letters."""
    data = struct.pack("<II", len(words), len(words)) + b"".join(struct.pack("<HB", len(word), 0) + word for word in words)
    first, rest = data[:split], data[split:]
    further = [rest[start : start + split] for start in range(0, len(rest), split)]
    return (0x00FC, first), *((0x003C, b"\0" + piece) for piece in further)


def showing(row: int, column: int, word: int) -> tuple[int, bytes]:
    return 0x00FD, struct.pack("<HHHI", row, column, 0, word)


def said(content: bytes) -> str:
    with pytest.raises(Refused) as refused:
        check_table_file(io.BytesIO(content))
    (problem,) = refused.value.problems
    return problem.message % problem.params


def test_it_tells_how_far_its_cells_reach_and_which_hold_formulas_and_errors() -> None:
    checked = check_table_file(io.BytesIO(book(number(0, 0), formula(1, 2), formula(3, 1, error=True))))
    assert (checked.cells, checked.formulas, checked.errors) == (12, {"Số": {"C2", "B4"}}, {"Số": {"B4"}})


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (book(number(0, 0), number(65_535, 255)), "IV65536"),
        (book(number(0, 0), number(19_999, 200)), "GS20000"),
        (book((0x0200, struct.pack("<IIHHH", 0, 1 << 30, 0, 256, 0))), "damaged"),
        (book((0x00BD, struct.pack("<HHHIH", 30_000, 0, 0, 0, 5))), "A30001"),
        (book(head=((0x002F, b"\0" * 6),)), "password"),
        (book(head=((0x01AE, struct.pack("<HH", 1, 20) + b"\0" * 20),)), "Break these links"),
        (book((0x01AD, b"\0" * 8)), "Break these links"),
        (book(head=((0x00FC, struct.pack("<II", 1 << 31, 1 << 31)),)), "damaged"),
        (book(kind=1), "macros"),
        (book(kind=6), "macros"),
        (book(number(0, 0))[:-3000], "damaged"),
        (book((0x0203, b"\0")), "damaged"),
    ],
)
def test_what_is_hostile_is_refused_before_any_parser_sees_it(content: bytes, expected: str) -> None:
    assert expected in said(content)


def test_what_its_cells_show_counts_as_often_as_they_show_it() -> None:
    head = shared(b"x" * 30_000, b"y" * 5)
    short, long = [showing(row, 0, 1) for row in range(600)], [showing(row, 0, 0) for row in range(900)]
    assert check_table_file(io.BytesIO(book(*short, *long[:500], head=head))).cells == 600
    assert "MB of text" in said(book(*long, head=head))
    assert "damaged" in said(book(*short, head=((0x00FC, struct.pack("<II", 2, 2) + head[0][1][8:]),)))


def test_a_chain_of_sectors_that_comes_back_to_itself_ends() -> None:
    content = bytearray(book(number(0, 0)))
    content[SECTOR + 8 : SECTOR + 12] = struct.pack("<I", 2)
    assert "damaged" in said(bytes(content))
