"""What programs read: within the reach of their user, and exact."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from audit.models import AuditEntry
from tests.builders import Play, given_user
from tests.entrypoints.access_world import PDF
from tests.entrypoints.api_client import ROOT, Program, told
from tests.entrypoints.pages import given_form_cycle, officers
from units.models import Unit

pytestmark = [pytest.mark.django_db, pytest.mark.once, pytest.mark.usefixtures("in_time")]


@pytest.fixture
def play() -> Play:
    return given_form_cycle()


@pytest.fixture
def people(play: Play) -> dict[str, Any]:
    return officers()


def test_without_a_good_token_there_is_nothing_but_the_document(play: Play, people: dict[str, Any]):
    anonymous = Client().get(f"{ROOT}/reports")
    told(anonymous, 401, "unauthenticated")
    assert anonymous.headers["WWW-Authenticate"] == 'Bearer realm="danvan"'
    signed_in = Client()
    signed_in.force_login(people["commune"])
    told(signed_in.get(f"{ROOT}/reports"), 401, "unauthenticated")
    assert Client().get(f"{ROOT}/openapi.json").json()["openapi"].startswith("3.1.")
    told(Client().get(f"{ROOT}/no-such"), 404, "not-found")


def test_a_program_reads_what_its_user_reads(play: Play, people: dict[str, Any]):
    commune = Program(people["commune"])
    found = told(commune.get("/reports"), 200)
    assert {each["unit"]["uid"] for each in found["items"]} == {"C", "H1", "H2", "H3"}
    told(commune.get(f"/reports/{play.report('D').pk}"), 404, "not-found")
    told(commune.get(f"/cycles/{play.cycle.code}"), 200)
    me = told(commune.get("/me"), 200)
    assert {(each["unit"]["uid"], each["role"]) for each in me["memberships"]} == {
        ("C", role) for role in ("preparer", "approver", "reviewer")
    }


def test_a_token_narrowed_to_a_unit_is_what_its_user_is_there(play: Play):
    user = given_user("hai-noi", C="preparer", H2="preparer")
    narrow = Program(user, unit=Unit.objects.get(uid="H2"))
    assert [each["unit"]["uid"] for each in told(narrow.get("/reports"), 200)["items"]] == ["H2"]
    told(narrow.get(f"/reports/{play.report('H1').pk}"), 404, "not-found")
    assert [each["unit"]["uid"] for each in told(narrow.get("/me"), 200)["memberships"]] == ["H2"]


def test_a_token_without_the_scope_is_told_which_it_needs(play: Play, people: dict[str, Any]):
    reading = Program(people["hamlet"], "read")
    refused = reading.ask("PATCH", f"/reports/{play.report('H1').pk}/figures", {"figures": {"ho": 3}}, seen=0)
    told(refused, 403, "insufficient-scope")
    assert 'scope="fill"' in refused.headers["WWW-Authenticate"]
    assert play.report("H1").version == 0


def test_a_long_list_comes_in_pages_that_meet(play: Play, people: dict[str, Any]):
    program, uids, cursor = Program(people["province"]), [], ""
    while cursor is not None:
        page = told(program.get(f"/reports?limit=2&cycle={play.cycle.code}" + (f"&cursor={cursor}" if cursor else "")), 200)
        uids += [each["unit"]["uid"] for each in page["items"]]
        cursor = page["next"]
    assert sorted(uids) == ["C", "D", "H1", "H2", "H3", "P"]
    told(program.get("/reports?cursor=zzz"), 422, "invalid")


def test_a_list_is_narrowed_by_what_is_asked_for(play: Play, people: dict[str, Any]):
    play.save("H2", ho="4")
    play.submit("H2")
    program, commune = Program(people["province"]), play.report("C").pk

    def found(query: str) -> set[str]:
        return {each["unit"]["uid"] for each in told(program.get(f"/reports?{query}"), 200)["items"]}

    assert found("state=submitted") == {"H2"}
    assert found("level=commune") == {"C"}
    assert found(f"superior={commune}") == {"H1", "H2", "H3"}
    assert found(f"under={commune}&timeliness=pending") == {"C", "H1", "H3"}
    assert found(f"changed_since={play.now.isoformat().replace('+', '%2B')}") == {"H2"}
    told(program.get("/reports?state=lost"), 422, "invalid")


def test_figures_are_exact_and_blank_is_no_zero(play: Play, people: dict[str, Any]):
    play.save("H1", ho="3", tien="0.10", co_to="no", loai="kha", bang='[["a", "b"]]')
    program, pk = Program(people["commune"]), play.report("H1").pk
    own = told(program.get(f"/reports/{pk}/figures"), 200)
    assert own["figures"] == {"ho": "3", "tien": "0.1", "co_to": False, "loai": "kha", "bang": [["a", "b"]]}
    rows = {row["code"]: row for row in told(program.get(f"/reports/{pk}/form"), 200)["rows"]}
    assert (rows["ngheo"]["own"], rows["ho"]["own"], rows["diem"]["may_be_entered"]) == (None, "3", False)


def test_totals_are_opened_down_to_the_cell(play: Play, people: dict[str, Any]):
    play.hand_in("H1", ho="3", ngheo="1")
    play.hand_in("H2", ho="0")
    assert play.total("C", "ho") == "3"
    program, pk = Program(people["commune"]), play.report("C").pk
    totals = {row["indicator"]: row["value"] for row in told(program.get(f"/reports/{pk}/totals"), 200)["totals"]}
    assert (totals["ho"], totals["ty_le"], totals["tien"]) == ("3", "33.333333333333", None)
    lineage = told(program.get(f"/reports/{pk}/totals/ho"), 200)
    assert [(part["unit"]["uid"], part["value"], part["is_counted"]) for part in lineage["parts"]] == [
        ("H1", "3", True), ("H2", "0", True), ("H3", None, False),
    ]  # fmt: skip
    by_unit = told(program.get(f"/reports/{pk}/totals-by-unit"), 200)
    assert by_unit[1]["figures"]["ho"] == "0"


def test_what_was_read_already_is_not_sent_again(play: Play, people: dict[str, Any]):
    program, address = Program(people["commune"]), f"/reports/{play.report('H1').pk}/figures"
    first = program.get(address)
    again = program.get(address, **{"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    play.save("H1", ho="3")
    assert program.get(address, **{"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_problems_speak_the_language_that_is_asked_for(play: Play, people: dict[str, Any]):
    program = Program(people["commune"])
    english = told(program.get("/reports/1234567", **{"Accept-Language": "en"}), 404, "not-found")
    vietnamese = told(program.get("/reports/1234567", **{"Accept-Language": "vi"}), 404, "not-found")
    assert english["title"] == "There is nothing here, or nothing that you may see."
    assert vietnamese["title"] not in ("", english["title"])
    assert told(program.get("/reports/1234567"), 404)["title"] == vietnamese["title"]


def test_files_are_fetched_and_their_fetching_is_journalled(play: Play, people: dict[str, Any]):
    play.hand_in("H1", ho="3")
    program, pk = Program(people["commune"]), play.report("C").pk
    for name in ("consolidated.xlsx", "status.xlsx", "missing.xlsx", "document.docx"):
        answer = program.get(f"/reports/{pk}/{name}")
        assert answer.status_code == 200, name
        assert answer.headers["Content-Disposition"].startswith("attachment"), name
    told(program.get(f"/reports/{pk}/annex.xlsx"), 404, "not-found")
    taken = AuditEntry.objects.filter(action="taken", via__startswith=f"{ROOT}/reports/{pk}/")
    assert (taken.count(), {entry.by_id for entry in taken}) == (4, {people["commune"].pk})


def test_a_file_is_attached_fetched_and_taken_away(play: Play, people: dict[str, Any]):
    program, address = Program(people["hamlet"]), f"/reports/{play.report('H1').pk}/attachments"
    headers = {"Authorization": f"Bearer {program.secret}"}
    sent = {"file": SimpleUploadedFile("ban-ky.pdf", PDF, "application/pdf")}
    made = told(Client().post(ROOT + address, sent, headers=headers), 201)
    assert (made["name"], made["kind"]) == ("ban-ky.pdf", "application/pdf")
    assert b"".join(program.get(f"{address}/{made['id']}").streaming_content) == PDF
    assert program.ask("DELETE", f"{address}/{made['id']}").status_code == 204
    assert told(program.get(address), 200) == []
