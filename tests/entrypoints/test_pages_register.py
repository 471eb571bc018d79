"""The register of Dân vận khéo models on pages: who sees, registers, edits and takes steps, and what leaves as a file (semantics §10)."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from openpyxl import load_workbook

from reports.models import SkilfulModel
from tests.builders import given_cycle, given_user
from tests.entrypoints.pages import english, officers, text_of
from tests.register_builders import given_model, take

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_time", "in_english")]

SENT = {"field": "vhxh", "name": "Tiếng loa an ninh", "on": "01/06/2025", "people": "30", "place": "Thôn Đoài"}


@pytest.fixture
def people() -> dict[str, Any]:
    given_cycle()
    return officers()


def test_a_reader_sees_the_models_of_their_units_and_of_what_is_below_and_no_others(people: Any):
    given_model("H1", name="Đường hoa")
    given_model("H2", name="Tổ vay vốn")
    assert "Đường hoa" in text_of(english(people["hamlet"]).get("/models/"))
    assert "Tổ vay vốn" not in text_of(english(people["hamlet"]).get("/models/"))
    assert "2 models" in text_of(english(people["district"]).get("/models/"))
    assert "No model is registered yet." in text_of(english(people["stranger"]).get("/models/"))


def test_out_of_reach_a_model_is_not_found(people: Any):
    model = given_model("H2")
    client = english(people["hamlet"])
    assert client.get(f"/models/{model.pk}/").status_code == 404
    assert client.get(f"/models/{model.pk}/edit/").status_code == 404
    assert client.post(f"/models/{model.pk}/do/begin/", {"seen": 0, "on": "01/06/2025"}).status_code == 404


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("text=duong hoa", {"Đường hoa"}),
        ("text=Thon 1", {"Đường hoa", "Tổ vay vốn"}),
        ("field=qpan", {"Tổ vay vốn"}),
        ("state=running", {"Tổ vay vốn"}),
        ("year=2024", {"Đường hoa"}),
        ("unit=H1", {"Đường hoa"}),
        ("unit=C", {"Đường hoa", "Tổ vay vốn"}),
        ("unit=khong-co", set()),
        ("year=abc", {"Đường hoa", "Tổ vay vốn"}),
        ("text=khong co&field=qpan", set()),
    ],
)
def test_the_register_is_searched_without_marks_and_narrowed(query: str, found: set[str], people: Any):
    given_model("H1", name="Đường hoa", on="2024-03-01")
    take(given_model("H2", name="Tổ vay vốn", field="qpan"), "begin")
    page = english(people["province"]).get(f"/models/?{query}")
    assert {model.name for model in page.context["page"]} == found


def test_a_unit_out_of_reach_is_not_even_named(people: Any):
    assert "Thôn 2" not in text_of(english(people["hamlet"]).get("/models/?unit=H2"))
    assert english(people["hamlet"]).get("/models/?unit=H2").context["unit"] is None
    assert english(people["hamlet"]).get("/models/?unit=H1").context["unit"].uid == "H1"


def test_the_register_counts_by_field_and_leaves_out_what_was_struck_out(people: Any):
    take(given_model("H1"), "begin")
    take(given_model("H1"), "cancel", text="Ghi nhầm.")
    page = english(people["province"]).get("/models/")
    economy, *others = page.context["counts"]
    assert (economy.label, economy.models, economy.under_way) == ("Economy", 1, 1)
    assert {row.models for row in others} == {0}


def test_the_list_takes_the_same_queries_whatever_its_length(people: Any, django_assert_num_queries: Any):
    client = english(people["province"])
    given_model("H1")
    client.get("/models/")
    with CaptureQueriesContext(connection) as of_one:
        client.get("/models/")
    for _ in range(5):
        given_model("H2")
    with django_assert_num_queries(len(of_one)):
        client.get("/models/")
    assert len(of_one) <= 12


def test_a_preparer_registers_and_comes_to_the_model(people: Any):
    client = english(people["hamlet"])
    form = client.get("/models/new/")
    assert [unit.uid for unit in form.context["form"].fields["unit"].queryset] == ["H1"]
    unit = form.context["form"].fields["unit"].queryset[0]
    page = client.post("/models/new/", SENT | {"unit": unit.pk}, follow=True)
    assert "The model is registered." in text_of(page)
    model = SkilfulModel.objects.get()
    assert (model.unit.uid, model.name, model.people, str(model.registered_on)) == ("H1", "Tiếng loa an ninh", 30, "2025-06-01")


def test_a_superior_registers_for_units_without_accounts_only(people: Any):
    form = english(people["commune"]).get("/models/new/")
    assert [unit.uid for unit in form.context["form"].fields["unit"].queryset] == ["C", "H2", "H3"]


def test_a_viewer_registers_nothing_and_sees_no_button(people: Any):
    client = english(people["viewer"])
    assert client.get("/models/new/").status_code == 404
    assert "Register a model" not in text_of(client.get("/models/"))


def test_what_is_wrong_with_a_registration_stands_beside_its_field_and_nothing_is_lost(people: Any):
    client = english(people["hamlet"])
    unit = client.get("/models/new/").context["form"].fields["unit"].queryset[0]
    page = client.post("/models/new/", SENT | {"unit": unit.pk, "on": "2025-06-01", "means": "Gọi 0912 345 678", "people": "-3"})
    assert page.status_code == 422
    assert "Write the day as dd/mm/yyyy" in text_of(page)
    page = client.post("/models/new/", SENT | {"unit": unit.pk, "means": "Gọi 0912 345 678"})
    assert "holds what looks like a telephone number" in text_of(page)
    assert "Tiếng loa an ninh" in page.content.decode()
    assert not SkilfulModel.objects.exists()


def test_nonsense_is_refused(people: Any):
    model = given_model("H1")
    client = english(people["hamlet"])
    for sent in ({}, {"seen": "x", "on": "01/06/2025"}, {"seen": 0, "on": "99/99/9999"}, {"seen": 0, "on": "01/06/2025\0"}):
        assert client.post(f"/models/{model.pk}/do/begin/", sent).status_code == 422
    assert client.post(f"/models/{model.pk}/do/fly/", {"seen": 0}).status_code == 404
    assert client.post(f"/models/{model.pk}/do/register/", {"seen": 0}).status_code == 404
    assert client.get(f"/models/{model.pk}/do/begin/").status_code == 405
    assert client.post("/models/new/", {"unit": "999999", "name": "x" * 300, "field": "?"}).status_code == 422


def test_the_page_offers_what_the_table_and_the_role_allow(people: Any):
    model = given_model("H1")
    assert [step for step, _form in english(people["hamlet"]).get(f"/models/{model.pk}/").context["steps"]] == ["begin", "end", "cancel"]
    assert english(people["commune"]).get(f"/models/{model.pk}/").context["steps"] == []
    take(model, "begin")
    take(model, "self_assess", text="Tốt.")
    assert [step for step, _form in english(people["commune"]).get(f"/models/{model.pk}/").context["steps"]] == ["appraise"]


def test_a_model_is_appraised_and_recognised_through_its_page(people: Any):
    model = given_model("H1")
    take(model, "begin")
    take(model, "self_assess", text="Tốt.")
    client = english(people["commune"])
    sent = {"seen": 2, "on": "10/06/2025", "text": "Đúng.", "effective": "yes"}
    assert "Recorded: Appraise the model." in text_of(client.post(f"/models/{model.pk}/do/appraise/", sent, follow=True))
    page = client.get(f"/models/{model.pk}/")
    form = dict(page.context["steps"])["recognise"]
    [level] = form.fields["level"].queryset
    sent = {"seen": 3, "on": "11/06/2025", "level": level.pk}
    page = client.post(f"/models/{model.pk}/do/recognise/", sent, follow=True)
    assert "recognised: Commune, 11 Jun 2025" in text_of(page)
    assert "recognise" not in dict(page.context["steps"])
    assert "recognise" in dict(english(people["district"]).get(f"/models/{model.pk}/").context["steps"])


def test_of_two_who_act_at_once_the_second_is_told(people: Any):
    model = given_model("H1")
    client = english(people["hamlet"])
    sent = {"seen": 0, "on": "01/06/2025"}
    assert client.post(f"/models/{model.pk}/do/begin/", sent).status_code == 302
    page = client.post(f"/models/{model.pk}/do/end/", sent | {"text": "Hết."})
    assert page.status_code == 422
    assert "Somebody else has changed this model meanwhile." in text_of(page)


def test_an_edit_shows_in_the_life_of_the_model_what_was_there(people: Any):
    model = given_model("H1", field="kinh_te")
    client = english(people["hamlet"])
    page = client.post(f"/models/{model.pk}/edit/", SENT | {"seen": 0}, follow=True)
    assert "Number of people taking part: 25 → 30" in text_of(page)
    assert "Field of the movement: Economy → Culture and society" in text_of(page)
    page = client.post(f"/models/{model.pk}/edit/", SENT | {"seen": 0})
    assert (page.status_code, "meanwhile" in text_of(page)) == (422, True)


def test_the_register_leaves_as_a_workbook_and_as_csv_narrowed_alike(people: Any):
    given_model("H1", name="=Đường hoa", field="qpan")
    given_model("H2", name="Tổ vay vốn")
    client = english(people["province"])
    file = client.get("/models/register.csv?field=qpan").content.decode("utf-8-sig")
    [row] = csv.DictReader(io.StringIO(file))
    assert (row["unit_uid"], row["name"], row["field"], row["registered_on"], row["state"]) == (
        "H1", "'=Đường hoa", "qpan", "2025-03-01", "registered",
    )  # fmt: skip
    book = load_workbook(io.BytesIO(client.get("/models/register.xlsx?field=qpan").content))
    names = [cells[3] for cells in book.active.iter_rows(values_only=True)]
    assert names[2:] == ["Name of the model", "=Đường hoa"]


def test_a_visitor_signs_in_first():
    for address in ("/models/", "/models/new/", "/models/register.csv"):
        assert Client().get(address).status_code == 302


def test_an_account_without_a_unit_sees_an_empty_register():
    given_cycle()
    given_model("H1")
    assert "No model is registered yet." in text_of(english(given_user("moi")).get("/models/"))
