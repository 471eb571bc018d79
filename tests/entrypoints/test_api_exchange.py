"""A cycle exchanged whole through the API: for DHIS2 out, and files of figures in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.builders import Play, given_user
from tests.entrypoints.api_client import Program, told
from tests.entrypoints.pages import given_form_cycle

pytestmark = pytest.mark.django_db

CSV = b"unit_uid,indicator,value\nH1,ho,3\nC,cuoc,7\n"


@pytest.fixture
def play() -> Play:
    return given_form_cycle()


def officer(play: Play, **roles: str) -> Program:
    return Program(given_user("can-bo", **roles))


def sent(program: Program, play: Play, content: bytes, **headers: str) -> Any:
    headers = {"If-Match": "*", "Accept-Language": "en", **headers}
    return program.send(f"/cycles/{play.cycle.code}/figures", content, "so-lieu", headers)


def left(program: Program, play: Play, path: str) -> str:
    answer = program.get(f"/cycles/{play.cycle.code}/dhis2/{path}")
    assert answer.status_code == 200, answer
    return b"".join(answer.streaming_content).decode()


def test_accepted_figures_leave_in_the_form_that_is_asked_for(play: Play):
    program = officer(play, C="viewer")
    play.hand_in("H1", ho="3")
    assert [each["value"] for each in json.loads(left(program, play, "values"))["dataValues"]] == ["3"]
    assert left(program, play, "values?form=xml").startswith("<?xml")
    assert "urn:ihe:qrph:adx:2015" in left(program, play, "values?form=adx")


def test_metadata_tells_of_the_units_in_reach_alone(play: Play):
    found = json.loads(left(officer(play, H1="viewer"), play, "metadata"))
    assert [told["code"] for told in found["organisationUnits"]] == ["H1"]


def test_a_file_is_taken_whole_and_what_is_wrong_with_it_is_told_with_its_line(play: Play):
    program = officer(play, C="preparer")
    assert told(sent(program, play, CSV), 200) == {"reports": 2, "figures": 2}
    assert (play.report("H1").own, play.report("C").own) == ({"ho": 3}, {"cuoc": 7})
    problem = told(sent(program, play, CSV.replace(b"ho,3", b"ho,x")), 422, "refused")
    assert [(each["line"], each["column"]) for each in problem["errors"]] == [(2, "value")]
    assert play.report("H1").own == {"ho": 3}


def test_a_data_value_set_is_taken_at_the_same_door(play: Play):
    values = [{"dataElement": "ho", "period": "2025S1", "orgUnit": "H1", "value": "4"}]
    assert told(sent(officer(play, C="preparer"), play, json.dumps({"dataValues": values}).encode()), 200)["figures"] == 1
    assert play.report("H1").own == {"ho": 4}


def test_what_a_unit_does_not_enter_leaves_and_is_refused_where_it_comes_back(play: Play):
    play.hand_in("H1", ho="3")
    play.appraise("H1", diem="9")
    program = officer(play, C="preparer reviewer")
    values = json.loads(left(program, play, "values"))["dataValues"]
    assert {each["dataElement"]: each["value"] for each in values} == {"t.ho": "3", "t.diem": "9"}
    both = [{"dataElement": "t.diem", "orgUnit": "H2", "value": "9"}, {"dataElement": "t.ho", "orgUnit": "C", "value": "1"}]
    problem = told(sent(program, play, json.dumps({"period": "2025S1", "dataValues": both}).encode()), 422, "refused")
    assert sorted(each["detail"] for each in problem["errors"]) == [
        "“Số hộ” (ho) is entered by the units below: their figures are added up.",
        "“diem” is entered by the superior.",
    ]
    assert (play.report("H2").own, play.report("C").own) == ({}, {})


def test_what_stands_there_is_overwritten_only_where_that_was_said(play: Play):
    program = officer(play, C="preparer")
    told(sent(program, play, CSV, **{"If-Match": '"0"'}), 428, "version-missing")
    assert play.report("H1").own == {}


def test_a_unit_out_of_reach_is_refused_as_one_that_is_not_there(play: Play):
    program = officer(play, H1="preparer")
    answers = [told(sent(program, play, b"unit_uid,indicator,value\n%s,ho,1\n" % uid), 422)["detail"] for uid in (b"H2", b"X9")]
    assert answers == ["“H2” has no report in this cycle.", "“X9” has no report in this cycle."]
