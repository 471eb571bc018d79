"""The parts of a ZIP that somebody sent, as workbooks and Word files are: inflated in bounded memory, and refused before they do harm.

What is wrong is told as a reason; whoever reads the file knows what to call it, and how it is mended.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from enum import StrEnum
from typing import IO, Self
from xml.etree import ElementTree

from units.file_kinds import WIDE, has_small_folder

_PIECE = 1 << 18
#: bytes in which something forbidden could lie across two pieces
_SEAM = 16

_UNSAFE_NAME = re.compile(r"^[/\\]|^[A-Za-z]:|(^|[/\\])\.\.([/\\]|$)|[\x00-\x1f]")
_DECLARED = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_ENCODING = re.compile(rb"^<\?xml[^>]*encoding\s*=\s*[\"']([^\"']*)", re.IGNORECASE)
#: bytes of a part that is read whole
_SMALL = 1 << 20


class Why(StrEnum):
    """Why a ZIP is not taken."""

    DAMAGED = "it can't be read to its end, or says something else of itself than it holds"
    PARTS = "it has more parts than any that a person makes"
    NAME = "a part is named as a place outside"
    LOCKED = "it is locked with a password"
    PACKING = "it is packed in a way that no office program uses"
    SIZE = "it unpacks to too much"
    ENTITIES = "its markup defines entities"
    ENCODING = "its markup could hide its tags in another encoding"
    LINK = "it draws on something outside of itself"


class Harmful(Exception):
    """A ZIP that is not taken, and the part for which it isn't."""

    def __init__(self, why: Why, part: str = "") -> None:
        self.why, self.part = why, part
        super().__init__(f"{why}: {part}" if part else str(why))


class Parts:
    """A ZIP's parts. Use it in `with`, as whatever `zipfile` and the inflater stumble over becomes Harmful there.

    Raises Harmful for what the folder shows already.
    """

    def __init__(self, content: IO[bytes], *, most: int, most_inflated: int) -> None:
        self._content, self._most, self._most_inflated = content, most, most_inflated
        self.entries: list[zipfile.ZipInfo] = []

    def __enter__(self) -> Self:
        if not has_small_folder(self._content):
            raise Harmful(Why.PARTS)
        try:
            with zipfile.ZipFile(self._content) as archive:
                self.entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        except _STUMBLES as error:
            raise Harmful(Why.DAMAGED) from error
        self._check_folder()
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, _STUMBLES):
            raise Harmful(Why.DAMAGED) from error

    def _check_folder(self) -> None:
        names = {entry.filename.lower() for entry in self.entries}
        if len(self.entries) > self._most or len(names) != len(self.entries):
            raise Harmful(Why.PARTS)
        for entry in self.entries:
            if _UNSAFE_NAME.search(entry.orig_filename):
                raise Harmful(Why.NAME, entry.filename)
            if entry.flag_bits & 0x1:
                raise Harmful(Why.LOCKED, entry.filename)
            if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise Harmful(Why.PACKING, entry.filename)
        if sum(entry.file_size for entry in self.entries) > self._most_inflated:
            raise Harmful(Why.SIZE)

    def read(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Each part's name and what it holds, piece by piece. The pieces are to be taken before the next part is."""
        inflated = 0

        def counted(entry: zipfile.ZipInfo) -> Iterator[bytes]:
            nonlocal inflated
            pieces = _checked(_pieces(self._content, entry), entry.filename)
            for piece in [_relations(self.small(entry.filename.lower()), entry.filename)] if _relates(entry) else pieces:
                inflated += len(piece)
                if inflated > self._most_inflated:
                    raise Harmful(Why.SIZE, entry.filename)
                yield piece

        for entry in self.entries:
            yield entry.filename, counted(entry)

    def small(self, name: str) -> bytes:
        """All of one small part, called so in small letters. Raises KeyError where there is none."""
        entry = {entry.filename.lower(): entry for entry in self.entries}[name]
        if entry.file_size > _SMALL:
            raise Harmful(Why.SIZE, entry.filename)
        return b"".join(_checked(_pieces(self._content, entry), entry.filename))


_STUMBLES = (zipfile.BadZipFile, zlib.error, ElementTree.ParseError, EOFError, OSError, ValueError, KeyError, NotImplementedError)


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
                raise Harmful(Why.SIZE, entry.filename)
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


def _checked(pieces: Iterator[bytes], name: str) -> Iterator[bytes]:
    """The pieces of a part; where it is markup, looked through for what no office program writes."""
    if not name.lower().endswith((".xml", ".rels", ".vml")):
        yield from pieces
        return
    tail = b""
    for piece in pieces:
        if not tail and not _is_utf8(piece):
            raise Harmful(Why.ENCODING, name)
        text = tail + piece
        if b"<!" in text and _DECLARED.search(text):
            raise Harmful(Why.ENTITIES, name)
        tail = text[-_SEAM:]
        yield piece


def _relates(entry: zipfile.ZipInfo) -> bool:
    return entry.filename.lower().endswith(".rels")


def _relations(content: bytes, name: str) -> bytes:
    """A part that says what others draw on: a link to be clicked may lead outside, nothing else."""
    for each in ElementTree.fromstring(content):  # noqa: S314 - what declares entities was refused as it was read
        if each.get("TargetMode", "").lower() == "external" and not each.get("Type", "").endswith("/hyperlink"):
            raise Harmful(Why.LINK, name)
    return content


def _is_utf8(head: bytes) -> bool:
    """What is written in another encoding could hide its tags from those who look for them."""
    encoding = _ENCODING.match(head.removeprefix(b"\xef\xbb\xbf"))
    return b"\0" not in head[:4] and head[:2] not in WIDE and (encoding is None or encoding[1].lower() in (b"utf-8", b"us-ascii"))
