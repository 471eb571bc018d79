"""What a file is, by what it holds: told before any parser sees it, since its name is only what somebody called it."""

from __future__ import annotations

import zipfile
from enum import StrEnum
from typing import IO

#: bytes of the head that are looked at
HEAD = 1 << 16


class Kind(StrEnum):
    """Types of files that people send, by their media types."""

    PDF = "application/pdf"
    JPEG = "image/jpeg"
    PNG = "image/png"
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    XLSM = "application/vnd.ms-excel.sheet.macroenabled.12"
    XLSB = "application/vnd.ms-excel.sheet.binary.macroenabled.12"
    XLS = "application/vnd.ms-excel"
    ODS = "application/vnd.oasis.opendocument.spreadsheet"
    WORD = "application/msword"
    LOCKED = "application/encrypted"
    MARKUP = "text/html"
    TEXT = "text/plain"
    PROGRAM = "application/x-executable"
    ARCHIVE = "application/zip"
    UNKNOWN = "application/octet-stream"


_BEGINNINGS = {
    b"%PDF-": Kind.PDF,
    b"\xff\xd8\xff": Kind.JPEG,
    b"\x89PNG\r\n\x1a\n": Kind.PNG,
    b"MZ": Kind.PROGRAM,
    b"\x7fELF": Kind.PROGRAM,
    b"#!": Kind.PROGRAM,
    b"{\\rtf": Kind.WORD,
    b"Rar!": Kind.ARCHIVE,
    b"7z\xbc\xaf": Kind.ARCHIVE,
    b"\x1f\x8b": Kind.ARCHIVE,
}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
#: names of streams in the folder of an OLE file, in the order in which they decide
_STREAMS = {
    "EncryptedPackage": Kind.LOCKED,
    "_VBA_PROJECT": Kind.XLSM,
    "WordDocument": Kind.WORD,
    "Workbook": Kind.XLS,
    "Book": Kind.XLS,
}
_PARTS = {
    "xl/vbaproject.bin": Kind.XLSM,
    "xl/workbook.bin": Kind.XLSB,
    "xl/workbook.xml": Kind.XLSX,
    "word/document.xml": Kind.WORD,
}
#: text in UTF-16, which Excel calls Unicode text
WIDE = (b"\xff\xfe", b"\xfe\xff")


def kind_of(content: IO[bytes]) -> Kind:
    """The file's type. Reads its head, the names in its folder where it has one, and no more; leaves it at its beginning."""
    content.seek(0)
    head = content.read(HEAD)
    kind = _by_head(content, head)
    content.seek(0)
    return kind


def _by_head(content: IO[bytes], head: bytes) -> Kind:
    for beginning, kind in _BEGINNINGS.items():
        if head.startswith(beginning):
            return kind
    if head.startswith(_OLE):
        return _ole(head + content.read())
    if head.startswith(_ZIP):
        return _zip(content)
    if not head or (b"\0" in head and not head.startswith(WIDE)):
        return Kind.UNKNOWN
    return Kind.MARKUP if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<") else Kind.TEXT


def _ole(whole: bytes) -> Kind:
    return next((kind for name, kind in _STREAMS.items() if (name + "\0").encode("utf-16-le") in whole), Kind.UNKNOWN)


def _zip(content: IO[bytes]) -> Kind:
    if not has_small_folder(content):
        return Kind.UNKNOWN
    try:
        with zipfile.ZipFile(content) as archive:
            names = {name.lower() for name in archive.namelist()}
            if "mimetype" in names and "content.xml" in names:
                with archive.open("mimetype") as part:
                    return Kind.ODS if part.read(200).strip() == Kind.ODS.encode() else Kind.ARCHIVE
    except (zipfile.BadZipFile, KeyError, ValueError, NotImplementedError, RuntimeError, OSError, EOFError):
        return Kind.UNKNOWN
    return next((kind for name, kind in _PARTS.items() if name in names), Kind.ARCHIVE)


#: bytes that the folder of a ZIP may take: twenty thousand names
_LARGEST_FOLDER = 1 << 20
_END, _END_LENGTH, _LONGEST_COMMENT = b"PK\x05\x06", 22, 1 << 16
_WIDE_LOCATOR, _WIDE_LOCATOR_LENGTH = b"PK\x06\x07", 20


def has_small_folder(content: IO[bytes]) -> bool:
    """Is the folder of a ZIP small enough to be read? One of millions of names would fill the memory before any is looked at."""
    size = content.seek(0, 2)
    start = max(0, size - _END_LENGTH - _LONGEST_COMMENT - _WIDE_LOCATOR_LENGTH)
    content.seek(start)
    tail = content.read()
    place = tail.rfind(_END)
    if place < 0 or len(tail) - place < _END_LENGTH:
        return False
    is_wide = tail[max(0, place - _WIDE_LOCATOR_LENGTH) : place].startswith(_WIDE_LOCATOR)
    return not is_wide and int.from_bytes(tail[place + 12 : place + 16], "little") <= _LARGEST_FOLDER
