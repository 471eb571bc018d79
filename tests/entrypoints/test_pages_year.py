"""A year's report on its page: opened with its halves, entered by the second half or by the year (semantics §7)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.builders import Play, at, given_cycle, given_template, given_user
from tests.domain.builders import indicator
from tests.entrypoints.cli import done, manage
from tests.entrypoints.pages import english, looked_at, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.fixture(autouse=True)
def _late_in_the_year() -> Any:
    with looked_at(at("2025-12-16 09:00")):
        yield


def given_a_year(**first_half: str) -> tuple[Play, Client]:
    """The year of hamlet 1, whose first half is accepted, and its officer."""
    version = given_template(
        indicator("cuoc", levels="hamlet", name_vi="Số cuộc"),
        indicator("tien", "decimal", levels="hamlet", name_vi="Kinh phí"),
        indicator("ho", levels="hamlet", up="leaf_sum", time="stock_last", name_vi="Số hộ"),
    )
    given_cycle(version, period="2025-H1").hand_in("H1", **(first_half or {"cuoc": "3", "tien": "1000.5", "ho": "40"}))
    play = given_cycle(version, period="2025-Y", opened=at("2025-12-15 09:00"), code="nam")
    return play, english(given_user("thon", H1="preparer approver"))


def values(page: Any) -> dict[str, str]:
    """The page's inputs, as its Save button would send them."""
    inputs = re.findall(r"<input[^>]*>", page.content.decode())
    found = {}
    for each in inputs:
        name, value = re.search(r' name="((?:cell|second|shown)-\w+|version)"', each), re.search(r' value="([^"]*)"', each)
        if name and value and 'type="radio"' not in each:
            found[name[1]] = value[1]
    return found


def send(client: Client, play: Play, **changes: str) -> Any:
    url = f"/reports/{play.report('H1').pk}/"
    shown = values(client.get(url))
    return client.post(f"{url}save/", shown | {name.replace("_", "-", 1): text for name, text in changes.items()})


def test_the_form_opens_with_the_six_months_and_writes_nothing():
    play, client = given_a_year()
    page = client.get(f"/reports/{play.report('H1').pk}/")
    assert values(page) == {
        "version": "0", "cell-cuoc": "3", "second-cuoc": "", "shown-cuoc": "3",
        "cell-tien": "1.000,5", "second-tien": "", "shown-tien": "1.000,5", "cell-ho": "40",
    }  # fmt: skip
    assert "This report opens with what is accepted so far: first half of 2025." in text_of(page)
    assert play.report("H1").own == {}


def test_the_save_button_saves_what_it_opened_with():
    play, client = given_a_year()
    assert send(client, play).status_code == 302
    assert play.report("H1").own == {"cuoc": 3, "tien": "1000.5", "ho": 40}
    assert values(client.get(f"/reports/{play.report('H1').pk}/"))["second-cuoc"] == "0"


@pytest.mark.parametrize(
    ("changes", "year"),
    [
        ({"second_tien": "0,5"}, "1001"),
        ({"second_tien": "-0,5"}, "1000"),
        ({"cell_tien": "2.000"}, "2000"),
        ({"cell_tien": "", "second_tien": "7"}, "1007.5"),
        ({"cell_tien": "1.007,5", "second_tien": "7"}, "1007.5"),
        ({"cell_tien": ""}, None),
    ],
)
def test_the_second_half_or_the_year_is_entered_and_the_year_is_stored(changes: dict[str, str], year: str | None):
    play, client = given_a_year()
    send(client, play)
    send(client, play, **changes)
    assert play.report("H1").own.get("tien") == year


def test_a_second_half_and_a_year_that_do_not_fit_are_refused_and_shown_again():
    play, client = given_a_year()
    page = send(client, play, cell_cuoc="9", second_cuoc="5")
    assert page.status_code == 422
    assert "3 in six months and 5 in the second half are not 9: correct one of them." in text_of(page)
    assert {name: text for name, text in values(page).items() if name.endswith("-cuoc")} == {
        "cell-cuoc": "9", "second-cuoc": "5", "shown-cuoc": "",
    }  # fmt: skip
    assert "cuoc" not in play.report("H1").own


@pytest.mark.parametrize("nonsense", ["1.23", "abc", "9" * 20, "0,1234567", "½"])
def test_a_second_half_that_can_not_be_read_is_said_beside_it(nonsense: str):
    play, client = given_a_year()
    page = send(client, play, second_tien=nonsense)
    assert page.status_code == 422
    assert values(page)["second-tien"] == nonsense
    assert play.report("H1").own == {"cuoc": 3, "ho": 40}


def test_a_year_below_its_six_months_is_explained_before_it_is_submitted():
    play, client = given_a_year()
    send(client, play, cell_cuoc="2")
    url = f"/reports/{play.report('H1').pk}/submit/"
    warning = "“Số cuộc”: 2 in the year is less than 3 in its first six months. Correct or explain it."
    assert warning in text_of(client.get(url))
    assert client.post(url, {"seen": play.report("H1").version}).status_code == 422
    client.post(url, {"seen": play.report("H1").version, "explain-cuoc": "Ghi trùng một cuộc."})
    submitted = play.report("H1").last_submission
    assert submitted is not None
    assert [(each["indicator"], each["explanation"]) for each in submitted.warnings] == [("cuoc", "Ghi trùng một cuộc.")]


def test_the_summary_names_what_stands_as_in_six_months():
    play, client = given_a_year()
    send(client, play, second_cuoc="1")
    page = text_of(client.get(f"/reports/{play.report('H1').pk}/submit/"))
    assert "1 figure of the year is what it was in six months" in page
    assert "Kinh phí" in page


def test_a_command_needs_a_reason_for_a_year_below_its_six_months():
    play, client = given_a_year()
    send(client, play, cell_cuoc="2")
    refused = manage("transition", "nam", "submit", "--unit", "H1")
    assert refused.problems == ["H1: cuoc: “Số cuộc”: 2 in the year is less than 3 in its first six months. Correct or explain it."]
    done("transition", "nam", "submit", "--unit", "H1", "--reason", "Ghi trùng một cuộc.")
    assert play.state("H1") == "submitted"


def test_the_workbook_opens_with_the_six_months_too():
    play, client = given_a_year()
    report = play.report("H1")
    book = client.get(f"/reports/{report.pk}/workbook.xlsx")
    sent = client.post(f"/reports/{report.pk}/workbook/", {"file": SimpleUploadedFile("nam.xlsx", book.content)})
    assert "Kinh phí D8 New blank 1,000.5" in text_of(sent)


def test_the_reviewer_sees_the_six_months_beside_the_year():
    play, client = given_a_year()
    send(client, play, second_cuoc="1")
    client.post(f"/reports/{play.report('H1').pk}/submit/", {"seen": play.report("H1").version})
    page = text_of(english(given_user("xa", C="reviewer")).get(f"/reports/{play.report('H1').pk}/review/"))
    assert "4 Six months: 3" in page
