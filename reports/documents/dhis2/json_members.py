"""A large JSON object read member by member, and of a member that is a list each element by itself: no more is held in memory."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

from units.csv_files import LONGEST_LINE
from units.problems import Problem, Refused, gettext_noop

_BLOCK = 1 << 16
_SPACE = re.compile(r"[ \t\r\n]*")
#: numbers with a point come as they are written, since no binary float touches a figure
_DECODER = json.JSONDecoder(parse_float=str, parse_constant=str)
_NO_JSON = gettext_noop("The file breaks off here, or is no JSON: send it as the other system wrote it.")


class Member(NamedTuple):
    """A member of the object, or an element of a list that is one; an empty list is one by itself. `line` is where it begins."""

    key: str
    line: int
    value: Any


def members(source: BinaryIO) -> Iterator[Member]:
    """The members in their order. Raises Refused, with the line, where the file is no JSON object in UTF-8."""
    reader = _Reader(source)
    reader.take("{")
    goes_on = reader.peek() != "}"
    while goes_on:
        key = reader.value()
        if not isinstance(key, str):
            raise reader.refused(_NO_JSON)
        reader.take(":")
        if reader.peek() == "[":
            yield from _elements(reader, key)
        else:
            yield Member(key, reader.line, reader.value())
        goes_on = reader.peek() == ","
        if goes_on:
            reader.take(",")
            reader.peek()
    reader.take("}")
    if reader.peek():
        raise reader.refused(_NO_JSON)


def _elements(reader: _Reader, key: str) -> Iterator[Member]:
    line = reader.line
    reader.take("[")
    if reader.peek() == "]":
        yield Member(key, line, [])
    else:
        while True:
            yield Member(key, reader.line, reader.value())
            if reader.peek() != ",":
                break
            reader.take(",")
            reader.peek()
    reader.take("]")


class _Reader:
    """The text from where it was read to, and the line of that place."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._decode = codecs.getincrementaldecoder("utf-8-sig")().decode
        self._text, self._place, self._is_whole = "", 0, False
        self.line = 1

    def refused(self, message: str, **params: object) -> Refused:
        return Refused(Problem(message, params, line=self.line))

    def peek(self) -> str:
        """The next letter that is no space, to which it moves; empty at the end of the file."""
        while True:
            space = _SPACE.match(self._text, self._place)
            self._move(space.end() if space else self._place)
            if self._place < len(self._text):
                return self._text[self._place]
            if not self._read_on():
                return ""

    def take(self, sign: str) -> None:
        if self.peek() != sign:
            raise self.refused(_NO_JSON)
        self._place += 1

    def value(self) -> Any:
        self.peek()
        while True:
            end = -1
            try:
                value, end = _DECODER.raw_decode(self._text, self._place)
            except RecursionError as error:
                raise self.refused(gettext_noop("The values are nested deeper than any that a system writes.")) from error
            except ValueError:
                value = None
            if 0 <= end < len(self._text) or (end >= 0 and self._is_whole):  # at its end a number may go on
                self._move(end)
                return value
            if len(self._text) - self._place > LONGEST_LINE:
                raise self.refused(gettext_noop("A value is longer than a megabyte, or is no JSON."))
            if not self._read_on():
                raise self.refused(_NO_JSON)

    def _move(self, end: int) -> None:
        self.line += self._text.count("\n", self._place, end)
        self._place = end

    def _read_on(self) -> bool:
        if self._is_whole:
            return False
        block = self._source.read(_BLOCK)
        self._is_whole = not block
        try:
            more = self._decode(block, self._is_whole)
        except UnicodeDecodeError as error:
            raise self.refused(gettext_noop("The file is not UTF-8 from about here on: save it as UTF-8.")) from error
        self._text, self._place = self._text[self._place :] + more, 0
        return True
