"""Due days in a calendar: what another program reads of them, and whose secret opens what."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from icalendar import Calendar

from accounts import tokens
from accounts.models import ApiToken
from tests.builders import Play, given_user
from tests.entrypoints.api_client import Program
from tests.entrypoints.pages import given_form_cycle, officers, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.once, pytest.mark.usefixtures("in_time")]


@pytest.fixture
def play() -> Play:
    return given_form_cycle()


def address_of(user: Any) -> str:
    found = re.search(r"/calendar/danvan_[\w-]+\.ics", signed_in(user).post("/account/calendar/").content.decode())
    assert found
    return found[0]


def events_at(address: str) -> list[tuple[str, date]]:
    answer = Client().get(address)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    events: Any = Calendar.from_ical(answer.content).walk("VEVENT")
    return [(str(event["SUMMARY"]), event["DTSTART"].dt) for event in events]


def test_it_holds_what_is_to_be_submitted_corrected_and_reviewed(play: Play):
    people = officers()
    address = address_of(people["commune"])
    assert [on for _summary, on in events_at(address)] == [date(2025, 6, 18)]
    play.save("H1", ho="1")
    play.save("H2", ho="1")
    play.submit("H1", "H2")
    (mine, due), (reviews, until) = events_at(address)
    assert mine.endswith("Đơn vị C")
    assert due == date(2025, 6, 18)
    assert "2" in reviews
    review_due_at: Any = play.report("H1").review_due_at
    assert until == review_due_at.astimezone(play.cycle.zone).date()
    play.do("return_for_correction", "H1", until=date(2025, 6, 20))
    assert [on for _summary, on in events_at(address_of(people["hamlet"]))] == [date(2025, 6, 20)]
    play.submit("H1")
    play.accept("H1", "H2")
    assert len(events_at(address)) == 1


def test_lines_are_no_longer_than_75_octets_and_texts_come_through_whole(play: Play):
    user = given_user("lan", H1="preparer")
    unit = play.report("H1").unit
    unit.name = "Thôn Đồng; Xuân, “Bắc\\Nam” " + "ữ" * 80
    unit.save()
    address = address_of(user)
    lines = Client().get(address).content.split(b"\r\n")
    assert max(len(line) for line in lines) <= 75
    assert all(line.decode() is not None for line in lines)
    assert events_at(address)[0][0].endswith(unit.name)


def test_a_secret_of_a_calendar_opens_the_calendar_alone_and_no_other_opens_it(play: Play):
    user = given_user("lan", H1="preparer")
    address = address_of(user)
    program = Program(user, "read")
    program.secret = address.split("/")[2].removesuffix(".ics")
    assert program.get("/me").status_code == 403
    _token, secret = tokens.issue(user, "kho", ["read", "calendar"], days=30, unit=None, at=timezone.now())
    assert Client().get(f"/calendar/{secret}.ics").status_code == 404
    tokens.revoke(ApiToken.objects.filter(scopes=["calendar"]), timezone.now())
    assert Client().get(address).status_code == 404
