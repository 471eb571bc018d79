"""Filled-in workbooks that programs send: looked over, and written when they say so, as on the pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reports.models import BackgroundJob
from tests.builders import Play
from tests.entrypoints.api_client import Program, told
from tests.entrypoints.pages import given_form_cycle, officers
from tests.entrypoints.test_pages_units_workbook import edited, worked
from tests.entrypoints.test_pages_workbook import edited as edited_alone

pytestmark = [pytest.mark.django_db, pytest.mark.once, pytest.mark.usefixtures("in_time")]


@pytest.fixture(autouse=True)
def _store(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def play() -> Play:
    return given_form_cycle()


@pytest.fixture
def people(play: Play) -> dict[str, Any]:
    return officers()


def fetched(program: Program, address: str) -> bytes:
    answer = program.get(address)
    assert answer.status_code == 200, answer.content
    return answer.content


def test_a_report_goes_out_as_a_workbook_and_what_it_says_is_saved_as_figures(play: Play, people: dict[str, Any]):
    program, report = Program(people["hamlet"]), f"/reports/{play.report('H1').pk}"
    content = edited_alone(fetched(program, f"{report}/workbook.xlsx"), ho=120, tien="1234567,5", bang="x")
    looked = program.send(f"{report}/workbook", content)
    found = told(looked, 200)
    assert {each["indicator"]: (each["effect"], each["now"], each["then"]) for each in found["changes"]} == {
        "ho": ("new", None, "120"),
        "tien": ("new", None, "1234567.5"),
    }
    assert play.report("H1").own == {}
    figures = {each["indicator"]: each["then"] for each in found["changes"]}
    told(program.ask("PATCH", f"{report}/figures", {"figures": figures}, **{"If-Match": looked.headers["ETag"]}), 200)
    assert play.report("H1").own == {"ho": 120, "tien": "1234567.5"}


def test_a_workbook_of_another_report_or_of_one_that_is_not_ones_own_is_refused(play: Play, people: dict[str, Any]):
    hamlet, commune = Program(people["hamlet"]), Program(people["commune"])
    own = fetched(hamlet, f"/reports/{play.report('H1').pk}/workbook.xlsx")
    told(commune.send(f"/reports/{play.report('C').pk}/workbook", own), 422, "refused")
    told(commune.send(f"/reports/{play.report('H1').pk}/workbook", own), 403, "forbidden")
    told(hamlet.send(f"/reports/{play.report('H1').pk}/workbook", b"%PDF-1.7\n"), 422, "refused")
    play.save("H1", ho="1", tien="1")
    play.submit("H1")
    told(hamlet.send(f"/reports/{play.report('H1').pk}/workbook", own), 409, "untimely")
    told(hamlet.get(f"/reports/{play.report('H1').pk}/workbook.xlsx"), 404, "not-found")


def test_a_workbook_for_many_units_is_looked_over_and_written_by_its_senders_word(play: Play, people: dict[str, Any]):
    program, below = Program(people["commune"]), f"/reports/{play.report('C').pk}/below"
    play.save("H2", ho="9", ngheo="1", tien="2")
    cells: dict[str, dict[str, Any]] = {"H2": {"ho": 10, "ngheo": 3}, "H3": {"ho": 4, "loai": "xấu"}}
    content = edited(fetched(program, f"{below}/workbook.xlsx"), cells)
    play.save("H2", ho="11", tien="5")
    job = told(program.send(f"{below}/workbook", content), 202)
    assert (job["kind"], job["state"], told(program.get(f"/uploads/{job['id']}"), 200)["found"]) == ("look_over", "queued", None)
    told(program.post(f"/uploads/{job['id']}/apply"), 404, "not-found")
    worked()
    upload = f"/uploads/{job['id']}"
    found = told(program.get(upload), 200)["found"]
    assert found == {"effects": {"clash": 1, "changed": 1, "theirs": 1, "new": 1}, "units": 2, "refused": 1}
    first = told(program.get(f"{upload}/changes?limit=3"), 200)
    rest = told(program.get(f"{upload}/changes?limit=3&cursor={first['next']}"), 200)
    shown = {
        (each["unit"]["uid"], each["indicator"]): (each["effect"], each["now"], each["then"]) for each in first["items"] + rest["items"]
    }
    assert shown == {
        ("H2", "ho"): ("clash", "11", "10"),
        ("H2", "ngheo"): ("changed", "1", "3"),
        ("H2", "tien"): ("theirs", "5", "2"),
        ("H3", "ho"): ("new", None, "4"),
    }
    assert rest["next"] is None
    assert [(each["unit_uid"], each["indicator"]) for each in told(program.get(f"{upload}/refused"), 200)] == [("H3", "loai")]
    told(program.post(f"{upload}/apply"), 422, "invalid")
    mine = [{"report_id": play.report("H2").pk, "indicator": "ho"}]
    order = told(program.post(f"{upload}/apply", {"mine": mine}), 202)
    worked()
    assert told(program.get(f"/uploads/{order['id']}"), 200)["saved"] == {"units": 2, "figures": 3}
    assert (play.report("H2").own, play.report("H3").own) == ({"ho": 10, "ngheo": 3, "tien": "5"}, {"ho": 4})


def test_what_was_sent_is_called_off(play: Play, people: dict[str, Any]):
    program, below = Program(people["commune"]), f"/reports/{play.report('C').pk}/below"
    job = told(program.send(f"{below}/workbook", fetched(program, f"{below}/workbook.xlsx")), 202)
    told(program.ask("DELETE", f"/jobs/{job['id']}"), 404, "not-found")
    assert program.ask("DELETE", f"/uploads/{job['id']}").status_code == 204
    assert BackgroundJob.objects.get(pk=job["id"]).state == "cancelled"
    told(Program(people["hamlet"]).get(f"/uploads/{job['id']}"), 404, "not-found")


def test_the_register_leaves_for_scripts_as_it_is_narrowed(play: Play, people: dict[str, Any]):
    program = Program(people["commune"])
    said = {"field": "kinh_te", "name": "Tổ tự quản", "unit": "C", "on": "2025-06-01"}
    told(program.post("/models", said), 201)
    assert "Tổ tự quản" in program.get("/models/register.csv?field=kinh_te").content.decode()
    assert "Tổ tự quản" not in program.get("/models/register.csv?field=vhxh").content.decode()
