"""Who gets what of the API: one table for every operation (semantics §9). An operation that is not in it fails the test.

The world is that of the pages' table (test_access.py); every address names rows of commune C.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from ninja import Schema

from reports.api.site import document
from tests.entrypoints.access_world import PDF, ROLES, World, given_world, traces
from tests.entrypoints.api_client import Program
from tests.entrypoints.pages import looked_at
from tests.entrypoints.test_access_api_configuration import TABLE as CONFIGURATION

pytestmark = [pytest.mark.django_db, pytest.mark.once]

_OUTSIDE = dict(zip(ROLES[:5], ("sign in", "sign in", "nothing", "nothing", "nothing"), strict=True))
READ = _OUTSIDE | {"officer": "answer", "parent": "answer"}
#: done by C alone; its superior is refused, since C has accounts of its own (semantics §2)
OWN = _OUTSIDE | {"officer": "done", "parent": "forbidden"}
#: done by the superior alone
ABOVE = _OUTSIDE | {"officer": "forbidden", "parent": "done"}
#: C's alone, and not possible as its report stands
OWN_LATER = _OUTSIDE | {"officer": "refused", "parent": "forbidden"}
#: the superior's alone, and not possible as C's report stands
ABOVE_LATER = _OUTSIDE | {"officer": "forbidden", "parent": "refused"}
UNTIMELY = _OUTSIDE | {"officer": "refused", "parent": "refused"}
MINE = _OUTSIDE | {"officer": "answer", "parent": "nothing"}
MINE_DONE = _OUTSIDE | {"officer": "done", "parent": "nothing"}
NOT_YET = _OUTSIDE | {"officer": "nothing", "parent": "nothing"}
EVERYBODY = dict(zip(ROLES, ("sign in", "sign in", *["answer"] * 5), strict=True))

#: a file of C's figures: whoever else reaches the cycle is refused
OWN_FIGURES = EVERYBODY | {"former": "nothing", "officer": "done"} | dict.fromkeys(("child", "sibling", "parent"), "refused")

_WHY = {"reason": "vì sao"}
_DAY = {"on": "2025-06-01"}
_SAID = {"field": "kinh_te", "name": "Tổ tự quản"}

#: of a report, what whoever reaches it reads
READ_BY_ALL = (
    "form", "figures", "adjustments", "journal", "submissions", "below", "progress", "missing", "totals", "totals-by-unit", "totals/{code}",
    "narratives/{code}", "attachments", "attachments/{attachment_id}", "consolidated.xlsx", "status.xlsx", "missing.xlsx", "document.docx",
    *(f"dashboards/{each}{form}" for each in ("progress", "timeliness", "ranking", "warnings") for form in ("", ".json")),
)  # fmt: skip

#: by operation: what each gets, and what is sent
TABLE: dict[str, tuple[dict[str, str], Any]] = {
    **dict.fromkeys(["GET /me", "GET /me/work", "GET /levels", "GET /units", "GET /cycles", "GET /reports"], (EVERYBODY, None)),
    **dict.fromkeys(
        ["GET /jobs", "GET /models", "GET /models/register.xlsx", "GET /models/register.csv", "GET /selections"], (EVERYBODY, None)
    ),
    "GET /units/{uid}": (READ, None),
    **dict.fromkeys(["GET /cycles/{code}", "GET /cycles/{code}/indicators"], (EVERYBODY | {"former": "nothing"}, None)),
    **{f"GET /cycles/{{code}}/dhis2/{each}": (EVERYBODY | {"former": "nothing"}, None) for each in ("metadata", "values")},
    "POST /cycles/{code}/figures": (OWN_FIGURES, "figures"),
    "POST /cycles/{code}/official": (EVERYBODY | {"former": "nothing"} | dict.fromkeys(ROLES[3:], "forbidden"), {}),
    "GET /reports/{report_id}": (READ, None),
    **{f"GET /reports/{{report_id}}/{each}": (READ, None) for each in READ_BY_ALL},
    "GET /reports/{report_id}/document.pdf": (UNTIMELY, None),  # nothing makes it here
    **dict.fromkeys(["GET /reports/{report_id}/annex.xlsx", "GET /reports/{report_id}/submissions/{number}"], (NOT_YET, None)),
    "GET /reports/{report_id}/comparison": (NOT_YET, None),
    "PATCH /reports/{report_id}/figures": (OWN, {"figures": {"cuoc": 9}}),
    "PATCH /reports/{report_id}/appraisal": (ABOVE_LATER, {"figures": {"diem": 9}}),
    "POST /reports/{report_id}/adjustments": (OWN, {"indicator": "ho", "amount": "-1", **_WHY}),
    "DELETE /reports/{report_id}/adjustments/{adjustment_id}": (OWN, None),
    "POST /reports/{report_id}/attachments": (OWN, "a file"),
    "DELETE /reports/{report_id}/attachments/{attachment_id}": (OWN, None),
    "POST /reports/{report_id}/propose": (OWN_LATER, {}),
    "POST /reports/{report_id}/send-back": (OWN_LATER, _WHY),
    "POST /reports/{report_id}/submit": (OWN, {"confirm_incomplete": True}),
    "POST /reports/{report_id}/withdraw": (OWN_LATER, {}),
    "POST /reports/{report_id}/accept": (ABOVE_LATER, {}),
    "POST /reports/{report_id}/return": (ABOVE_LATER, _WHY),
    "POST /reports/{report_id}/reopen": (ABOVE_LATER, _WHY),
    "POST /reports/{report_id}/exempt": (ABOVE, _WHY),
    "POST /reports/{report_id}/unexempt": (ABOVE_LATER, {}),
    "POST /reports/{report_id}/extend": (ABOVE, {**_WHY, "until": "2025-07-01"}),
    "POST /reports/{report_id}/below/accept": (NOT_YET, {"reports": [{"id": 1, "version": 0}]}),
    "POST /reports/{report_id}/below/extend": (NOT_YET, {"reports": [{"id": 1, "version": 0}], **_WHY, "until": "2025-07-01"}),
    "POST /reports/{report_id}/below/remind": (NOT_YET, {"reports": [1]}),
    "POST /reports/{report_id}/pack": (_OUTSIDE | {"officer": "answer", "parent": "done"}, {}),  # C has ordered it already
    "GET /jobs/{job_id}": (MINE, None),
    "GET /jobs/{job_id}/file": (NOT_YET, None),
    "DELETE /jobs/{job_id}": (MINE_DONE, None),
    "GET /reports/{report_id}/siblings": (_OUTSIDE | {"officer": "nothing", "parent": "answer"}, None),
    "GET /reports/{report_id}/workbook.xlsx": (_OUTSIDE | {"officer": "answer", "parent": "nothing"}, None),
    "POST /reports/{report_id}/workbook": (UNTIMELY | {"parent": "forbidden"}, "a file"),  # it is no workbook
    "GET /reports/{report_id}/below/workbook.xlsx": (_OUTSIDE | {"officer": "answer", "parent": "nothing"}, None),
    "POST /reports/{report_id}/below/workbook": (UNTIMELY, "a file"),
    "GET /uploads/{upload_id}": (MINE, None),
    **{f"GET /uploads/{{upload_id}}/{each}": (MINE, None) for each in ("changes", "refused")},
    "POST /uploads/{upload_id}/apply": (MINE_DONE, {}),
    "DELETE /uploads/{upload_id}": (MINE, None),  # it has ended
    "GET /selections/{code}": (READ | {"sibling": "answer"}, None),
    "POST /selections/{code}/freeze": (_OUTSIDE | dict.fromkeys(("sibling", "officer", "parent"), "forbidden"), {}),
    "GET /choices/{choice_id}": (READ, None),
    "PUT /choices/{choice_id}": (OWN_LATER, {"units": []}),
    "POST /models": (MINE_DONE, {**_SAID, **_DAY, "unit": "C"}),
    "GET /models/{model_id}": (READ, None),
    "PUT /models/{model_id}": (OWN, _SAID),
    **{f"POST /models/{{model_id}}/{each}": (OWN_LATER, {**_DAY, "text": "x"}) for each in ("self-assess", "spread")},
    **{f"POST /models/{{model_id}}/{each}": (OWN, {**_DAY, "text": "x"}) for each in ("begin", "end", "cancel")},
    **{f"POST /models/{{model_id}}/{each}": (ABOVE_LATER, {**_DAY, "text": "x"}) for each in ("appraise", "recognise", "decline")},
}


def operations() -> Iterator[str]:
    for path, methods in document()["paths"].items():
        yield from (f"{method.upper()} {path}" for method in methods)


@pytest.fixture
def world(settings: Any) -> Iterator[World]:
    settings.SOFFICE = "not-there"
    made = given_world()
    with looked_at():
        yield made


def address(world: World, path: str) -> str:
    code = {"cycles": world.play.cycle.code, "selections": "chon-thon", "narratives": "uu_diem"}
    kind = next((each for each in code if f"/{each}/" in path), "")
    words = world.names | {"uid": "C", "number": 1, "code": code.get(kind, "ho")}
    query = "?before=1&after=2" if path.endswith("/comparison") else ""
    return re.sub(r"\{(\w+)\}", lambda match: str(words[match[1]]), path) + query


def asked(world: World, program: Program, operation: str) -> tuple[str, Any]:
    """What comes of asking for it, in a word of the table, and the answer; nothing of it stays."""
    method, _space, path = operation.partition(" ")
    sent = TABLE[operation][1]
    here = transaction.savepoint()
    try:
        if sent == "a file":
            answer = program.send(address(world, path), PDF, "tep.pdf")
        elif sent == "figures":
            answer = program.send(address(world, path), b"unit_uid,indicator,value\nC,cuoc,9\n", "so-lieu.csv", {"If-Match": "*"})
        else:
            answer = program.ask(method, address(world, path), sent, seen="*")
        return outcome(answer, traces() != world.before), answer
    finally:
        transaction.savepoint_rollback(here)


def outcome(answer: Any, left_traces: bool) -> str:
    words = {401: "sign in", 403: "forbidden", 404: "nothing", 409: "refused", 412: "refused", 422: "refused"}
    if answer.status_code in words:
        return words[answer.status_code] + " and done" * left_traces
    assert answer.status_code in (200, 201, 202, 204), (answer.status_code, answer.content)
    return "done" if left_traces else "answer"


def program_of(world: World, role: str, *scopes: str) -> Program:
    program = Program(world.people.get(role, world.people["officer"]), *scopes)
    world.before = traces()
    if role == "anonymous":
        program.secret = "danvan_nobody"
    return program


def test_every_operation_is_in_the_table():
    assert set(operations()) == set(TABLE) | set(CONFIGURATION)


def schemas(of: type[Schema] = Schema) -> Iterator[type[Schema]]:
    for each in of.__subclasses__():
        yield each
        yield from schemas(each)


def test_no_two_schemas_share_a_name_under_which_the_document_would_have_but_one():
    names = [each.__name__ for each in schemas() if each.__module__.startswith("reports.api.")]
    assert len(names) == len(set(names)), sorted(name for name in names if names.count(name) > 1)


def test_each_gets_what_the_table_says(world: World):
    found = {}
    for role in ROLES:
        program = program_of(world, role)
        for operation, (expected, _sent) in TABLE.items():
            found[role, operation] = (expected[role], asked(world, program, operation)[0])
    assert {where: words for where, words in found.items() if words[0] != words[1]} == {}


def test_what_is_out_of_reach_answers_to_the_letter_as_what_does_not_exist(world: World):
    known = world.names
    program = program_of(world, "sibling")
    for operation in (each for each in TABLE if TABLE[each][0]["sibling"] == "nothing" and "_id}" in each):
        outside = asked(world, program, operation)[1]
        world.names = known | {name: 987654321 for name in known if name.endswith("_id")}
        nowhere = asked(world, program, operation)[1]
        world.names = known
        assert (outside.status_code, outside.content) == (nowhere.status_code, nowhere.content), operation


def test_a_token_that_only_reads_changes_nothing_whoever_has_it(world: World):
    for role in ("officer", "parent"):
        program = program_of(world, role, "read")
        for operation in (each for each in TABLE if not each.startswith("GET") and "/pack" not in each and "/jobs" not in each):
            word, answer = asked(world, program, operation)
            assert (word, answer.json()["type"][-18:]) == ("forbidden", "insufficient-scope"), operation


def test_lists_tell_of_no_unit_out_of_reach(world: World):
    known = {"former": "", "child": "C H1", "sibling": "D K H3", "officer": "D C H1 H2", "parent": "P D C K H1 H2 H3"}
    for role, units in known.items():
        program = program_of(world, role)
        for operation in (each for each in TABLE if TABLE[each][0] is EVERYBODY and not each.endswith((".xlsx", ".csv"))):
            shown = program.get(operation.partition(" ")[2]).content.decode()
            assert set(re.findall(r"Đơn vị ([A-Z]\d?)\b", shown)) <= set(units.split()), (role, operation)
