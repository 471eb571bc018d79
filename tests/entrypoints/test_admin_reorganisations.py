"""Merging, splitting, moving, renaming and abolishing in admin: the preview, what is done, and its undoing."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.builders import at, given_cycle, given_selection, given_user
from tests.entrypoints.admin_client import said, text_of
from tests.entrypoints.pages import signed_in
from tests.register_builders import given_model
from tests.unit_builders import tree
from units.checking import check_units
from units.models import Level, Membership, Reorganisation, Succession, Unit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages_in_english")]

DAY = {"day": "01/07/2025", "roles": "copy"}
EVE = date(2025, 6, 30)


def plan(client: Client, kind: str, then: str = "look", **fields: Any) -> Any:
    return client.post(reverse("admin:units_reorganisation_plan", args=[kind]), {**DAY, "then": then, **fields})


def new_units() -> dict[str, str]:
    """What began: name → superior's name."""
    rows = Unit.objects.filter(valid_from=date(2025, 7, 1)).order_by("uid")
    return dict(rows.values_list("name", "parent__name"))


def level(code: str) -> int:
    return Level.objects.get(code=code).pk


def given_units() -> dict[str, Unit]:
    return tree({"P": {"D": {"C1": ["H1", "H2"], "C2": ["H3"]}, "E": {}}})


def merging() -> dict[str, Any]:
    return {"uids": "C1, C2", "name": "Xã Mới", "code": "77", "level": level("commune"), "superior_uid": "P"}


def test_communes_are_merged_with_the_hamlets_below_them(admin: Client) -> None:
    given_units()
    looked = plan(admin, "merge", **merging())
    assert "5 successions: the old units end the day before, the new ones begin." in text_of(looked)
    assert not Succession.objects.exists()
    assert Unit.objects.count() == 8

    done = plan(admin, "merge", "confirm", **merging())
    assert said(done) == ["Done: Đơn vị C1, Đơn vị C2 → Xã Mới. It can be undone until a cycle is opened on it."]
    assert new_units() == {"Xã Mới": "Đơn vị P", "Đơn vị H1": "Xã Mới", "Đơn vị H2": "Xã Mới", "Đơn vị H3": "Xã Mới"}
    ended = set(Unit.objects.filter(valid_to=EVE).values_list("uid", flat=True))
    assert ended == {"C1", "C2", "H1", "H2", "H3"}
    assert set(Succession.objects.values_list("share", flat=True)) == {1}
    assert check_units().problems.count == 0


def test_a_commune_is_split_and_each_hamlet_goes_where_it_is_told(admin: Client) -> None:
    units = given_units()
    parts = {"uids": "C1", "name_1": "Xã Một", "share_1": "0.4", "name_2": "Xã Hai", "share_2": "0.6"}
    looked = text_of(plan(admin, "split", **parts))
    assert "To which of the new units does each unit below go?" in looked
    plan(admin, "split", "confirm", **parts, **{f"home_{units['H2'].pk}": "2"})
    assert new_units() == {"Xã Một": "Đơn vị D", "Xã Hai": "Đơn vị D", "Đơn vị H1": "Xã Một", "Đơn vị H2": "Xã Hai"}
    shares = Succession.objects.filter(predecessor__uid="C1").order_by("share").values_list("successor__name", "share")
    assert [(name, str(share)) for name, share in shares] == [("Xã Một", "0.400000"), ("Xã Hai", "0.600000")]


def test_a_commune_moves_under_another_superior_as_a_new_unit(admin: Client) -> None:
    given_units()
    plan(admin, "move", "confirm", uids="C2", superior_uid="E")
    assert new_units() == {"Đơn vị C2": "Đơn vị E", "Đơn vị H3": "Đơn vị C2"}
    assert check_units().problems.count == 0


def test_a_unit_is_renamed_as_of_a_day_and_is_found_by_both_names(admin: Client) -> None:
    given_units()
    plan(admin, "rename", "confirm", uids="E", name="Huyện Đổi Tên")
    assert new_units() == {"Huyện Đổi Tên": "Đơn vị P"}
    assert Unit.objects.get(name="Huyện Đổi Tên").uid == "E-20250701"


def test_abolished_units_end_with_all_below_them(admin: Client) -> None:
    given_units()
    assert "4 units end without a successor" in text_of(plan(admin, "abolish", uids="C1 E"))
    plan(admin, "abolish", "confirm", uids="C1 E")
    assert set(Unit.objects.filter(valid_to=EVE).values_list("uid", flat=True)) == {"C1", "H1", "H2", "E"}


