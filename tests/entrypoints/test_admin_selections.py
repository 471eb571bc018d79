"""Selections of units in admin: planned, opened, frozen, opened again."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.test import Client

from reports.models import Selection
from tests.builders import choose, given_selection
from tests.entrypoints.admin_client import address, said, text_of
from tests.unit_builders import tree
from units.models import Level

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages_in_english")]


def filled_in(**changes: Any) -> dict[str, Any]:
    units = tree({"P": {"D": {"C": ["H1", "H2"]}}})
    usual = {"name": "Chọn thôn", "code": "chon-thon", "level": Level.objects.get(code="hamlet").pk, "share": 20}
    return usual | {"units": [units["P"].pk], "on": "2025-02-01", "choose_by": "2025-02-14"} | changes


def test_an_administrator_plans_a_selection_and_lets_it_be_chosen(admin: Client) -> None:
    admin.post(address("selection", "add"), filled_in())
    selection = Selection.objects.get()
    assert (selection.state, selection.share, selection.on, selection.choose_by) == ("planned", 20, date(2025, 2, 1), date(2025, 2, 14))
    assert "Let it be chosen" in text_of(admin.get(address("selection", "change", selection.pk)))
    assert said(admin.post(address("selection", "open", selection.pk))) == ["It is open: 1 unit chooses."]
    assert "0/1" in text_of(admin.get(address("selection", "changelist")))


@pytest.mark.parametrize("share", ["0", "101", "-20", "hai mươi", "1.5"])
def test_a_share_lies_between_1_and_100(admin: Client, share: str) -> None:
    answer = admin.post(address("selection", "add"), filled_in(share=share))
    assert "share" in answer.context["adminform"].form.errors
    assert not Selection.objects.exists()


def test_once_it_is_open_its_level_share_units_and_day_stay(admin: Client) -> None:
    selection = given_selection({"P": {"D": {"C": ["H1", "H2"]}}})
    admin.post(
        address("selection", "change", selection.pk), {"name": "Tên khác", "share": 90, "choose_by": "2025-02-20", "on": "2020-01-01"}
    )
    selection.refresh_from_db()
    assert (selection.name, selection.share, selection.on, selection.choose_by) == (
        "Tên khác", 20, date(2025, 2, 1), date(2025, 2, 20),
    )  # fmt: skip
    assert admin.post(address("selection", "delete", selection.pk), {"post": "yes"}).status_code == 403


def test_it_is_frozen_once_all_have_chosen_and_may_be_opened_again(admin: Client) -> None:
    selection = given_selection({"P": {"D": {"C": ["H1", "H2"], "E": ["H3"]}}})
    choose(selection, "C", "H1")
    assert said(admin.post(address("selection", "freeze", selection.pk))) == ["E: Đơn vị E has not chosen yet."]
    choose(selection, "E", "H3")
    assert said(admin.post(address("selection", "freeze", selection.pk)))[-1] == "What was chosen is frozen."
    assert said(admin.post(address("selection", "unfreeze", selection.pk)))[-1] == "It can be chosen anew."
