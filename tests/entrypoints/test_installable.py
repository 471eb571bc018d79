"""What the service worker needs from the server: itself, who a page is for, and which pages may be kept."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from tests.entrypoints.pages import given_form_cycle, officers, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_time")]


def test_the_service_worker_is_served_for_the_whole_site_asked_for_anew_and_keeps_files_that_exist():
    answer = Client().get("/sw.js")
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert answer.headers["Cache-Control"] == "no-cache"
    [told] = re.findall(r"const HOUSE = (.*);", answer.content.decode())
    house = json.loads(told)
    assert house["unsent"] in house["assets"]
    assert [url for url in house["assets"] if finders.find(url.removeprefix(house["static"])) is None] == []
    assert Client().get(house["offline"]).status_code == 200


def test_the_page_without_a_line_is_nobodys():
    page = signed_in(officers_of()["commune"]).get("/offline/")
    assert "xa" not in re.findall(r"<summary><span>([^<]*)<", page.content.decode())
    assert "data-reader" not in page.content.decode()


def test_the_manifest_names_icons_that_exist():
    told = Client().get("/manifest.webmanifest")
    assert told.headers["Content-Type"] == "application/manifest+json"
    icons = [icon["src"] for icon in told.json()["icons"]]
    assert len(icons) == 3
    assert all(finders.find(src.removeprefix("/static/")) for src in icons)


def test_every_answer_says_who_it_is_for():
    play, people = given_form_cycle(), officers()
    own = signed_in(people["hamlet"]).get(f"/reports/{play.report('H1').pk}/")
    assert own.headers["X-Reader"] == str(people["hamlet"].pk)
    assert Client().get("/login/").headers["X-Reader"] == ""


def test_a_form_and_my_work_may_be_kept_on_the_machine_and_what_is_only_read_may_not():
    play, people = given_form_cycle(), officers()
    url = f"/reports/{play.report('H1').pk}/"
    assert kept(people["hamlet"], url)
    assert kept(people["hamlet"], "/")
    assert not kept(people["commune"], url)
    assert not kept(people["commune"], f"{url}submit/")
    assert not kept(people["commune"], "/cycles/")


def test_what_one_officer_typed_is_not_saved_in_the_name_of_the_one_who_signed_in_after():
    play, people = given_form_cycle(), officers()
    url = f"/reports/{play.report('H1').pk}/save/"
    sent = {"version": 0, "cell-ho": "1"}
    client = signed_in(people["hamlet"])
    assert client.post(url, sent, headers={"X-Reader": str(people["commune"].pk)}).status_code == 403
    assert play.state("H1") == "not_started"
    assert client.post(url, sent, headers={"X-Reader": str(people["hamlet"].pk), "Accept": "application/json"}).status_code == 200


def kept(user: Any, path: str) -> bool:
    return "X-Keep-Offline" in signed_in(user).get(path).headers


def officers_of() -> dict[str, Any]:
    given_form_cycle()
    return officers()