def test_the_preview_says_what_becomes_of_people_and_which_cycles_keep_their_tree(admin: Client) -> None:
    given_cycle(outline={"P": {"D": {"C1": ["H1"], "C2": []}}})
    given_user("lan", C1="preparer reviewer")
    looked = text_of(plan(admin, "rename", uids="C1", name="Xã Mới"))
    assert "People and their roles (2)" in looked
    assert "lan preparer Đơn vị C1: stays Xã Mới" in looked
    assert "t-2025-H1: 2 reports of these units stay as they are; 2 of them wait for their people." in looked
    assert Membership.objects.count() == 2
    plan(admin, "rename", "confirm", uids="C1", name="Xã Mới")
    assert sorted(Membership.objects.values_list("unit__name", "role")) == [
        ("Xã Mới", "preparer"), ("Xã Mới", "reviewer"), ("Đơn vị C1", "preparer"), ("Đơn vị C1", "reviewer")
    ]  # fmt: skip


def test_work_that_waits_stays_with_its_people_and_what_is_new_comes_to_them_at_the_successor(admin: Client) -> None:
    play = given_cycle(outline={"P": {"D": {"C1": ["H1", "H2"], "C2": []}}}, under=["P"])
    lan, minh = given_user("lan", C1="preparer approver reviewer"), given_user("minh", H2="preparer", C2="viewer")
    play.hand_in("H2", a="1")
    play.save("H1", a="2")
    play.submit("H1")
    moving: dict[str, Any] = {"uids": "C1, C2", "name": "Xã Mới", "level": level("commune"), "superior_uid": "D", "roles": "move"}
    looked = text_of(plan(admin, "merge", **moving))
    assert "lan reviewer Đơn vị C1: stays Xã Mới" in looked
    assert "minh preparer Đơn vị H2: is taken away Đơn vị H2" in looked
    assert "t-2025-H1: 4 reports of these units stay as they are; 3 of them wait for their people." in looked
    plan(admin, "merge", "confirm", **moving)
    assert set(lan.memberships.values_list("unit__name", flat=True)) == {"Đơn vị C1", "Xã Mới"}
    assert set(minh.memberships.values_list("unit__uid", "role")) == {
        ("H2-20250701", "preparer"), ("C1-20250701", "viewer"), ("C2", "viewer")
    }  # fmt: skip

    reader = signed_in(lan)
    waiting = reader.get("/").content.decode()
    assert reverse("reports:report", args=[play.report("C1").pk]) in waiting  # to be handed in
    assert reverse("reports:below", args=[play.report("C1").pk]) in waiting  # and to review
    play.accept("H1", by=lan)
    play.save("C1", by=lan, a="1")
    play.submit("C1", by=lan)
    after = given_cycle(play.cycle.version, {}, period="2025-H2", under=["P"], due=date(2025, 12, 20), opened=at("2025-12-10 08:00"))
    assert reverse("reports:report", args=[after.report("C1-20250701").pk]) in reader.get("/").content.decode()


