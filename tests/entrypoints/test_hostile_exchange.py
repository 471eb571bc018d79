"""Data value sets and ADX of ill will: refused at their line, in bounded memory, and nothing is written."""

from __future__ import annotations

import pytest

from reports.models import JournalEntry
from tests.entrypoints.cli import given_cycle, manage
from tests.memory import in_a_process

pytestmark = [pytest.mark.django_db, pytest.mark.once]

SET = '<dataValueSet xmlns="http://dhis2.org/schema/dxf/2.0" period="2025S1" orgUnit="H1">'
LAUGHS = "".join(f'<!ENTITY l{level} "{f"&l{level - 1};" * 10}">' for level in range(1, 10))

VALUE = '<dataValue dataElement="t.a" value="{}"/></dataValueSet>'

HOSTILE = {
    "a billion laughs": f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]>{SET}' + VALUE.format("&l9;"),
    "a file of the server": f'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>{SET}' + VALUE.format("&f;"),
    "a document type of elsewhere": f'<!DOCTYPE x SYSTEM "http://example.com/x.dtd">{SET}</dataValueSet>',
    "an entity that nobody defined": SET + VALUE.format("&f;"),
    "elements without end": SET + "<a>" * 50_000,
    "a tag without end": SET + '<dataValue dataElement="t.a" value="' + "1" * 3_000_000,
    "a text without end": '<adx xmlns="urn:ihe:qrph:adx:2015"><group><dataValue><annotation>' + "x" * 3_000_000,
    "half a file": f'{SET}<dataValue dataElement="t.a"',
    "an encoding that is none": '<?xml version="1.0" encoding="no-such"?><dataValueSet/>',
    "another language": '<html xmlns="http://www.w3.org/1999/xhtml"><body/></html>',
    "lists in lists": '{"dataValues": ' + "[" * 100_000,
    "objects in objects": '{"dataValues": [' + '{"a": ' * 100_000,
    "a string without end": '{"dataValues": [{"dataElement": "' + "a" * 3_000_000,
    "half an object": '{"dataValues": [{"dataElement": "t.a"',
    "more than one object": '{"dataValues": []} {}',
    "a list": "{[]}",
    "a value that is no object": '{"dataValues": [1]}',
    "something else": '{"organisationUnits": []}',
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_a_file_of_ill_will_is_refused_at_its_line(content: str):
    given_cycle()
    (problem, *more) = manage("import_reports", "k", "-", stdin=content.encode()).problems
    assert problem.startswith("-:1: ")
    assert more == []
    assert not JournalEntry.objects.filter(action="save").exists()


def test_bytes_that_are_no_text_are_refused():
    given_cycle()
    content = b'{"dataValues": [{"dataElement": "t.a", "value": "\xff"}]}'
    (problem,) = manage("import_reports", "k", "-", stdin=content).problems
    assert problem == "-:1: The file is not UTF-8 from about here on: save it as UTF-8."


_READ = """
import io
from reports.documents.dhis2.{module} import {function}

class Endless(io.RawIOBase):
    def __init__(self, head, piece, times, tail):
        self.pieces = iter([head, *[piece] * times, tail])
    def read(self, size=-1):
        return next(self.pieces, b"")

print(sum(1 for _each in {function}(Endless({head!r}, {piece!r}, 3000, {tail!r}))))
"""


@pytest.mark.parametrize(
    ("module", "function", "head", "value", "tail", "found"),
    [
        ("json_members", "members", '{"dataValues": [{}', ',{"dataElement": "t.a", "period": "2025S1", "value": "1"}', "]}", 300_001),
        ("xml_elements", "elements", SET, '<dataValue dataElement="t.a" period="2025S1" value="1"/>', "</dataValueSet>", 600_002),
    ],
)
def test_a_file_of_any_length_is_read_in_little_memory(module: str, function: str, head: str, value: str, tail: str, found: int):
    program = _READ.format(module=module, function=function, head=head.encode(), piece=(value * 100).encode(), tail=tail.encode())
    said, megabytes = in_a_process(program)
    assert int(said) == found
    assert megabytes < 80
