"""What programs write: through the services of the pages, on the version that they read, once, and not too often."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from reports.models import AnsweredRequest, JournalEntry
from tests.builders import Play, given_selection
from tests.entrypoints.api_client import Program, told
from tests.entrypoints.pages import given_form_cycle, officers
from tests.register_builders import given_model

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_time")]


@pytest.fixture
def play() -> Play:
    return given_form_cycle()


@pytest.fixture
def people(play: Play) -> dict[str, Any]:
    return officers()


def address(play: Play, uid: str, rest: str = "") -> str:
    return f"/reports/{play.report(uid).pk}{rest}"


def test_a_report_goes_its_whole_way(play: Play, people: dict[str, Any]):
    hamlet, commune = Program(people["hamlet"]), Program(people["commune"])
    figures = {"ho": 3, "ngheo": "1", "tien": "120.5", "co_to": True, "loai": "tot", "uu_diem": "Tốt", "bang": [["Việc", "Xong"]]}
    saved = hamlet.ask("PATCH", address(play, "H1", "/figures"), {"figures": figures}, seen=0)
    assert told(saved, 200)["figures"] == figures | {"ho": "3"}
    version = told(saved, 200)["version"]
    assert saved.headers["ETag"] == f'"{version}"'
    unexplained = hamlet.post(address(play, "H1", "/submit"), seen=version)
    assert [each["column"] for each in told(unexplained, 422, "refused")["errors"]] == ["tien"]
    submitted = hamlet.post(address(play, "H1", "/submit"), {"explanations": {"tien": "Quỹ mới"}}, seen=version)
    assert told(submitted, 200)["state"] == "submitted"
    seen = told(submitted, 200)["version"]
    returned = commune.post(address(play, "H1", "/return"), {"reason": "Xem lại", "notes": {"ho": "Thiếu?"}}, seen=seen)
    assert told(returned, 200)["state"] == "returned"
    form = told(hamlet.get(address(play, "H1", "/form")), 200)
    assert {row["code"]: row["note"] for row in form["rows"]}["ho"] == "Thiếu?"
    again = {"explanations": {"tien": "Quỹ mới"}, "answers": {"ho": "Đủ"}}
    seen = told(hamlet.post(address(play, "H1", "/submit"), again, seen="*"), 200)["version"]
    assert told(commune.post(address(play, "H1", "/accept"), seen=seen), 200)["state"] == "accepted"
    events = told(commune.get(address(play, "H1", "/journal")), 200)
    assert sorted(event["action"] for event in events) == ["accept", "return", "save", "submit", "submit"]
    assert [event["answers"] for event in events if event["answers"]] == [[{"indicator": "ho", "text": "Đủ"}]]
    assert [each["number"] for each in told(commune.get(address(play, "H1", "/submissions")), 200)] == [1, 2]
    assert {entry.by_id for entry in JournalEntry.objects.all()} == {people["hamlet"].pk, people["commune"].pk}


def test_to_write_one_says_which_version_one_saw(play: Play, people: dict[str, Any]):
    program, where = Program(people["hamlet"]), address(play, "H1", "/figures")
    told(program.ask("PATCH", where, {"figures": {"ho": 3}}), 428, "version-missing")
    play.save("H1", ho="5", ngheo="1")
    late = told(program.ask("PATCH", where, {"figures": {"ho": 3, "tien": "1"}}, seen=0), 412, "version-changed")
    assert (late["version"], late["clashes"]) == (1, [{"indicator": "ho", "theirs": "5", "yours": 3}])
    told(program.post(address(play, "H1", "/submit"), seen=0), 412, "version-changed")
    weak = program.get(where).headers["ETag"]
    told(program.ask("PATCH", where, {"figures": {"ho": 3}}, **{"If-Match": f"W/{weak}"}), 200)
    assert play.report("H1").own["ho"] == 3


def test_what_is_wrong_is_said_of_every_figure_and_nothing_is_written(play: Play, people: dict[str, Any]):
    program, where = Program(people["hamlet"]), address(play, "H1", "/figures")
    sent = {"ho": "3,5", "loai": "xấu", "khong_co": 1, "ty_le": "5", "ngheo": 1}
    refused = told(program.ask("PATCH", where, {"figures": sent}, seen=0), 422, "refused")
    assert {each["column"] for each in refused["errors"]} == {"ho", "loai", "khong_co", "ty_le"}
    others = told(program.ask("PATCH", where, {"figures": {"cuoc": 1, "diem": 5}}, seen=0), 422, "refused")
    assert {each["column"] for each in others["errors"]} == {"cuoc", "diem"}
    odd = told(program.ask("PATCH", where, {"figures": {"ho": 3.5}}, seen=0), 422, "invalid")
    assert [each["pointer"] for each in odd["errors"]] == ["/figures/ho"]
    told(program.ask("PATCH", where, {"figure": {}}, seen=0), 422, "invalid")
    assert (play.report("H1").version, play.report("H1").own) == (0, {})


def test_who_may_not_and_what_is_untimely_are_told_apart(play: Play, people: dict[str, Any]):
    hamlet, commune = Program(people["hamlet"]), Program(people["commune"])
    told(commune.ask("PATCH", address(play, "H1", "/figures"), {"figures": {"ho": 1}}, seen=0), 403, "forbidden")
    told(hamlet.post(address(play, "H1", "/exempt"), {"reason": "x"}, seen=0), 403, "forbidden")
    told(commune.post(address(play, "H1", "/accept"), seen=0), 409, "untimely")
    told(hamlet.post(address(play, "H2", "/withdraw"), seen=0), 404, "not-found")
    assert not JournalEntry.objects.exists()


def test_adjustments_are_added_and_dropped(play: Play, people: dict[str, Any]):
    program = Program(people["commune"])
    sent = {"indicator": "ho", "amount": "-1", "reason": "Trùng"}
    made = program.post(address(play, "C", "/adjustments"), sent, seen=0)
    adjustment = told(made, 201)
    assert (adjustment["amount"], play.both("C", "ho")) == ("-1", "-1")
    dropped = program.ask("DELETE", address(play, "C", f"/adjustments/{adjustment['id']}"), seen=1)
    assert (dropped.status_code, dropped.headers["ETag"]) == (204, '"2"')


def test_of_several_children_those_are_accepted_that_can_be_and_each_other_is_told_why_not(play: Play, people: dict[str, Any]):
    program, where = Program(people["commune"]), address(play, "C", "/below/accept")
    for uid in ("H1", "H2"):
        play.save(uid, ho="1")
        play.submit(uid)
    seen = [{"id": play.report(uid).pk, "version": version} for uid, version in (("H1", play.report("H1").version), ("H2", 1), ("H3", 0))]
    accepted = told(program.post(where, {"reports": seen}), 200)
    assert [play.state(uid) for uid in ("H1", "H2", "H3")] == ["accepted", "submitted", "not_started"]
    outcomes = {each["unit_uid"]: each for each in accepted["outcomes"]}
    assert (accepted["reports"], outcomes["H1"]["accepted"], outcomes["H1"]["version"]) == (1, True, play.report("H1").version)
    problems = {uid: outcomes[uid]["problem"] for uid in ("H2", "H3")}
    kinds = {uid: (each["status"], each["type"].rpartition(":")[2]) for uid, each in problems.items()}
    assert kinds == {"H2": (412, "version-changed"), "H3": (409, "untimely")}
    assert "Chưa nộp" in problems["H3"]["detail"]


def test_where_none_of_several_children_can_be_accepted_it_is_refused_with_every_reason(play: Play, people: dict[str, Any]):
    program, where = Program(people["commune"]), address(play, "C", "/below/accept")
    seen = [{"id": play.report(uid).pk, "version": 0} for uid in ("H1", "H2")]
    refused = told(program.post(where, {"reports": seen}), 422, "refused")
    assert [each["unit_uid"] for each in refused["errors"]] == [each["unit_uid"] for each in refused["outcomes"]] == ["H1", "H2"]
    stranger = [{"id": play.report("D").pk, "version": 0}]
    told(program.post(where, {"reports": stranger}), 404, "not-found")


def test_who_is_missing_is_told_and_reminded(play: Play, people: dict[str, Any]):
    program = Program(people["commune"])
    for uid in ("H1", "H2"):
        play.hand_in(uid, ho="1")
    assert [each["unit"]["uid"] for each in told(program.get(address(play, "C", "/missing")), 200)] == ["H3"]
    asked = told(program.post(address(play, "C", "/below/remind"), {"reports": [play.report("H3").pk]}), 200)
    assert asked["unreachable"] == [play.report("H3").pk]


def test_units_are_chosen(play: Play, people: dict[str, Any]):
    selection = given_selection({})
    program, choice = Program(people["commune"]), selection.choices.get(unit__uid="C").pk
    found = program.get(f"/choices/{choice}")
    candidates = [each["id"] for each in told(found, 200)["candidates"]]
    told(program.ask("PUT", f"/choices/{choice}", {"units": candidates}, seen=0), 422, "refused")
    assert told(program.ask("PUT", f"/choices/{choice}", {"units": candidates[:1]}, seen=0), 200)["version"] == 1
    told(program.ask("PUT", f"/choices/{choice}", {"units": candidates[:1]}, seen=0), 412, "version-changed")
    told(program.post(f"/selections/{selection.code}/freeze"), 403, "forbidden")


def test_a_model_is_registered_and_goes_on(play: Play, people: dict[str, Any]):
    program = Program(people["hamlet"])
    said = {"field": "kinh_te", "name": "Tổ tự quản", "unit": "H1", "on": "2025-06-01"}
    made = told(program.post("/models", said), 201)
    assert (made["state"], made["actions"]) == ("registered", ["edit", "begin", "end", "cancel"])
    begun = told(program.post(f"/models/{made['id']}/begin", {"on": "2025-06-02"}, seen=made["version"]), 200)
    assert begun["state"] == "running"
    told(program.post(f"/models/{made['id']}/begin", {"on": "2025-06-02"}, seen=begun["version"]), 409, "untimely")
    told(program.post("/models", said | {"unit": "H2"}), 404, "not-found")
    other = given_model("H2").pk
    told(program.get(f"/models/{other}"), 404, "not-found")


# --- What can't be read, is too large, or fails -----------------------------------------------------


@pytest.mark.parametrize("named", [{}, {"Idempotency-Key": "lan-1"}])
def test_content_that_cannot_be_read_or_is_too_large_is_a_problem(play: Play, people: dict[str, Any], named: dict[str, str]):
    program, where = Program(people["hamlet"]), f"/api/v1{address(play, 'H1', '/submit')}"
    headers = {"Authorization": f"Bearer {program.secret}", "If-Match": "*", **named}

    def sent(content: bytes, content_type: str = "application/json", **more: Any) -> Any:
        return program.client.generic("POST", where, content, content_type, headers=headers, **more)

    parts = b'--x\r\nContent-Disposition: form-data; name="reason"\r\n\r\nx\r\n--x--\r\n'
    told(sent(parts, "multipart/form-data; boundary=x"), 415, "unsupported")
    told(sent(b'{"reason": '), 400, "unreadable")
    told(sent(rb'{"reason": "\ud800"}'), 400, "unreadable")
    told(sent(rb'{"\ud800": 1}'), 400, "unreadable")
    told(sent(b" " * (3 << 20)), 413, "too-large")
    told(sent(b"x", CONTENT_LENGTH=str(200 << 20)), 413, "too-large")


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("DELETE", "/api/v1/me", 405, "not-allowed"),
        ("OPTIONS", "/api/v1/reports", 405, "not-allowed"),
        ("GET", "/api/v1/nothing/here", 404, "not-found"),
        ("GET", "/api/v1/", 404, "not-found"),
        ("POST", "/api/v2/me", 404, "not-found"),
        ("GET", "/api/", 404, "not-found"),
    ],
)
def test_what_the_framework_refuses_is_a_problem_in_the_language_that_is_asked_for(method: str, path: str, status: int, kind: str):
    client = Client()
    titles = [told(client.generic(method, path, headers={"Accept-Language": each}), status, kind)["title"] for each in ("vi", "en")]
    assert titles[0] != titles[1]
    assert titles[1].isascii()


def test_a_method_that_is_none_here_is_answered_with_those_that_are(play: Play, people: dict[str, Any]):
    program = Program(people["hamlet"])
    assert program.ask("PUT", address(play, "H1", "/figures"), {}).headers["Allow"] == "GET, PATCH"
    answer = program.ask("TRACE", "/me")
    assert (answer.status_code, answer.headers["Allow"], answer.headers["X-Frame-Options"]) == (405, "GET", "DENY")


def test_a_host_that_is_not_ours_is_a_problem_too():
    told(Client().get("/api/v1/me", headers={"Host": "elsewhere.example"}), 400, "unreadable")


def test_content_of_another_kind_than_json_is_named_before_it_is_read(play: Play, people: dict[str, Any]):
    program, where = Program(people["hamlet"]), f"/api/v1{address(play, 'H1', '/submit')}"
    headers = {"Authorization": f"Bearer {program.secret}", "If-Match": "*"}
    for kind in ("application/x-www-form-urlencoded", "text/plain"):
        answer = program.client.generic("POST", where, b"{}", kind, headers=headers)
        told(answer, 415, "unsupported")
        assert answer.headers["Accept"] == "application/json"
    for kind in ("application/json; charset=utf-8", "application/merge-patch+json", ""):
        told(program.client.generic("POST", where, b"[]", kind, headers=headers), 422, "invalid")


def test_a_mistake_of_ours_is_a_problem_too_and_leaves_nothing(play: Play, people: dict[str, Any], monkeypatch: pytest.MonkeyPatch):
    play.save("H1", ho="1")
    program, key = Program(people["hamlet"]), {"Idempotency-Key": "lan-1"}
    program.client.raise_request_exception = False
    with monkeypatch.context() as broken:
        broken.setattr(AnsweredRequest.objects, "create", lambda **told: 1 / 0)
        told(program.post(address(play, "H1", "/submit"), seen=1, **key), 500, "failed")
    assert play.state("H1") == "draft"
    told(program.post(address(play, "H1", "/submit"), seen=1, **key), 200)


# --- Once, and not too often ------------------------------------------------------------------------


def test_a_request_that_is_named_is_done_once_however_often_it_is_sent(play: Play, people: dict[str, Any]):
    program, key = Program(people["commune"]), {"Idempotency-Key": "lan-1"}
    sent = {"indicator": "ho", "amount": "-1", "reason": "Trùng"}
    first = program.post(address(play, "C", "/adjustments"), sent, seen=0, **key)
    again = program.post(address(play, "C", "/adjustments"), sent, seen=0, **key)
    assert (told(first, 201), first.headers["ETag"]) == (told(again, 201), again.headers["ETag"])
    assert again.headers["Idempotency-Replayed"] == "true"
    assert play.report("C").adjustments.count() == 1
    other = program.post(address(play, "C", "/adjustments"), sent | {"amount": "-2"}, seen=0, **key)
    told(other, 422, "key-misused")
    somebody_else = Program(people["commune"])
    told(somebody_else.post(address(play, "C", "/adjustments"), sent, seen=0, **key), 412, "version-changed")


def test_what_was_refused_may_be_sent_anew_under_its_name(play: Play, people: dict[str, Any]):
    program, key = Program(people["hamlet"]), {"Idempotency-Key": "lan-1"}
    told(program.post(address(play, "H1", "/submit"), seen=0, **key), 409, "untimely")
    assert not AnsweredRequest.objects.exists()
    play.save("H1", ho="1")
    told(program.post(address(play, "H1", "/submit"), seen=1, **key), 200)
    assert AnsweredRequest.objects.count() == 1


def test_a_program_is_told_how_often_it_may_ask_and_when_again(play: Play, people: dict[str, Any], settings: Any):
    settings.API_REQUESTS_A_MINUTE = 2
    cache.clear()
    program = Program(people["hamlet"])
    assert program.get("/me").headers["RateLimit"].startswith('"token";r=1;t=')
    assert program.get("/me").headers["RateLimit-Policy"] == '"token";q=2;w=60'
    refused = program.get("/me")
    told(refused, 429, "too-many-requests")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert Program(people["hamlet"]).get("/me").status_code == 200
