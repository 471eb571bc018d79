"""Configuring by programs: what is tried leaves nothing, what is seen is what is changed, and the services say no as in admin."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reports.api.tables import _TABLES, Name
from reports.api.templates import IndicatorRow
from reports.domain import template_file
from reports.models import Cycle, DayOff, ReportTemplate, TemplateVersion
from tests.builders import given_cycle, given_template, given_user
from tests.domain.builders import indicator
from tests.entrypoints.api_client import Program, told
from tests.unit_builders import make_standard_levels, tree
from units.models import Level, Membership, Reorganisation, Unit

pytestmark = pytest.mark.django_db
OUTLINE = {"P": {"D": {"C": ["H1", "H2"], "K": ["H3"]}}}
TEMPLATES = "/configuration/templates"
PLAN = {
    "template": "t", "period": "2025-H1", "units": ["P"],
    "levels": [{"level": "commune", "due_on": "2025-06-19", "needs_approval": True}, {"level": "hamlet"}],
}  # fmt: skip


@pytest.fixture
def program() -> Program:
    make_standard_levels(Level)
    return Program(get_user_model().objects.create_superuser("quan-tri", password="mot mat khau dai"))


@pytest.fixture
def units(program: Program) -> None:
    tree(OUTLINE)


def rows(*codes: str, **changes: str) -> list[dict[str, str]]:
    usual = {"section": "A", "value_type": "integer", "levels": "hamlet", "aggregate_up": "sum", "aggregate_time": "flow_sum"}
    return [{"code": code, "name_vi": f"Chỉ tiêu {code}", **usual, **changes} for code in codes]


# --- Cycles -----------------------------------------------------------------------------------------


def test_a_plan_says_what_it_comes_to_before_anything_is_written(program: Program, units: None):
    given_template(indicator("a"))
    tried = told(program.post("/configuration/cycles?dry_run=true", PLAN | {"left_out": ["K"]}), 200)
    assert (tried["reports"], tried["cycle"], Cycle.objects.count()) == (3, None, 0)
    assert [(each["level"], each["reports"], each["due_on"]) for each in tried["levels"]] == [
        ("commune", 1, "2025-06-19"), ("hamlet", 2, "2025-06-16"),
    ]  # fmt: skip
    assert {each["reason"]: (each["units"], each["examples"]) for each in tried["without_report"]} == {
        "level": (2, ["Đơn vị P", "Đơn vị D"]), "left out": (2, ["Đơn vị K", "Đơn vị H3"]),
    }  # fmt: skip
    made = told(program.post("/configuration/cycles", PLAN | {"opens": True}), 200)["cycle"]
    assert (made["code"], made["state"], made["units"], Cycle.objects.get().state) == ("t-2025-H1", "open", ["P"], "open")
    assert [(each["level"], each["needs_approval"]) for each in made["levels"]] == [("commune", True), ("hamlet", False)]


def test_a_due_day_that_is_no_working_day_moves_and_says_why(program: Program, units: None):
    given_template(indicator("a"))
    told(program.ask("PUT", "/configuration/days-off/2025-06-19", {"name": "Nghỉ bù"}), 200)
    tried = told(program.post("/configuration/cycles?dry_run=true", PLAN), 200)
    assert (tried["levels"][0]["wanted"], tried["levels"][0]["due_on"], tried["levels"][0]["moved_because"]) == (
        "2025-06-19", "2025-06-20", "Nghỉ bù",
    )  # fmt: skip
    listed = told(program.get("/configuration/days-off?year=2025"), 200)
    assert {"day": "2025-06-19", "name": "Nghỉ bù", "is_public": False} in listed
    assert next(each["is_public"] for each in listed if each["day"] == "2025-09-02")
    assert program.ask("DELETE", "/configuration/days-off/2025-06-19").status_code == 204
    told(program.ask("DELETE", "/configuration/days-off/2025-06-19"), 404, "not-found")
    assert not DayOff.objects.exists()


def test_all_that_a_plan_names_wrongly_is_told_at_once(program: Program, units: None):
    wrong = PLAN | {"units": ["P", "X"], "levels": [{"level": "huyen"}], "selection": "khong"}
    refused = told(program.post("/configuration/cycles", wrong), 422, "refused")
    assert [each["column"] for each in refused["errors"]] == ["template", "units", "levels", "selection"]
    given_template(indicator("a"))
    told(program.post("/configuration/cycles", PLAN | {"period": "2025-H9"}), 422, "refused")
    assert not Cycle.objects.exists()


def test_the_course_of_a_cycle_is_changed_as_it_was_seen_and_as_far_as_its_state_lets(program: Program, units: None):
    given_template(indicator("a"))
    told(program.post("/configuration/cycles", PLAN), 200)
    address = "/configuration/cycles/t-2025-H1"
    seen = program.get(address).headers["ETag"]
    for code in ("..", " ", "a/b", "a b", "a?"):
        told(program.post("/configuration/cycles", PLAN | {"code": code}), 422, "invalid")
    told(program.ask("PATCH", address, {"review_days": 3}), 428, "version-missing")
    changed = program.ask("PATCH", address, {"review_days": 3, "opens_on": "2025-06-01"}, **{"If-Match": seen})
    assert (told(changed, 200)["review_days"], told(changed, 200)["opens_on"]) == (3, "2025-06-01")
    told(program.ask("PATCH", address, {"review_days": 4}, **{"If-Match": seen}), 412, "version-changed")
    told(program.ask("DELETE", address, **{"If-Match": seen}), 412, "version-changed")
    due = {"levels": [{"level": "hamlet", "due_on": "2025-06-21"}]}  # a Saturday
    levels = told(program.ask("PATCH", f"{address}/levels", due, **{"If-Match": changed.headers["ETag"]}), 200)["levels"]
    assert {each["level"]: each["due_on"] for each in levels} == {"commune": "2025-06-19", "hamlet": "2025-06-23"}
    assert told(program.post(f"{address}/open"), 200)["state"] == "open"
    told(program.post(f"{address}/open"), 409, "untimely")
    told(program.ask("PATCH", address, {"opens_on": None}, seen="*"), 409, "untimely")
    told(program.ask("PATCH", f"{address}/levels", due | {"levels": [{"level": "hamlet", "due_on": "2025-06-25"}]}, seen="*"), 409)
    told(program.ask("DELETE", address, seen="*"), 409, "untimely")
    extended = {"units": ["H1", "K"], "until": "2025-07-01", "reason": "Bão"}
    assert told(program.post(f"{address}/extend", extended), 200) == {"reports": 2}
    told(program.post(f"{address}/exempt", {"units": ["H1", "D"], "reason": "Bão"}), 422, "refused")
    assert told(program.post(f"{address}/close"), 200)["state"] == "closed"
    told(program.ask("PATCH", address, {"review_days": 9}, seen="*"), 409, "untimely")
    assert told(program.post(f"{address}/reopen"), 200)["state"] == "open"


def test_a_selection_is_planned_opened_and_given_up_only_while_it_is_planned(program: Program, units: None):
    said = {"code": "diem", "name": "Điểm", "level": "hamlet", "on": "2025-06-01", "units": ["D"], "share": 50}
    assert told(program.post("/configuration/selections", said), 201)["state"] == "planned"
    told(program.post("/configuration/selections", said), 422, "refused")
    assert told(program.post("/configuration/selections/diem/open"), 200)["state"] == "open"
    told(program.ask("DELETE", "/configuration/selections/diem"), 409, "untimely")
    told(program.post("/configuration/selections/diem/unfreeze"), 409, "untimely")


# --- Templates --------------------------------------------------------------------------------------


def test_a_template_is_begun_written_published_and_edited_as_a_copy(program: Program):
    named = program.ask("PUT", f"{TEMPLATES}/moi", {"name": "Mẫu mới"}, seen="*")
    assert told(named, 200) == {"code": "moi", "name": "Mẫu mới", "name_en": "", "versions": []}
    told(program.ask("PUT", f"{TEMPLATES}/mẫu", {"name": "x"}, seen="*"), 422, "refused")
    file = "".join(template_file.write_indicators([indicator("a"), indicator("b")]))
    tried = told(program.send(f"{TEMPLATES}/moi/versions?dry_run=true", file.encode(), "mau.csv"), 200)
    assert (tried["number"], tried["table"]["new"], TemplateVersion.objects.count()) == (None, 2, 0)
    assert told(program.send(f"{TEMPLATES}/moi/versions", file.encode(), "mau.csv"), 200)["number"] == 1
    version = f"{TEMPLATES}/moi/versions/1"
    seen = program.get(version)
    assert [row["code"] for row in told(seen, 200)["rows"]] == ["a", "b"]
    content = {"indicators": rows("a", "c"), "texts": {"A": "Có {a} hộ."}}
    written = program.ask("PUT", version, content, **{"If-Match": seen.headers["ETag"]})
    assert ([row["code"] for row in told(written, 200)["rows"]], written.json()["texts"]) == (["a", "c"], {"A": "Có {a} hộ."})
    told(program.ask("PUT", version, content, **{"If-Match": seen.headers["ETag"]}), 412, "version-changed")
    assert told(program.post(f"{version}/publish"), 200)["published_at"]
    told(program.post(f"{version}/publish"), 409, "untimely")
    told(program.ask("PUT", version, content, seen="*"), 409, "untimely")
    told(program.ask("DELETE", version), 409, "untimely")
    draft = told(program.post(f"{version}/draft"), 201)
    assert (draft["number"], draft["texts"]) == (2, {"A": "Có {a} hộ."})
    told(program.ask("PUT", f"{TEMPLATES}/moi/versions/2", {"indicators": rows("a", unit="hộ")}, seen="*"), 200)
    compared = told(program.get(f"{TEMPLATES}/moi/versions/2/comparison?against=1"), 200)
    assert (compared["removed"], compared["changed"]) == (
        ["c"], [{"code": "a", "fields": [{"field": "unit", "before": "", "after": "hộ"}]}],
    )  # fmt: skip
    assert program.ask("DELETE", f"{TEMPLATES}/moi/versions/2").status_code == 204
    assert told(program.post(f"{version}/retire"), 200)["retired_at"]
    assert told(program.post(f"{version}/use"), 200)["retired_at"] is None


def test_what_is_wrong_with_a_version_is_told_of_every_indicator_with_its_place(program: Program):
    ReportTemplate.objects.create(code="moi", name="Mẫu")
    program.send(f"{TEMPLATES}/moi/versions", "".join(template_file.write_indicators([indicator("a")])).encode())
    sent = {"indicators": [*rows("a", formula="khong + 1"), *rows("b", value_type="so", levels="xom")], "texts": {"B": "x"}}
    refused = told(program.ask("PUT", f"{TEMPLATES}/moi/versions/1", sent, seen="*"), 422, "refused")
    assert {each["column"] for each in refused["errors"]} >= {"value_type"}
    assert [row["code"] for row in told(program.get(f"{TEMPLATES}/moi/versions/1"), 200)["rows"]] == ["a"]


def test_the_schema_of_an_indicator_has_the_columns_of_an_indicator_file():
    assert set(IndicatorRow.model_fields) == {*template_file.REQUIRED, *template_file.OPTIONAL}


# --- Units and people -------------------------------------------------------------------------------


def test_a_table_of_units_is_tried_then_written_whole_or_not_at_all(program: Program):
    head = "uid,code,name,level,parent_uid,valid_from,valid_to\n"
    good = f"{head}P,01,Tỉnh P,province,,,\nC,0101,Xã C,commune,P,,\n".encode()
    tried = told(program.send("/configuration/tables/units?dry_run=true", good, "donvi.csv"), 200)
    assert (tried["new"], [row["after"][0] for row in tried["rows"]], Unit.objects.count()) == (2, ["P", "C"], 0)
    told(program.send("/configuration/tables/units", good, "donvi.csv"), 200)
    changed = good.replace("Xã C".encode(), "Xã C mới".encode())
    done = told(program.send("/configuration/tables/units", changed, "donvi.csv"), 200)
    assert (done["changed"], done["unchanged"], Unit.objects.get(uid="C").name) == (1, 1, "Xã C mới")
    bad = f"{head}X,09,X,commune,khong,,\nY,09,,commune,P,,\n".encode()
    refused = told(program.send("/configuration/tables/units", bad, "donvi.csv"), 422, "refused")
    assert {each["line"] for each in refused["errors"]} == {2, 3}
    assert Unit.objects.count() == 2


def test_every_table_of_the_address_is_one_that_there_is():
    assert set(get_args(get_args(Name)[0])) == set(_TABLES)


def test_the_record_is_corrected_by_moving_and_a_unit_that_is_used_is_not_deleted(program: Program, units: None):
    assert told(program.post("/configuration/units/H2/move", {"superior": "K"}), 200)["parent_uid"] == "K"
    told(program.post("/configuration/units/K/move", {"superior": "H2"}), 409, "untimely")
    told(program.ask("DELETE", "/configuration/units/K"), 409, "untimely")
    assert program.ask("DELETE", "/configuration/units/H2").status_code == 204
    found = told(program.get("/configuration/units?under=D&level=hamlet"), 200)["items"]
    assert [each["uid"] for each in found] == ["H1", "H3"]


def test_a_reorganisation_is_tried_recorded_and_undone(program: Program, units: None):
    given_user("lan", K="preparer")
    merging = {"units": ["C", "K"], "on": "2025-07-01", "name": "Xã CK", "code": "77", "level": "commune", "superior": "D"}
    effects = told(program.post("/configuration/reorganisations/merge?dry_run=true", merging), 200)["effects"]
    assert (effects["succession_count"], effects["people"][0]["at"]) == (5, ["Xã CK"])
    assert not Reorganisation.objects.exists()
    made = told(program.post("/configuration/reorganisations/merge", merging), 200)["reorganisation"]
    assert (made["kind"], made["by"], made["hindrances"], made["succession_count"]) == ("merge", "quan-tri", [], 5)
    assert Membership.objects.filter(user__username="lan").count() == 2
    address = f"/configuration/reorganisations/{made['id']}"
    assert told(program.post(f"{address}/undo"), 200)["undone_at"]
    told(program.post(f"{address}/undo"), 409, "untimely")
    assert Unit.objects.get(uid="K").valid_to is None
    halves = [{"name": "C1", "share": "0.6", "units": ["H1"]}, {"name": "C2", "share": "0.4", "units": []}]
    homeless = {"unit": "C", "on": "2025-07-01", "parts": halves}
    refused = told(program.post("/configuration/reorganisations/split", homeless), 422, "refused")
    assert [each["unit_uid"] for each in refused["errors"]] == ["H2"]


def test_a_role_is_given_once_and_ended(program: Program, units: None):
    given_user("lan")
    said = {"username": "lan", "unit": "C", "role": "preparer"}
    given = told(program.post("/configuration/memberships", said), 201)
    told(program.post("/configuration/memberships", said), 409, "untimely")
    refused = told(program.post("/configuration/memberships", said | {"username": "mai", "unit": "X"}), 422, "refused")
    assert [each["column"] for each in refused["errors"]] == ["username", "unit"]
    assert told(program.get("/configuration/memberships?unit=C"), 200)["items"] == [given]
    assert program.ask("DELETE", f"/configuration/memberships/{given['id']}").status_code == 204
    assert not Membership.objects.exists()


# --- At what cost -----------------------------------------------------------------------------------


def test_long_lists_take_as_many_queries_as_short_ones(program: Program):
    def many(number: int) -> dict[str, int]:
        for each in range(number):
            version = given_template(indicator("a"), code=f"t-{number}-{each}")
            outline: Any = {f"P{number}{each}": {f"D{number}{each}": [f"C{number}{each}"]}}
            given_cycle(version, outline, code=f"c-{number}-{each}")
            given_user(f"u-{number}-{each}", **{f"P{number}{each}": "viewer"})
        found = {}
        for path in ("templates", "cycles", "units", "memberships", "reorganisations", "selections"):
            with CaptureQueriesContext(connection) as queries:
                told(program.get(f"/configuration/{path}"), 200)
            found[path] = len(queries)
        return found

    told(program.get("/me"), 200)  # that the token is used is noted once a minute
    few = many(1)
    assert many(4) == few
    assert max(few.values()) <= 8