@pytest.mark.parametrize(
    ("kind", "wrong", "told"),
    [
        ("merge", {"uids": "C1"}, "Name 2 units at least."),
        ("rename", {"uids": "C1 C2", "name": "x"}, "Name one unit."),
        ("rename", {"uids": "ZZ", "name": "x"}, "ZZ: There is no such unit."),
        ("rename", {"uids": "C1", "name": "x", "day": "2025-07-01"}, "Write the day as dd/mm/yyyy"),
        ("split", {"uids": "C1", "name_1": "x"}, "Name two units at least into which it is split."),
        ("split", {"uids": "C1", "name_1": "x", "share_1": "1,2", "name_2": "y"}, "Share of unit 1"),
        ("move", {"uids": "C1", "superior_uid": "H3"}, "can't stand under H3"),
        ("split", {"uids": "C1", "name_1": "x", "share_1": "0.7", "name_2": "y", "share_2": "0.7"}, "come to more than 1"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field_or_above_the_form(admin: Client, kind: str, wrong: dict[str, str], told: str) -> None:
    given_units()
    answer = plan(admin, kind, "confirm", **wrong)
    assert answer.status_code == 422
    assert told in text_of(answer)
    assert Unit.objects.count() == 8


def test_a_unit_that_ended_is_not_reorganised_again(admin: Client) -> None:
    given_units()
    plan(admin, "rename", "confirm", uids="E", name="Huyện Mới")
    assert "ends on 2025-06-30 already" in text_of(plan(admin, "rename", uids="E", name="Huyện Khác"))
    assert Reorganisation.objects.count() == 1


def test_it_is_undone_and_everything_stands_as_it_stood(admin: Client) -> None:
    given_units()
    before = list(Unit.objects.order_by("pk").values())
    plan(admin, "merge", "confirm", **merging())
    recorded = Reorganisation.objects.get()
    page = admin.get(reverse("admin:units_reorganisation_change", args=[recorded.pk]))
    assert "Undo this reorganisation" in text_of(page)
    answer = admin.post(reverse("admin:units_reorganisation_undo", args=[recorded.pk]))
    assert said(answer) == ["The reorganisation is undone; everything stands as it stood before."]
    assert list(Unit.objects.order_by("pk").values()) == before
    assert check_units().problems.count == 0


def test_once_a_cycle_was_opened_on_it_the_page_says_why_it_cannot_be_undone(admin: Client) -> None:
    given_units()
    plan(admin, "merge", "confirm", **merging())
    given_cycle(outline={"P": {}}, period="2025-H2")
    recorded = Reorganisation.objects.get()
    page = text_of(admin.get(reverse("admin:units_reorganisation_change", args=[recorded.pk])))
    assert "The cycle t-2025-H2 was opened on the new tree" in page
    admin.post(reverse("admin:units_reorganisation_undo", args=[recorded.pk]))
    assert not Reorganisation.objects.get().is_undone


def test_what_was_set_up_on_the_new_tree_is_named_before_it_can_be_undone(admin: Client) -> None:
    given_units()
    user = given_user("lan", C1="preparer")
    plan(admin, "merge", "confirm", **merging())
    made = Unit.objects.get(name="Xã Mới")
    given_selection({}, under=["C1-20250701"], on=date(2025, 8, 1))
    planned = given_cycle(outline={"Q": {}}).cycle
    planned.units.set([made])
    type(planned).objects.filter(pk=planned.pk).update(state="planned", opened_at=None)
    Membership.objects.create(user=user, unit=made, role="viewer")
    given_model("C1-20250701", on="2025-07-05", at=at("2025-07-06 08:00"), name="Đường hoa")
    recorded = Reorganisation.objects.get()
    page = text_of(admin.get(reverse("admin:units_reorganisation_change", args=[recorded.pk])))
    for told in (
        "The planned cycle t-2025-H1 names units that this made; change or delete it first.",
        "The selection “Chọn thôn” is about units that this made; change or delete it first.",
        "The model “Đường hoa” was registered at Xã Mới, which this made.",
        "lan has got a role at Xã Mới since; take that away first.",
    ):
        assert told in page
    admin.post(reverse("admin:units_reorganisation_undo", args=[recorded.pk]))
    assert not Reorganisation.objects.get().is_undone


def test_models_of_a_split_commune_are_handed_over_on_its_page(admin: Client) -> None:
    units = given_units()
    model = given_model("C2", name="Đường hoa")
    parts = {"uids": "C2", "name_1": "Xã Một", "name_2": "Xã Hai", f"home_{units['H3'].pk}": "1"}
    looked = text_of(plan(admin, "split", **parts))
    assert "1 model stays at a unit that ends." in looked
    assert "Đường hoa, Đơn vị C2" in looked
    plan(admin, "split", "confirm", **parts)
    recorded = Reorganisation.objects.get()
    page = admin.get(reverse("admin:units_reorganisation_change", args=[recorded.pk]))
    assert "Dân vận khéo models that stayed at units which ended (1)" in text_of(page)
    second = Unit.objects.get(name="Xã Hai")
    address = reverse("admin:units_reorganisation_models", args=[recorded.pk])
    for nonsense in ({"model-x": "1"}, {f"model-{model.pk}": "9" * 30}):
        assert admin.post(address, nonsense).status_code == 404
    answer = admin.post(address, {f"model-{model.pk}": second.pk})
    assert said(answer) == ["1 model goes over."]
    model.refresh_from_db()
    assert model.unit == second


def test_only_superusers_reorganise(client: Client) -> None:
    given_units()
    user = given_user("lan", P="cycle_manager")
    user.is_staff = True
    user.save()
    client.force_login(user)
    assert client.get(reverse("admin:units_reorganisation_plan", args=["merge"])).status_code == 403
    assert client.get(reverse("admin:units_reorganisation_changelist")).status_code == 403
    for verb in ("undo", "models"):
        assert client.post(reverse(f"admin:units_reorganisation_{verb}", args=[1])).status_code == 403
