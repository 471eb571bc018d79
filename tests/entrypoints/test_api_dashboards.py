"""The dashboards' figures for programs: exact, within reach, and at a cost that doesn't grow with the tree."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.builders import Play, given_cycle, given_template, given_user
from tests.domain.builders import indicator
from tests.entrypoints.api_client import Program, told
from tests.entrypoints.pages import given_two_hamlets_in, looked_at, officers
from tests.entrypoints.test_pages_queries import MOST, given_province

pytestmark = pytest.mark.django_db
NAMES = ("progress", "timeliness", "ranking", "warnings")


@pytest.fixture
def play() -> Play:
    return given_two_hamlets_in()


def read(program: Program, play: Play, uid: str, name: str) -> Any:
    with looked_at():
        return told(program.get(f"/reports/{play.report(uid).pk}/dashboards/{name}"), 200)


def test_the_map_has_a_row_for_each_unit_below_with_its_rates_and_cells(play: Play):
    found = read(Program(officers()["district"]), play, "D", "progress.json")
    assert [(each["level"], each["rates"]["received"], each["rates"]["expected"]) for each in found["levels"]] == [
        ("Cấp xã", 0, 1), ("Thôn, tổ dân phố", 2, 3),
    ]  # fmt: skip
    (row,) = found["rows"]
    assert (row["unit_uid"], row["state"], row["rates"]["accepted"]) == ("C", "not_started", 2)
    assert [(each["unit"], each["timeliness"]) for each in row["cells"]] == [
        ("Đơn vị H1", "on_time"), ("Đơn vị H2", "on_time"), ("Đơn vị H3", "pending"),
    ]  # fmt: skip


def test_timeliness_is_a_share_of_what_was_judged(play: Play):
    found = read(Program(officers()["district"]), play, "C", "timeliness.json")
    assert found["cycles"] == [play.cycle.code]
    assert [(row["unit"]["uid"], row["points"][0]["own"], row["points"][0]["rate"]) for row in found["rows"]] == [
        ("H1", "on_time", "1"), ("H2", "on_time", "1"), ("H3", "pending", None),
    ]  # fmt: skip
    assert (found["whole"]["points"][0]["rates"]["on_time"], found["whole"]["difference"]) == (2, None)


def test_a_ranking_says_what_its_values_are_made_of_and_a_blank_has_no_place(play: Play):
    program = Program(officers()["district"])
    found = read(program, play, "D", "ranking.json?indicator=ty_le")
    (row,) = found["rows"]
    assert (row["place"], row["value"], row["parts"], row["counted"]) == (1, "2.431118314425", {"ho": "1234", "ngheo": "30"}, 2)
    assert [(each["cycle"], each["value"]) for each in found["trend"]] == [(play.cycle.code, "2.431118314425")]
    lowest = read(program, play, "C", "ranking.json?order=lowest")
    assert [(each["unit"]["uid"], each["place"], each["value"]) for each in lowest["rows"]] == [
        ("H2", 1, "34"), ("H1", 2, "1200"), ("H3", None, None),
    ]  # fmt: skip
    told(program.get(f"/reports/{play.report('D').pk}/dashboards/ranking.json?indicator=uu_diem"), 404, "not-found")


def test_a_trend_names_the_fields_that_were_defined_otherwise():
    levels = "hamlet|commune"
    given_cycle(given_template(indicator("a", levels=levels, unit="vụ")), period="2024-H1").hand_in("H1", a="3")
    play = given_cycle(given_template(indicator("a", levels=levels, unit="cuộc")), period="2025-H1")
    found = read(Program(given_user("xem", C="viewer")), play, "C", "ranking.json")
    assert [each["redefined"] for each in found["trend"]] == [["unit"], []]


def test_what_stands_apart_is_told_with_its_measure_to_leaders_and_to_the_reviewer():
    outline = {"P": {"D": {"C": [f"H{number}" for number in range(1, 9)]}}}
    play = given_cycle(given_template(indicator("a", levels="hamlet")), outline)
    for number in range(1, 9):
        play.save(f"H{number}", a="900" if number == 8 else str(10 + number))
        play.submit(f"H{number}")
    commune = Program(given_user("xa", C="reviewer"))
    with looked_at():
        told(Program(given_user("thon", H8="preparer")).get(f"/reports/{play.report('H8').pk}/siblings"), 404, "not-found")
        seen = told(commune.get(f"/reports/{play.report('H8').pk}/siblings"), 200)
    assert (seen["count"], seen["waiting"], seen["next"]) == (8, 8, play.report("H1").pk)
    assert (seen["figures"][0]["median"], seen["figures"][0]["apart"]["count"]) == ("14.5", 8)
    play.accept(*(f"H{number}" for number in range(1, 9)))
    (warning,) = read(commune, play, "C", "warnings.json")
    assert (warning["unit"]["uid"], warning["value"], warning["among"]["median"], warning["own"]) == ("H8", "900", "14.5", None)


def counts(name: str, play: Play) -> dict[str, int]:
    program = Program(given_user(f"viewer of {name}", **{name: "viewer"}))
    found = {}
    for each in NAMES:
        read(program, play, name, f"{each}.json")
        with CaptureQueriesContext(connection) as queries:
            read(program, play, name, f"{each}.json")
        found[each] = len(queries)
    return found


def test_every_dashboard_asks_as_often_in_a_large_province_as_in_a_small_one():
    small, large = given_province("P", 1, 1, 4), given_province("Q", 2, 3, 10)
    few, many = counts("P", small), counts("Q", large)
    assert many == few
    assert max(many.values()) <= MOST
