"""Who gets what of the API's configuration: one table, as admin has it (semantics §9). Nobody but staff gets anything at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction

from audit.models import AuditEntry
from reports.models import DayOff, JournalEntry, SkilfulModel
from reports.services import choosing, configuring, opening
from reports.services.opening import Plan
from reports.services.reorganising import reorganise
from tests.builders import at, given_user
from tests.entrypoints.access_world import ROLES, World, given_staff, given_world
from tests.entrypoints.api_client import Program, told
from tests.entrypoints.pages import looked_at
from units import redrawing
from units.models import Level, Membership, Reorganisation, Unit
from units.reorganising import Roles

pytestmark = [pytest.mark.django_db, pytest.mark.once]

#: a clerk is of the staff and may nothing; the neighbour may all that Django's permissions say, and serves at K
ADMINISTRATORS = ("clerk", "neighbour", "superuser")
_FORBIDDEN = dict.fromkeys(ADMINISTRATORS, "forbidden")
READ = _FORBIDDEN | {"neighbour": "answer", "superuser": "answer"}
DONE = _FORBIDDEN | {"neighbour": "done", "superuser": "done"}
#: of a row of C, which the neighbour doesn't reach
OF_C = _FORBIDDEN | {"neighbour": "nothing", "superuser": "done"}
READ_OF_C = _FORBIDDEN | {"neighbour": "nothing", "superuser": "answer"}
OF_C_LATER = _FORBIDDEN | {"neighbour": "nothing", "superuser": "refused"}
#: names C in what it sends
WITH_C = _FORBIDDEN | {"neighbour": "refused", "superuser": "done"}
LATER = _FORBIDDEN | {"neighbour": "refused", "superuser": "refused"}
SUPERUSER = _FORBIDDEN | {"superuser": "done"}
SUPERUSER_READS = _FORBIDDEN | {"superuser": "answer"}
SUPERUSER_LATER = _FORBIDDEN | {"superuser": "refused"}

_ROW = {"section": "A", "code": "a", "name_vi": "A", "value_type": "integer", "levels": "hamlet"}
_ROW |= {"aggregate_up": "sum", "aggregate_time": "flow_sum"}
_PLAN = {"template": "t", "period": "2025-H2", "units": ["C"], "levels": [{"level": "hamlet"}]}
_SELECTION = {"code": "chon-nua", "name": "Chọn nữa", "level": "hamlet", "on": "2025-06-01", "units": ["C"]}
_SELECTED = "/configuration/selections/{code}"
_CYCLE, _OPEN_CYCLE = "/configuration/cycles/{code}", "/configuration/cycles/{open}"
_TEMPLATE, _DRAFT = "/configuration/templates/{template}", "/configuration/templates/{template}/versions/{draft}"
_VERSION = "/configuration/templates/{template}/versions/{number}"
_REORGANISATION = "/configuration/reorganisations"
_ON = {"on": "2025-09-01"}

#: by operation: its address, what is sent, and what each gets
TABLE: dict[str, tuple[str, Any, dict[str, str]]] = {
    "GET /configuration/templates": ("/configuration/templates", None, READ),
    "GET /configuration/templates/{code}": (_TEMPLATE, None, READ),
    "PUT /configuration/templates/{code}": (_TEMPLATE, {"name": "Tên khác"}, DONE),
    "POST /configuration/templates/{code}/versions": (f"{_TEMPLATE}/versions", "indicators", DONE),
    "GET /configuration/templates/{code}/versions/{number}": (_VERSION, None, READ),
    "PUT /configuration/templates/{code}/versions/{number}": (_DRAFT, {"indicators": [_ROW]}, DONE),
    "DELETE /configuration/templates/{code}/versions/{number}": (_DRAFT, None, DONE),
    "GET /configuration/templates/{code}/versions/{number}/indicators.csv": (f"{_VERSION}/indicators.csv", None, READ),
    "GET /configuration/templates/{code}/versions/{number}/comparison": (f"{_DRAFT}/comparison?against=1", None, READ),
    "POST /configuration/templates/{code}/versions/{number}/draft": (f"{_VERSION}/draft", None, DONE),
    "POST /configuration/templates/{code}/versions/{number}/publish": (f"{_DRAFT}/publish", None, DONE),
    "POST /configuration/templates/{code}/versions/{number}/retire": (f"{_VERSION}/retire", None, LATER),  # a planned cycle waits
    "POST /configuration/templates/{code}/versions/{number}/use": (f"{_VERSION}/use", None, LATER),
    "GET /configuration/cycles": ("/configuration/cycles", None, READ),
    "POST /configuration/cycles": ("/configuration/cycles", _PLAN, WITH_C),
    "GET /configuration/cycles/{code}": (_CYCLE, None, READ_OF_C),
    "PATCH /configuration/cycles/{code}": (_CYCLE, {"review_days": 3}, OF_C),
    "DELETE /configuration/cycles/{code}": (_CYCLE, None, OF_C),
    "PATCH /configuration/cycles/{code}/levels": (f"{_CYCLE}/levels", {"levels": [{"level": "hamlet", "due_on": "2025-06-20"}]}, OF_C),
    "POST /configuration/cycles/{code}/open": (f"{_CYCLE}/open", None, OF_C),
    # the neighbour sees the open cycle, in which K reports, and doesn't manage it
    "POST /configuration/cycles/{code}/close": (f"{_OPEN_CYCLE}/close", None, SUPERUSER),
    "POST /configuration/cycles/{code}/reopen": (f"{_OPEN_CYCLE}/reopen", None, SUPERUSER_LATER),
    "POST /configuration/cycles/{code}/official": (f"{_OPEN_CYCLE}/official", {}, SUPERUSER_LATER),
    "POST /configuration/cycles/{code}/extend": (
        f"{_OPEN_CYCLE}/extend",
        {"units": ["C"], "reason": "x", "until": "2025-07-01"},
        WITH_C,
    ),
    "POST /configuration/cycles/{code}/exempt": (f"{_OPEN_CYCLE}/exempt", {"units": ["C", "H2"], "reason": "x"}, WITH_C),
    "POST /configuration/cycles/{code}/unexempt": (f"{_OPEN_CYCLE}/unexempt", {"units": ["C"]}, LATER),
    "GET /configuration/selections": ("/configuration/selections", None, READ),
    "POST /configuration/selections": ("/configuration/selections", _SELECTION | {"code": "khac"}, WITH_C),
    "DELETE /configuration/selections/{code}": (_SELECTED, None, OF_C),
    "POST /configuration/selections/{code}/open": (f"{_SELECTED}/open", None, OF_C),
    "POST /configuration/selections/{code}/freeze": (f"{_SELECTED}/freeze", {}, OF_C_LATER),
    "POST /configuration/selections/{code}/unfreeze": (f"{_SELECTED}/unfreeze", None, OF_C_LATER),
    "GET /configuration/days-off": ("/configuration/days-off?year=2025", None, READ),
    "PUT /configuration/days-off/{day}": ("/configuration/days-off/2025-06-20", {"name": "Nghỉ bù"}, DONE),
    "DELETE /configuration/days-off/{day}": ("/configuration/days-off/2025-06-19", None, DONE),
    "GET /configuration/units": ("/configuration/units", None, READ),
    "POST /configuration/units/{uid}/move": ("/configuration/units/H2/move", {"superior": "K"}, SUPERUSER),
    "DELETE /configuration/units/{uid}": ("/configuration/units/C", None, SUPERUSER_LATER),
    "GET /configuration/reorganisations": (_REORGANISATION, None, SUPERUSER_READS),
    "GET /configuration/reorganisations/{reorganisation_id}": (f"{_REORGANISATION}/{{reorganisation_id}}", None, SUPERUSER_READS),
    "POST /configuration/reorganisations/merge": (
        f"{_REORGANISATION}/merge",
        {**_ON, "units": ["H1", "H2"], "name": "H12", "level": "hamlet", "superior": "C"},
        SUPERUSER,
    ),
    "POST /configuration/reorganisations/split": (
        f"{_REORGANISATION}/split",
        {**_ON, "unit": "H1", "parts": [{"name": "H1a", "share": "0.4"}, {"name": "H1b"}]},
        SUPERUSER,
    ),
    "POST /configuration/reorganisations/move": (f"{_REORGANISATION}/move", {**_ON, "unit": "H2", "superior": "K"}, SUPERUSER),
    "POST /configuration/reorganisations/rename": (f"{_REORGANISATION}/rename", {**_ON, "unit": "C", "name": "Xã C mới"}, SUPERUSER),
    "POST /configuration/reorganisations/abolish": (f"{_REORGANISATION}/abolish", {**_ON, "units": ["H2"]}, SUPERUSER),
    "POST /configuration/reorganisations/{reorganisation_id}/undo": (f"{_REORGANISATION}/{{reorganisation_id}}/undo", None, SUPERUSER),
    "POST /configuration/reorganisations/{reorganisation_id}/models": (
        f"{_REORGANISATION}/{{reorganisation_id}}/models",
        {"models": [{"model": 1, "to": "C"}]},
        SUPERUSER_LATER,
    ),
    "GET /configuration/memberships": ("/configuration/memberships", None, READ),
    "POST /configuration/memberships": (
        "/configuration/memberships",
        {"username": "thon", "unit": "H2", "role": "viewer"},
        SUPERUSER,
    ),
    "DELETE /configuration/memberships/{membership_id}": ("/configuration/memberships/{membership_id}", None, SUPERUSER),
    "GET /configuration/tables/{table}": ("/configuration/tables/units", None, READ),
    "POST /configuration/tables/{table}": ("/configuration/tables/days-off", "days off", DONE),
}
FILES = {
    "indicators": "section,code,name_vi,name_en,unit,value_type,levels,aggregate_up,aggregate_time,formula,rules,required,decimals,note\n"
    "A,a,A,,,integer,hamlet,sum,flow_sum,,,,,\n",
    "days off": "day,name\n2025-06-20,Nghỉ bù\n",
}


@pytest.fixture
def world(settings: Any) -> Iterator[World]:
    made = given_world()
    version = made.play.cycle.version
    first, last = date(2025, 1, 1), date(2025, 1, 31)
    due = {"hamlet": date(2025, 6, 18)}
    opening.set_up(Plan(version, "2025-M01", first, last, date(2025, 6, 14), ["C"], due, levels=["hamlet"], code="ke-hoach"))
    units = list(Unit.objects.filter(uid="C"))
    hamlet = Level.objects.get(code="hamlet")
    choosing.plan(code="chon-nua", name="Chọn nữa", level=hamlet, share=20, on=date(2025, 6, 1), choose_by=None, units=units)
    DayOff.objects.create(day=date(2025, 6, 19), name="Nghỉ")
    made.play.cycle.refresh_from_db()
    renamed = redrawing.renamed(Unit.objects.get(uid="H3"), date(2026, 1, 1), name="H3 mới", code="")
    reorganisation = reorganise(renamed, by=None, at=at("2025-06-12 10:00"), roles=Roles.KEEP).recorded
    made.people["superuser"] = get_user_model().objects.create_superuser("quan-tri", password="mot mat khau dai")
    made.people["clerk"] = given_user("van-thu", C="preparer approver reviewer")
    get_user_model().objects.filter(username="van-thu").update(is_staff=True)
    made.people["neighbour"] = given_staff("ben-canh", K="preparer approver reviewer cycle_manager")
    made.names |= {
        "template": "t", "number": 1, "draft": configuring.draft_from(version).number, "code": "ke-hoach", "open": made.play.cycle.code,
        "reorganisation_id": reorganisation.pk if reorganisation else 0,
        "membership_id": Membership.objects.filter(unit__uid="C").values_list("pk", flat=True)[0],
    }  # fmt: skip
    with looked_at():
        yield made


def address(world: World, path: str) -> str:
    names = world.names | ({"code": "chon-nua"} if "selections" in path else {})
    return re.sub(r"\{(\w+)\}", lambda match: str(names[match[1]]), path)


def left() -> tuple[int, ...]:
    """What was written of configuration, of reports, and of the register; a file that is taken is no change."""
    return AuditEntry.objects.exclude(action="taken").count(), JournalEntry.objects.count(), SkilfulModel.objects.count()


def asked(world: World, program: Program, operation: str, **more: Any) -> tuple[str, Any]:
    """What comes of asking for it, in a word of the table, and the answer; nothing of it stays."""
    path, sent, _expected = TABLE[operation]
    method, before = operation.partition(" ")[0], left()
    here = transaction.savepoint()
    try:
        if isinstance(sent, str):
            answer = program.send(address(world, path), FILES[sent].encode(), "tep.csv")
        else:
            content = {} if sent is None and method == "POST" else sent
            answer = program.ask(method, address(world, path), content, seen="*", **more)
        words = {401: "sign in", 403: "forbidden", 404: "nothing", 409: "refused", 422: "refused"}
        word, is_changed = words.get(answer.status_code), left() != before
        if word is None:
            assert answer.status_code in (200, 201, 204), (operation, answer.status_code, answer.content)
            return ("done" if is_changed else "answer"), answer
        return word + " and done" * is_changed, answer
    finally:
        transaction.savepoint_rollback(here)


def test_each_administrator_gets_what_the_table_says(world: World):
    found = {}
    for role in ADMINISTRATORS:
        program = Program(world.people[role])
        for operation, (_path, _sent, expected) in TABLE.items():
            word, answer = asked(world, program, operation)
            found[role, operation] = (expected[role], word, answer.content[:300] if word != expected[role] else b"")
    assert {where: words for where, words in found.items() if words[0] != words[1]} == {}


def test_who_reaches_a_part_of_a_cycle_or_selection_reads_it_and_changes_nothing_of_it(world: World):
    version, due = world.play.cycle.version, {"hamlet": date(2025, 6, 18)}
    both: dict[str, Any] = {"under": ["C", "K"], "due": due, "levels": ["hamlet"]}
    opening.set_up(Plan(version, "2025-M02", date(2025, 2, 1), date(2025, 2, 28), date(2025, 6, 14), code="chung", **both))
    units, hamlet = list(Unit.objects.filter(uid__in=["C", "K"])), Level.objects.get(code="hamlet")
    choosing.plan(code="chung", name="Chung", level=hamlet, share=20, on=date(2025, 6, 1), choose_by=None, units=units)
    program, before = Program(world.people["neighbour"]), left()
    planned = "/configuration/cycles/chung"
    assert told(program.get(planned), 200)["units"] == ["C", "K"]
    told(program.ask("PATCH", planned, {"review_days": 3}, seen="*"), 403, "forbidden")
    told(program.ask("PATCH", f"{planned}/levels", {"levels": [{"level": "hamlet", "due_on": "2025-06-20"}]}, seen="*"), 403, "forbidden")
    told(program.ask("DELETE", planned, seen="*"), 403, "forbidden")
    told(program.ask("PATCH", f"/configuration/cycles/{world.names['open']}", {"review_days": 3}, seen="*"), 403, "forbidden")
    told(program.ask("DELETE", "/configuration/selections/chung"), 403, "forbidden")
    table = "cycle,level,due_on,needs_approval\nchung,hamlet,{},\n"
    refused = told(program.send("/configuration/tables/due-days", table.format("2025-06-20").encode()), 422, "refused")
    assert [(each["line"], each["column"]) for each in refused["errors"]] == [(2, "cycle")]
    assert told(program.send("/configuration/tables/due-days", table.format("2025-06-18").encode()), 200)["unchanged"] == 1
    assert left() == before


def test_nobody_but_staff_configures_whatever_their_token_says(world: World):
    for role in ROLES:
        program = Program(world.people.get(role, world.people["officer"]))
        if role == "anonymous":
            program.secret = "danvan_nobody"
        expected = "sign in" if role in ROLES[:2] else "forbidden"
        assert {operation: word for operation in TABLE if (word := asked(world, program, operation)[0]) != expected} == {}, role


def test_a_token_configures_by_its_scope_alone_and_never_as_at_one_unit(world: World):
    superuser = world.people["superuser"]
    others = Program(superuser, "read", "fill", "submit", "review", "register", "manage")
    narrowed = Program(superuser, unit=Unit.objects.get(uid="C"))
    for operation in TABLE:
        word, answer = asked(world, others, operation)
        assert (word, answer.json()["type"][-18:]) == ("forbidden", "insufficient-scope"), operation
        assert asked(world, narrowed, operation)[0] == "forbidden", operation


def test_what_a_program_configures_is_journalled_as_its_users(world: World):
    program = Program(world.people["superuser"])
    told(program.ask("PUT", "/configuration/days-off/2025-06-20", {"name": "Nghỉ bù"}), 200)
    entry = AuditEntry.objects.filter(kind="reports.dayoff").latest("pk")
    assert (entry.by_id, entry.via) == (world.people["superuser"].pk, "/api/v1/configuration/days-off/2025-06-20")
    told(program.post(f"/configuration/reorganisations/{world.names['reorganisation_id']}/undo"), 200)
    assert Reorganisation.objects.get().undone_by == world.people["superuser"]


@pytest.mark.parametrize("table", ["levels", "units", "people", "successions", "days-off", "due-days", "templates"])
def test_a_table_leaves_and_reads_back_as_no_change(world: World, table: str):
    program = Program(world.people["superuser"])
    taken = program.get(f"/configuration/tables/{table}")
    assert taken.status_code == 200
    before = left()
    found = told(program.send(f"/configuration/tables/{table}", taken.content, "tep.csv"), 200)
    assert (found["new"], found["changed"], found["removed"], found["rows"]) == (0, 0, 0, [])
    assert left() == before


def test_people_leave_and_come_by_a_superuser_alone(world: World):
    neighbour = Program(world.people["neighbour"])
    told(neighbour.get("/configuration/tables/people"), 403, "forbidden")
    told(neighbour.send("/configuration/tables/people", b"username\n", "tep.csv"), 403, "forbidden")
    told(neighbour.send("/configuration/tables/units", b"uid\n", "tep.csv"), 403, "forbidden")
    uids = {row.split(",")[0] for row in neighbour.get("/configuration/tables/units").content.decode("utf-8-sig").splitlines()[1:]}
    assert uids == {"K", "H3", *Unit.objects.filter(parent__uid="K").values_list("uid", flat=True)}
