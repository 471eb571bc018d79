"""The pages on which units are chosen: who sees what, who chooses, who freezes."""

from __future__ import annotations

from typing import Any

import pytest

from reports.models import Selection, SelectionChoice
from reports.services import choosing
from tests.builders import NOON, choose, given_selection, given_user
from tests.entrypoints.pages import english, said, text_of
from units.models import Unit

pytestmark = pytest.mark.django_db

OUTLINE = {"P": {"D": {"C": [f"H{number}" for number in range(1, 7)]}, "E": {"F": ["G1", "G2"]}}}


@pytest.fixture
def selection(db: None) -> Selection:
    return given_selection(OUTLINE)


def of(selection: Selection, uid: str) -> SelectionChoice:
    return selection.choices.get(unit__uid=uid)


def page(choice: SelectionChoice) -> str:
    return f"/choices/{choice.pk}/"


def ticked(*uids: str) -> list[int]:
    return list(Unit.objects.filter(uid__in=uids).values_list("pk", flat=True))


def chosen(choice: SelectionChoice) -> list[str]:
    return list(choice.units_below.filter(is_chosen=True).values_list("unit__uid", flat=True))


def test_what_is_to_be_chosen_stands_among_my_work_until_it_is(selection: Selection):
    commune = english(given_user("xa", C="preparer"))
    assert "To be chosen 1 Chọn thôn Đơn vị C choose 2 of 6 by 14 Feb 2025" in text_of(commune.get("/"))
    choose(selection, "C", "H1", "H2")
    assert "To be chosen" not in text_of(commune.get("/"))


def test_a_commune_ticks_its_share_and_sees_what_it_chose(selection: Selection):
    commune = english(given_user("xa", C="preparer"))
    choice = of(selection, "C")
    assert "Choose 2 of 6 (Hamlet)" in text_of(commune.get(page(choice)))
    done = commune.post(page(choice), {"version": "0", "chosen": ticked("H2", "H5")}, follow=True)
    assert said(done) == ["What was chosen is saved."]
    assert done.content.decode().count(" checked") == 2
    assert "Chosen by xa" in text_of(done)
    assert chosen(choice) == ["H2", "H5"]


def test_a_wrong_number_is_refused_and_what_was_ticked_stays_ticked(selection: Selection):
    commune = english(given_user("xa", C="preparer"))
    choice = of(selection, "C")
    refused = commune.post(page(choice), {"version": "0", "chosen": ticked("H1", "H2", "H3")})
    assert refused.status_code == 422
    assert "Choose 2 of the 6 units (20 %, rounded up): 3 are chosen." in text_of(refused)
    assert refused.content.decode().count(" checked") == 3
    assert chosen(choice) == []


@pytest.mark.parametrize("sent", [{"chosen": ["x", "-1", "9" * 40]}, {"chosen": ["999999", "888888"]}, {}])
def test_nonsense_is_refused(selection: Selection, sent: dict[str, Any]):
    choice = of(selection, "C")
    assert english(given_user("xa", C="preparer")).post(page(choice), {"version": "0", **sent}).status_code == 422
    assert english(given_user("xa2", C="preparer")).post(page(choice), sent).status_code == 400
    assert chosen(choice) == []


def test_what_is_out_of_reach_does_not_exist(selection: Selection):
    other = english(given_user("xa-khac", F="preparer approver"))
    choice = of(selection, "C")
    assert other.get(page(choice)).status_code == 404
    assert other.post(page(choice), {"version": "0", "chosen": ticked("H1", "H2")}).status_code == 404
    assert "Đơn vị C" not in text_of(other.get(f"/selections/{selection.pk}/"))
    nobody = english(given_user("khach"))
    assert nobody.get(f"/selections/{selection.pk}/").status_code == 404
    assert nobody.post(f"/selections/{selection.pk}/freeze/").status_code == 404
    assert "Nothing is chosen in the units that you work for." in text_of(nobody.get("/selections/"))


def test_who_reads_a_choice_but_does_not_make_it_can_tick_nothing(selection: Selection):
    viewer = english(given_user("xem", C="viewer"))
    found = viewer.get(page(of(selection, "C")))
    assert found.content.decode().count(" disabled") == 6
    assert "Save what is chosen" not in text_of(found)
    assert viewer.post(page(of(selection, "C")), {"version": "0", "chosen": ticked("H1", "H2")}).status_code == 422


def test_a_cycle_manager_sees_who_has_not_chosen_and_freezes_it_knowingly(selection: Selection):
    manager = english(given_user("tinh", P="cycle_manager"))
    choose(selection, "C", "H1", "H2")
    overview = text_of(manager.get(f"/selections/{selection.pk}/"))
    assert "1 of 2 units have not chosen" in overview
    assert "Đơn vị C 2/6 Đơn vị H1, Đơn vị H2" in overview
    assert "Đơn vị F 1/2 not chosen yet" in overview
    refused = manager.post(f"/selections/{selection.pk}/freeze/")
    assert (refused.status_code, "Đơn vị F has not chosen yet." in text_of(refused)) == (422, True)
    done = manager.post(f"/selections/{selection.pk}/freeze/", {"confirm_incomplete": "yes"}, follow=True)
    assert said(done) == ["What was chosen is frozen."]
    assert "Nothing can be chosen any more." in text_of(manager.get(page(of(selection, "C"))))


def test_nobody_else_is_offered_to_freeze_it_or_may(selection: Selection):
    district = english(given_user("huyen", D="cycle_manager reviewer"))
    choose(selection, "C", "H1", "H2")
    assert "Freeze" not in text_of(district.get(f"/selections/{selection.pk}/"))
    assert district.post(f"/selections/{selection.pk}/freeze/", {"confirm_incomplete": "yes"}).status_code == 422


def test_the_pages_take_a_fixed_number_of_queries(selection: Selection, django_assert_max_num_queries: Any):
    choose(selection, "C", "H1", "H2")
    choose(selection, "F", "G1")
    choosing.freeze(selection, by=None, at=NOON)
    province = english(given_user("tinh", P="cycle_manager preparer"))
    for address in ("/selections/", f"/selections/{selection.pk}/", page(of(selection, "C"))):
        with django_assert_max_num_queries(13):
            assert province.get(address).status_code == 200
