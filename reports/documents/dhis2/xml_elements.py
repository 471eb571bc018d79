"""A large XML file read element by element. What declares a document type is refused: no entity is ever defined, let alone resolved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, NoReturn
from xml.parsers import expat

from units.csv_files import LONGEST_LINE
from units.problems import Problem, Refused, gettext_noop

_BLOCK = 1 << 16
#: deeper is no file of figures
_MOST_DEEP = 12
_BETWEEN = "\n"


@dataclass(slots=True)
class Element:
    """An element that begins, or one that ends and whose `text` is whole. `attributes` are those without a namespace of their own."""

    namespace: str
    name: str
    line: int
    depth: int
    attributes: dict[str, str]
    text: str = ""
    is_over: bool = field(default=False)


def elements(source: BinaryIO) -> Iterator[Element]:
    """Every element twice: as it begins, and as it ends. Raises Refused, with the line, for what is no XML, or may do harm."""
    reader = _Reader()
    while block := source.read(_BLOCK):
        yield from reader.read(block)
    yield from reader.read(b"", is_last=True)


class _Reader:
    def __init__(self) -> None:
        self._parser = expat.ParserCreate(namespace_separator=_BETWEEN)
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._words
        self._parser.CommentHandler = self._parser.ProcessingInstructionHandler = self._pass_over
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype
        self._open: list[Element] = []
        self._found: list[Element] = []
        self._since_anything = 0

    def read(self, block: bytes, *, is_last: bool = False) -> list[Element]:
        self._found = []
        self._since_anything += len(block)
        try:
            self._parser.Parse(block, is_last)
        except (expat.ExpatError, ValueError, LookupError) as error:  # the last two of an encoding that is named and is none
            message = gettext_noop("The file breaks off here, or is no XML: send it as the other system wrote it.")
            raise Refused(Problem(message, line=self._parser.CurrentLineNumber)) from error
        if self._since_anything > LONGEST_LINE:
            self._refuse(gettext_noop("A tag is longer than a megabyte."))
        return self._found

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._since_anything = 0
        if len(self._open) >= _MOST_DEEP:
            self._refuse(gettext_noop("The values are nested deeper than any that a system writes."))
        namespace, _between, local = name.rpartition(_BETWEEN)
        own = {key: value for key, value in attributes.items() if _BETWEEN not in key}
        element = Element(namespace, local, self._parser.CurrentLineNumber, len(self._open), own)
        self._open.append(element)
        self._found.append(element)

    def _end(self, name: str) -> None:
        self._since_anything = 0
        begun = self._open.pop()
        self._found.append(Element(begun.namespace, begun.name, begun.line, begun.depth, begun.attributes, begun.text, is_over=True))

    def _words(self, text: str) -> None:
        self._since_anything = 0
        element = self._open[-1]
        element.text += text
        if len(element.text) > LONGEST_LINE:
            self._refuse(gettext_noop("A text is longer than a megabyte."))

    def _pass_over(self, *_told: str) -> None:
        self._since_anything = 0

    def _refuse_doctype(self, *_told: object) -> None:
        self._refuse(gettext_noop("The file declares a document type, which could define entities and may be an attack: take it out."))

    def _refuse(self, message: str) -> NoReturn:
        raise Refused(Problem(message, line=self._parser.CurrentLineNumber))
